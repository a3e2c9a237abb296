// SEGMENT ARRIVES in LISTEN, RFC 9293 §3.10.7.2, and in the SYN-RECEIVED that comes from it, as Linux checks it (tcp_check_req).
import type { Route } from '@protoloom/contracts/ip';
import { PHASE_RESET, PHASE_SEGMENT, PHASE_SYN, TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { synRepeated } from '../../accecn/handshake.js';
import { initialRcvMss, isLimited, isSegmentLimited } from '../../ack.js';
import type { Tcp } from '../../context.js';
import { grantEcn, opened } from '../../ecn.js';
import { openFast } from '../../fastopen/server.js';
import { deferRounds, type Listener, Request } from '../../listener.js';
import { openOutside, parseOutside, timestamp } from '../../options.js';
import { initialRto, sampleRtt } from '../../recovery/rto.js';
import { syncMss } from '../../route.js';
import { sendBare } from '../../segment.js';
import type { Segment } from '../../segment-in.js';
import { enter } from '../../state.js';
import { strangerOf } from '../../stranger.js';
import { requestOfCookie, sendCookie } from '../../syn-cookies.js';
import { Tcb } from '../../tcb.js';
import { ACK, HEADER_BYTES } from '../../wire.js';
import { closed, refuse } from './closed.js';
import { pawsRejects } from './paws.js';
import { synchronized } from './synchronized.js';

/** @param iss where a connection in TIME-WAIT has given way: the sequence number to begin with. @returns whether the segment was taken. */
export function listen(tcb: Tcb, seg: Segment, iss: number | undefined): boolean {
  const { tcp } = tcb;
  // First RST, second ACK, third SYN.
  if (seg.rst) {
    tcp.counters.outOfWindow++;
    return false;
  }
  if (seg.ackFlag) return acknowledges(tcb.listener as Listener, seg);
  if (seg.syn && seg.fin) {
    tcp.counters.badFlags++;
    return false;
  }
  if (!seg.syn) {
    tcp.counters.outOfWindow++;
    return false;
  }
  return admit(tcb.listener as Listener, seg, iss);
}

/** A new half-open connection, where the queues have room; its SYN-ACK. Where the SYN queue has none: a cookie (RFC 4987 §3.6). */
function admit(listener: Listener, seg: Segment, iss: number | undefined): boolean {
  const { tcp } = listener.tcb;
  const { counters, sysctls } = tcp;
  const isFlood = iss === undefined && (sysctls.syncookies === 2 || listener.synQueueIsFull);
  if (isFlood) {
    if (sysctls.syncookies === 0) {
      counters.reqQFullDrop++;
      return dropSyn(tcp);
    }
    counters.reqQFullDoCookies++;
  }
  if (listener.isFull) {
    counters.listenOverflows++;
    return dropSyn(tcp);
  }
  // Without cookies the last quarter of the queue is for peers that are known to be there.
  const most = sysctls.maxSynBacklog;
  if (iss === undefined && sysctls.syncookies === 0 && most - listener.requests < most >> 2) return dropSyn(tcp);
  // What becomes a cookie is over with this call, and needs no memory of its own.
  const stranger = strangerOf(tcp);
  const addresses = isFlood ? stranger.addresses : tcp.addressBlocks.copy(stranger.addresses);
  const request = new Request(listener, seg.packet, addresses, seg.seq, stranger.localPort, stranger.remotePort);
  request.negotiate(seg);
  if (isFlood && !request.timestampsOk) {
    // A cookie has nowhere to keep them.
    request.windowScalingOk = false;
    request.sndWndScale = 0;
    request.sackOk = false;
  }
  if (request.answer(seg.mss) < 0) return dropSyn(tcp);
  request.ecn = grantEcn(listener.tcb, request.route as Route, seg);
  // A cookie keeps it in the timestamp as well; accurate ECN shows by itself.
  if (isFlood && !request.timestampsOk && request.ecn?.accurate === undefined) request.ecn = undefined;
  if (isFlood) {
    sendCookie(request);
    return true;
  }
  request.iss = iss ?? tcp.isn.next(request);
  openOutside(request);
  if (showsOutside(request, seg) < 0) return refuseOption(tcp);
  request.sentUs = tcp.clock.nowUs;
  const child = openFast(request, seg);
  if (child === undefined) listener.add(request);
  else {
    request.send(false);
    listener.push(child);
  }
  return true;
}

/** Options from outside are shown what a segment of the handshake brings. Below zero: it is dropped. */
const showsOutside = (request: Request, seg: Segment): number =>
  parseOutside(request, seg.packet, seg.packet.head + HEADER_BYTES, seg.from, seg.rst ? PHASE_RESET : seg.syn ? PHASE_SYN : PHASE_SEGMENT);

/** @returns false: its fate is counted. */
function refuseOption({ counters }: Tcp): false {
  counters.optionRefused++;
  return false;
}

/** @returns false: its fate is counted. */
function dropSyn({ counters }: Tcp): false {
  counters.listenDrops++;
  counters.synDropped++;
  return false;
}

/** Second, an ACK: it answers a cookie, or nothing. */
function acknowledges(listener: Listener, seg: Segment): boolean {
  const { tcp } = listener.tcb;
  const request = seg.syn ? undefined : requestOfCookie(listener, seg);
  if (request === undefined) return closed(tcp, seg);
  if (!listener.isFull) return adopt(request, seg);
  tcp.counters.listenOverflows++;
  return dropSyn(tcp);
}

/** A segment for a half-open connection. RFC 9293 §3.10.7.4, SYN-RECEIVED by passive OPEN. */
export function requestArrives(request: Request, seg: Segment): boolean {
  const { listener, tcp } = request;
  const { counters } = tcp;
  if (showsOutside(request, seg) < 0) return refuseOption(tcp);
  const isOld = request.timestampsOk && seg.hasTimestamp && pawsRejects(request, seg, tcp.clock.nowUs);
  // The SYN again: the SYN-ACK was lost, or late.
  if (seg.syn && !seg.ackFlag && !seg.rst && seg.seq === request.irs && !isOld) {
    if (request.ecn?.accurate !== undefined) synRepeated(request.ecn.accurate, seg);
    if (!isLimited(request, 'ackSkippedSynRecv')) request.send(true);
    return true;
  }
  // Fifth, before the window as on Linux: an acknowledgement of something else is answered with a reset. A RST is none.
  if (seg.ackFlag && !seg.rst && seg.ack !== ((request.iss + 1) | 0)) {
    counters.invalidAck++;
    refuse(tcp, seg);
    return false;
  }
  // First: what lies outside the window that the SYN-ACK told.
  const window = Math.min(request.rcvWnd, 0xffff);
  const end = (seg.seq + seg.length) | 0;
  if (isOld || ((end - request.rcvNxt) | 0) < 0 || ((seg.seq - request.rcvNxt) | 0) > window) {
    if (isOld) counters.pawsEstab++;
    counters.outOfWindow++;
    if (!seg.rst && !isSegmentLimited(request, seg, 'ackSkippedSynRecv')) acknowledge(request);
    return false;
  }
  // Second and fourth: RST exactly at RCV.NXT ends it (RFC 5961 §3.2); a SYN within the window returns to LISTEN.
  if (seg.rst && seg.seq !== request.rcvNxt) {
    counters.outOfWindow++;
    if (!isLimited(request, 'ackSkippedChallenge')) {
      counters.challengeAck++;
      acknowledge(request);
    }
    return false;
  }
  if (seg.rst || (seg.syn && seg.seq !== request.irs)) {
    counters.attemptFails++;
    counters.embryonicRsts++;
    if (!seg.rst) refuse(tcp, seg);
    listener.drop(request);
    return true;
  }
  if (seg.hasTimestamp && request.timestampsOk && ((seg.seq - request.rcvNxt) | 0) <= 0) {
    request.tsRecent = seg.tsVal;
    request.tsRecentUs = tcp.clock.nowUs;
  }
  if (!seg.ackFlag) {
    counters.outOfWindow++;
    return false;
  }
  if (request.timeouts < deferRounds(listener.tcb.wishes.deferAccept) && seg.length === 0) {
    // TCP_DEFER_ACCEPT: the data will bring the acknowledgement again.
    request.acked = true;
    counters.deferAcceptDrop++;
    return true;
  }
  return establish(request, seg);
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> from half-open. */
function acknowledge(request: Request): void {
  const { tcp } = request;
  const tsVal = request.timestampsOk ? timestamp(tcp.clock.nowUs, request.tsOffset) : 0;
  const seq = (request.iss + 1) | 0;
  const window = request.rcvWnd >> request.rcvWndScale;
  sendBare(tcp, request, seq, request.rcvNxt, ACK, Math.min(window, 0xffff), request.timestampsOk, tsVal, request.tsRecent);
}

/** Fifth: the handshake is over. The connection gets its block, goes on as SYN-RECEIVED, and waits for accept(). */
function establish(request: Request, seg: Segment): boolean {
  const { listener, tcp } = request;
  const { counters } = tcp;
  if (listener.isFull) {
    counters.listenOverflows++;
    dropSyn(tcp);
    if (tcp.sysctls.abortOnOverflow) {
      counters.embryonicRsts++;
      refuse(tcp, seg);
      listener.drop(request);
    } else request.acked = true;
    return false;
  }
  return adopt(request, seg);
}

function adopt(request: Request, seg: Segment): boolean {
  const { listener, tcp } = request;
  const child = beget(request, seg);
  listener.become(request, child);
  tcp.counters.passiveOpens++;
  const taken = synchronized(child, seg);
  listener.push(child);
  return taken;
}

/** The connection that a half-open one becomes, by `seg`: the last of its handshake, or with Fast Open its SYN. */
export function beget(request: Request, seg: Segment): Tcb {
  const { listener, tcp } = request;
  const parent = listener.tcb;
  const child = new Tcb(tcp, parent.socket.inherit(), request.family, request.addresses);
  // So that link-local addresses mean the link that they came from.
  child.socket.boundInterface = request.iface;
  child.hash = request.hash;
  child.txHash = request.txHash;
  child.localPort = request.localPort;
  child.remotePort = request.remotePort;
  inheritWishes(parent, child);
  child.route = request.route;
  child.irs = request.irs;
  child.rcvNxt = request.rcvNxt;
  child.rcvWup = request.rcvNxt;
  child.rcvWnd = request.rcvWnd;
  child.rcvSsthresh = request.rcvWnd;
  child.rcvWndScale = request.rcvWndScale;
  child.sndWndScale = request.sndWndScale;
  child.windowScalingOk = request.windowScalingOk;
  child.sackOk = request.sackOk;
  child.timestampsOk = request.timestampsOk;
  child.tsRecent = request.tsRecent;
  child.tsRecentUs = request.tsRecentUs;
  child.tsOffset = request.tsOffset;
  child.ecn = request.ecn;
  child.iss = request.iss;
  child.sndUna = request.iss;
  // That its SYN is acknowledged does not count, as on Linux.
  child.bytesAcked = -1;
  child.sndNxt = (request.iss + 1) | 0;
  child.sndBase = child.sndNxt;
  child.sndSmall = child.sndNxt;
  child.tailSeq = child.sndNxt;
  child.pushedSeq = child.sndNxt;
  // RFC 7323 §2.2: the window of a SYN, by which Fast Open opens, is not scaled.
  child.sndWnd = seg.ackFlag ? seg.wnd << request.sndWndScale : seg.wnd;
  child.maxSndWnd = child.sndWnd;
  child.sndWl1 = request.irs;
  child.peerMss = request.peerMss;
  child.advertisedMss = request.advertisedMss;
  child.totalRetransmits = request.retransmits;
  if (request.route !== undefined) syncMss(child, request.route);
  initialRto(child);
  if (seg.ackFlag && request.retransmits === 0 && request.sentUs >= 0) sampleRtt(child, tcp.clock.nowUs - request.sentUs);
  initialRcvMss(child);
  if (request.outside === undefined) openOutside(child);
  else child.outside = request.outside;
  if (seg.ackFlag) opened(child, seg);
  enter(child, TCP_SYN_RECV);
  return child;
}

/** What a listener's user has wished for holds for what it begets. */
function inheritWishes(parent: Tcb, child: Tcb): void {
  child.wishes = parent.wishes;
  child.windowClamp = parent.windowClamp;
  child.interactive = parent.interactive;
}
