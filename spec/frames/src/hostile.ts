// What an adversary makes of a good frame: everything shorter, and every octet another.

/** The frame cut to every length from none to all but one. */
export function* truncations(frame: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < frame.length; length++) yield frame.slice(0, length);
}

/** The frame with one octet changed: all ones, a bit, and one more, in each place. */
export function* flips(frame: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < frame.length; at++) {
    for (const change of [0xff, 0x01, 0x80]) {
      const flipped = frame.slice();
      flipped[at] = (flipped[at] as number) ^ change;
      yield flipped;
    }
  }
}

/** Octets from a seed: xorshift32. */
export function chance(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A frame of random octets; half of them a golden one with random damage, which gets further in. */
export function randomFrame(next: () => number, golden: readonly Uint8Array[]): Uint8Array {
  if ((next() & 1) === 0) return Uint8Array.from({ length: next() % 200 }, () => next());
  const frame = (golden[next() % golden.length] as Uint8Array).slice(0);
  for (let i = next() % 6; i > 0; i--) frame[next() % frame.length] = next();
  return (next() & 7) === 0 ? frame.slice(0, next() % frame.length) : frame;
}
