// Sets of neighbour states, as Linux groups them.
import {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from '@protoloom/contracts/neighbour';

/** NUD_CONNECTED: packets go out without a thought. */
export const CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;
/** NUD_VALID: the link address is known. */
export const VALID = CONNECTED | NUD_PROBE | NUD_STALE | NUD_DELAY;
/** NUD_IN_TIMER: states that a timer ends. Their entries are in use, so they are not collected. */
export const TIMED = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
/** What a protocol may not change. */
export const FIXED = NUD_NOARP | NUD_PERMANENT;

const NAMES: Readonly<Record<number, string>> = {
  [NUD_NONE]: 'NONE',
  [NUD_INCOMPLETE]: 'INCOMPLETE',
  [NUD_REACHABLE]: 'REACHABLE',
  [NUD_STALE]: 'STALE',
  [NUD_DELAY]: 'DELAY',
  [NUD_PROBE]: 'PROBE',
  [NUD_FAILED]: 'FAILED',
  [NUD_NOARP]: 'NOARP',
  [NUD_PERMANENT]: 'PERMANENT',
};
/** As `ip neighbour` prints it. */
export const stateName = (state: number): string => NAMES[state] ?? String(state);
