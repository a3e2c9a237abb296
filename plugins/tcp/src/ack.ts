// When to acknowledge: delayed ACKs (RFC 9293 §3.8.6.3, RFC 5681 §4.2) and their exceptions, with Linux's rhythm; RFC 5961's limits.
import { compresses, compressionOver, flushCompressed } from './ack-compression.js';
import { nowMs, sinceUs } from './coarse-time.js';
import { requestEgress } from './egress.js';
import { TIMESTAMP_BYTES } from './options.js';
import { measureReceiveRtt } from './receive-rtt.js';
import { sendAck } from './segment.js';
import type { Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';
import { growWindow, offersAsMuch } from './window.js';
import { HEADER_BYTES } from './wire.js';

/** Linux's TCP_ATO_MIN and TCP_DELACK_MIN, TCP_DELACK_MAX, and the ceiling of a session that is not interactive. */
const ATO_MIN_US = 40_000;
const DELAY_MAX_US = 200_000;
/** Before any text has come, a moment all the same: a FIN's ACK may ride on our own (on Linux the timer's granularity). */
const DELAY_MIN_US = 1_000;
const DELAY_CEILING_US = 500_000;
/** Segments acknowledged at once at the start, and after a gap: TCP_MAX_QUICKACKS. */
export const MAX_QUICK_ACKS = 16;
/** What `interactive` counts up to: Linux's is an octet. */
const MOST_INTERACTIVE = 255;
/** Largest segment size that the estimate of the peer's takes. */
const MIN_RCV_MSS = 88;
/** Header of the largest segment that says nothing of the peer's segment size: Linux's TCP_MSS_DEFAULT and TCP_MIN_MSS with a header. */
const TELLING_BYTES = 536 + HEADER_BYTES;
const LEAST_TELLING_BYTES = 88 + HEADER_BYTES;

export const isInteractive = (tcb: Tcb): boolean => tcb.interactive >= tcb.tcp.sysctls.pingpongThresh;
const inQuickMode = (tcb: Tcb): boolean => tcb.quickAcks > 0 && !isInteractive(tcb);

/** Acknowledgements are to ride on data, until shown otherwise. */
export function enterInteractive(tcb: Tcb): void {
  tcb.interactive = tcb.tcp.sysctls.pingpongThresh;
}

function moreQuickAcks(tcb: Tcb, most: number): void {
  const windows = Math.floor(tcb.rcvWnd / (2 * Math.max(tcb.rcvMss, 1))) || 2;
  tcb.quickAcks = Math.max(tcb.quickAcks, Math.min(windows, most));
}

/** The peer may have lost something: acknowledge at once for a while. */
export function enterQuickMode(tcb: Tcb, most: number): void {
  moreQuickAcks(tcb, most);
  tcb.interactive = 0;
  tcb.ackTimeoutUs = ATO_MIN_US;
}

export function cancelDelayedAck(tcb: Tcb): void {
  tcb.ackPending = false;
  tcb.ackNow = false;
  tcb.ackPushed = 0;
  tcb.ackTimer?.disarm();
}

/** A segment with ACK leaves: whatever waited is acknowledged. */
export function ackSent(tcb: Tcb): void {
  compressionOver(tcb);
  if (tcb.ackPending && tcb.quickAcks > 0 && --tcb.quickAcks === 0) tcb.ackTimeoutUs = ATO_MIN_US;
  cancelDelayedAck(tcb);
}

/** Data leaves soon after some came in: the sessions answer each other, and acknowledgements ride along. */
export function dataSent(tcb: Tcb): void {
  tcb.lastSentMs = nowMs(tcb.tcp);
  if (sinceUs(tcb.tcp, tcb.lastReceivedMs) < tcb.ackTimeoutUs && tcb.interactive < MOST_INTERACTIVE) tcb.interactive++;
}

/** Text came in, in order: follow the peer's segment size and rhythm. */
export function dataReceived(tcb: Tcb, seg: Segment): void {
  tcb.ackPending = true;
  measureSegment(tcb, seg);
  measureReceiveRtt(tcb);
  if (tcb.ackTimeoutUs === 0) {
    moreQuickAcks(tcb, MAX_QUICK_ACKS);
    tcb.ackTimeoutUs = ATO_MIN_US;
  } else {
    const gap = sinceUs(tcb.tcp, tcb.lastReceivedMs);
    if (gap <= ATO_MIN_US / 2) tcb.ackTimeoutUs = (tcb.ackTimeoutUs >> 1) + ATO_MIN_US / 2;
    else if (gap < tcb.ackTimeoutUs) tcb.ackTimeoutUs = Math.min((tcb.ackTimeoutUs >> 1) + gap, tcb.rtoUs);
    else if (gap > tcb.rtoUs) moreQuickAcks(tcb, MAX_QUICK_ACKS);
  }
  tcb.lastReceivedMs = nowMs(tcb.tcp);
  tcb.peerFlowLabel = seg.packet.flowLabel;
  if (seg.textLength >= 128) growWindow(tcb, seg.textLength);
}

/**
 * The peer's full segment size is the largest seen lately, or that of two segments in a row that look like full ones; smaller ones are meant
 * to be read before they are acknowledged (Linux's tcp_measure_rcv_mss).
 */
export function measureSegment(tcb: Tcb, seg: Segment): void {
  const { gsoSize } = seg.packet;
  const bytes = seg.segments > 1 && gsoSize > 0 ? gsoSize : seg.textLength;
  const before = tcb.lastSegmentBytes;
  tcb.lastSegmentBytes = 0;
  if (bytes >= tcb.rcvMss) {
    tcb.rcvMss = Math.min(bytes, tcb.advertisedMss);
    // The end of what an application wrote: nothing more may come that would have it acknowledged.
    if (seg.psh && seg.segments === 1) tcb.ackPushed = Math.max(tcb.ackPushed, 1);
    return;
  }
  // SACK blocks make the text shorter: with its header a segment is always as long.
  const whole = bytes + seg.from - seg.packet.head;
  if (whole >= TELLING_BYTES || (whole >= LEAST_TELLING_BYTES && isPlain(seg))) {
    tcb.lastSegmentBytes = whole - HEADER_BYTES - (tcb.timestampsOk ? TIMESTAMP_BYTES : 0);
    if (tcb.lastSegmentBytes === before) {
      tcb.rcvMss = before;
      return;
    }
  }
  tcb.ackPushed = Math.min(tcb.ackPushed + 1, 2);
}

/** Neither pushed nor the last: a sender with more to send makes such segments full. */
const isPlain = (seg: Segment): boolean => !(seg.psh || seg.fin || seg.syn || seg.rst || seg.urg);

/** The first guess of the peer's segment size: Linux's tcp_initialize_rcv_mss. */
export function initialRcvMss(tcb: Tcb): void {
  const hint = Math.min(tcb.advertisedMss, tcb.mss, tcb.rcvWnd >> 1, 536);
  tcb.rcvMss = Math.max(hint, MIN_RCV_MSS);
}

/** A segment was processed: acknowledge now, in this turn, or later. */
export function scheduleAck(tcb: Tcb): void {
  if (!tcb.ackPending) return;
  const hasGaps = tcb.reassembly !== undefined && !tcb.reassembly.isEmpty;
  const unacked = (tcb.rcvNxt - tcb.rcvWup) | 0;
  // RFC 5681 §4.2: every second full-sized segment at least; but the window is not to be lost over it.
  const full = unacked > tcb.rcvMss && (tcb.receive.length < tcb.socket.receiveLowWater || offersAsMuch(tcb));
  if (tcb.ackNow || full || inQuickMode(tcb)) acknowledge(tcb, hasGaps);
  else if (!hasGaps) delayAck(tcb);
  else if (!compresses(tcb)) acknowledge(tcb, true);
}

/** @param apart RFC 5681 §3.2: duplicate acknowledgements are counted, so that each leaves by itself and at once. */
function acknowledge(tcb: Tcb, apart: boolean): void {
  if (apart || tcb.dsackFrom !== tcb.dsackTo) {
    sendAck(tcb);
    return;
  }
  tcb.ackNow = true;
  requestEgress(tcb);
}

export function delayAck(tcb: Tcb): void {
  let delayUs = tcb.ackTimeoutUs;
  if (delayUs > ATO_MIN_US) {
    let most = isInteractive(tcb) || tcb.ackPushed > 0 ? DELAY_MAX_US : DELAY_CEILING_US;
    if (tcb.srttUs > 0) most = Math.min(most, Math.max(tcb.srttUs, ATO_MIN_US));
    delayUs = Math.min(delayUs, most);
  }
  delayUs = Math.max(DELAY_MIN_US, Math.min(delayUs, DELAY_MAX_US));
  tcb.ackTimer ??= tcb.tcp.timers.timer(tcb, ackTimedOut);
  const timer = tcb.ackTimer;
  const { nowUs } = tcb.tcp.clock;
  if (timer.armed) {
    if (timer.dueUs <= nowUs + (delayUs >> 2)) {
      tcb.ackNow = true;
      requestEgress(tcb);
      return;
    }
    if (timer.dueUs <= nowUs + delayUs) return;
  }
  timer.arm(delayUs);
}

/** The delayed ACK's time is over. */
function ackTimedOut(tcb: Tcb): void {
  if (flushCompressed(tcb) || !tcb.ackPending) return;
  if (isInteractive(tcb)) {
    // Nothing went back within the time: not so interactive after all.
    tcb.interactive = 0;
    tcb.ackTimeoutUs = ATO_MIN_US;
  } else tcb.ackTimeoutUs = Math.min(tcb.ackTimeoutUs << 1, tcb.rtoUs);
  tcb.tcp.counters.delayedAcks++;
  sendAck(tcb);
}

/** The user has read: whether that is reason to acknowledge now (RFC 9293 §3.8.6.2.2). */
export const wantsAckAfterRead = (tcb: Tcb): boolean =>
  tcb.ackPending &&
  (((tcb.rcvNxt - tcb.rcvWup) | 0) > tcb.rcvMss ||
    ((tcb.ackPushed > 1 || (tcb.ackPushed > 0 && !isInteractive(tcb))) && tcb.receive.length === 0));

// ---- limits, RFC 5961 §7 and tcp_invalid_ratelimit -------------------------------------------------------------------------------

/** Which counter tells of an ACK that was left out. */
export type Skipped =
  | 'ackSkippedSynRecv'
  | 'ackSkippedPaws'
  | 'ackSkippedSeq'
  | 'ackSkippedFinWait2'
  | 'ackSkippedTimeWait'
  | 'ackSkippedChallenge';

/** Whoever answers bad segments: connections and what is left of them. */
export interface Answering {
  readonly tcp: Tcb['tcp'];
  lastOutOfWindowAckUs: number;
}

/** Whether the answer to a bad segment is left out: at most one in tcp_invalid_ratelimit ms. */
export function isLimited(flow: Answering, skipped: Skipped): boolean {
  const { clock, counters, sysctls } = flow.tcp;
  const since = clock.nowUs - flow.lastOutOfWindowAckUs;
  if (flow.lastOutOfWindowAckUs >= 0 && since < sysctls.invalidRatelimit * 1000) {
    counters[skipped]++;
    return true;
  }
  flow.lastOutOfWindowAckUs = clock.nowUs;
  return false;
}

/** As `isLimited`, for a segment: one with data is always answered, since its sender waits (Linux's tcp_oow_rate_limited). */
export const isSegmentLimited = (flow: Answering, seg: Segment, skipped: Skipped): boolean =>
  (seg.textLength === 0 && !seg.fin) || seg.syn ? isLimited(flow, skipped) : false;

/** RFC 5961 §3.2, §4.2, §5.2: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, within both limits. */
export function challengeAck(tcb: Tcb): void {
  const { tcp } = tcb;
  if (isLimited(tcb, 'ackSkippedChallenge')) return;
  const limit = tcp.sysctls.challengeAckLimit;
  if (limit !== 0x7fff_ffff) {
    if (tcp.clock.nowUs - tcp.challengeSinceUs >= 1_000_000) {
      tcp.challengeSinceUs = tcp.clock.nowUs;
      // Not the same in every second, so that nobody can count what others were sent.
      const half = (limit + 1) >> 1;
      tcp.challengeLeft = half + tcp.entropy.below(Math.max(limit, 1));
    }
    if (tcp.challengeLeft <= 0) return;
    tcp.challengeLeft--;
  }
  tcp.counters.challengeAck++;
  sendAck(tcb);
}

/** RFC 9293 §3.10.7.4, first: an unacceptable segment is answered with an acknowledgement. */
export function answerUnacceptable(tcb: Tcb, seg: Segment, skipped: Skipped): void {
  if (!isSegmentLimited(tcb, seg, skipped)) sendAck(tcb);
}
