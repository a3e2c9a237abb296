// What to send when: RFC 9293 §3.8.6.2.1 (silly windows), §3.7.4 (Nagle), retransmissions first. Runs as the connection's egress entry.
import { ERRNO } from '@protoloom/contracts';
import { paceDelayUs, paceQuantum } from './congestion.js';
import { mayCoalesce } from './ecn.js';
import { requestEgress } from './egress.js';
import { checkSpace } from './events/send.js';
import { armProbe, armRetransmit, rearmRetransmit } from './events/timeouts.js';
import { measureLimit } from './limits.js';
import { probeLeft, probeLength } from './mtu-probe.js';
import { cwndPackets } from './recovery/cwnd.js';
import {
  inFlight,
  nextLost,
  outputDone,
  REPAIR_LOST,
  REPAIR_NEW,
  REPAIR_NONE,
  segmentSent,
  sendRoom,
  sentAgain,
} from './recovery/recovery.js';
import { PUSHED, SACKED, type Sent } from './recovery/scoreboard.js';
import { routeOf } from './route.js';
import { maxPayload, segmentHeaderBytes, segmentMss, sendAck, sendSegment, sendSyn } from './segment.js';
import { isSending } from './state.js';
import { finSent, PENDING_LOSS_PROBE, PENDING_REORDER, type Tcb, writeEnd } from './tcb.js';
import { FIN, PSH } from './wire.js';
import { dequeued, isPushed, untilRecordEnd } from './write-queue.js';

/** Sends what may be sent now. */
export function output(tcb: Tcb): void {
  if (isSending(tcb)) {
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
    checkSpace(tcb);
  }
  measureLimit(tcb);
  if (tcb.ackNow) sendAck(tcb);
}

/** Sends again what recovery finds lost, as far as cwnd and the pace let out. */
function retransmitLost(tcb: Tcb): void {
  const { recovery, tcp } = tcb;
  const { board } = recovery;
  let headSent = false;
  let waits = false;
  for (let sent = nextLost(tcb); sent !== undefined; sent = nextLost(tcb)) {
    if (paceDelayUs(tcb) > 0) {
      waits = true;
      armPace(tcb);
      break;
    }
    const isHead = sent === board.head;
    if (retransmit(tcb, sent, cwndPackets(tcb) - board.inFlight, true) < 0) break;
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
  const together = mayJoin(tcb) ? Math.min(segments, tcb.route?.iface.maxSegments ?? 1) : 1;
  const whole = Math.max(1, together) * mss;
  const most = whole <= room ? whole : room > mss ? room - (room % mss) : room;
  const text = Math.min((end - seq) | 0, (sent.end - seq) | 0, most);
  if (((sent.end - seq) | 0) > most) tcb.recovery.board.split(sent, most);
  else if (text < mss) joinSmall(tcb, sent, Math.min(mss, room));
  const length = Math.min((end - seq) | 0, (sent.end - seq) | 0);
  tcb.recovery.board.recount(sent, Math.max(1, Math.ceil(length / mss)), mss);
  const withFin = ((sent.end - seq) | 0) > length;
  const flags = (withFin ? FIN : 0) | (length > 0 && ((sent.marks & PUSHED) !== 0 || length > mss) ? PSH : 0);
  const result = sendSegment(tcb, seq, length, flags);
  if (result < 0 && result !== -ERRNO.EMSGSIZE) {
    counters.retransFail++;
    return result;
  }
  counters.retransSegs += sent.packets;
  tcb.totalRetransmits += sent.packets;
  tcb.bytesRetransmitted += length;
  if (repairs && tcb.retransmitStartUs === 0) tcb.retransmitStartUs = tcb.tcp.clock.nowUs;
  sentAgain(tcb, sent, repairs);
  return 0;
}

/** Whether segments may go as one: not where each tells something of its own. */
const mayJoin = (tcb: Tcb): boolean => mayCoalesce(tcb) && !tcb.isUrgent;

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

/** RFC 9293 §3.10.8 leaves open what is sent again: small packets go as one, up to a full segment (tcp_retrans_collapse). */
function joinSmall(tcb: Tcb, sent: Sent, most: number): void {
  const { board } = tcb.recovery;
  if (!tcb.tcp.sysctls.retransCollapse || sent.packets > 1) return;
  for (let { next } = sent; next !== undefined; { next } = sent) {
    if ((next.marks & SACKED) !== 0 || next.packets > 1 || ((next.end - sent.seq) | 0) > most) return;
    board.absorb(sent, next);
  }
}

/** A tail loss probe with what was not sent yet: one segment, whatever cwnd and Nagle say (RFC 8985 §7.3). @returns whether one left. */
export function probeNew(tcb: Tcb): boolean {
  if (!isSending(tcb)) return false;
  const unsent = (writeEnd(tcb) - tcb.sndNxt) | 0;
  const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  const text = Math.min(untilRecordEnd(tcb), segmentMss(tcb));
  if (text <= 0 || text > window) return false;
  const fin = tcb.finQueued && text === unsent && window > text;
  return sendOne(tcb, text, fin ? FIN : 0) >= 0;
}

function armPace(tcb: Tcb): void {
  tcb.paceTimer ??= tcb.tcp.timers.timer(tcb, requestEgress);
  tcb.paceTimer.arm(Math.max(paceDelayUs(tcb), 1));
}

/** New data, and the FIN behind it. @param atOnce Nagle does not hold. */
function sendNew(tcb: Tcb, atOnce: boolean): void {
  const end = writeEnd(tcb);
  const wasOutstanding = tcb.recovery.board.packetsOut > 0;
  const before = tcb.sndNxt;
  let budget = paceQuantum(tcb);
  const waits = tcb.mtuProbe !== undefined && probeMtu(tcb);
  while (!waits) {
    const unsent = (end - tcb.sndNxt) | 0;
    const finDue = tcb.finQueued && !finSent(tcb);
    if (unsent <= 0 && !finDue) break;
    const window = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
    if (unsent <= 0) {
      // The FIN takes a sequence number, and so needs window.
      if (window < 1 || sendOne(tcb, 0, FIN) < 0) break;
      break;
    }
    const delayUs = paceDelayUs(tcb);
    if (delayUs > 0 || budget <= 0) {
      armPace(tcb);
      break;
    }
    const room = sendRoom(tcb);
    const length = lengthToSend(tcb, unsent, window, Math.min(room, budget), atOnce);
    if (length === 0) break;
    const withFin = finDue && length === unsent && window > length;
    if (sendOne(tcb, length, withFin ? FIN : 0) < 0) break;
    budget -= length;
    if (withFin) break;
  }
  const sent = tcb.sndNxt !== before;
  if (sent && (!wasOutstanding || tcb.pending === PENDING_LOSS_PROBE || !tcb.retransmitTimer?.armed)) rearmRetransmit(tcb, false);
  outputDone(tcb, sent);
  if (tcb.recovery.board.packetsOut > 0) {
    if (!tcb.retransmitTimer?.armed) armRetransmit(tcb);
  } else if (((end - tcb.sndNxt) | 0) > 0 || (tcb.finQueued && !finSent(tcb))) armProbe(tcb);
}

/**
 * Sends one packet of new data, with PSH where the user pushed, and behind every super-segment, as on Linux. @param whole octets of text that
 * make one segment though it is longer than usual. @returns 0 or a negative errno, with which nothing has changed.
 */
export function sendOne(tcb: Tcb, text: number, flags: number, whole: number = 0): number {
  const seq = tcb.sndNxt;
  const length = text + ((flags & FIN) !== 0 ? 1 : 0);
  const mss = Math.max(whole, segmentMss(tcb));
  const end = (seq + text) | 0;
  const push = (flags & PSH) !== 0 || text > mss || (text > 0 && isPushed(tcb, end));
  const result = sendSegment(tcb, seq, text, push ? flags | PSH : flags, whole);
  // A packet that did not get out of the host is lost like any other, but for one that was too long.
  if (result === -ERRNO.EMSGSIZE) return result;
  segmentSent(tcb, seq, length, text > mss ? Math.ceil(text / mss) : 1, mss);
  tcb.sndNxt = (seq + length) | 0;
  if (text > 0) {
    const { tail } = tcb.recovery.board;
    if (push && tail !== undefined) tail.marks |= PUSHED;
    dequeued(tcb, end);
    tcb.tcp.counters.origDataSent += text > mss ? Math.ceil(text / mss) : 1;
    if (text % mss !== 0) tcb.sndSmall = (seq + text) | 0;
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

/** Octets of the next packet, a whole number of segments unless it is the tail; 0: wait. */
function lengthToSend(tcb: Tcb, unsent: number, window: number, room: number, atOnce: boolean): number {
  if (window <= 0 || room <= 0) return 0;
  const mss = segmentMss(tcb);
  const route = routeOf(tcb);
  if (typeof route === 'number') return 0;
  const most = Math.min(window, room, mayJoin(tcb) ? Math.max(maxPayload(route, segmentHeaderBytes(tcb), mss), mss) : mss);
  const record = untilRecordEnd(tcb);
  if (record < unsent && record <= most) return record;
  if (unsent <= most) {
    const tail = unsent % mss;
    // RFC 9293 §3.7.4: a last segment that is not full waits while an earlier such one is unacknowledged.
    return tail !== 0 && !atOnce && mayNotSendSmall(tcb) ? unsent - tail : unsent;
  }
  return most - (most % mss);
}

/** Nagle's algorithm in Minshall's variant: only small segments wait, and only for small ones. TCP_CORK, MSG_MORE: all that is not full waits. */
function mayNotSendSmall(tcb: Tcb): boolean {
  if (tcb.finQueued || tcb.isUrgent || tcb.noDelayEnd === writeEnd(tcb)) return false;
  if (tcb.cork || tcb.more) return true;
  return !tcb.noDelay && inFlight(tcb) > 0 && ((tcb.sndSmall - tcb.sndUna) | 0) > 0 && ((tcb.sndSmall - tcb.sndNxt) | 0) <= 0;
}
