// UDP header, RFC 768. Every field is 16 bits, network order.

export const HEADER_BYTES = 8;
export const CHECKSUM_OFFSET = 6;
export const srcPort = (v: DataView, at: number): number => v.getUint16(at);
export const dstPort = (v: DataView, at: number): number => v.getUint16(at + 2);
/** Both in one word. */
export const ports = (v: DataView, at: number): number => v.getInt32(at);
/** Header plus payload, bytes. */
export const length = (v: DataView, at: number): number => v.getUint16(at + 4);
export const checksum = (v: DataView, at: number): number => v.getUint16(at + CHECKSUM_OFFSET);

/** @param bytes header plus payload. */
export function writeHeader(v: DataView, at: number, src: number, dst: number, bytes: number): void {
  v.setInt32(at, (src << 16) | (dst & 0xffff));
  v.setInt32(at + 4, bytes << 16); // the checksum is filled once the pseudo-header is known
}
