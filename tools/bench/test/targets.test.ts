import { judge, MEASURES, type Result, type Sample, TARGETS } from '@protoloom/bench';
import { expect } from 'chai';

const sample = (counted: number): Sample => ({ counted, us: 1e6, cpuUs: 1e6 });

function results(measure: string, ...sides: readonly (readonly [Result['contender'], readonly number[]])[]): Result[] {
  const found = MEASURES.find(({ name }) => name === measure);
  if (found === undefined) throw new Error(measure);
  return sides.map(([contender, counted]) => ({ measure: found, contender, samples: counted.map(sample) }));
}

describe('targets', () => {
  it('name measures and contenders that there are', () => {
    for (const { what, unit, ours, theirs } of TARGETS) {
      for (const side of theirs === undefined ? [ours] : [ours, theirs]) {
        const measure = MEASURES.find(({ name }) => name === side.measure);
        expect(measure?.contenders, what).to.include(side.contender);
        expect(
          measure?.figures.map((figure) => figure.unit),
          what,
        ).to.include(unit);
      }
    }
  });

  const [target] = TARGETS.filter(({ what }) => what === 'bulk in, offload: limit');
  const verdict = (ours: readonly number[], limit: readonly number[]) =>
    judge(target as NonNullable<typeof target>, results('bulk in, offload', ['protoloom', ours], ['limit', limit]));

  it('are judged by pairs of runs: what both meet, both suffer', () => {
    expect(verdict([6, 60, 12], [10, 100, 20])?.estimate.median).to.equal(0.6);
  });

  it('hold where the interval reaches them', () => {
    expect(verdict([5, 6, 7], [10, 10, 10])?.holds).to.equal(true);
    expect(verdict([3, 4, 5], [10, 10, 10])?.holds).to.equal(false);
  });

  it('are not judged where one side was not measured', () => {
    expect(judge(target as NonNullable<typeof target>, results('bulk in, offload', ['protoloom', [1]]))).to.equal(undefined);
  });
});
