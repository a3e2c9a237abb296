// SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states, RFC 9293 §3.10.7.4: its eight steps, in its order.
import { ERRNO } from '@protoloom/contracts';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_SYN_RECV,
  TCP_TIME_WAIT,
} from '@protoloom/contracts/tcp';
import { synRepeated } from '../../accecn/handshake.js';
import { received } from '../../accecn/receive.js';
import { answerUnacceptable, challengeAck, enterQuickMode, MAX_QUICK_ACKS, scheduleAck } from '../../ack.js';
import { nowMs } from '../../coarse-time.js';
import { acceptCwr } from '../../ecn.js';
import { requestEgress } from '../../egress.js';
import { childArrives, handshakeOver } from '../../fastopen/server.js';
import { loadMetrics, saveMetrics } from '../../metrics/path.js';
import { beginMtuProbing } from '../../mtu-probe.js';
import { TIMESTAMP_BYTES } from '../../options.js';
import { countPrediction } from '../../prediction.js';
import { measureEcho } from '../../receive-rtt.js';
import { ackReceived, connectionOpened } from '../../recovery/recovery.js';
import { rouse } from '../../rest.js';
import { raiseMaxWindow } from '../../route.js';
import { reportDuplicate, sackEdge } from '../../sack.js';
import type { Segment } from '../../segment-in.js';
import { enter, isReceiving } from '../../state.js';
import { finAcked, receiveWindow, type Tcb } from '../../tcb.js';
import { rehashOnDuplicate } from '../../tx-hash.js';
import { urgentArrives } from '../../urgent.js';
import { initialClamp, initialReadSpace } from '../../window.js';
import { expandSendBuffer } from '../../write-queue.js';
import { acknowledgedText } from '../acknowledged.js';
import { lingered } from '../close.js';
import { armFinWait2, armKeepAlive, rearm } from '../timeouts.js';
import { refuse } from './closed.js';
import { pawsDiscards, updateTsRecent } from './paws.js';
import { processText } from './text.js';

/** @returns whether the segment was taken; else its fate is counted. */
export function synchronized(tcb: Tcb, seg: Segment): boolean {
  const request = tcb.fastOpen?.request;
  if (request !== undefined) {
    const taken = childArrives(tcb, request, seg);
    if (taken !== undefined) return taken;
  }
  if (!isAcceptable(tcb, seg)) return false;
  const { counters } = tcb.tcp;
  if (!seg.ackFlag) {
    counters.invalidAck++;
    return false;
  }
  if (tcb.ecn?.accurate !== undefined) received(tcb, tcb.ecn.accurate, seg);
  if (!checkAck(tcb, seg)) {
    counters.invalidAck++;
    return false;
  }
  if (isClosed(tcb)) return true;
  updateTsRecent(tcb, seg);
  measureEcho(tcb, seg);
  if ((seg.urg || tcb.urgent !== undefined) && isReceiving(tcb)) urgentArrives(tcb, seg);
  const taken = processText(tcb, seg);
  if (isClosed(tcb)) return taken;
  scheduleAck(tcb);
  return taken;
}

// The state is read anew: a step before may have ended the connection.
const isClosed = (tcb: Tcb): boolean => tcb.state === TCP_CLOSE;

// ---- first to fourth: sequence number, RST, SYN ----------------------------------------------------------------------------------

function isAcceptable(tcb: Tcb, seg: Segment): boolean {
  const { counters } = tcb.tcp;
  // RFC 7323 §5.3, R1: before anything else. A RST is not held against its timestamp.
  if (tcb.timestampsOk && seg.hasTimestamp && !seg.rst && pawsDiscards(tcb, seg)) {
    counters.pawsEstab++;
    counters.outOfWindow++;
    if (seg.syn) synChallenge(tcb);
    else answerDuplicate(tcb, seg, 'ackSkippedPaws');
    return false;
  }
  // First. Left of the window only as far as the peer knows of it: what it sent before it heard of our last advance passes, as on Linux.
  const end = (seg.seq + seg.length) | 0;
  const edge = (tcb.rcvNxt + receiveWindow(tcb)) | 0;
  // What only ends beyond is taken whole by a reader that has read all, as on Linux, and otherwise not at all; a FIN needs no window.
  const textEnd = seg.fin ? (end - 1) | 0 : end;
  const isBeyond = ((seg.seq - edge) | 0) > 0 || (((textEnd - edge) | 0) > 0 && tcb.receive.length > 0);
  if (((end - tcb.rcvWup) | 0) < 0 || isBeyond) {
    if (isBeyond) counters.beyondWindow++;
    if (seg.rst) {
      if (!isResetAfterFin(tcb, seg)) {
        counters.outOfWindow++;
        return false;
      }
      return reset(tcb);
    }
    counters.outOfWindow++;
    if (seg.syn) synChallenge(tcb);
    else answerDuplicate(tcb, seg, 'ackSkippedSeq');
    return false;
  }
  // Second: RFC 5961 §3.2.
  if (seg.rst) {
    if (seg.seq === tcb.rcvNxt || isResetAfterFin(tcb, seg) || seg.seq === sackEdge(tcb)) return reset(tcb);
    counters.outOfWindow++;
    challengeAck(tcb);
    return false;
  }
  if (seg.syn) synAckAgain(tcb, seg);
  // Fourth: RFC 5961 §4.2, whatever its sequence number. Not the SYN-ACK of a simultaneous open, which acknowledges our SYN.
  if (seg.syn && !isCrossedSynAck(tcb, seg)) {
    counters.outOfWindow++;
    synChallenge(tcb);
    return false;
  }
  return true;
}

const isCrossedSynAck = (tcb: Tcb, seg: Segment): boolean =>
  tcb.state === TCP_SYN_RECV && tcb.user !== undefined && seg.ackFlag && seg.length === 1 && seg.seq === tcb.irs && seg.ack === tcb.sndNxt;

/** Some stacks number the RST that follows their FIN as the FIN itself (Linux's tcp_reset_check). */
const isResetAfterFin = (tcb: Tcb, seg: Segment): boolean =>
  seg.seq === ((tcb.rcvNxt - 1) | 0) && (tcb.state === TCP_CLOSE_WAIT || tcb.state === TCP_LAST_ACK || tcb.state === TCP_CLOSING);

/** RFC 9768 §3.2.2.1: a SYN-ACK that comes again is echoed again, as it came last. */
function synAckAgain(tcb: Tcb, seg: Segment): void {
  const accurate = tcb.ecn?.accurate;
  if (accurate === undefined || !seg.ackFlag || seg.seq !== tcb.irs) return;
  synRepeated(accurate, seg);
  accurate.echoes = true;
}

function synChallenge(tcb: Tcb): void {
  tcb.tcp.counters.synChallenge++;
  challengeAck(tcb);
}

/** Text that came before is a sign that our ACK was lost; D-SACK says which (RFC 2883). */
function answerDuplicate(tcb: Tcb, seg: Segment, skipped: 'ackSkippedPaws' | 'ackSkippedSeq'): void {
  if (seg.length > 0 && ((seg.seq - tcb.rcvNxt) | 0) < 0) {
    tcb.tcp.counters.delayedAckLost++;
    rehashOnDuplicate(tcb, seg.packet.flowLabel);
    enterQuickMode(tcb, MAX_QUICK_ACKS);
    const end = (seg.seq + seg.length) | 0;
    reportDuplicate(tcb, seg.seq, ((end - tcb.rcvNxt) | 0) > 0 ? tcb.rcvNxt : end);
  }
  answerUnacceptable(tcb, seg, skipped);
}

/** The peer has reset the connection. @returns false: nothing more to do; the segment was taken. */
export function reset(tcb: Tcb): false {
  tcb.error = tcb.state === TCP_CLOSE_WAIT ? ERRNO.EPIPE : ERRNO.ECONNRESET;
  tcb.tcp.counters.delivered++;
  enter(tcb, TCP_CLOSE);
  return false;
}

// ---- fifth: the ACK --------------------------------------------------------------------------------------------------------------

/** @returns false where the segment ends here. */
function checkAck(tcb: Tcb, seg: Segment): boolean {
  const request = tcb.fastOpen?.request;
  if (tcb.state === TCP_SYN_RECV && !synAcknowledged(tcb, seg)) return false;
  if (!acknowledge(tcb, seg)) return false;
  if (request !== undefined) handshakeOver(tcb, request, seg);
  const { counters } = tcb.tcp;
  switch (tcb.state) {
    case TCP_FIN_WAIT1:
      if (!finAcked(tcb)) return true;
      enter(tcb, TCP_FIN_WAIT2);
      finIsThrough(tcb);
      if (!tcb.orphan || isClosed(tcb)) return true;
      if (tcb.wishes.linger2Us >= 0) {
        armFinWait2(tcb);
        return true;
      }
      // TCP_LINGER2 below zero: nothing is waited for.
      counters.abortOnData++;
      refuse(tcb.tcp, seg);
      enter(tcb, TCP_CLOSE);
      return true;
    case TCP_CLOSING:
      if (!finAcked(tcb)) return true;
      enter(tcb, TCP_TIME_WAIT);
      return true;
    case TCP_LAST_ACK:
      if (finAcked(tcb)) {
        saveMetrics(tcb);
        enter(tcb, TCP_CLOSE);
      }
      return true;
    default:
      return true;
  }
}

/** The peer has all that we sent. */
function finIsThrough(tcb: Tcb): void {
  tcb.route = tcb.route?.valid ? tcb.route : undefined;
  if (tcb.lingering) lingered(tcb);
  else tcb.user?.wake();
}

/** SYN-RECEIVED: SND.UNA < SEG.ACK =< SND.NXT opens the connection; anything else is reset. */
function synAcknowledged(tcb: Tcb, seg: Segment): boolean {
  if (((seg.ack - tcb.iss) | 0) <= 0 || ((seg.ack - tcb.sndNxt) | 0) > 0) {
    refuse(tcb.tcp, seg);
    return false;
  }
  tcb.delivered++;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  tcb.sndWnd = seg.syn ? seg.wnd : seg.wnd << tcb.sndWndScale;
  if (tcb.sndWnd > tcb.maxSndWnd) raiseMaxWindow(tcb, tcb.sndWnd);
  becomeEstablished(tcb);
  if (seg.syn) {
    // The SYN has come before: the peer hears so.
    reportDuplicate(tcb, seg.seq, tcb.rcvNxt);
    tcb.ackPending = true;
    tcb.ackNow = true;
    requestEgress(tcb);
  }
  return true;
}

/** The connection stands: RFC 9293 §3.10.7.3, fourth, and §3.10.7.4, fifth. */
export function becomeEstablished(tcb: Tcb): void {
  // From here on it stands for text alone.
  if (tcb.timestampsOk) tcb.advertisedMss -= TIMESTAMP_BYTES;
  rouse(tcb);
  enter(tcb, TCP_ESTABLISHED);
  tcb.retransmits = 0;
  tcb.recovery.retransmitStartUs = 0;
  tcb.backoff = 0;
  // With Fast Open it has been sending since the SYN.
  if (!tcb.fastOpen?.isChild) openTransfer(tcb);
  armKeepAlive(tcb);
  tcb.route?.confirm();
  tcb.user?.wake();
}

/** Data may flow: buffers, a controller, RFC 6928's window. */
export function openTransfer(tcb: Tcb): void {
  const { nowUs } = tcb.tcp.clock;
  tcb.lastReceivedMs = nowMs(tcb.tcp);
  tcb.lastAckMs = tcb.lastReceivedMs;
  tcb.receive.pace.readSinceUs = nowUs;
  initialClamp(tcb);
  tcb.readSpace = initialReadSpace(tcb);
  tcb.softError = 0;
  beginMtuProbing(tcb);
  connectionOpened(tcb);
  expandSendBuffer(tcb);
}

/** An acknowledgement in a synchronized state; the window with it. @returns false: drop the segment. */
function acknowledge(tcb: Tcb, seg: Segment): boolean {
  const { tcp } = tcb;
  const priorUna = tcb.sndUna;
  const ahead = (seg.ack - priorUna) | 0;
  if (((seg.ack - tcb.sndNxt) | 0) > 0) {
    // It acknowledges what was never sent: RFC 5961 §5.2.
    challengeAck(tcb);
    return false;
  }
  if (ahead < 0) {
    // RFC 5961 §5.2: no older than MAX.SND.WND, nor than the connection; what is merely late may still bring text.
    if (-ahead > Math.min(tcb.maxSndWnd, tcb.bytesAcked)) {
      challengeAck(tcb);
      return false;
    }
    ackReceived(tcb, seg, priorUna, false);
    requestEgress(tcb);
    return true;
  }
  countPrediction(tcb, seg);
  acceptCwr(tcb, seg);
  tcb.lastAckMs = nowMs(tcp);
  tcb.probesOut = 0;
  tcb.softError = 0;
  const windowUpdated = updateWindow(tcb, seg, ahead);
  if (ahead > 0) advance(tcb, seg.ack, ahead);
  rearm(tcb, ackReceived(tcb, seg, priorUna, windowUpdated));
  if (priorUna === tcb.iss && ahead > 0) loadMetrics(tcb);
  if (ahead > 0) tcb.route?.confirm();
  // MSG_MORE held back what its own call would have sent; no longer than that, as on Linux.
  tcb.more = false;
  requestEgress(tcb);
  return true;
}

/** SND.WND follows the latest segment; SND.WL1 and SND.WL2 tell which that is. @returns whether this one is. */
function updateWindow(tcb: Tcb, seg: Segment, ahead: number): boolean {
  const window = seg.syn ? seg.wnd : seg.wnd << tcb.sndWndScale;
  const newer = (seg.seq - tcb.sndWl1) | 0;
  if (ahead === 0 && newer <= 0 && !(newer === 0 && (window > tcb.sndWnd || window === 0))) return false;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  tcb.sndWnd = window;
  if (window > tcb.maxSndWnd) raiseMaxWindow(tcb, window);
  return true;
}

/** SND.UNA moves; what is acknowledged leaves the ring, and its room may be written. */
function advance(tcb: Tcb, ack: number, octets: number): void {
  tcb.sndUna = ack;
  if (tcb.isUrgent && ((tcb.sndUp - ack) | 0) <= 0) tcb.isUrgent = false;
  acknowledgedText(tcb);
  tcb.bytesAcked += octets;
}
