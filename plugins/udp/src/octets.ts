// Copying between users' octets and packets.

/** Up to so many octets a loop copies; more need a view, which is an object. */
const LOOP_BYTES = 128;

/** Copies `bytes[from..to)`. */
export function copyOctets(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number): void {
  if (to - from <= LOOP_BYTES) for (let i = from, j = at; i < to; i++, j++) into[j] = bytes[i] as number;
  else into.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), at);
}
