// The Internet checksum: RFC 1071, incremental update RFC 1624.

const fold = (total: number): number => {
  let sum = (total & 0xffff) + (total >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
};

const wordSum = (word: number): number => (word >>> 16) + (word & 0xffff);

/**
 * Ones' complement sum of `bytes[from..to)` as big-endian 16-bit words, added to `initial` and folded to 16 bits. An odd octet at the end
 * counts as if a zero followed it.
 */
export function sum(bytes: Uint8Array, from: number, to: number, initial: number): number {
  // High and low octets are added up apart: 2^15 words stay below 2^31, so everything is a small integer.
  let folded = initial;
  let at = from;
  const even = from + ((to - from) & ~1);
  while (at < even) {
    const stop = Math.min(even, at + 65_536);
    let high = 0;
    let low = 0;
    const unrolled = at + ((stop - at) & ~7);
    while (at < unrolled) {
      high += (bytes[at] as number) + (bytes[at + 2] as number) + (bytes[at + 4] as number) + (bytes[at + 6] as number);
      low += (bytes[at + 1] as number) + (bytes[at + 3] as number) + (bytes[at + 5] as number) + (bytes[at + 7] as number);
      at += 8;
    }
    while (at < stop) {
      high += bytes[at] as number;
      low += bytes[at + 1] as number;
      at += 2;
    }
    // high < 2^23, low < 2^23.
    folded = fold(folded + ((high >>> 8) + (low & 0xffff) + (low >>> 16)) + ((high & 0xff) << 8));
  }
  if (even < to) folded = fold(folded + ((bytes[even] as number) << 8));
  return folded;
}

/** The same of 32-bit words, a few of them, through a view: an IPv4 header, which has no odd end. */
export function sumWords(view: DataView, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to; at += 4) total += wordSum(view.getInt32(at));
  return fold(total);
}

/** Ones' complement sum of two folded sums. */
export const add = (a: number, b: number): number => fold(a + b);

/** The sum of octets that began at an odd offset, as it counts in the whole (RFC 1071 §2.B). */
export const swap = (folded: number): number => ((folded & 0xff) << 8) | (folded >>> 8);

/** What goes into the field: the complement of a folded sum. */
export const finish = (folded: number): number => ~folded & 0xffff;

/**
 * Folded sum of the pseudo-header but for its length: addresses (four words each, of which IPv4's mapped form counts the last alone) and
 * protocol.
 */
export function pseudoSum(words: Int32Array, src: number, dst: number, protocol: number): number {
  let total = protocol;
  const mapped = words[dst] === 0 && words[dst + 1] === 0 && words[dst + 2] === 0xffff;
  for (let i = mapped ? 3 : 0; i < 4; i++) total += wordSum(words[src + i] as number) + wordSum(words[dst + i] as number);
  return fold(total);
}

/** A checksum field after one of its 16-bit words changed: RFC 1624 equation 3. */
export const update16 = (check: number, oldWord: number, newWord: number): number =>
  finish(fold((~check & 0xffff) + (~oldWord & 0xffff) + newWord));

/** A checksum field after two of its words changed. */
export const update32 = (check: number, old32: number, new32: number): number =>
  update16(update16(check, old32 >>> 16, new32 >>> 16), old32 & 0xffff, new32 & 0xffff);
