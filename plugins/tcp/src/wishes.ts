// What users ask of connections by the options of IPPROTO_TCP.
import type { Tcb } from './tcb.js';

export interface Wishes {
  /** TCP_MAXSEG, 0: not set. */
  readonly userMss: number;
  readonly noDelay: boolean;
  readonly cork: boolean;
  /** µs and counts; 0: the sysctl's. */
  readonly keepIdleUs: number;
  readonly keepIntervalUs: number;
  readonly keepCount: number;
  /** TCP_SYNCNT, 0: the sysctl's. */
  readonly synRetries: number;
  /** TCP_USER_TIMEOUT, µs; 0: the sysctl's retries. */
  readonly userTimeoutUs: number;
  /** TCP_LINGER2: µs in FIN-WAIT-2; 0: the sysctl's; -1: none. */
  readonly linger2Us: number;
  /** TCP_NOTSENT_LOWAT, bytes; 0: the sysctl's. */
  readonly notSentLowWater: number;
  /** TCP_DEFER_ACCEPT, seconds. */
  readonly deferAccept: number;
  /** TCP_CONGESTION: a controller's name for what is to be opened; empty: the route's or the sysctl's. */
  readonly congestionControl: string;
  /** TCP_INQ: reading tells how much is left. */
  readonly tellsQueued: boolean;
}

/** Of all that nothing was asked of. */
export const NO_WISHES: Wishes = Object.freeze({
  userMss: 0,
  noDelay: false,
  cork: false,
  keepIdleUs: 0,
  keepIntervalUs: 0,
  keepCount: 0,
  synRetries: 0,
  userTimeoutUs: 0,
  linger2Us: 0,
  notSentLowWater: 0,
  deferAccept: 0,
  congestionControl: '',
  tellsQueued: false,
});

/** Gives it a record of its own: others may share the one that it has. */
export function wish(tcb: Tcb, change: Partial<Wishes>): void {
  tcb.wishes = { ...tcb.wishes, ...change };
}
