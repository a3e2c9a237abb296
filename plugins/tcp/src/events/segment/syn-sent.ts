// SEGMENT ARRIVES in SYN-SENT, RFC 9293 §3.10.7.3.
import { ERRNO } from '@protoloom/contracts';
import { TCP_CLOSE, TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { delayAck, enterQuickMode, initialRcvMss, MAX_QUICK_ACKS } from '../../ack.js';
import { crossedSynReceived, synAckReceived } from '../../ecn.js';
import { requestEgress } from '../../egress.js';
import { synAckArrived } from '../../fastopen/client.js';
import { loadMetrics } from '../../metrics/path.js';
import { timestamp } from '../../options.js';
import { ackReceived, sentAgain } from '../../recovery/recovery.js';
import { defaultMss, routeOf, syncMss } from '../../route.js';
import { sendSyn } from '../../segment.js';
import type { Segment } from '../../segment-in.js';
import { enter } from '../../state.js';
import type { Tcb } from '../../tcb.js';
import { acknowledgedText } from '../acknowledged.js';
import { armRetransmit, disarm } from '../timeouts.js';
import { refuse } from './closed.js';
import { becomeEstablished } from './synchronized.js';
import { processText } from './text.js';

/** Linux's TCP_TIMEOUT_MIN. */
const RETRY_US = 8_000;

export function synSent(tcb: Tcb, seg: Segment): boolean {
  const { counters } = tcb.tcp;
  // First: the ACK bit.
  if (seg.ackFlag && (((seg.ack - tcb.iss) | 0) <= 0 || ((seg.ack - tcb.sndNxt) | 0) > 0)) {
    counters.invalidAck++;
    refuse(tcb.tcp, seg);
    // Linux: the peer's old connection is gone now; the SYN has a better chance.
    if (tcb.retransmits === 0 && !seg.rst) tcb.retransmitTimer?.arm(RETRY_US);
    return false;
  }
  if (seg.ackFlag && tcb.timestampsOk && seg.hasTimestamp && !echoes(tcb, seg)) {
    counters.pawsActive++;
    counters.invalidAck++;
    refuse(tcb.tcp, seg);
    return false;
  }
  // Second: the RST bit, which only an acceptable ACK makes believable.
  if (seg.rst) {
    if (!seg.ackFlag) {
      counters.outOfWindow++;
      return false;
    }
    tcb.error = ERRNO.ECONNREFUSED;
    enter(tcb, TCP_CLOSE);
    return true;
  }
  // Fourth: the SYN bit.
  if (!seg.syn) {
    counters.outOfWindow++;
    return false;
  }
  negotiate(tcb, seg);
  if (seg.ackFlag) synAckReceived(tcb, seg);
  else crossedSynReceived(tcb, seg);
  if (!seg.ackFlag) {
    // Simultaneous open: SYN-RECEIVED, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>.
    enter(tcb, TCP_SYN_RECV);
    tcb.retransmits = 0;
    tcb.backoff = 0;
    sendSyn(tcb);
    if (tcb.recovery.board.head !== undefined) sentAgain(tcb, tcb.recovery.board.head, false);
    armRetransmit(tcb);
    return true;
  }
  const priorUna = tcb.sndUna;
  tcb.sndUna = seg.ack;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  disarm(tcb);
  becomeEstablished(tcb);
  if (tcb.mtuProbe !== undefined && tcb.route !== undefined) syncMss(tcb, tcb.route);
  acknowledgedText(tcb);
  // The SYN among them, as on Linux.
  tcb.bytesAcked = (tcb.sndUna - tcb.iss) | 0;
  ackReceived(tcb, seg, priorUna, true);
  loadMetrics(tcb);
  // Text that comes with the SYN-ACK is taken with Fast Open alone, as on Linux: else the peer sends it again.
  if (synAckArrived(tcb, seg)) processText(tcb, seg);
  if (tcb.fastOpen?.moreWaits) {
    // The acknowledgement rides on what the user sends next.
    enterQuickMode(tcb, MAX_QUICK_ACKS);
    tcb.ackPending = true;
    delayAck(tcb);
  } else tcb.ackNow = true;
  requestEgress(tcb);
  return true;
}

/** RFC 7323 §5.2: TSecr is something that we sent in this attempt. Zero echoes nothing. */
function echoes(tcb: Tcb, seg: Segment): boolean {
  if (seg.tsEcr === 0) return true;
  const { nowUs } = tcb.tcp.clock;
  const first = timestamp(tcb.recovery.synSentUs, tcb.tsOffset);
  const last = timestamp(nowUs, tcb.tsOffset);
  return ((seg.tsEcr - first) | 0) >= 0 && ((seg.tsEcr - last) | 0) <= 0;
}

/** What the peer's SYN says: numbers, window, and the options that both sides offer. */
function negotiate(tcb: Tcb, seg: Segment): void {
  tcb.irs = seg.seq;
  tcb.rcvNxt = (seg.seq + 1) | 0;
  tcb.rcvWup = tcb.rcvNxt;
  tcb.sndWl1 = seg.seq;
  // RFC 7323 §2.2: the window of a SYN is not scaled.
  tcb.sndWnd = seg.wnd;
  tcb.maxSndWnd = seg.wnd;
  tcb.windowScalingOk = tcb.windowScalingOk && seg.wndScale >= 0;
  tcb.sndWndScale = tcb.windowScalingOk ? seg.wndScale : 0;
  if (!tcb.windowScalingOk) {
    tcb.rcvWndScale = 0;
    tcb.rcvWnd = Math.min(tcb.rcvWnd, 0xffff);
    tcb.rcvSsthresh = Math.min(tcb.rcvSsthresh, 0xffff);
  }
  tcb.sackOk = tcb.sackOk && seg.sackPermitted;
  tcb.timestampsOk = tcb.timestampsOk && seg.hasTimestamp;
  if (tcb.timestampsOk) {
    tcb.tsRecent = seg.tsVal;
    tcb.tsRecentUs = tcb.tcp.clock.nowUs;
  }
  const route = routeOf(tcb);
  if (typeof route !== 'number') {
    const asked = seg.mss || defaultMss(route);
    tcb.peerMss = tcb.wishes.userMss > 0 ? Math.min(tcb.wishes.userMss, asked) : asked;
    syncMss(tcb, route);
  }
  initialRcvMss(tcb);
}
