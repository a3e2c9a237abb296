/** Neighbor Discovery: RFC 4861 §4. Offsets are from the ICMPv6 header. */

/** Hop limit of every message: RFC 4861 §3.1, a router would have lowered it. */
export const HOP_LIMIT = 255;

/** Solicitation and advertisement of a neighbour: header, flags, target. */
export const NEIGHBOUR_BYTES = 24;
export const TARGET = 8;

export const code = (v: DataView, at: number): number => v.getUint8(at + 1);

/** Flags of an advertisement, the highest octet of four: router, solicited, override. */
export const ROUTER = 0x80;
export const SOLICITED = 0x40;
export const OVERRIDE = 0x20;
export const flags = (v: DataView, at: number): number => v.getUint8(at + 4);

/** Options: type, length in units of eight octets, RFC 4861 §4.6. */
export const OPTION_BYTES = 2;
export const OPTION_UNIT = 8;
export const OPTION_SOURCE_LINK_ADDRESS = 1;
export const OPTION_TARGET_LINK_ADDRESS = 2;
/** RFC 3971 §5.3.2, RFC 7527. */
export const OPTION_NONCE = 14;
export const NONCE_BYTES = 6;
export const optionType = (v: DataView, at: number): number => v.getUint8(at);
export const optionBytes = (v: DataView, at: number): number => v.getUint8(at + 1) * OPTION_UNIT;

/** Octets of an option that holds a link address of so many: RFC 2464 §6. */
export const linkAddressOptionBytes = (addressBytes: number): number =>
  Math.ceil((OPTION_BYTES + addressBytes) / OPTION_UNIT) * OPTION_UNIT;

/** Type and code, zeros up to `bytes`. */
export function writeHeader(v: DataView, at: number, type: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) v.setUint32(at + i, 0);
  v.setUint8(at, type);
}

/** @returns where the next option starts. */
export function writeLinkAddress(bytes: Uint8Array, at: number, option: number, address: Uint8Array): number {
  const length = linkAddressOptionBytes(address.length);
  bytes.fill(0, at, at + length);
  bytes[at] = option;
  bytes[at + 1] = length / OPTION_UNIT;
  bytes.set(address, at + OPTION_BYTES);
  return at + length;
}

export function writeNonce(bytes: Uint8Array, at: number, nonce: Uint8Array): void {
  bytes[at] = OPTION_NONCE;
  bytes[at + 1] = 1;
  bytes.set(nonce, at + OPTION_BYTES);
}
