// IPv4 options: RFC 791 §3.1, RFC 2113, RFC 7126. Validated on receiving, as Linux's ip_options_compile; prebuilt on sending.

export const EOL = 0;
export const NOP = 1;
export const RR = 7;
export const TS = 68;
export const LSRR = 131;
export const SSRR = 137;
export const ROUTER_ALERT = 148;
/** Option types with this bit go into every fragment. */
const COPIED = 0x80;

export const MAX_OPTION_BYTES = 40;

/** What was found in a list of options. */
export interface ParsedOptions {
  /** Offset of the octet that is wrong, from the header's start; 0: none is. */
  problem: number;
  /** A source route stands in it, and has not ended. */
  sourceRoute: boolean;
  routerAlert: boolean;
}

/** Refreshed in place by `parseOptions`. */
export const parsed: ParsedOptions = { problem: 0, sourceRoute: false, routerAlert: false };

/** Checks the list between the fixed header and its end. What it says stands in `parsed`; false where anything is wrong. */
export function parseOptions(bytes: Uint8Array, header: number, end: number): boolean {
  parsed.problem = 0;
  parsed.sourceRoute = false;
  parsed.routerAlert = false;
  const seen = { sourceRoute: false, record: false, stamp: false };
  const wrong = (at: number): boolean => {
    parsed.problem = at - header;
    return false;
  };
  for (let at = header + 20; at < end; ) {
    const type = bytes[at] as number;
    if (type === EOL) return true;
    if (type === NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > end) return wrong(at);
    switch (type) {
      case LSRR:
      case SSRR:
      case RR: {
        const twice = type === RR ? seen.record : seen.sourceRoute;
        if (twice) return wrong(at);
        if (length < 3) return wrong(at + 1);
        const pointer = bytes[at + 2] as number;
        if (pointer < 4) return wrong(at + 2);
        if (type === RR) {
          seen.record = true;
          if (pointer <= length && pointer + 3 > length) return wrong(at + 2);
        } else {
          seen.sourceRoute = true;
          parsed.sourceRoute = true;
        }
        break;
      }
      case TS: {
        if (seen.stamp) return wrong(at);
        seen.stamp = true;
        if (length < 4) return wrong(at + 1);
        if ((bytes[at + 2] as number) < 5) return wrong(at + 2);
        break;
      }
      case ROUTER_ALERT:
        if (length < 4) return wrong(at + 1);
        parsed.routerAlert = bytes[at + 2] === 0 && bytes[at + 3] === 0;
        break;
      default:
        // Unknown options are passed over: RFC 1122 §3.2.1.8.
        break;
    }
    at += length;
  }
  return true;
}

/** Options for all fragments but the first: those that are not copied become NOPs, and the length stays. */
export function keepCopied(bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const type = bytes[at] as number;
    if (type === EOL) return;
    const length = type === NOP ? 1 : (bytes[at + 1] as number);
    if ((type & COPIED) === 0) bytes.fill(NOP, at, at + length);
    at += Math.max(1, length);
  }
}
