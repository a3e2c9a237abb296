// Copying octets from one array to another.

/** Up to so many octets a loop copies; more need a view, which is an object. */
const LOOP_BYTES = 128;

/** Copies `from[begin..end)` to `into`, from `at` on. The two do not overlap. */
export function copyOctets(from: Uint8Array, begin: number, end: number, into: Uint8Array, at: number): void {
  if (end - begin <= LOOP_BYTES) for (let i = begin, j = at; i < end; i++, j++) into[j] = from[i] as number;
  else into.set(begin === 0 && end === from.length ? from : from.subarray(begin, end), at);
}
