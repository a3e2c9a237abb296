// Loss detection and repair without SACK: RFC 5681 §3.2, RFC 6582, RFC 3042; after a timeout RFC 6298 §5.4 and RFC 5681 §3.1.
// As Linux without SACK: every duplicate ACK stands for one segment that has left the network, and what is in flight is counted so; cwnd is
// not inflated. Another way of finding losses (SACK, RACK) replaces this file's functions and keeps their names.
import { type Phase, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { seqGeq, seqGt, seqLeq, seqLt, seqMax } from '@protoloom/wire';
import { acknowledged, congested, initialWindow, openController, packetSent, recovered, restartAfterIdle } from '../congestion.js';
import { timestamp } from '../options.js';
import type { Segment } from '../segment-in.js';
import { type Tcb, writeEnd } from '../tcb.js';
import { sampleRtt } from './rto.js';
import { SentLog } from './sent-log.js';

/** RFC 5681 §3.2: duplicate ACKs that stand for a loss. */
const DUP_THRESH = 3;

export class Recovery {
  phase: Phase = 'open';
  dupAcks = 0;
  /** Octets that duplicate ACKs say have left the network. */
  sacked = 0;
  /** RECOVER of RFC 6582: where the episode ends; and whether there ever was one. */
  recover = 0;
  hasRecover = false;
  /** Octets from SND.UNA to `lostEnd` are lost; those before `retransmitNext` have been sent again. */
  hasLost = false;
  lostEnd = 0;
  retransmitNext = 0;
  /** The first retransmission of an episode leaves whatever cwnd says. */
  force = false;
  /** What `nextLost` found. */
  lostSeq = 0;
  lostLength = 0;
  readonly log: SentLog = new SentLog();
}

const isHandshake = (tcb: Tcb): boolean => tcb.state === TCP_SYN_SENT || tcb.state === TCP_SYN_RECV;

/** The handshake is over: RFC 6928's window, and a controller. */
export function connectionOpened(tcb: Tcb): void {
  const { recovery } = tcb;
  recovery.phase = 'open';
  recovery.hasRecover = false;
  openController(tcb);
  tcb.control.cwnd = initialWindow(tcb);
}

/** Octets in the network: what is outstanding, less what has left it or is lost, plus what was sent again. */
export function inFlight(tcb: Tcb): number {
  return inFlightFrom(tcb, tcb.sndUna);
}

function inFlightFrom(tcb: Tcb, una: number): number {
  const { recovery } = tcb;
  let octets = ((tcb.sndNxt - una) | 0) - recovery.sacked;
  if (recovery.hasLost) {
    octets -= Math.max(0, (recovery.lostEnd - una) | 0);
    octets += Math.max(0, (recovery.retransmitNext - una) | 0);
  }
  return Math.max(0, octets);
}

/** Octets of new data that cwnd lets out now. Limited transmit (RFC 3042) follows from how `inFlight` counts. */
export function sendRoom(tcb: Tcb): number {
  if (tcb.sndUna === tcb.sndNxt) restartAfterIdle(tcb);
  return Math.max(0, tcb.control.cwnd - inFlight(tcb));
}

/** Finds what to send again now; false: nothing, or cwnd is full. */
export function nextLost(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (!recovery.hasLost || seqGeq(recovery.retransmitNext, recovery.lostEnd)) return false;
  if (!recovery.force && inFlight(tcb) >= tcb.control.cwnd) return false;
  recovery.lostSeq = recovery.retransmitNext;
  recovery.lostLength = Math.min(tcb.mss, (recovery.lostEnd - recovery.retransmitNext) | 0);
  return recovery.lostLength > 0;
}

/** A segment has left. Before SND.NXT moves. @param length in sequence numbers. */
export function segmentSent(tcb: Tcb, seq: number, length: number, retransmit: boolean): void {
  const { recovery, tcp, view } = tcb;
  const { nowUs } = tcp.clock;
  const end = (seq + length) | 0;
  if (retransmit) {
    recovery.log.markAgain(seq, end, nowUs);
    recovery.force = false;
    if (recovery.hasLost) recovery.retransmitNext = seqMax(recovery.retransmitNext, end);
  } else {
    const flight = inFlight(tcb);
    if (recovery.log.size === 0) view.firstSent(nowUs);
    recovery.log.push(end, nowUs, view.delivered, view.deliveredUs, view.firstSentUs, flight + length);
  }
  packetSent(tcb, length, retransmit);
}

/** The output of this turn is over. @param cwndLimited it ended for want of cwnd. */
export function outputDone(tcb: Tcb, cwndLimited: boolean): void {
  const flight = inFlight(tcb);
  tcb.view.outputDone(flight, tcb.sndNxt, tcb.sndUna, cwndLimited);
  if (!cwndLimited && flight < tcb.control.cwnd && ((writeEnd(tcb) - tcb.sndNxt) | 0) <= 0) tcb.view.shortOfData(flight);
}

/** An ACK was taken: SND.UNA and SND.WND are moved. Samples, detection, the controller; arms and sends nothing. */
export function ackReceived(tcb: Tcb, seg: Segment, priorUna: number, windowChanged: boolean): void {
  const { recovery, view } = tcb;
  const acked = (tcb.sndUna - priorUna) | 0;
  const priorInFlight = inFlightFrom(tcb, priorUna);
  const { nowUs } = tcb.tcp.clock;
  let rttUs = -1;
  let delivered = 0;
  const lostBefore = view.lost;
  if (acked > 0) {
    rttUs = takeSamples(tcb, seg, nowUs);
    tcb.backoff = 0;
    tcb.retransmits = 0;
    tcb.retransmitStartUs = 0;
    delivered = Math.max(0, acked - recovery.sacked);
    if (recovery.hasLost) {
      if (seqGeq(tcb.sndUna, recovery.lostEnd)) recovery.hasLost = false;
      else recovery.retransmitNext = seqMax(recovery.retransmitNext, tcb.sndUna);
    }
    advanced(tcb, acked);
  } else if (isDuplicate(tcb, seg, windowChanged)) {
    delivered = duplicate(tcb);
  }
  if (tcb.controller !== undefined) acknowledged(tcb, acked, delivered, rttUs, priorInFlight, view.lost - lostBefore);
}

/** RFC 5681 §2: a duplicate acknowledgement. With SACK blocks it is one though the window has moved. */
function isDuplicate(tcb: Tcb, seg: Segment, windowChanged: boolean): boolean {
  return (
    seg.ack === tcb.sndUna && tcb.sndUna !== tcb.sndNxt && seg.length === 0 && (!windowChanged || seg.sackCount > 0) && !isHandshake(tcb)
  );
}

/** New data is acknowledged: RFC 6582 §3.2 step 3. */
function advanced(tcb: Tcb, acked: number): void {
  const { recovery } = tcb;
  switch (recovery.phase) {
    case 'recovery':
      if (seqLt(tcb.sndUna, recovery.recover) && tcb.view.partialAcks) {
        // A partial acknowledgement: the next hole is lost as well.
        recovery.sacked = Math.max(0, Math.min(recovery.sacked - Math.max(0, acked - tcb.mss), ((tcb.sndNxt - tcb.sndUna) | 0) - tcb.mss));
        markLost(tcb, tcb.sndUna, Math.min(tcb.mss, (tcb.sndNxt - tcb.sndUna) | 0));
        recovery.force = true;
        return;
      }
      leave(tcb, 'recovery');
      return;
    case 'loss':
      recovery.sacked = 0;
      if (seqGeq(tcb.sndUna, recovery.recover)) leave(tcb, 'loss');
      return;
    default:
      recovery.phase = 'open';
      recovery.dupAcks = 0;
      recovery.sacked = 0;
  }
}

function leave(tcb: Tcb, from: Phase): void {
  const { recovery } = tcb;
  recovery.phase = 'open';
  recovery.dupAcks = 0;
  recovery.sacked = 0;
  recovery.hasLost = false;
  recovered(tcb, from);
}

/** @returns octets that it says were delivered. */
function duplicate(tcb: Tcb): number {
  const { recovery } = tcb;
  const outstanding = (tcb.sndNxt - tcb.sndUna) | 0;
  if (recovery.phase === 'loss') return 0;
  const before = recovery.sacked;
  recovery.dupAcks++;
  // At least one segment, the missing one, has not arrived.
  recovery.sacked = Math.max(before, Math.min(before + tcb.mss, outstanding - tcb.mss));
  if (recovery.phase !== 'recovery') {
    recovery.phase = 'disorder';
    // RFC 6582 §3.2 step 2: not again for what an earlier episode, or a timeout, has sent twice.
    if (recovery.dupAcks >= DUP_THRESH && (!recovery.hasRecover || seqGt(tcb.sndUna, recovery.recover) || tcb.sndUna === recovery.recover))
      enterRecovery(tcb, outstanding);
  }
  return recovery.sacked - before;
}

/** Fast retransmit: RFC 5681 §3.2 steps 2 and 3. */
function enterRecovery(tcb: Tcb, outstanding: number): void {
  const { recovery } = tcb;
  recovery.phase = 'recovery';
  recovery.recover = tcb.sndNxt;
  recovery.hasRecover = true;
  const lost = Math.min(tcb.mss, outstanding);
  const flight = inFlight(tcb);
  markLost(tcb, tcb.sndUna, lost);
  recovery.force = true;
  congested(tcb, 'fast-loss', Math.max(flight, outstanding - recovery.sacked), lost);
}

function markLost(tcb: Tcb, from: number, length: number): void {
  const { recovery } = tcb;
  recovery.hasLost = true;
  recovery.lostEnd = (from + length) | 0;
  recovery.retransmitNext = from;
  tcb.view.lose(length);
}

/** The retransmission timer expired: RFC 6298 §5.5; everything outstanding counts as lost, RFC 5681 §3.1. */
export function timeoutExpired(tcb: Tcb): void {
  const { recovery } = tcb;
  const outstanding = (tcb.sndNxt - tcb.sndUna) | 0;
  tcb.backoff++;
  // RFC 5681 §3.1: ssthresh is not reduced again for a segment that timed out before.
  const again = recovery.phase === 'loss' && seqLeq(tcb.sndUna, recovery.recover) && tcb.retransmits > 1;
  const flight = inFlight(tcb);
  recovery.phase = 'loss';
  recovery.recover = tcb.sndNxt;
  recovery.hasRecover = true;
  recovery.dupAcks = 0;
  recovery.sacked = 0;
  markLost(tcb, tcb.sndUna, outstanding);
  recovery.force = true;
  if (again) tcb.control.cwnd = tcb.mss;
  else congested(tcb, 'rto', Math.max(flight, Math.min(outstanding, tcb.mss)), outstanding);
}

/** The segment size shrank (RFC 1191 §6.4): what is outstanding is sent again in smaller pieces, and congestion is not blamed. */
export function mssChanged(tcb: Tcb): void {
  const { recovery } = tcb;
  markLost(tcb, tcb.sndUna, (tcb.sndNxt - tcb.sndUna) | 0);
  recovery.force = true;
  if (recovery.phase === 'open' || recovery.phase === 'disorder') {
    recovery.phase = 'loss';
    recovery.recover = tcb.sndNxt;
    recovery.hasRecover = true;
    recovery.sacked = 0;
  }
}

/** Round trip and delivery rate from what was acknowledged. @returns the round trip, µs, or -1. */
function takeSamples(tcb: Tcb, seg: Segment, nowUs: number): number {
  const { recovery, view } = tcb;
  const { log } = recovery;
  let rttUs = -1;
  let ambiguous = false;
  view.sampleStart();
  while (log.oldest()) {
    const whole = seqLeq(log.end, tcb.sndUna);
    // A super-segment of which a part is acknowledged tells as much.
    const part = !whole && seqGt(tcb.sndUna, view.lastEnd);
    if (!whole && !part) break;
    if (log.again) ambiguous = true;
    else rttUs = nowUs - log.sentUs;
    view.sample(log.delivered, log.deliveredUs, log.firstSentUs, log.sentUs, log.inFlight, log.again);
    if (!whole) break;
    view.lastEnd = log.end;
    log.shift();
  }
  if (ambiguous) rttUs = -1;
  // Karn's algorithm does not hold with timestamps: RFC 7323 §4.1.
  if (rttUs < 0 && tcb.timestampsOk && seg.hasTimestamp && seg.tsEcr !== 0) {
    const ms = (timestamp(nowUs, tcb.tsOffset) - seg.tsEcr) | 0;
    if (ms >= 0 && ms < 0x1000_0000) rttUs = Math.max(1000, ms * 1000);
  }
  if (rttUs >= 0) sampleRtt(tcb, rttUs);
  return rttUs;
}
