// Whatever comes: nothing throws, every segment meets one fate, and memory stays bounded.
import { expect } from 'chai';
import { Lab, mss, sackPermitted, timestamps, wscale } from './lab.js';

/** A small seeded generator: 0 <= n < bound. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % bound;
  };
}

describe('random segments', () => {
  for (let seed = 1; seed <= 5; seed++) {
    it(`into a listener and its connections, seed ${seed}`, () => {
      const lab = new Lab({ options: true });
      const listener = lab.listen(8);
      const next = generator(seed);
      const flags = ['S', 'S.', '.', 'P.', 'F.', 'R', 'R.', 'FP.', 'U.', 'P'];
      const endpoints = [];
      for (let i = 0; i < 3000; i++) {
        const kind = next(5);
        const options = [
          ...(next(3) === 0 ? [...mss(next(2000)), ...sackPermitted, ...wscale(next(20))] : []),
          ...(next(3) === 0 ? timestamps(next(100_000), next(100_000)) : []),
          ...(next(6) === 0 ? [next(256), next(256), next(256), next(256)] : []),
        ].slice(0, 40);
        lab.in(flags[kind === 0 ? 0 : next(flags.length)] as string, {
          from: 5000 + next(12),
          seq: next(4) === 0 ? next(100_000) - 50_000 : next(20),
          ack: next(4) === 0 ? next(100_000) - 50_000 : 1 + next(3),
          len: next(3) === 0 ? next(1400) : 0,
          win: next(65_536),
          options,
        });
        const child = next(4) === 0 ? listener.accept() : -1;
        if (typeof child !== 'number') endpoints.push(child);
        const one = endpoints[next(endpoints.length + 1)];
        if (one !== undefined) {
          if (next(3) === 0) lab.write(one, 0, next(3000));
          if (next(3) === 0) lab.read(one);
          if (next(10) === 0) one.shutdown(next(3));
          if (next(10) === 0) {
            one.close();
            endpoints.splice(endpoints.indexOf(one), 1);
          }
        }
        if (next(5) === 0) lab.advance(next(2_000_000));
        lab.sent();
      }
      expect(lab.stack.faults).to.deep.equal({});
      const { received, made, fates, inHand } = lab.stack.conservation();
      expect(received + made).to.equal(fates + inHand);
      for (const one of endpoints) one.close();
      listener.close();
      lab.advance(2000_000_000);
      lab.sent();
      // No state is without an exit.
      expect(lab.stack.packetsInHand).to.equal(0);
      expect(lab.counters()).to.not.have.property('currEstab');
      for (let from = 5000; from < 5012; from++) lab.in('.', { from, seq: 7, ack: 9 });
      expect(lab.sent()).to.have.length(12);
    });
  }
});
