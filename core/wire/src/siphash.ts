// SipHash: keyed hashes that an attacker who does not know the key cannot steer (Aumasson and Bernstein, 2012).

/**
 * HalfSipHash-1-3 over int32 words, as Linux's hsiphash on 32-bit machines: for hash tables.
 * @returns an int32.
 */
export function halfSipHash(key0: number, key1: number, words: Int32Array, from: number, count: number): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  for (let i = 0; i <= count + 3; i++) {
    // Words, then the length's octet, then three finalising rounds.
    const word = i < count ? (words[from + i] as number) : i === count ? (count * 4) << 24 : 0;
    if (i <= count) v3 ^= word;
    else if (i === count + 1) v2 ^= 0xff;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (i <= count) v0 ^= word;
  }
  return v1 ^ v3;
}

/** Carry out of bit 31 of `a + b`, where `sum` is their sum as an int32. */
const carry = (a: number, b: number, sum: number): number => ((a & b) | ((a | b) & ~sum)) >>> 31;

/** SipHash-2-4: 64 bits in `high` and `low` after each call. For initial sequence numbers, ports and cookies. */
export class SipHash {
  high = 0;
  low = 0;
  readonly #key: Int32Array;

  /** @param key 16 octets. @throws RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`a SipHash key has 16 octets, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = Int32Array.of(view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true));
  }

  /** Hashes `bytes[from..to)`. Allocates nothing. */
  hash(bytes: Uint8Array, from: number, to: number): void {
    const key = this.#key;
    const k0l = key[0] as number;
    const k0h = key[1] as number;
    const k1l = key[2] as number;
    const k1h = key[3] as number;
    // Four lanes of 64 bits, in halves; in variables, for an array's elements would be written and read each time.
    let v0l = k0l ^ 0x70736575;
    let v0h = k0h ^ 0x736f6d65;
    let v1l = k1l ^ 0x6e646f6d;
    let v1h = k1h ^ 0x646f7261;
    let v2l = k0l ^ 0x6e657261;
    let v2h = k0h ^ 0x6c796765;
    let v3l = k1l ^ 0x79746573;
    let v3h = k1h ^ 0x74656462;
    const length = to - from;
    // Two rounds for each block of eight octets, the last of which ends with the length's octet; then four.
    const finalising = 2 * ((length >> 3) + 1);
    let ml = 0;
    let mh = 0;
    for (let round = 0; round < finalising + 4; round++) {
      const begins = round < finalising && (round & 1) === 0;
      if (begins) {
        const at = from + 4 * round;
        ml = little(bytes, at, to);
        mh = little(bytes, at + 4, to) | (round === finalising - 2 ? length << 24 : 0);
        v3l ^= ml;
        v3h ^= mh;
      } else if (round === finalising) v2l ^= 0xff;
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      let low = (v0l + v1l) | 0;
      let high = (v0h + v1h + carry(v0l, v1l, low)) | 0;
      let turned = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ high;
      v1l = turned ^ low;
      v0l = high;
      v0h = low;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      low = (v2l + v3l) | 0;
      v2h = (v2h + v3h + carry(v2l, v3l, low)) | 0;
      v2l = low;
      turned = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = turned ^ v2l;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      low = (v0l + v3l) | 0;
      v0h = (v0h + v3h + carry(v0l, v3l, low)) | 0;
      v0l = low;
      turned = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = turned ^ v0l;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      low = (v2l + v1l) | 0;
      high = (v2h + v1h + carry(v2l, v1l, low)) | 0;
      turned = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ high;
      v1l = turned ^ low;
      v2l = high;
      v2h = low;
      if (round < finalising && !begins) {
        v0l ^= ml;
        v0h ^= mh;
      }
    }
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    this.high = v0h ^ v1h ^ v2h ^ v3h;
  }
}

/** Up to four octets, little-endian, without reading past `to`. */
function little(bytes: Uint8Array, at: number, to: number): number {
  if (at + 4 <= to)
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  let value = 0;
  for (let i = to - 1; i >= at; i--) value = (value << 8) | (bytes[i] as number);
  return value;
}
