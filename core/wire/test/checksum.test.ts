import { add, finish, pseudoSum, sum, sumWords, swap, update16, update32 } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';

/** RFC 1071 §1 as it stands: words added with end-around carry, one at a time. */
function reference(bytes: Uint8Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i += 2) {
    total += ((bytes[i] as number) << 8) + (i + 1 < to ? (bytes[i + 1] as number) : 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}
const congruent = (a: number, b: number): boolean => a % 0xffff === b % 0xffff;

describe('Internet checksum', () => {
  it('is that of the example [RFC 1071 §3]', () => {
    expect(sum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8, 0)).to.equal(0xddf2);
  });

  it('equals word-by-word addition for any octets, offsets and lengths [RFC 1071 §1]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 3000 }), fc.nat(64), (bytes, skip) => {
        const from = Math.min(skip, bytes.length);
        expect(congruent(sum(bytes, from, bytes.length, 0), reference(bytes, from, bytes.length))).to.equal(true);
      }),
    );
  });

  it('of words through a view is the same, wherever they begin', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 63 }), fc.nat(3), (bytes, from) => {
        const to = from + ((bytes.length - from) & ~3);
        expect(sumWords(new DataView(bytes.buffer, bytes.byteOffset), from, to)).to.equal(sum(bytes, from, to, 0));
      }),
    );
    expect(sumWords(new DataView(new Uint8Array(60).fill(255).buffer), 0, 60)).to.equal(0xffff);
  });

  it('carries through 64 KiB of ones', () => {
    expect(sum(new Uint8Array(65_536).fill(255), 0, 65_536, 0)).to.equal(0xffff);
  });

  it('adds up from pieces, the odd ones swapped [RFC 1071 §2]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        const left = sum(bytes, 0, at, 0);
        const right = sum(bytes, at, bytes.length, 0);
        expect(congruent(add(left, at % 2 === 1 ? swap(right) : right), sum(bytes, 0, bytes.length, 0))).to.equal(true);
      }),
    );
  });

  it('is mended for a changed word as if computed anew [RFC 1624 §3]', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer(),
        (bytes, word, long) => {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          view.setUint16(10, 0);
          const before = finish(sum(bytes, 0, 20, 0));
          const old = view.getUint16(8);
          view.setUint16(8, word);
          expect(congruent(update16(before, old, word), finish(sum(bytes, 0, 20, 0)))).to.equal(true);
          const then = finish(sum(bytes, 0, 20, 0));
          const oldLong = view.getInt32(12);
          view.setInt32(12, long);
          expect(congruent(update32(then, oldLong, long), finish(sum(bytes, 0, 20, 0)))).to.equal(true);
        },
      ),
    );
  });

  it('counts the last word alone of mapped addresses in the pseudo-header [RFC 768, RFC 8200 §8.1]', () => {
    const mapped = Int32Array.of(0, 0, 0xffff, 0x0a000001, 0, 0, 0xffff, 0x0a000002);
    expect(pseudoSum(mapped, 0, 4, 17)).to.equal(0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17);
    const six = Int32Array.of(0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, 2);
    expect(pseudoSum(six, 0, 4, 6)).to.equal(2 * (0x2001 + 0x0db8) + 3 + 6);
  });
});
