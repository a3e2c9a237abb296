// ICMPv6 header, RFC 4443 §2.1, and what §3 and §4 put behind it.

/** Type, code, checksum. */
export const HEADER_BYTES = 4;
/** The same with the four octets that every error and echo has behind them. */
export const MESSAGE_BYTES = 8;
export const type = (v: DataView, at: number): number => v.getUint8(at);
export const code = (v: DataView, at: number): number => v.getUint8(at + 1);
export const CHECKSUM_AT = 2;
export const checksum = (v: DataView, at: number): number => v.getUint16(at + CHECKSUM_AT);
/** Echo: identifier and sequence number. */
export const identifier = (v: DataView, at: number): number => v.getUint16(at + 4);
export const sequence = (v: DataView, at: number): number => v.getUint16(at + 6);
/** Packet too big: the next hop's MTU. */
export const mtu = (v: DataView, at: number): number => v.getUint32(at + 4);
/** Parameter problem: octet of the quoted packet. */
export const pointer = (v: DataView, at: number): number => v.getUint32(at + 4);

/** RFC 4443 §2.1: informational messages have the high bit set. */
export const isError = (kind: number): boolean => kind < 128;

/** Type, code, checksum zero, and the four octets that follow. */
export function writeHeader(v: DataView, at: number, kind: number, sub: number, rest: number): void {
  v.setUint8(at, kind);
  v.setUint8(at + 1, sub);
  v.setUint16(at + CHECKSUM_AT, 0);
  v.setUint32(at + 4, rest);
}
