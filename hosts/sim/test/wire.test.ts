import { ARPHRD_NONE } from '@protoloom/contracts';
import { type Impairment, plainFrame, Simulation } from '@protoloom/sim';
import { expect } from 'chai';

/** Sends `count` frames of `bytes` octets at once; when each arrived, µs since. */
function carried(impairment: Impairment, count: number, bytes = 100, seed = 1): { at: number[]; order: number[]; statistics: object } {
  const sim = new Simulation(seed);
  const [from, to] = [sim.device({ type: ARPHRD_NONE }), sim.device({ type: ARPHRD_NONE })];
  const [direction] = sim.wire([from, to], impairment);
  const start = sim.nowUs;
  const at: number[] = [];
  const order: number[] = [];
  to.arrive = ({ bytes: octets }) => {
    at.push(sim.nowUs - start);
    order.push(octets[0] as number);
  };
  for (let i = 0; i < count; i++) direction?.send(plainFrame(new Uint8Array(bytes).fill(i)));
  sim.advance(100_000_000);
  return { at, order, statistics: { ...direction?.statistics } };
}

describe('a virtual wire', () => {
  it('delays by its propagation and by its rate, one frame after the other', () => {
    expect(carried({ delayUs: 5000, rate: 8_000_000 }, 3).at).to.deep.equal([5100, 5200, 5300]);
  });

  it('drops what its queue does not hold', () => {
    const { at, statistics } = carried({ rate: 8_000_000, queueBytes: 250 }, 5);
    expect(at).to.have.length(2);
    expect(statistics).to.include({ frames: 5, overflowed: 3 });
  });

  it('loses, doubles, holds back and damages about as many as it says', () => {
    const { at, statistics } = carried({ loss: 0.1, duplicate: 0.1 }, 5000);
    const { lost, duplicated } = statistics as { lost: number; duplicated: number };
    expect(lost).to.be.within(400, 600);
    expect(duplicated).to.be.within(350, 550);
    expect(at).to.have.length(5000 - lost + duplicated);
    expect(carried({ reorder: 0.2, reorderUs: 1000 }, 50).order).to.not.deep.equal(Array.from({ length: 50 }, (_, i) => i));
    expect(carried({ corrupt: 1 }, 20).statistics).to.include({ corrupted: 20 });
  });

  it('does the same for the same seed, and not for another', () => {
    const of = (seed: number) => carried({ loss: 0.3, reorder: 0.3, duplicate: 0.1 }, 100, 100, seed).order;
    expect(of(7)).to.deep.equal(of(7));
    expect(of(7)).to.not.deep.equal(of(8));
  });

  it('says when nothing is left to happen, and when time runs out', async () => {
    const sim = new Simulation(1);
    const failed: unknown = await sim.run(() => false).catch((error: unknown) => error);
    expect(String(failed)).to.contain('nothing is left to happen');
    sim.at(sim.nowUs + 10_000_000, () => undefined);
    const late: unknown = await sim.run(() => false, 1000).catch((error: unknown) => error);
    expect(String(late)).to.contain('not done after 1000');
  });
});
