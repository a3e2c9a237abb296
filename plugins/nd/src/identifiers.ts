// Interface identifiers, the last 64 bits of addresses: RFC 4291 §2.5.1 (EUI-64), RFC 7217 (stable and opaque).
import type { Interface } from '@protoloom/contracts';
import { Ip6Address, MacAddress, SipHash } from '@protoloom/wire';
import type { NdSettings } from './context.js';

/** addr_gen_mode. */
export const EUI64 = 0;
export const NONE = 1;
export const STABLE = 2;
export const RANDOM = 3;

const MAC_BYTES = 6;
const PREFIX_BYTES = 8;
const COUNTER_BYTES = 4;

/** How the identifiers of an interface are made now: without a link address there is no EUI-64, and a secret asks for RFC 7217. */
export function modeOf(iface: Interface, { addrGenMode, stableSecret }: NdSettings): number {
  if (addrGenMode !== EUI64) return addrGenMode === STABLE && stableSecret === '' ? RANDOM : addrGenMode;
  if (stableSecret !== '') return STABLE;
  return iface.address.length === MAC_BYTES ? EUI64 : RANDOM;
}

/**
 * Writes the identifier for a prefix into the last two of four words whose first two are the prefix.
 * @param random the secret of mode RANDOM, 16 octets. @param tries how many identifiers for this prefix were duplicates.
 */
export function writeIdentifier(iface: Interface, settings: NdSettings, random: Uint8Array, words: Int32Array, tries: number): void {
  const mode = modeOf(iface, settings);
  if (mode === EUI64) {
    const view = new DataView(MacAddress.fromBytes(iface.address).toEui64().buffer);
    words[2] = view.getInt32(0);
    words[3] = view.getInt32(4);
    return;
  }
  const secret = mode === STABLE ? Ip6Address.parse(settings.stableSecret).toBytes() : random;
  // RFC 7217 §5: prefix, interface, counter of duplicates; an identifier that is reserved counts as one.
  const input = new Uint8Array(PREFIX_BYTES + iface.address.length + COUNTER_BYTES);
  const view = new DataView(input.buffer);
  view.setInt32(0, words[0] as number);
  view.setInt32(4, words[1] as number);
  input.set(iface.address, PREFIX_BYTES);
  const hash = new SipHash(secret);
  for (let counter = tries; ; counter++) {
    view.setUint32(input.length - COUNTER_BYTES, counter);
    hash.hash(input, 0, input.length);
    if (isReserved(hash.high, hash.low)) continue;
    words[2] = hash.high;
    words[3] = hash.low;
    return;
  }
}

/** RFC 5453: the subnet's routers, those of IANA's Ethernet block, and the anycast addresses of RFC 2526. */
export const isReserved = (high: number, low: number): boolean =>
  (high === 0 && low === 0) || (high === 0x02005eff && low >>> 24 === 0xfe) || (high === (0xfdffffff | 0) && low >>> 7 === 0x1ffffff);
