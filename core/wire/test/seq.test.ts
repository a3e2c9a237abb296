import { seqAdd, seqBetween, seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';

const seq = fc.integer();
const ahead = fc.integer({ min: 1, max: 0x7fff_ffff });

describe('sequence numbers [RFC 9293 §3.4]', () => {
  it('compare modulo 2^32, across the wrap', () => {
    expect(seqLt(-1, 0)).to.equal(true);
    expect(seqLt(0x7fff_ffff, -0x8000_0000)).to.equal(true);
    expect(seqGt(5, -5)).to.equal(true);
    expect(seqDiff(2, -3)).to.equal(5);
  });

  it('order any two that are less than half the space apart', () => {
    fc.assert(
      fc.property(seq, ahead, (a, n) => {
        const b = seqAdd(a, n);
        expect([seqLt(a, b), seqLeq(a, b), seqGt(b, a), seqGeq(b, a), seqLt(b, a), seqGeq(a, b)]).to.deep.equal([
          true,
          true,
          true,
          true,
          false,
          false,
        ]);
        expect([seqMax(a, b), seqMin(a, b)]).to.deep.equal([b, a]);
      }),
    );
  });

  it('lie in a window or not, wherever it starts', () => {
    fc.assert(
      fc.property(seq, fc.nat(100_000), fc.nat(100_000), (low, size, x) => {
        expect(seqBetween(low, seqAdd(low, x), seqAdd(low, size))).to.equal(x < size);
      }),
    );
  });
});
