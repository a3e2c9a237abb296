// Timeouts, RFC 9293 §3.10.8: retransmission, zero-window probe, keep-alive, FIN-WAIT-2. (The delayed ACK's is in ack.ts.)
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_FIN_WAIT2, TCP_LISTEN, TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { silentUs } from '../coarse-time.js';
import { requestEgress } from '../egress.js';
import { timedOut } from '../fastopen/black-hole.js';
import { synAckExpired } from '../fastopen/server.js';
import { countTimeout } from '../limits.js';
import type { Request } from '../listener.js';
import { endIfShort } from '../orphans.js';
import { retransmit, retransmitSyn, sendOne } from '../output.js';
import { reorderTimeout } from '../recovery/recovery.js';
import { retransmitDelayUs, rtoMaxUs } from '../recovery/rto.js';
import { scheduleProbe, sendProbe } from '../recovery/tail-loss.js';
import { enterLoss } from '../recovery/timeout.js';
import { segmentMss, sendReset, sendSegment } from '../segment.js';
import { enter, isConnecting, isSynchronized, uncountOrphan } from '../state.js';
import {
  finSent,
  PENDING_LOSS_PROBE,
  PENDING_NONE,
  PENDING_PROBE,
  PENDING_REORDER,
  PENDING_RETRANSMIT,
  type Tcb,
  writeEnd,
} from '../tcb.js';
import { TIME_WAIT_US } from '../time-wait.js';
import { rehashOnTimeout } from '../tx-hash.js';
import { probeSeq } from '../urgent.js';
import { FIN, PSH } from '../wire.js';
import { pushHead, untilRecordEnd } from '../write-queue.js';
import {
  clampedRetransmitDelayUs,
  closedWindowHasTimedOut,
  giveUp,
  hasTimedOut,
  linearTimeouts,
  orphanHasEnded,
  probesAreOver,
  synHasTimedOut,
  withinUserTimeout,
} from './giving-up.js';

/** Linux's TCP_RTO_MIN: the least time before a probe. */
const RTO_MIN_US = 200_000;
/** RFC 6298 §2.1. */
const RTO_INITIAL_US = 1_000_000;
/** A thin stream has less outstanding, and is tried so often in a row without backing off. */
const THIN_PACKETS = 4;
const THIN_TIMEOUTS = 6;
/** The least time before what a peer seems to have forgotten is sent again. */
const RENEGING_LEAST_US = 10_000;

// ---- arming ----------------------------------------------------------------------------------------------------------------------

function arm(tcb: Tcb, pending: number, delayUs: number): void {
  // RFC 7413 §4.2.2: with the handshake open the timer is the SYN-ACK's.
  if (tcb.fastOpen?.request === undefined) start(tcb, pending, delayUs);
}

function start(tcb: Tcb, pending: number, delayUs: number): void {
  tcb.pending = pending;
  tcb.retransmitTimer ??= tcb.tcp.timers.timer(tcb, expired);
  tcb.retransmitTimer.arm(delayUs);
}

/** RFC 6298 §5.1, §5.3: the timer starts (again) for what is outstanding. */
export const armRetransmit = (tcb: Tcb): void => arm(tcb, PENDING_RETRANSMIT, clampedRetransmitDelayUs(tcb));

/** For the SYN-ACK of a connection that Fast Open has opened. */
export const armSynAck = (tcb: Tcb, { timeouts }: Request): void =>
  start(tcb, PENDING_RETRANSMIT, Math.min(RTO_INITIAL_US * 2 ** timeouts, rtoMaxUs(tcb)));

/** RFC 8985 §6.2: what is not lost yet may be by then. */
export const armReorder = (tcb: Tcb, delayUs: number): void => arm(tcb, PENDING_REORDER, delayUs);

/** RFC 8985 §7.2. */
export const armLossProbe = (tcb: Tcb, delayUs: number): void => arm(tcb, PENDING_LOSS_PROBE, delayUs);

/** µs until the first packet outstanding times out, by when it left. */
export function retransmitLeftUs(tcb: Tcb): number {
  const { head } = tcb.recovery.board;
  return head === undefined ? 0 : head.sentUs + retransmitDelayUs(tcb) - tcb.tcp.clock.nowUs;
}

/** The retransmission timer again; where another stood in for it, with what is left of its time. @param anew the whole of it. */
export function rearmRetransmit(tcb: Tcb, anew: boolean): void {
  const { pending } = tcb;
  if (tcb.recovery.board.packetsOut === 0) {
    disarm(tcb);
    return;
  }
  const stoodIn = !anew && (pending === PENDING_LOSS_PROBE || pending === PENDING_REORDER);
  arm(tcb, PENDING_RETRANSMIT, stoodIn ? Math.max(1, retransmitLeftUs(tcb)) : retransmitDelayUs(tcb));
}

/** The peer seems to have forgotten what it SACKed: RFC 2018 §8's timeout, after half a round trip at least. */
export const rearmForReneging = (tcb: Tcb): void => arm(tcb, PENDING_RETRANSMIT, Math.max(tcb.srttUs / 2, RENEGING_LEAST_US));

/** Something waits to be sent, and nothing is outstanding whose acknowledgement would let it out: RFC 9293 §3.8.6.1. */
export function armProbe(tcb: Tcb): void {
  if (tcb.pending === PENDING_PROBE && tcb.retransmitTimer?.armed) return;
  armNextProbe(tcb);
}

const armNextProbe = (tcb: Tcb): void => arm(tcb, PENDING_PROBE, withinUserTimeout(tcb, tcb.recovery.probeStartUs, probeDelayUs(tcb)));
const probeDelayUs = (tcb: Tcb): number => Math.min(Math.max(tcb.rtoUs, RTO_MIN_US) * 2 ** tcb.backoff, rtoMaxUs(tcb));

/** RFC 6298 §5.2: all is acknowledged. */
export function disarm(tcb: Tcb): void {
  if (tcb.fastOpen?.request !== undefined) return;
  tcb.pending = PENDING_NONE;
  tcb.retransmitTimer?.disarm();
}

/** After an acknowledgement: RFC 6298 §5.2 and §5.3; a probe is over where the window has opened. @param anew progress was made. */
export function rearm(tcb: Tcb, anew: boolean): void {
  if (tcb.recovery.board.packetsOut > 0) {
    if (anew && !scheduleProbe(tcb, true)) rearmRetransmit(tcb, false);
    return;
  }
  if (tcb.pending === PENDING_PROBE && hasUnsent(tcb) && !fits(tcb)) {
    // Still closed, or open by less than a segment; but the peer lives.
    armNextProbe(tcb);
    return;
  }
  if (tcb.pending === PENDING_PROBE) tcb.backoff = 0;
  tcb.recovery.probeStartUs = 0;
  disarm(tcb);
}

// ---- retransmission and probes ---------------------------------------------------------------------------------------------------

function expired(tcb: Tcb): void {
  const { pending } = tcb;
  // These two stand in for the retransmission timer, which goes on from there: rearmRetransmit has to know.
  if (pending === PENDING_LOSS_PROBE) {
    sendProbe(tcb);
    return;
  }
  if (pending === PENDING_REORDER) {
    reorderTimeout(tcb);
    rearmRetransmit(tcb, false);
    requestEgress(tcb);
    return;
  }
  tcb.pending = PENDING_NONE;
  if (pending === PENDING_PROBE) probe(tcb);
  else if (pending === PENDING_RETRANSMIT) retransmitExpired(tcb);
}

/** RFC 6298 §5.4 to §5.7. */
function retransmitExpired(tcb: Tcb): void {
  const request = tcb.fastOpen?.request;
  if (request !== undefined) {
    synAckExpired(tcb, request);
    return;
  }
  if (tcb.sndUna === tcb.sndNxt) return;
  const { tcp } = tcb;
  if (isConnecting(tcb)) {
    tcp.counters.timeouts++;
    synExpired(tcb);
    return;
  }
  if (tcb.sndWnd === 0 && !tcb.orphan) {
    // The peer has taken its window back: it is probed with what is outstanding.
    if (closedWindowHasTimedOut(tcb)) {
      giveUp(tcb);
      return;
    }
    enterLoss(tcb);
    tcb.backoff++;
    const { head } = tcb.recovery.board;
    if (head !== undefined) retransmit(tcb, head, 1, true);
    arm(tcb, PENDING_RETRANSMIT, withinUserTimeout(tcb, tcb.recovery.retransmitStartUs, retransmitDelayUs(tcb)));
    return;
  }
  if (tcb.orphan && orphanHasEnded(tcb)) return;
  const isOver = hasTimedOut(tcb);
  timedOut(tcb, isOver);
  if (isOver) {
    giveUp(tcb);
    return;
  }
  if (tcb.recovery.retransmitStartUs === 0) tcb.recovery.retransmitStartUs = tcp.clock.nowUs;
  enterLoss(tcb);
  countTimeout(tcb, tcb.retransmits === 0);
  rehashOnTimeout(tcb);
  tcb.retransmits++;
  if (isThin(tcb)) tcb.backoff = 0;
  else tcb.backoff++;
  requestEgress(tcb);
  armRetransmit(tcb);
}

/** Linux's thin streams: so little is under way that only a timeout finds a loss. With tcp_thin_linear_timeouts the first of these do not back off. */
const isThin = (tcb: Tcb): boolean =>
  tcb.tcp.sysctls.thinLinearTimeouts &&
  tcb.state === TCP_ESTABLISHED &&
  tcb.recovery.board.packetsOut < THIN_PACKETS &&
  Number.isFinite(tcb.control.ssthresh) &&
  tcb.retransmits <= THIN_TIMEOUTS;

/** RFC 6069 §4: the first segment outstanding timed out on a broken path; its backoff counts for nothing. Linux's tcp_ld_RTO_revert. */
export function revertBackoff(tcb: Tcb, seq: number): void {
  if (seq !== tcb.sndUna || tcb.retransmits === 0 || tcb.backoff === 0 || tcb.pending !== PENDING_RETRANSMIT) return;
  tcb.backoff--;
  const leftUs = retransmitLeftUs(tcb);
  if (leftUs > 0) arm(tcb, PENDING_RETRANSMIT, leftUs);
  else retransmitExpired(tcb);
}

/** A SYN, or the SYN-ACK of a simultaneous open, was not answered. */
function synExpired(tcb: Tcb): void {
  const isOver = synHasTimedOut(tcb);
  timedOut(tcb, isOver);
  if (isOver) {
    giveUp(tcb);
    return;
  }
  if (tcb.recovery.retransmitStartUs === 0) tcb.recovery.retransmitStartUs = tcb.tcp.clock.nowUs;
  countTimeout(tcb, tcb.retransmits === 0);
  rehashOnTimeout(tcb);
  tcb.retransmits++;
  if (tcb.retransmits > linearTimeouts(tcb)) tcb.backoff++;
  retransmitSyn(tcb);
  armRetransmit(tcb);
}

/** RFC 9293 §3.8.6.1: a closed window is probed, at growing intervals, for as long as the peer answers. */
function probe(tcb: Tcb): void {
  const { tcp } = tcb;
  if (!isSynchronized(tcb) || tcb.sndUna !== tcb.sndNxt || !hasUnsent(tcb)) {
    tcb.probesOut = 0;
    tcb.recovery.probeStartUs = 0;
    return;
  }
  if (tcb.recovery.probeStartUs === 0) tcb.recovery.probeStartUs = tcp.clock.nowUs;
  if (tcb.orphan && endIfShort(tcb, true)) return;
  if (probesAreOver(tcb)) {
    giveUp(tcb);
    return;
  }
  wakePeer(tcb, 'winProbe');
  if (tcb.sndUna !== tcb.sndNxt) {
    // The override timeout of RFC 9293 §3.8.6.2.1: what the window holds has left.
    tcb.probesOut = 0;
    tcb.backoff = 0;
    armRetransmit(tcb);
    return;
  }
  tcb.probesOut++;
  if (tcb.backoff < tcp.sysctls.retries2) tcb.backoff++;
  armNextProbe(tcb);
}

/** Whether the window holds the next segment whole. */
const fits = (tcb: Tcb): boolean => {
  const unsent = (writeEnd(tcb) - tcb.sndNxt) | 0;
  return tcb.sndWnd >= Math.max(1, Math.min(unsent, segmentMss(tcb)));
};

const hasUnsent = (tcb: Tcb): boolean => ((writeEnd(tcb) - tcb.sndNxt) | 0) > 0 || (tcb.finQueued && !finSent(tcb));

/** Makes the peer answer: with what its window takes, or with an octet's number that it has acknowledged already. */
function wakePeer(tcb: Tcb, counter: 'winProbe' | 'keepAlive'): void {
  const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  const unsent = (writeEnd(tcb) - tcb.sndNxt) | 0;
  if (window > 0 && hasUnsent(tcb)) {
    const mss = segmentMss(tcb);
    const text = Math.min(window, untilRecordEnd(tcb), mss);
    const fin = tcb.finQueued && text === unsent && window > text;
    if (text > 0) pushHead(tcb);
    sendOne(tcb, text, (fin ? FIN : 0) | (text > 0 ? PSH : 0), mss);
    return;
  }
  tcb.tcp.counters[counter]++;
  sendSegment(tcb, probeSeq(tcb), 0, 0, 0);
}

// ---- keep-alive, FIN-WAIT-2 ------------------------------------------------------------------------------------------------------

const idleUs = (tcb: Tcb): number => tcb.wishes.keepIdleUs || tcb.tcp.sysctls.keepaliveTime * 1_000_000;
const intervalUs = (tcb: Tcb): number => tcb.wishes.keepIntervalUs || tcb.tcp.sysctls.keepaliveIntvl * 1_000_000;

/** SO_KEEPALIVE or one of its parameters was set, or the connection is there: RFC 9293 §3.8.4. */
export function armKeepAlive(tcb: Tcb): void {
  if (!isSynchronized(tcb) || tcb.orphan) return;
  if (tcb.socket.keepAlive) timerOf(tcb).arm(Math.max(0, idleUs(tcb) - silentUs(tcb)));
  else tcb.keepAliveTimer?.cancel();
}

/** An orphan in FIN-WAIT-2 waits for the peer's FIN no longer than tcp_fin_timeout, or TCP_LINGER2, allows. */
export function armFinWait2(tcb: Tcb): void {
  const waitUs = tcb.wishes.linger2Us > 0 ? tcb.wishes.linger2Us : tcb.tcp.sysctls.finTimeout * 1_000_000;
  if (waitUs <= TIME_WAIT_US) uncountOrphan(tcb);
  timerOf(tcb).arm(waitUs);
}

function timerOf(tcb: Tcb): NonNullable<Tcb['keepAliveTimer']> {
  tcb.keepAliveTimer ??= tcb.tcp.timers.timer(tcb, keepAliveExpired);
  return tcb.keepAliveTimer;
}

function keepAliveExpired(tcb: Tcb): void {
  if (tcb.state === TCP_LISTEN || tcb.state === TCP_SYN_RECV) return;
  if (tcb.orphan) {
    if (tcb.state === TCP_FIN_WAIT2) enter(tcb, TCP_CLOSE);
    return;
  }
  if (!tcb.socket.keepAlive || !isSynchronized(tcb)) return;
  // What is outstanding, or waits, has timers of its own.
  if (tcb.sndUna !== tcb.sndNxt || hasUnsent(tcb)) {
    timerOf(tcb).arm(idleUs(tcb));
    return;
  }
  const silent = silentUs(tcb);
  if (silent < idleUs(tcb)) {
    timerOf(tcb).arm(idleUs(tcb) - silent);
    return;
  }
  const most = tcb.wishes.keepCount || tcb.tcp.sysctls.keepaliveProbes;
  const isOver = tcb.wishes.userTimeoutUs > 0 ? silent >= tcb.wishes.userTimeoutUs && tcb.probesOut > 0 : tcb.probesOut >= most;
  if (isOver) {
    sendReset(tcb);
    giveUp(tcb);
    return;
  }
  wakePeer(tcb, 'keepAlive');
  tcb.probesOut++;
  timerOf(tcb).arm(intervalUs(tcb));
}
