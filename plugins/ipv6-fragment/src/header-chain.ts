// Whether a first fragment holds all headers up to the transport's: RFC 7112 §5, RFC 8200 §4.5.
import { NEXTHDR_DEST, NEXTHDR_FRAGMENT, NEXTHDR_HOP, NEXTHDR_NONE, NEXTHDR_ROUTING } from '@protoloom/contracts/ipv6';
import { IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '@protoloom/contracts/socket';

/** RFC 4302: its length counts words, two of them left out. */
const NEXTHDR_AUTH = 51;

/** Octets of a transport's fixed header; of one that is not known, as Linux, the first. */
const transportBytes = (protocol: number): number => {
  switch (protocol) {
    case IPPROTO_TCP:
      return 20;
    case IPPROTO_UDP:
    case IPPROTO_ICMPV6:
      return 8;
    default:
      return 1;
  }
};

/** @param type next header of what starts at `from`. @param end where the fragment ends. */
export function holdsHeaderChain(v: DataView, type: number, from: number, end: number): boolean {
  let at = from;
  let next = type;
  for (;;) {
    switch (next) {
      case NEXTHDR_NONE:
        return true;
      case NEXTHDR_HOP:
      case NEXTHDR_ROUTING:
      case NEXTHDR_DEST:
      case NEXTHDR_FRAGMENT:
      case NEXTHDR_AUTH: {
        if (at + 8 > end) return false;
        const count = v.getUint8(at + 1);
        const length = next === NEXTHDR_FRAGMENT ? 8 : next === NEXTHDR_AUTH ? (count + 2) * 4 : (count + 1) * 8;
        next = v.getUint8(at);
        at += length;
        break;
      }
      default:
        return at + transportBytes(next) <= end;
    }
  }
}
