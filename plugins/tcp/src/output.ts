// What to send when: RFC 9293 §3.8.6.2.1 (silly windows), §3.7.4 (Nagle), retransmissions first. Runs as the connection's egress entry.
import { ERRNO } from '@protoloom/contracts';
import { MSG_OOB } from '@protoloom/contracts/socket';
import { paceDelayUs, paceQuantum, restartAfterIdle } from './congestion.js';
import { requestEgress } from './egress.js';
import { checkSpace } from './events/send.js';
import { armProbe, armRetransmit, rearmRetransmit } from './events/timeouts.js';
import { measureLimit } from './limits.js';
import { probeLeft, probeLength } from './mtu-probe.js';
import { cwndPackets } from './recovery/cwnd.js';
import { nextLost, noteShortage, outputDone, REPAIR_LOST, REPAIR_NEW, REPAIR_NONE, segmentSent, sentAgain } from './recovery/recovery.js';
import { PUSHED, RECORD_END, SACKED, type Sent } from './recovery/scoreboard.js';
import { rouse } from './rest.js';
import { followPath } from './route.js';
import { segmentMss, sendAck, sendSegment, sendSyn } from './segment.js';
import { isSending } from './state.js';
import { isHeldByCwnd, mayGrow, mostSegments, windowSegments } from './super-segments.js';
import { finSent, PENDING_LOSS_PROBE, PENDING_REORDER, type Tcb, writeEnd } from './tcb.js';
import { FIN, PSH } from './wire.js';
import { dequeued, headLength, isHead, isPushed, isRecordEnd, pushFull, untilRecordEnd } from './write-queue.js';

/** What `lengthToSend` says where a super-segment waits for more of cwnd. */
const HELD_BY_CWND = -1;

/** Sends what may be sent now. */
export function output(tcb: Tcb): void {
  if (isSending(tcb)) {
    rouse(tcb);
    followPath(tcb);
    const { recovery } = tcb;
    const { repair } = recovery;
    if (repair === REPAIR_NEW) {
      // RFC 5682 §3.1 step 2b: new data tells whether the timeout was spurious; where none leaves, the lost is repaired.
      recovery.repair = REPAIR_NONE;
      sendNew(tcb, true);
      if (((tcb.sndNxt - recovery.highSeq) | 0) <= 0) {
        recovery.frto = false;
        retransmitLost(tcb);
      }
    } else {
      if (repair === REPAIR_LOST) retransmitLost(tcb);
      sendNew(tcb, false);
    }
    noteShortage(tcb);
    checkSpace(tcb);
  }
  measureLimit(tcb);
  if (tcb.ackNow) sendAck(tcb);
}

/** A packet is written full, and more follows: it leaves as far as it may, with all before it where it is pushed (Linux's tcp_push_one). */
export function outputFull(tcb: Tcb, flags: number): void {
  if ((flags & MSG_OOB) !== 0) return;
  const all = pushFull(tcb);
  if ((all || isHead(tcb)) && isSending(tcb) && tcb.recovery.repair === REPAIR_NONE) sendNew(tcb, true, !all);
}

/** Sends again what recovery finds lost, as far as cwnd and the pace let out. */
function retransmitLost(tcb: Tcb): void {
  const { recovery, tcp } = tcb;
  const { board } = recovery;
  const most = mostSegments(tcb, segmentMss(tcb));
  let headSent = false;
  let waits = false;
  for (let sent = nextLost(tcb); sent !== undefined; sent = nextLost(tcb)) {
    if (paceDelayUs(tcb) > 0) {
      waits = true;
      armPace(tcb);
      break;
    }
    const isHead = sent === board.head;
    if (retransmit(tcb, sent, Math.min(cwndPackets(tcb) - board.inFlight, most), true) < 0) break;
    if (recovery.phase === 'loss') tcp.counters.slowStartRetrans += sent.packets;
    else tcp.counters.fastRetrans += sent.packets;
    headSent ||= isHead;
  }
  if (!waits) recovery.repair = REPAIR_NONE;
  if (headSent && tcb.pending !== PENDING_REORDER) armRetransmit(tcb);
}

/**
 * Sends a packet again: `segments` full segments of it at most, the rest stays one of its own; small ones behind it are joined to it.
 * @param repairs it stands for what is lost; a probe does not. @returns 0 or a negative errno.
 */
export function retransmit(tcb: Tcb, sent: Sent, segments: number, repairs: boolean): number {
  const { counters } = tcb.tcp;
  // Whatever becomes of a probe for the MTU now, it tells nothing.
  if (tcb.mtuProbe !== undefined) tcb.mtuProbe.size = 0;
  // What is acknowledged in part has left the ring.
  if (((tcb.sndUna - sent.seq) | 0) > 0) sent.seq = tcb.sndUna;
  const { seq } = sent;
  const available = (tcb.sndUna + tcb.sndWnd - seq) | 0;
  // RFC 9293 §3.8.6: what a peer took back of its window is not sent there; but its first octets probe it.
  if (available <= 0 && seq !== tcb.sndUna) return -ERRNO.EAGAIN;
  const mss = segmentMss(tcb);
  const end = writeEnd(tcb);
  const room = available <= 0 ? mss : available;
  const whole = (tcb.isUrgent ? 1 : Math.max(1, segments)) * mss;
  const most = whole <= room ? whole : room > mss ? room - (room % mss) : room;
  const text = Math.min((end - seq) | 0, (sent.end - seq) | 0, most);
  if (((sent.end - seq) | 0) > most) tcb.recovery.board.split(sent, most);
  else if (text < mss) joinSmall(tcb, sent, Math.min(mss, room));
  const length = Math.min((end - seq) | 0, (sent.end - seq) | 0);
  tcb.recovery.board.recount(sent, Math.max(1, Math.ceil(length / mss)), mss);
  const withFin = ((sent.end - seq) | 0) > length;
  const flags = (withFin ? FIN : 0) | (length > 0 && ((sent.marks & PUSHED) !== 0 || length > mss) ? PSH : 0);
  const result = sendSegment(tcb, seq, length, flags, mss);
  if (result < 0 && result !== -ERRNO.EMSGSIZE) {
    counters.retransFail++;
    return result;
  }
  counters.retransSegs += sent.packets;
  tcb.totalRetransmits += sent.packets;
  tcb.bytesRetransmitted += length;
  if (repairs && tcb.recovery.retransmitStartUs === 0) tcb.recovery.retransmitStartUs = tcb.tcp.clock.nowUs;
  sentAgain(tcb, sent, repairs);
  return 0;
}

/** The SYN, or the SYN-ACK of a simultaneous open, again. */
export function retransmitSyn(tcb: Tcb): number {
  const { counters } = tcb.tcp;
  const result = sendSyn(tcb);
  counters.retransSegs++;
  counters.synRetrans++;
  tcb.totalRetransmits++;
  const { head } = tcb.recovery.board;
  if (head !== undefined) sentAgain(tcb, head, false);
  return result;
}

/** RFC 9293 §3.10.8 leaves open what is sent again: small packets of a record go as one, up to a full segment (tcp_retrans_collapse). */
function joinSmall(tcb: Tcb, sent: Sent, most: number): void {
  const { board } = tcb.recovery;
  if (!tcb.tcp.sysctls.retransCollapse || sent.packets > 1) return;
  for (let { next } = sent; next !== undefined && (sent.marks & RECORD_END) === 0; { next } = sent) {
    if ((next.marks & SACKED) !== 0 || next.packets > 1 || ((next.end - sent.seq) | 0) > most) return;
    board.absorb(sent, next);
  }
}

/** A tail loss probe with what was not sent yet: a segment, whatever cwnd and Nagle say (RFC 8985 §7.3). @returns whether one left. */
export function probeNew(tcb: Tcb): boolean {
  if (!isSending(tcb)) return false;
  const unsent = (writeEnd(tcb) - tcb.sndNxt) | 0;
  const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  const mss = segmentMss(tcb);
  // As much as cwnd lets out at once, and a segment in any case.
  const segments = tcb.isUrgent ? 1 : Math.max(1, Math.min(windowSegments(tcb), mostSegments(tcb, mss)));
  const head = headLength(tcb, segments * mss);
  if (head <= 0 || window < Math.min(head, mss)) return false;
  const text = Math.min(head, window, segments * mss);
  const fin = tcb.finQueued && text === unsent && window > text;
  return sendOne(tcb, text, fin ? FIN : 0, mss) >= 0;
}

function armPace(tcb: Tcb): void {
  tcb.paceTimer ??= tcb.tcp.timers.timer(tcb, requestEgress);
  tcb.paceTimer.arm(Math.max(paceDelayUs(tcb), 1));
}

/** New data, and the FIN behind it. @param atOnce Nagle does not hold. @param one packet alone, which does not wait to grow. */
function sendNew(tcb: Tcb, atOnce: boolean, one = false): void {
  const end = writeEnd(tcb);
  const wasOutstanding = tcb.recovery.board.packetsOut > 0;
  const before = tcb.sndNxt;
  let budget = paceQuantum(tcb);
  let held = false;
  if (before !== end && tcb.sndUna === before) restartAfterIdle(tcb);
  const waits = tcb.mtuProbe !== undefined && !one && probeMtu(tcb);
  const mss = before === end ? 0 : segmentMss(tcb);
  const most = mostOf(tcb, (end - before) | 0, mss);
  while (!waits) {
    const unsent = (end - tcb.sndNxt) | 0;
    const finDue = tcb.finQueued && !finSent(tcb);
    if (unsent <= 0 && !finDue) break;
    const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
    if (unsent <= 0) {
      // The FIN takes a sequence number, and so needs window.
      if (window < 1 || sendOne(tcb, 0, FIN, segmentMss(tcb)) < 0) break;
      break;
    }
    const delayUs = paceDelayUs(tcb);
    if (delayUs > 0 || budget <= 0) {
      armPace(tcb);
      break;
    }
    const length = lengthToSend(tcb, unsent, window, mss, most, budget, atOnce, one);
    if (length <= 0) {
      held = length === HELD_BY_CWND;
      break;
    }
    const withFin = finDue && length === unsent && window > length;
    if (sendOne(tcb, length, withFin ? FIN : 0, mss) < 0) break;
    budget -= length;
    if (withFin || one) break;
  }
  const sent = tcb.sndNxt !== before;
  const startsTimer = sent && (!wasOutstanding || tcb.pending === PENDING_LOSS_PROBE || !tcb.retransmitTimer?.armed);
  if (!outputDone(tcb, sent, held) && startsTimer) rearmRetransmit(tcb, false);
  if (tcb.recovery.board.packetsOut > 0) {
    if (!tcb.retransmitTimer?.armed) armRetransmit(tcb);
  } else if (((end - tcb.sndNxt) | 0) > 0 || (tcb.finQueued && !finSent(tcb))) armProbe(tcb);
}

/** Most segments of one packet, of `unsent` octets: what fits into one need not know. */
const mostOf = (tcb: Tcb, unsent: number, mss: number): number => (unsent <= mss ? 1 : mostSegments(tcb, mss));

/**
 * Sends one packet of new data, with PSH where the user pushed, and behind every super-segment, as on Linux. @param mss octets of one segment.
 * @returns 0 or a negative errno, with which nothing has changed.
 */
export function sendOne(tcb: Tcb, text: number, flags: number, mss: number): number {
  const seq = tcb.sndNxt;
  const length = text + ((flags & FIN) !== 0 ? 1 : 0);
  const segments = text > mss ? Math.ceil(text / mss) : 1;
  const end = (seq + text) | 0;
  const isUsers = (flags & PSH) !== 0 || (text > 0 && isPushed(tcb, end));
  const result = sendSegment(tcb, seq, text, isUsers || segments > 1 ? flags | PSH : flags, mss);
  // A packet that did not get out of the host is lost like any other, but for one that was too long.
  if (result === -ERRNO.EMSGSIZE) return result;
  segmentSent(tcb, seq, length, segments, mss);
  tcb.sndNxt = (seq + length) | 0;
  if (text > 0) {
    const { tail } = tcb.recovery.board;
    if (tail !== undefined) tail.marks |= (isUsers ? PUSHED : 0) | (isRecordEnd(tcb, end) ? RECORD_END : 0);
    dequeued(tcb, end);
    tcb.tcp.counters.origDataSent += segments;
    if (text < segments * mss) tcb.sndSmall = (seq + text) | 0;
  }
  return 0;
}

/** RFC 4821 §7.4: one segment that is longer than what is known to pass. @returns whether nothing else is to be sent, so that there is room for one. */
function probeMtu(tcb: Tcb): boolean {
  const length = paceDelayUs(tcb) > 0 ? 0 : probeLength(tcb);
  if (length <= 0) return length < 0;
  if (length > untilRecordEnd(tcb)) return false;
  const { sndNxt } = tcb;
  if (sendOne(tcb, length, 0, length) >= 0) probeLeft(tcb, sndNxt, length);
  return false;
}

/** Octets of the next packet, of `most` segments of `mss` octets at most; 0: wait; HELD_BY_CWND. As Linux's tcp_write_xmit goes about it. */
function lengthToSend(
  tcb: Tcb,
  unsent: number,
  window: number,
  mss: number,
  most: number,
  budget: number,
  atOnce: boolean,
  one: boolean,
): number {
  const segments = Math.min(windowSegments(tcb), most);
  if (segments === 0) return 0;
  const length = headLength(tcb, segments * mss);
  const isLast = length === unsent;
  if (window < Math.min(length, mss)) return 0;
  // RFC 9293 §3.7.4: a last segment that is not full waits while an earlier such one is unacknowledged.
  if (length <= mss) return length < mss && isLast && !atOnce && mayNotSendSmall(tcb) ? 0 : length;
  if (!one && mayGrow(tcb, length, window, most, isLast, isLast ? tcb.finQueued : length === untilRecordEnd(tcb)))
    return isHeldByCwnd(tcb, length, window) ? HELD_BY_CWND : 0;
  const limit = (tcb.isUrgent ? 1 : Math.max(1, Math.min(segments, Math.floor(budget / mss)))) * mss;
  const needed = Math.min(length, window);
  if (limit <= needed || (limit <= window && !isLast)) return Math.min(limit, length);
  const part = needed % mss;
  return part !== 0 && !atOnce && holdsPart(tcb) ? needed - part : needed;
}

/** Nagle's algorithm for a packet of less than a segment. What is urgent, or ends with the FIN, does not wait. */
const mayNotSendSmall = (tcb: Tcb): boolean => !tcb.finQueued && !tcb.isUrgent && holdsPart(tcb);

/** Nagle's algorithm in Minshall's variant: only small segments wait, and only for small ones. TCP_CORK, MSG_MORE: all that is not full waits. */
function holdsPart(tcb: Tcb): boolean {
  if (tcb.noDelayEnd !== undefined && tcb.noDelayEnd === writeEnd(tcb)) return false;
  if (tcb.wishes.cork || tcb.more) return true;
  return (
    !tcb.wishes.noDelay &&
    tcb.recovery.board.packetsOut > 0 &&
    ((tcb.sndSmall - tcb.sndUna) | 0) > 0 &&
    ((tcb.sndSmall - tcb.sndNxt) | 0) <= 0
  );
}
