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

/** SipHash-2-4: 64 bits in `high` and `low` after each call. For initial sequence numbers, ports and cookies. */
export class SipHash {
  high = 0;
  low = 0;
  readonly #key: Int32Array;
  // The four 64-bit lanes as (low, high) pairs.
  readonly #v = new Int32Array(8);

  /** @param key 16 octets. @throws RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`a SipHash key has 16 octets, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = Int32Array.of(view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true));
  }

  /** Hashes `bytes[from..to)`. Allocates nothing. */
  hash(bytes: Uint8Array, from: number, to: number): void {
    const v = this.#v;
    const key = this.#key;
    const k0l = key[0] as number;
    const k0h = key[1] as number;
    const k1l = key[2] as number;
    const k1h = key[3] as number;
    v[0] = k0l ^ 0x70736575;
    v[1] = k0h ^ 0x736f6d65;
    v[2] = k1l ^ 0x6e646f6d;
    v[3] = k1h ^ 0x646f7261;
    v[4] = k0l ^ 0x6e657261;
    v[5] = k0h ^ 0x6c796765;
    v[6] = k1l ^ 0x79746573;
    v[7] = k1h ^ 0x74656462;
    const length = to - from;
    const whole = to - (length & 7);
    for (let at = from; at < whole; at += 8) this.#block(little(bytes, at, at + 4), little(bytes, at + 4, at + 8));
    this.#block(little(bytes, whole, Math.min(to, whole + 4)), little(bytes, whole + 4, to) | (length << 24));
    v[4] = v[4] ^ 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    this.low = v[0] ^ v[2] ^ v[4] ^ v[6];
    this.high = v[1] ^ v[3] ^ v[5] ^ v[7];
  }

  #block(low: number, high: number): void {
    const v = this.#v;
    v[6] = (v[6] as number) ^ low;
    v[7] = (v[7] as number) ^ high;
    this.#round();
    this.#round();
    v[0] = (v[0] as number) ^ low;
    v[1] = (v[1] as number) ^ high;
  }

  #round(): void {
    this.#add(0, 2);
    this.#rotateXor(2, 13, 0);
    this.#swap(0);
    this.#add(4, 6);
    this.#rotateXor(6, 16, 4);
    this.#add(0, 6);
    this.#rotateXor(6, 21, 0);
    this.#add(4, 2);
    this.#rotateXor(2, 17, 4);
    this.#swap(4);
  }

  #add(to: number, from: number): void {
    const v = this.#v;
    const low = ((v[to] as number) >>> 0) + ((v[from] as number) >>> 0);
    v[to] = low;
    v[to + 1] = (v[to + 1] as number) + (v[from + 1] as number) + (low > 0xffff_ffff ? 1 : 0);
  }

  /** Rotates a lane left by `bits` (below 32), then xors another into it. */
  #rotateXor(lane: number, bits: number, other: number): void {
    const v = this.#v;
    const low = v[lane] as number;
    const high = v[lane + 1] as number;
    v[lane] = ((low << bits) | (high >>> (32 - bits))) ^ (v[other] as number);
    v[lane + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[other + 1] as number);
  }

  /** Rotates a lane by 32. */
  #swap(lane: number): void {
    const v = this.#v;
    const low = v[lane] as number;
    v[lane] = v[lane + 1] as number;
    v[lane + 1] = low;
  }
}

/** Up to four octets, little-endian, without reading past `to`. */
function little(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = Math.min(to, from + 4) - 1; i >= from; i--) value = (value << 8) | (bytes[i] as number);
  return value;
}
