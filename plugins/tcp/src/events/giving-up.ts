// When a connection is given up: R1 and R2 of RFC 9293 §3.8.3, and the user's own timeout (RFC 5482).

import { ERRNO } from '@protoloom/contracts';
import { TCP_CLOSE, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { silentUs } from '../coarse-time.js';
import { suspectBlackHole } from '../mtu-probe.js';
import { endIfShort, isAlive, orphanRetries } from '../orphans.js';
import { retransmitDelayUs, rtoMaxUs } from '../recovery/rto.js';
import { enter, isConnecting } from '../state.js';
import type { Tcb } from '../tcb.js';

/** Linux's TCP_RTO_MIN: the unit of R1 and R2. */
const RTO_MIN_US = 200_000;
/** RFC 6298 §2.1. */
const RTO_INITIAL_US = 1_000_000;
/** Where the user's time is over already, the timer runs out next: Linux's tick. */
const SOON_US = 4_000;

/** R2: the connection is given up. */
export function giveUp(tcb: Tcb): void {
  tcb.error = tcb.softError || ERRNO.ETIMEDOUT;
  tcb.tcp.counters.abortOnTimeout++;
  enter(tcb, TCP_CLOSE);
}

// ---- TCP_USER_TIMEOUT ------------------------------------------------------------------------------------------------------------

/** Since when the peer has left unanswered what was sent, µs; 0: nothing was sent again yet. */
const unansweredSinceUs = (tcb: Tcb): number => (isConnecting(tcb) ? tcb.recovery.synSentUs : tcb.recovery.retransmitStartUs);

/** `delayUs`, or what TCP_USER_TIMEOUT leaves of it: it is not waited beyond the user's time. */
export function withinUserTimeout(tcb: Tcb, sinceUs: number, delayUs: number): number {
  if (tcb.wishes.userTimeoutUs === 0 || sinceUs === 0) return delayUs;
  return Math.min(delayUs, Math.max(SOON_US, tcb.wishes.userTimeoutUs - (tcb.tcp.clock.nowUs - sinceUs)));
}

/** The retransmission timeout; once it has run out before, no more than the user's time leaves of it. */
export function clampedRetransmitDelayUs(tcb: Tcb): number {
  const delayUs = retransmitDelayUs(tcb);
  return tcb.retransmits === 0 ? delayUs : withinUserTimeout(tcb, unansweredSinceUs(tcb), delayUs);
}

const userTimeIsOver = (tcb: Tcb): boolean =>
  tcb.wishes.userTimeoutUs > 0 && tcb.retransmits > 0 && tcb.tcp.clock.nowUs - unansweredSinceUs(tcb) >= tcb.wishes.userTimeoutUs;

// ---- retransmissions -------------------------------------------------------------------------------------------------------------

/**
 * `boundary` retransmissions as they would have been from an RTO of 200 ms on, backing off up to tcp_rto_max_ms. Linux's
 * tcp_model_timeout.
 */
function modelTimeoutUs(tcb: Tcb, boundary: number): number {
  const maxUs = rtoMaxUs(tcb);
  const base = isConnecting(tcb) ? RTO_INITIAL_US : RTO_MIN_US;
  const doublings = Math.max(0, Math.floor(Math.log2(maxUs / base)));
  if (boundary <= doublings) return (2 ** (boundary + 1) - 1) * base;
  return (2 ** (doublings + 1) - 1) * base + (boundary - doublings) * maxUs;
}

const retriedFor = (tcb: Tcb, boundary: number): boolean =>
  tcb.retransmits > 0 && tcb.tcp.clock.nowUs - unansweredSinceUs(tcb) >= modelTimeoutUs(tcb, boundary);

/** The retransmission timer of a synchronized connection has run out: R1 asks for another way, R2 is the end. */
export function hasTimedOut(tcb: Tcb): boolean {
  const { sysctls } = tcb.tcp;
  if (retriedFor(tcb, sysctls.retries1)) {
    // Perhaps our segments are too long for the path; and another way is asked for.
    suspectBlackHole(tcb);
    tcb.route = undefined;
  }
  if (tcb.wishes.userTimeoutUs > 0) return userTimeIsOver(tcb);
  return retriedFor(tcb, tcb.orphan ? orphanRetries(tcb, isAlive(tcb)) : sysctls.retries2);
}

/** The retransmission timer of an orphan has run out, and resources are short. @returns whether it has ended. */
export function orphanHasEnded(tcb: Tcb): boolean {
  const alive = isAlive(tcb);
  return endIfShort(tcb, alive || !retriedFor(tcb, orphanRetries(tcb, alive)));
}

/** SYNs that are sent before the timeout doubles, as on Linux. */
export const linearTimeouts = (tcb: Tcb): number => (tcb.state === TCP_SYN_SENT ? tcb.tcp.sysctls.synLinearTimeouts : 0);

/** A SYN, or the SYN-ACK of a simultaneous open, was not answered: so often, or for as long as that would take if each timeout doubled. */
export function synHasTimedOut(tcb: Tcb): boolean {
  const most = tcb.wishes.synRetries || tcb.tcp.sysctls.synRetries;
  if (tcb.retransmits >= most + linearTimeouts(tcb)) return true;
  return tcb.wishes.userTimeoutUs > 0 ? userTimeIsOver(tcb) : retriedFor(tcb, most);
}

/** A peer that has taken its window back is probed for as long as it answers, and no longer than the user has time for. */
export function closedWindowHasTimedOut(tcb: Tcb): boolean {
  const { nowUs } = tcb.tcp.clock;
  const firstSentUs = tcb.recovery.retransmitStartUs || (tcb.recovery.board.head?.sentUs ?? nowUs);
  const sinceUs = nowUs - firstSentUs;
  let mostUs = 2 * rtoMaxUs(tcb);
  if (tcb.wishes.userTimeoutUs > 0) {
    if (sinceUs > tcb.wishes.userTimeoutUs) return true;
    mostUs = Math.min(mostUs, tcb.wishes.userTimeoutUs);
  }
  return silentUs(tcb) > mostUs && sinceUs > mostUs;
}

// ---- zero-window probes ----------------------------------------------------------------------------------------------------------

/** Whether the window has been probed for long enough. */
export function probesAreOver(tcb: Tcb): boolean {
  const { clock, sysctls } = tcb.tcp;
  if (tcb.wishes.userTimeoutUs > 0 && clock.nowUs - tcb.recovery.probeStartUs >= tcb.wishes.userTimeoutUs) return true;
  if (!tcb.orphan) return tcb.probesOut >= sysctls.retries2;
  const alive = isAlive(tcb);
  const most = orphanRetries(tcb, alive);
  return (!alive && tcb.backoff >= most) || tcb.probesOut >= most;
}
