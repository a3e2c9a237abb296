/** Neighbor Discovery: RFC 4861 §4. Offsets are from the ICMPv6 header. */
import type { RoutePreference } from '@protoloom/contracts/control';

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

/** Router advertisement: RFC 4861 §4.2, with the preference of RFC 4191 §2.2. */
export const ADVERTISEMENT_BYTES = 16;
export const currentHopLimit = (v: DataView, at: number): number => v.getUint8(at + 4);
/** RFC 4191 §2.1, by its two bits; `undefined` is the reserved value. */
const PREFERENCES: readonly (RoutePreference | undefined)[] = ['medium', 'high', undefined, 'low'];
/** The reserved value counts as medium: RFC 4191 §2.2. */
export const preference = (v: DataView, at: number): RoutePreference => PREFERENCES[(v.getUint8(at + 5) >> 3) & 3] ?? 'medium';
/** s. */
export const routerLifetime = (v: DataView, at: number): number => v.getUint16(at + 6);
/** ms, both; 0: not said. */
export const reachableTime = (v: DataView, at: number): number => v.getUint32(at + 8);
export const retransTimer = (v: DataView, at: number): number => v.getUint32(at + 12);

/** Router solicitation: RFC 4861 §4.1. */
export const SOLICITATION_BYTES = 8;

/** Redirect: header, target, destination, RFC 4861 §4.5. */
export const REDIRECT_BYTES = 40;
export const REDIRECTED = 24;

/** Options: type, length in units of eight octets, RFC 4861 §4.6. */
export const OPTION_BYTES = 2;
export const OPTION_UNIT = 8;
export const OPTION_SOURCE_LINK_ADDRESS = 1;
export const OPTION_TARGET_LINK_ADDRESS = 2;
export const OPTION_PREFIX = 3;
export const OPTION_MTU = 5;
/** RFC 4191 §2.3. */
export const OPTION_ROUTE = 24;
/** RFC 8106 §5. */
export const OPTION_RDNSS = 25;
export const OPTION_DNSSL = 31;
/** RFC 3971 §5.3.2, RFC 7527. */
export const OPTION_NONCE = 14;
export const NONCE_BYTES = 6;
export const optionType = (v: DataView, at: number): number => v.getUint8(at);
export const optionBytes = (v: DataView, at: number): number => v.getUint8(at + 1) * OPTION_UNIT;

/** RFC 4861 §4.6.4: an MTU option. */
export const MTU_BYTES = 8;
export const mtu = (v: DataView, option: number): number => v.getUint32(option + 4);

/** RFC 4861 §4.6.2: a prefix information option. */
export const PREFIX_BYTES = 32;
export const ON_LINK = 0x80;
export const AUTONOMOUS = 0x40;
export const prefixLength = (v: DataView, option: number): number => v.getUint8(option + 2);
export const prefixFlags = (v: DataView, option: number): number => v.getUint8(option + 3);
/** s; all bits one: for ever. */
export const validLifetime = (v: DataView, option: number): number => v.getUint32(option + 4);
export const preferredLifetime = (v: DataView, option: number): number => v.getUint32(option + 8);
export const PREFIX = 16;

/** RFC 4191 §2.3: a route information option. Its prefix has as many octets as the option leaves for it. */
export const routePrefixLength = (v: DataView, option: number): number => v.getUint8(option + 2);
/** Undefined: reserved, and the option is to be passed over. */
export const routePreference = (v: DataView, option: number): RoutePreference | undefined => PREFERENCES[(v.getUint8(option + 3) >> 3) & 3];
/** s; all bits one: for ever. */
export const routeLifetime = (v: DataView, option: number): number => v.getUint32(option + 4);

/** RFC 8106 §5.1, §5.2: options of DNS servers and search domains. */
export const RESOLVER_BYTES = 8;
/** s; all bits one: for ever. */
export const resolverLifetime = (v: DataView, option: number): number => v.getUint32(option + 4);

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
