// What to send when: RFC 9293 §3.8.6.2.1 (silly windows), §3.7.4 (Nagle), retransmissions first. Runs as the connection's egress entry.
import { ERRNO } from '@protoloom/contracts';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { paceDelayUs, paceQuantum } from './congestion.js';
import { requestEgress } from './egress.js';
import { armProbe, armRetransmit } from './events/timeouts.js';
import { inFlight, nextLost, outputDone, segmentSent, sendRoom } from './recovery/recovery.js';
import { routeOf } from './route.js';
import { maxPayload, segmentHeaderBytes, segmentMss, sendAck, sendSegment, sendSyn } from './segment.js';
import { isSending } from './state.js';
import { finSent, type Tcb, writeEnd } from './tcb.js';
import { FIN, PSH } from './wire.js';

/** Sends what may be sent now. */
export function output(tcb: Tcb): void {
  if (tcb.state === TCP_CLOSE || tcb.state === TCP_LISTEN || tcb.state === TCP_SYN_SENT || tcb.state === TCP_SYN_RECV) {
    if (tcb.ackNow) sendAck(tcb);
    return;
  }
  if (isSending(tcb)) {
    retransmitLost(tcb);
    sendNew(tcb);
  }
  if (tcb.ackNow) sendAck(tcb);
}

/** Sends again what recovery finds lost, as far as it lets out. */
function retransmitLost(tcb: Tcb): void {
  let sent = false;
  while (nextLost(tcb)) {
    const { lostSeq, lostLength } = tcb.recovery;
    if (retransmit(tcb, lostSeq, lostLength) < 0) break;
    sent = true;
  }
  if (sent && !tcb.retransmitTimer?.armed) armRetransmit(tcb);
}

/**
 * Sends `length` sequence numbers from `seq` on again, a full segment at most; the SYN and the FIN count one each.
 * @returns how many were sent, or a negative errno.
 */
export function retransmit(tcb: Tcb, seq: number, length: number): number {
  const { counters } = tcb.tcp;
  if (tcb.state === TCP_SYN_SENT || tcb.state === TCP_SYN_RECV) {
    const result = sendSyn(tcb);
    counters.retransSegs++;
    counters.synRetrans++;
    tcb.totalRetransmits++;
    segmentSent(tcb, tcb.iss, 1, true);
    return result < 0 ? result : 1;
  }
  const end = writeEnd(tcb);
  const most = segmentMss(tcb);
  const text = Math.max(0, Math.min((end - seq) | 0, length, most));
  const withFin = finSent(tcb) && ((seq + text - end) | 0) === 0 && length > text;
  const flags = (withFin ? FIN : 0) | (pushes(tcb, seq, text) ? PSH : 0);
  const result = sendSegment(tcb, seq, text, flags);
  if (result < 0 && result !== -ERRNO.EMSGSIZE) {
    counters.retransFail++;
    return result;
  }
  const sent = text + (withFin ? 1 : 0);
  counters.retransSegs++;
  tcb.totalRetransmits++;
  tcb.bytesRetransmitted += text;
  if (tcb.retransmitStartUs === 0) tcb.retransmitStartUs = tcb.tcp.clock.nowUs;
  segmentSent(tcb, seq, sent, true);
  return sent;
}

/** New data, and the FIN behind it. */
function sendNew(tcb: Tcb): void {
  const end = writeEnd(tcb);
  const idle = tcb.sndUna === tcb.sndNxt;
  let cwndLimited = false;
  let budget = paceQuantum(tcb);
  for (;;) {
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
      tcb.paceTimer ??= tcb.tcp.timers.timer(tcb, requestEgress);
      tcb.paceTimer.arm(Math.max(delayUs, 1));
      break;
    }
    const room = sendRoom(tcb);
    const length = lengthToSend(tcb, unsent, window, Math.min(room, budget));
    if (length === 0) {
      cwndLimited = room < Math.min(unsent, tcb.mss) && room < window;
      break;
    }
    const withFin = finDue && length === unsent && window > length;
    const flags = (withFin ? FIN : 0) | (pushes(tcb, tcb.sndNxt, length) ? PSH : 0);
    if (sendOne(tcb, length, flags) < 0) break;
    budget -= length;
    if (withFin) break;
  }
  outputDone(tcb, cwndLimited);
  if (tcb.sndUna !== tcb.sndNxt) {
    if (idle || !tcb.retransmitTimer?.armed) armRetransmit(tcb);
  } else if (((end - tcb.sndNxt) | 0) > 0 || (tcb.finQueued && !finSent(tcb))) armProbe(tcb);
}

/** Sends one packet of new data. @returns 0 or a negative errno, with which nothing has changed. */
export function sendOne(tcb: Tcb, text: number, flags: number): number {
  const seq = tcb.sndNxt;
  const length = text + ((flags & FIN) !== 0 ? 1 : 0);
  const mss = segmentMss(tcb);
  const result = sendSegment(tcb, seq, text, flags);
  // A packet that did not get out of the host is lost like any other, but for one that was too long.
  if (result === -ERRNO.EMSGSIZE) return result;
  segmentSent(tcb, seq, length, false);
  tcb.sndNxt = (seq + length) | 0;
  if (text > 0) {
    tcb.tcp.counters.origDataSent += text > mss ? Math.ceil(text / mss) : 1;
    if (text % mss !== 0) tcb.sndSmall = (seq + text) | 0;
  }
  return 0;
}

/** Octets of the next packet, a whole number of segments unless it is the tail; 0: wait. */
function lengthToSend(tcb: Tcb, unsent: number, window: number, room: number): number {
  if (window <= 0 || room <= 0) return 0;
  const mss = segmentMss(tcb);
  const route = routeOf(tcb);
  if (typeof route === 'number') return 0;
  const most = Math.min(window, room, Math.max(maxPayload(route, segmentHeaderBytes(tcb)), mss));
  if (unsent <= most) {
    const tail = unsent % mss;
    // RFC 9293 §3.7.4: a last segment that is not full waits while an earlier such one is unacknowledged.
    return tail !== 0 && mayNotSendSmall(tcb) ? unsent - tail : unsent;
  }
  return most - (most % mss);
}

/** Nagle's algorithm in Minshall's variant: only small segments wait, and only for small ones. TCP_CORK, MSG_MORE: all that is not full waits. */
function mayNotSendSmall(tcb: Tcb): boolean {
  if (tcb.finQueued) return false;
  if (tcb.cork || tcb.more) return true;
  return !tcb.noDelay && inFlight(tcb) > 0 && ((tcb.sndSmall - tcb.sndUna) | 0) > 0 && ((tcb.sndSmall - tcb.sndNxt) | 0) <= 0;
}

/** Whether a segment holds the last octet of what the user pushed: RFC 9293 §3.9.1.2. MSG_MORE does not push. */
const pushes = (tcb: Tcb, seq: number, length: number): boolean =>
  length > 0 && ((tcb.pushSeq - seq) | 0) > 0 && ((seq + length - tcb.pushSeq) | 0) >= 0;
