// ICMP header, RFC 792; extensions of RFC 4884 leave it as it is.

export const HEADER_BYTES = 8;
export const type = (v: DataView, at: number): number => v.getUint8(at);
export const code = (v: DataView, at: number): number => v.getUint8(at + 1);
export const checksum = (v: DataView, at: number): number => v.getUint16(at + 2);
/** Echo: identifier and sequence number. */
export const identifier = (v: DataView, at: number): number => v.getUint16(at + 4);
export const sequence = (v: DataView, at: number): number => v.getUint16(at + 6);
/** Destination unreachable code 4: next hop's MTU, RFC 1191 §4. */
export const mtu = (v: DataView, at: number): number => v.getUint16(at + 6);
/** Parameter problem: octet of the quoted header. */
export const pointer = (v: DataView, at: number): number => v.getUint8(at + 4);

/** Type, code, checksum zero, and the four octets that follow. */
export function writeHeader(v: DataView, at: number, kind: number, sub: number, rest: number): void {
  v.setUint8(at, kind);
  v.setUint8(at + 1, sub);
  v.setUint16(at + 2, 0);
  v.setInt32(at + 4, rest);
}
