/** The header of frames on the loopback interface, as Linux's: Ethernet's fourteen octets with both addresses zero. */
export const HEADER_BYTES = 14;
export const etherType = (v: DataView, at: number): number => v.getUint16(at + 12);

export function writeHeader(type: number, into: Uint8Array, at: number): void {
  into.fill(0, at, at + 12);
  into[at + 12] = type >>> 8;
  into[at + 13] = type;
}
