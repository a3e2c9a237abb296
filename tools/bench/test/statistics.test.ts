import { estimate, median, medianInterval, noise } from '@protoloom/bench';
import { expect } from 'chai';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1).reverse();

describe('medians and their intervals', () => {
  it('of an odd and of an even number of values, in any order', () => {
    expect(median([5, 1, 3])).to.equal(3);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([7])).to.equal(7);
  });

  // From the binomial distribution with p = 1/2: 1 - 2 P(fewer than k of n values are on one side).
  for (const [count, from, to, coverage] of [
    [1, 1, 1, 0],
    [3, 1, 3, 0.75],
    [5, 1, 5, 0.9375],
    [6, 1, 6, 0.96875],
    [8, 1, 8, 0.9921875],
    [9, 2, 8, 1 - 20 / 512],
    [12, 3, 10, 1 - 158 / 4096],
  ] as const) {
    it(`of ${count} values reaches from the ${from}. to the ${to}.`, () => {
      expect(medianInterval(upTo(count))).to.deep.equal({ from, to, coverage });
    });
  }

  it('leaves runs without a figure out, and tells how noisy the others were', () => {
    const found = estimate([Number.NaN, 90, 100, 110]);
    expect(found).to.deep.equal({ median: 100, count: 3, from: 90, to: 110, coverage: 0.75 });
    expect(noise(found as NonNullable<typeof found>)).to.be.closeTo(0.1, 1e-9);
    expect(estimate([Number.NaN])).to.equal(undefined);
  });
});
