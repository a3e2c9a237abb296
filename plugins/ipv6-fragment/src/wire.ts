// Fragment header: RFC 8200 §4.5; and the headers in front of it.
import { NEXTHDR_DEST, NEXTHDR_HOP, NEXTHDR_ROUTING } from '@protoloom/contracts/ipv6';

export const HEADER_BYTES = 8;
export const IP6_HEADER_BYTES = 40;
const IP6_NEXT_HEADER = 6;

export const nextHeader = (v: DataView, at: number): number => v.getUint8(at);
/** Of the octets behind the header, in what can be fragmented of the packet. */
export const offsetBytes = (v: DataView, at: number): number => v.getUint16(at + 2) & 0xfff8;
/** More fragments follow. */
export const more = (v: DataView, at: number): boolean => (v.getUint16(at + 2) & 1) !== 0;
export const identification = (v: DataView, at: number): number => v.getInt32(at + 4);

export function writeHeader(v: DataView, at: number, next: number, offset: number, moreFollow: boolean, id: number): void {
  v.setUint16(at, next << 8);
  v.setUint16(at + 2, offset | (moreFollow ? 1 : 0));
  v.setInt32(at + 4, id);
}

/** A place between two headers: where one starts, and where the number of it stands. */
export interface Place {
  at: number;
  nextHeaderAt: number;
}

/**
 * The end of what every fragment repeats: everything up to the headers that are for nodes on the way, hop-by-hop options and a routing
 * header with the options before it.
 */
export function unfragmentable(v: DataView, l3: number, end: number, place: Place): void {
  place.at = l3 + IP6_HEADER_BYTES;
  place.nextHeaderAt = l3 + IP6_NEXT_HEADER;
  let { at, nextHeaderAt } = place;
  while (at + 8 <= end) {
    const type = v.getUint8(nextHeaderAt);
    if (type !== NEXTHDR_HOP && type !== NEXTHDR_ROUTING && type !== NEXTHDR_DEST) return;
    nextHeaderAt = at;
    at += (v.getUint8(at + 1) + 1) * 8;
    // Destination options count only where a routing header follows them.
    if (type === NEXTHDR_DEST || at > end) continue;
    place.at = at;
    place.nextHeaderAt = nextHeaderAt;
  }
}
