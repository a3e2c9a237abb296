// What an acknowledgement takes off the scoreboard, and the round trips that it tells: RFC 9293 §3.10.7.4 fifth, RFC 6298 §3, RFC 7323 §4.
import { mtuProbeAcknowledged } from '../mtu-probe.js';
import { timestamp } from '../options.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { sawReordering } from './mark.js';
import { acknowledgeDuplicates } from './newreno.js';
import { arrived } from './rack.js';
import { sampleRtt } from './rto.js';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED, type Sent } from './scoreboard.js';

/** Round trips longer than this are nobody's, ms: a TSecr that we never sent. */
const IMPOSSIBLE_MS = 0x1000_0000;
/** What the first one-way delay is told as, ms: later ones may be shorter, and are not below zero. */
const FIRST_OWD_MS = 1 << 19;

/** Takes what is acknowledged off. */
export function removeAcknowledged(tcb: Tcb, seg: Segment, ack: AckState): void {
  const { recovery } = tcb;
  const { board } = recovery;
  const { sackedOut } = board;
  const deliveredBefore = tcb.delivered;
  let whole = true;
  let reorder = tcb.sndNxt;
  for (let { head } = board; head !== undefined && whole; { head } = board) {
    const { seq } = head;
    let { end, packets } = head;
    if (((end - tcb.sndUna) | 0) > 0) {
      // A super-segment: as many segments of it as are acknowledged whole, as Linux's tcp_tso_acked.
      packets = Math.min(packets - 1, Math.floor(((tcb.sndUna - seq) | 0) / head.segmentBytes));
      if (packets <= 0) break;
      end = (seq + packets * head.segmentBytes) | 0;
      whole = false;
    }
    if ((head.marks & (EVER_RETRANSMITTED | SACKED)) === 0 && ((seq - reorder) | 0) < 0) reorder = seq;
    take(tcb, ack, head, end, packets);
  }
  const { head } = board;
  if (head !== undefined && (head.marks & SACKED) !== 0) ack.reneging = true;
  if (ack.acked) takeOneWayDelay(tcb, seg, ack);
  const hasSample = takeRtt(tcb, seg, ack, whole && sackedOut === 0 && deliveredBefore + 1 === tcb.delivered);
  if (ack.acked) {
    ack.setTimer = true;
    mtuProbeAcknowledged(tcb);
    if (!tcb.sackOk) {
      acknowledgeDuplicates(tcb, ack.ackedPackets);
      // Without SACK nobody can tell which of them arrived.
      if (ack.retransmittedAcked) ack.originalArrived = false;
    } else if (((reorder - ack.priorFack) | 0) < 0) sawReordering(tcb, reorder, 'sackReorder');
  } else if (head !== undefined && hasSample && ack.firstSackedUs >= 0 && ack.firstSackedUs < head.sentUs) {
    // Only what left before the head was sent (again): else a timeout could be put off for as long as SACKs come.
    ack.setTimer = true;
  }
}

/** Of a packet so many segments are acknowledged, up to `end`: all, or its first. */
function take(tcb: Tcb, ack: AckState, sent: Sent, end: number, packets: number): void {
  const { recovery } = tcb;
  const { marks, seq, sentUs } = sent;
  const { board } = recovery;
  if ((marks & EVER_RETRANSMITTED) !== 0) ack.retransmittedAcked = true;
  else if ((marks & SACKED) === 0) {
    ack.lastAckedUs = sentUs;
    if (ack.firstAckedUs < 0) ack.firstAckedUs = sentUs;
    if (((end - recovery.highSeq) | 0) <= 0) ack.originalArrived = true;
  }
  if ((marks & SACKED) === 0) {
    tcb.tcp.sample.take(sent, recovery.flight);
    if (tcb.sackOk) {
      tcb.delivered += packets;
      ack.deliveredBytes += (end - seq) | 0;
      arrived(tcb, marks, sent, end);
    }
  }
  ack.acked = true;
  ack.ackedPackets += packets;
  // Duplicates that stand for packets are taken off by their own count.
  const counted = tcb.sackOk ? marks : marks & (LOST | RETRANSMITTED);
  if (end === sent.end) board.remove(sent, counted);
  else board.trim(sent, end, packets, counted);
}

/** RFC 6817 §3.4.2: by the peer's clock when it answered, and ours when we sent what it echoes; drifting clocks are the controller's affair. */
function takeOneWayDelay({ timestampsOk, view }: Tcb, seg: Segment, ack: AckState): void {
  if (!timestampsOk || !seg.hasTimestamp || seg.tsEcr === 0) return;
  const apartMs = (seg.tsVal - seg.tsEcr) | 0;
  view.firstOwdMs ??= apartMs;
  ack.owdUs = 1000 * Math.max(0, FIRST_OWD_MS + ((apartMs - view.firstOwdMs) | 0));
}

/** @param alone exactly one packet, outright: its acknowledgement may have been delayed. */
function takeRtt(tcb: Tcb, seg: Segment, ack: AckState, alone: boolean): boolean {
  const { nowUs } = tcb.tcp.clock;
  let sampleUs = -1;
  if (ack.firstAckedUs >= 0 && !ack.retransmittedAcked) {
    sampleUs = nowUs - ack.firstAckedUs;
    ack.rttUs = nowUs - ack.lastAckedUs;
    ack.ackDelayed = alone && ack.ackedPackets === 1 && ((tcb.sndUna - ack.priorUna) | 0) < tcb.mss && !ack.sacked && !ack.dsack;
  }
  if (ack.firstSackedUs >= 0) {
    if (sampleUs < 0) sampleUs = nowUs - ack.firstSackedUs;
    ack.rttUs = nowUs - ack.lastSackedUs;
  }
  // Karn's algorithm does not hold with timestamps: RFC 7323 §4.1.
  if (sampleUs < 0 && ack.acked && tcb.timestampsOk && seg.hasTimestamp && seg.tsEcr !== 0) {
    const ms = (timestamp(nowUs, tcb.tsOffset) - seg.tsEcr) | 0;
    if (ms >= 0 && ms < IMPOSSIBLE_MS) {
      sampleUs = Math.max(1000, ms * 1000);
      ack.rttUs = sampleUs;
    }
  }
  if (sampleUs < 0) return false;
  sampleRtt(tcb, sampleUs, ack.ackDelayed ? -1 : ack.rttUs);
  tcb.backoff = 0;
  return true;
}
