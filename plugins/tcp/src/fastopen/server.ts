// Fast Open, the server's side: RFC 7413 §4.2.2, a SYN with cookie and text, and §5.1, what limits it; numbers and counters as Linux.
import { TCP_LISTEN, TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { isLimited, isSegmentLimited } from '../ack.js';
import { opened } from '../ecn.js';
import { giveUp } from '../events/giving-up.js';
import { refuse } from '../events/segment/closed.js';
import { beget } from '../events/segment/listen.js';
import { pawsRejects } from '../events/segment/paws.js';
import { openTransfer, reset } from '../events/segment/synchronized.js';
import { armSynAck, rearmRetransmit } from '../events/timeouts.js';
import type { Listener, Request } from '../listener.js';
import { loadMetrics } from '../metrics/path.js';
import { sampleRtt } from '../recovery/rto.js';
import { enterLoss } from '../recovery/timeout.js';
import { undoRecovery } from '../recovery/undo.js';
import { rouse } from '../rest.js';
import { sendAck } from '../segment.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import { FastOpenOption } from './option.js';
import { ALL_LISTENERS, FastOpen, FastOpenQueue, SERVER, SERVER_WITHOUT_COOKIE } from './state.js';

/** How long a peer that reset what was accepted takes up a place in the queue. */
const RESET_PLACE_US = 60_000_000;

// ---- the listener ----------------------------------------------------------------------------------------------------------------

/** TCP_FASTOPEN: so many handshakes may be open whose text was taken; 0: there is no Fast Open. */
export function limitQueue(tcb: Tcb, most: number): void {
  const { sysctls, hostKeys } = tcb.tcp;
  hostKeys.make();
  tcb.fastOpenQueue ??= new FastOpenQueue();
  tcb.fastOpenQueue.most = Math.min(most, sysctls.somaxconn);
}

/** A socket begins to listen: with Fast Open where tcp_fastopen says that all do. */
export function beginListening(tcb: Tcb, backlog: number): void {
  const { fastOpenQueue } = tcb;
  if (fastOpenQueue !== undefined) {
    fastOpenQueue.length = 0;
    fastOpenQueue.resets.length = 0;
    if (fastOpenQueue.most > 0) return;
  }
  const all = ALL_LISTENERS | SERVER;
  if ((tcb.tcp.sysctls.fastopen & all) === all) limitQueue(tcb, backlog);
}

/** RFC 7413 §5.1: room for one more, or a place that a reset has held long enough. */
function hasRoom(queue: FastOpenQueue, listener: Listener): boolean {
  if (queue.most === 0) return false;
  if (queue.length < queue.most) return true;
  const { clock, counters } = listener.tcb.tcp;
  const [until] = queue.resets;
  if (until === undefined || until > clock.nowUs) {
    counters.fastOpenListenOverflow++;
    return false;
  }
  queue.resets.shift();
  queue.length--;
  return true;
}

/**
 * A SYN for which there is room: with a good cookie, or where none is needed, it opens the connection at once. Else the SYN-ACK tells the
 * cookie, if the SYN asked for one or had a bad one. @returns the connection, in SYN-RECEIVED, with the SYN's text.
 */
export function openFast(request: Request, seg: Segment): Tcb | undefined {
  const { listener, tcp } = request;
  const { counters, sysctls, hostKeys } = tcp;
  const { fastOpenQueue: queue, fastOpen: wishes } = listener.tcb;
  const { length } = seg.fastOpen;
  if (length === 0) counters.fastOpenCookieReqd++;
  if ((sysctls.fastopen & SERVER) === 0 || (seg.textLength === 0 && length < 0)) return undefined;
  if (queue === undefined || !hasRoom(queue, listener)) return undefined;
  if ((sysctls.fastopen & SERVER_WITHOUT_COOKIE) !== 0 || wishes?.withoutCookie) return openChild(request, queue, seg);
  const keys = queue.keys ?? hostKeys.keys;
  if (length < 0 || keys === undefined) return undefined;
  const by = length === 0 ? -1 : keys.check(request, seg.fastOpen);
  if (by !== 0) {
    request.fastOpen = new FastOpenOption();
    request.fastOpen.experimental = seg.fastOpen.experimental;
    keys.issue(request, request.fastOpen);
  }
  if (by < 0) {
    if (length > 0) counters.fastOpenPassiveFail++;
    return undefined;
  }
  if (by > 0) counters.fastOpenPassiveAltKey++;
  return openChild(request, queue, seg);
}

/** The connection that a SYN opens by itself: it may send before the handshake is over (RFC 7413 §4.2.2, 3). */
function openChild(request: Request, queue: FastOpenQueue, seg: Segment): Tcb {
  const { tcp } = request;
  const child = beget(request, seg);
  const state = new FastOpen();
  state.request = request;
  state.isChild = true;
  state.textTaken = seg.textLength > 0;
  child.fastOpen = state;
  queue.length++;
  // The SYN-ACK's own number is the request's affair.
  child.sndUna = child.sndNxt;
  child.bytesAcked = 0;
  tcp.demux.add(child);
  child.hashed = true;
  tcp.ports.share(child.localPort);
  tcp.counters.passiveOpens++;
  tcp.counters.fastOpenPassive++;
  child.segmentsIn = seg.segments;
  rouse(child);
  takeText(child, seg);
  openTransfer(child);
  loadMetrics(child);
  request.rcvNxt = child.rcvNxt;
  armSynAck(child, request);
  return child;
}

function takeText(child: Tcb, seg: Segment): void {
  const { textLength } = seg;
  if (textLength === 0) return;
  child.receive.put(0, seg.packet.bytes, seg.from, seg.to);
  child.receive.advance(textLength);
  child.rcvNxt = (child.rcvNxt + textLength) | 0;
  child.rcvWup = child.rcvNxt;
  child.bytesReceived = textLength;
  child.dataSegmentsIn = seg.segments;
}

// ---- until the handshake is over -------------------------------------------------------------------------------------------------

/**
 * A segment for a connection whose handshake is not over, as Linux checks it (tcp_check_req). @returns undefined: it goes on through RFC 9293
 * §3.10.7.4; else whether it was taken, and if not its fate is counted.
 */
export function childArrives(tcb: Tcb, request: Request, seg: Segment): boolean | undefined {
  const { tcp } = tcb;
  const { counters } = tcp;
  const isOld = tcb.timestampsOk && seg.hasTimestamp && pawsRejects(tcb, seg, tcp.clock.nowUs);
  if (seg.syn && !seg.ackFlag && !seg.rst && seg.seq === request.irs && !isOld) {
    // The SYN again: the SYN-ACK was lost, or late.
    if (!isLimited(request, 'ackSkippedSynRecv')) synAckAgain(tcb, request);
    return true;
  }
  const end = (seg.seq + seg.length) | 0;
  const edge = (request.rcvNxt + request.rcvWnd) | 0;
  const inWindow =
    seg.seq === request.rcvNxt ||
    (((end - request.rcvNxt) | 0) > 0 && ((seg.seq - edge) | 0) < 0) ||
    (seg.seq === edge && seg.length === 0);
  if (isOld || !inWindow) {
    if (isOld) counters.pawsEstab++;
    counters.outOfWindow++;
    if (!seg.rst && !isSegmentLimited(request, seg, 'ackSkippedSynRecv')) sendAck(tcb);
    return false;
  }
  if (seg.rst) {
    counters.attemptFails++;
    release(tcb, true);
    return reset(tcb) || true;
  }
  if (seg.syn && seg.seq !== request.irs) {
    counters.attemptFails++;
    counters.outOfWindow++;
    refuse(tcp, seg);
    return false;
  }
  if (seg.ackFlag) return undefined;
  counters.outOfWindow++;
  return false;
}

function synAckAgain(tcb: Tcb, request: Request): void {
  request.send(true);
  tcb.totalRetransmits++;
}

/** The SYN-ACK was not answered in time: again, once more often than without Fast Open. Until then nothing else is sent again. */
export function synAckExpired(tcb: Tcb, request: Request): void {
  const { counters, sysctls, clock } = tcb.tcp;
  const most = tcb.wishes.synRetries || sysctls.synackRetries + 1;
  if (request.timeouts >= most) {
    counters.timeouts++;
    giveUp(tcb);
    return;
  }
  // RFC 5681 §3.1, once a second one is lost; it counts the timeout as well.
  if (tcb.retransmits === 1) enterLoss(tcb);
  else counters.timeouts++;
  synAckAgain(tcb, request);
  request.timeouts++;
  tcb.retransmits++;
  if (tcb.recovery.retransmitStartUs === 0) tcb.recovery.retransmitStartUs = clock.nowUs;
  armSynAck(tcb, request);
}

/** The SYN-ACK is acknowledged. From here on the retransmission timer is for what the connection has sent. */
export function handshakeOver(tcb: Tcb, request: Request, seg: Segment): void {
  const { recovery, tcp } = tcb;
  if (tcb.srttUs === 0 && request.retransmits === 0) sampleRtt(tcb, tcp.clock.nowUs - request.sentUs);
  if (recovery.phase === 'loss' && recovery.board.packetsOut === 0) undoRecovery(tcb);
  tcb.retransmits = 0;
  opened(tcb, seg);
  release(tcb, false);
  rearmRetransmit(tcb, true);
}

/** The handshake is over, or the connection is. @param isReset by the peer. */
export function release(tcb: Tcb, isReset: boolean): void {
  const { fastOpen } = tcb;
  const request = fastOpen?.request;
  if (fastOpen === undefined || request === undefined) return;
  fastOpen.request = undefined;
  const listener = request.listener.tcb;
  const queue = listener.fastOpenQueue;
  if (queue === undefined) return;
  queue.length--;
  if (!isReset || tcb.parent !== undefined || listener.state !== TCP_LISTEN) return;
  queue.resets.push(tcb.tcp.clock.nowUs + RESET_PLACE_US);
  queue.length++;
}

/** A connection that may send although its handshake is not over. */
export const isPassive = (tcb: Tcb): boolean => tcb.state === TCP_SYN_RECV && tcb.fastOpen?.request !== undefined;
