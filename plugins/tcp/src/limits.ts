// How long a connection was busy sending, and what held it up meanwhile; how long its timeouts lasted: figures of TCP_INFO, as Linux keeps them.
import { cwndPackets } from './recovery/cwnd.js';
import { type Tcb, writeEnd } from './tcb.js';

const IDLE = 0;
/** Something is outstanding, or waits: Linux's tcpi_busy_time, which holds the other two as well. */
const BUSY = 1;
/** The peer's window lets nothing more out. */
const WINDOW = 2;
/** The send buffer was too small for the user to write as much as cwnd would let out. */
const BUFFER = 3;

/** What holds a connection up now, and since when. */
export class Limit {
  now = IDLE;
  sinceUs = 0;
}

/** Counts what has gone by since the last time, and goes on as `limit`. */
function turn(tcb: Tcb, limit: number): void {
  const { nowUs } = tcb.tcp.clock;
  const { limit: held } = tcb.recovery;
  const spent = nowUs - held.sinceUs;
  if (held.now !== IDLE) tcb.busyUs += spent;
  if (held.now === WINDOW) tcb.windowLimitedUs += spent;
  else if (held.now === BUFFER) tcb.bufferLimitedUs += spent;
  held.sinceUs = nowUs;
  held.now = limit;
}

/** The output of this turn is over: what holds the connection up from here on. */
export function measureLimit(tcb: Tcb): void {
  const limit = limitOf(tcb);
  if (limit !== tcb.recovery.limit.now) turn(tcb, limit);
}

/** The connection's times are to be read. */
export function limitsUpToNow(tcb: Tcb): void {
  const { now } = tcb.recovery.limit;
  if (now !== IDLE) turn(tcb, now);
}

function limitOf(tcb: Tcb): number {
  const { board } = tcb.recovery;
  const unsent = (writeEnd(tcb) - tcb.sndNxt) | 0;
  if (board.packetsOut === 0 && unsent <= 0) return IDLE;
  if (board.inFlight >= cwndPackets(tcb)) return BUSY;
  if (unsent <= 0) return tcb.noSpace ? BUFFER : BUSY;
  const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  return window < Math.min(unsent, tcb.mss) ? WINDOW : BUSY;
}

/** Retransmission timeouts, SYNs' among them. */
export class Timeouts {
  count = 0;
  /** Series of them. */
  episodes = 0;
  /** Other hashes taken on their account: tx-hash.ts. */
  rehashes = 0;
  /** Spent in series that are over, and when the one at hand began, µs; -1: none. */
  us = 0;
  sinceUs = -1;
}

/** A retransmission timeout. @param isFirst of a series. */
export function countTimeout(tcb: Tcb, isFirst: boolean): void {
  tcb.timeouts ??= new Timeouts();
  const { timeouts } = tcb;
  timeouts.count++;
  if (!isFirst) return;
  timeouts.episodes++;
  timeouts.sinceUs = tcb.tcp.clock.nowUs;
}

/** The peer has acknowledged something: the series is over. */
export function timeoutsOver({ timeouts, tcp }: Tcb): void {
  if (timeouts === undefined || timeouts.sinceUs < 0) return;
  timeouts.us += tcp.clock.nowUs - timeouts.sinceUs;
  timeouts.sinceUs = -1;
}
