// RACK: a packet is lost when one sent later has arrived, and a reordering window has passed since. RFC 8985 §6; numbers as Linux.
import { armReorder } from '../events/timeouts.js';
import type { Tcb } from '../tcb.js';
import { markLost } from './mark.js';
import { MOST_US } from './rto.js';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, type Sent } from './scoreboard.js';

/** Recoveries for which a window that D-SACKs have widened stays so: RFC 8985 §6.2 step 4. */
export const WIDE_RECOVERIES = 16;
/** Bits of tcp_recovery: a window that D-SACKs do not widen; and one that stays though duplicates have come. */
const STATIC_WINDOW = 2;
const NO_DUP_THRESHOLD = 4;
const MOST_STEPS = 255;
/** Linux's TCP_TIMEOUT_MIN: added to a timer for what is not certain. */
export const TIMER_SLACK_US = 2_000;

/** Whether a packet left before the one that RACK goes by: RFC 8985 §6.2 step 2. Pieces of one super-segment left in their order. */
function leftBefore(tcb: Tcb, order: number, end: number): boolean {
  const { rackOrder, rackEnd } = tcb.recovery;
  return order < rackOrder || (order === rackOrder && ((rackEnd - end) | 0) > 0);
}

/** A packet has arrived, up to sequence number `end`: RFC 8985 §6.2 step 2. @param marks from before. */
export function arrived(tcb: Tcb, marks: number, { sentUs, order }: Sent, end: number): void {
  const { recovery } = tcb;
  const rttUs = Math.min(tcb.tcp.clock.nowUs - sentUs, MOST_US) | 0;
  // Sooner than any round trip: it is the original that is acknowledged, not the retransmission.
  if ((marks & EVER_RETRANSMITTED) !== 0 && rttUs < tcb.minRttUs) return;
  recovery.rackAdvanced = true;
  tcb.rackRttUs = rttUs;
  if (leftBefore(tcb, order, end)) return;
  recovery.rackOrder = order;
  recovery.rackEnd = end;
}

/** The reordering window, µs: RFC 8985 §6.2 step 4. */
function reorderWindowUs(tcb: Tcb): number {
  const { recovery, tcp } = tcb;
  if (recovery.reorderSeen === 0) {
    // Nothing was ever reordered: three duplicates, or a recovery that has begun, are enough.
    if (recovery.phase === 'recovery' || recovery.phase === 'loss') return 0;
    if (recovery.board.sackedOut >= recovery.reordering && (tcp.sysctls.recovery & NO_DUP_THRESHOLD) === 0) return 0;
  }
  return Math.min((Math.max(0, tcb.minRttUs) / 4) * recovery.reorderSteps, tcb.srttUs);
}

/** µs until a packet would be lost; 0 or less: it is. */
export const lossDelayUs = (tcb: Tcb, sent: Sent, windowUs: number): number =>
  tcb.rackRttUs + windowUs - (tcb.tcp.clock.nowUs - sent.sentUs);

/** Marks what is lost. @returns µs until more may be; 0: nothing waits. */
export function detectLosses(tcb: Tcb): number {
  const { recovery } = tcb;
  const windowUs = reorderWindowUs(tcb);
  let waitUs = 0;
  for (let sent = recovery.board.oldest; sent !== undefined; ) {
    const { newer } = sent;
    const isWaiting = (sent.marks & LOST) !== 0 && (sent.marks & RETRANSMITTED) === 0;
    if (!isWaiting) {
      if (!leftBefore(tcb, sent.order, sent.end)) break;
      const leftUs = lossDelayUs(tcb, sent, windowUs);
      if (leftUs <= 0) {
        markLost(tcb, sent);
        recovery.board.untime(sent);
      } else waitUs = Math.max(waitUs, leftUs);
    }
    sent = newer;
  }
  return waitUs;
}

/** After an acknowledgement: RFC 8985 §6.2 step 5. @returns whether a timer waits for the rest. */
export function rackLosses(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (!recovery.rackAdvanced) return false;
  recovery.rackAdvanced = false;
  const waitUs = detectLosses(tcb);
  if (waitUs <= 0) return false;
  armReorder(tcb, Math.min(Math.ceil(waitUs) + TIMER_SLACK_US, tcb.rtoUs));
  return true;
}

/**
 * A D-SACK widens the window once in a round trip: RFC 8985 §6.2 step 4.
 * @param priorDelivered octets delivered when what this ACK is about was sent; below zero: unknown.
 */
export function adaptReorderWindow(tcb: Tcb, priorDelivered: number): void {
  const { recovery } = tcb;
  if ((tcb.tcp.sysctls.recovery & STATIC_WINDOW) !== 0 || priorDelivered < 0) return;
  if (priorDelivered < recovery.reorderDelivered) recovery.dsackInRound = false;
  if (recovery.dsackInRound) {
    recovery.reorderSteps = Math.min(MOST_STEPS, recovery.reorderSteps + 1);
    recovery.dsackInRound = false;
    recovery.reorderDelivered = tcb.view.delivered;
    recovery.reorderPersist = WIDE_RECOVERIES;
  } else if (recovery.reorderPersist === 0) recovery.reorderSteps = 1;
}
