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

/** How a connection spends its time. */
export class Limits {
  #now = IDLE;
  #sinceUs = 0;
  busyUs = 0;
  windowUs = 0;
  bufferUs = 0;

  /** Counts what has gone by, and goes on as `limit`. */
  turn(limit: number, nowUs: number): void {
    const spent = nowUs - this.#sinceUs;
    if (this.#now !== IDLE) this.busyUs += spent;
    if (this.#now === WINDOW) this.windowUs += spent;
    else if (this.#now === BUFFER) this.bufferUs += spent;
    this.#sinceUs = nowUs;
    this.#now = limit;
  }

  /** Up to now. */
  read(nowUs: number): this {
    this.turn(this.#now, nowUs);
    return this;
  }

  get limit(): number {
    return this.#now;
  }
}

/** The output of this turn is over: what holds the connection up from here on. */
export function measureLimit(tcb: Tcb): void {
  const limit = limitOf(tcb);
  if (limit === (tcb.limits?.limit ?? IDLE)) return;
  tcb.limits ??= new Limits();
  tcb.limits.turn(limit, tcb.tcp.clock.nowUs);
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
