// Connections without a user: how many there may be, how long they are tried, and which end at once. RFC 1122 §4.2.3.5 leaves it open;
// Linux's tcp_orphan_retries, tcp_out_of_resources and tcp_check_oom.

import { TCP_CLOSE } from '@protoloom/contracts/tcp';
import { sinceUs } from './coarse-time.js';
import { retransmitDelayUs, rtoMaxUs } from './recovery/rto.js';
import { sendReset } from './segment.js';
import { enter } from './state.js';
import type { Tcb } from './tcb.js';
import { TIME_WAIT_US } from './time-wait.js';

/** Retries of an orphan where tcp_orphan_retries is 0: Linux's choice. */
const ORPHAN_RETRIES = 8;
/** A send buffer of less is no burden: Linux's SOCK_MIN_SNDBUF. */
const LEAST_SEND_BYTES = 4608;

/** Its timer has not reached the maximum. */
export const isAlive = (tcb: Tcb): boolean => retransmitDelayUs(tcb) < rtoMaxUs(tcb);

/** How often an orphan is tried. */
export function orphanRetries(tcb: Tcb, alive: boolean): number {
  const retries = tcb.softError !== 0 && !alive ? 0 : tcb.tcp.sysctls.orphanRetries;
  return retries === 0 && alive ? ORPHAN_RETRIES : retries;
}

/** There are more orphans than tcp_max_orphans, or no memory for this one. @param shift how often it counts double. */
function isTooMuch(tcb: Tcb, shift: number): boolean {
  const { tcp } = tcb;
  return tcp.orphans << shift > tcp.sysctls.maxOrphans || (tcb.send.memory > LEAST_SEND_BYTES && tcp.memory.isExhausted);
}

/** Ends it. @param tell whether the peer is told. */
function end(tcb: Tcb, tell: boolean): void {
  tcb.tcp.counters.abortOnMemory++;
  if (tell) sendReset(tcb);
  enter(tcb, TCP_CLOSE);
}

/** The user has left. */
export function countOrphan(tcb: Tcb): void {
  tcb.orphan = true;
  tcb.orphanCounted = true;
  tcb.tcp.orphans++;
}

/** The user has just left. */
export function endIfTooMuch(tcb: Tcb): void {
  if (tcb.orphanCounted && isTooMuch(tcb, 0)) end(tcb, true);
}

/**
 * A timer of an orphan has run out: it ends before the others where resources are short, sooner if its peer has been silent for long, or
 * the network has complained. @param tell the peer may still be there to hear of it. @returns whether it has ended.
 */
export function endIfShort(tcb: Tcb, tell: boolean): boolean {
  const silentUs = sinceUs(tcb.tcp, tcb.lastSentMs);
  const isSilent = silentUs > 2 * rtoMaxUs(tcb) || !tell;
  if (!isTooMuch(tcb, (isSilent ? 1 : 0) + (tcb.softError !== 0 ? 1 : 0))) return false;
  const isClosed = tcb.sndWnd === 0 && tcb.recovery.board.packetsOut === 0;
  end(tcb, tell || silentUs <= TIME_WAIT_US || isClosed);
  return true;
}
