// Where the upper-layer header stands in a packet, behind whatever extension headers: RFC 8200 §4. For quotations, and for what is reported.
import { extensionBytes, IP6_HEADER_BYTES } from '@protoloom/wire';

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const FRAGMENT_HEADER_BYTES = 8;
/** Bits of the fragment offset. */
const OFFSET_MASK = 0xfff8;

/** What was found last: one record, refreshed in place. */
export const upper = { transport: 0, at: 0 };

/**
 * Walks from the IPv6 header at `from` to the upper-layer header, and puts it into `upper`. False: it lies beyond `end`, or the packet is a
 * later fragment, which has none.
 */
export function findUpper(view: DataView, from: number, end: number): boolean {
  if (end - from < IP6_HEADER_BYTES) return false;
  let next = view.getUint8(from + 6);
  let at = from + IP6_HEADER_BYTES;
  for (;;) {
    switch (next) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case AUTHENTICATION:
        if (end - at < 2) return false;
        break;
      case FRAGMENT:
        if (end - at < FRAGMENT_HEADER_BYTES || (view.getUint16(at + 2) & OFFSET_MASK) !== 0) return false;
        break;
      default:
        upper.transport = next;
        upper.at = at;
        return at <= end;
    }
    const bytes = extensionBytes(view, next, at);
    next = view.getUint8(at);
    at += bytes;
  }
}
