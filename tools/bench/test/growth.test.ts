import { type Dimension, growthPlot, makeCase } from '@protoloom/bench';
import { expect } from 'chai';

describe('growth', () => {
  for (const [what, framesForTen] of [
    ['connections', 20],
    ['routes', 10],
    ['neighbours', 10],
    ['timers', 20],
  ] as const satisfies readonly (readonly [Dimension, number])[]) {
    it(`a host with twenty ${what} sends what it is to send, and nothing is lost`, async () => {
      const { pair, step } = await makeCase(what, 20);
      // Until neighbours are resolved, and acknowledgements ride with what is sent.
      for (let i = 0; i < 1000; i++) step();
      const before = pair.frames;
      for (let i = 0; i < 10; i++) step();
      expect(pair.frames - before).to.equal(framesForTen);
      expect(pair.lost).to.equal(0);
      await pair.stop();
    });
  }

  it('is drawn, a line for each', () => {
    const drawn = growthPlot([1, 10].map((count) => ({ what: 'timers', count, median: 100, from: 90, to: 110, coverage: 0.95 })));
    expect(drawn.match(/<polyline/g)).to.have.length(4);
    expect(drawn.match(/<circle/g)).to.have.length(2);
  });
});
