// A passive OPEN's two queues: half-open connections (SYN queue), and those that wait for accept().
import type { EgressEntry, EgressRequest, Packet, Timer } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import type { SocketState } from '@protoloom/contracts/socket';
import { TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import type { Ecn } from './ecn.js';
import { abort } from './events/abort.js';
import type { FastOpenOption } from './fastopen/option.js';
import { TIMESTAMP_BYTES } from './options.js';
import { advertisedMss, defaultMss, resolve, zoneOf } from './route.js';
import { sendSynAck } from './segment.js';
import type { Segment } from './segment-in.js';
import { FLOW_REQUEST, type Tcb } from './tcb.js';
import { randomHash } from './tx-hash.js';
import { chooseScale, fullSpace, initialWindow, openingClamp } from './window.js';

/** RFC 6298 §2.1: first time-out of a SYN-ACK. */
const SYN_ACK_TIMEOUT_US = 1_000_000;

/** A half-open connection: SYN-RECEIVED come from LISTEN, in as little memory as it takes. */
export class Request {
  readonly kind = FLOW_REQUEST;
  readonly state = TCP_SYN_RECV;
  readonly tcp: Tcb['tcp'];
  readonly listener: Listener;
  readonly family: number;
  /** Ours at SOURCE, the peer's at DESTINATION. The connection takes them over. */
  readonly addresses: Int32Array;
  /** Of its 4-tuple, in the flow table; 0: not known. */
  hash: number;
  /** Where a link-local peer is, or the listener's interface: index, 0: any. */
  readonly iface: number;
  txHash: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly irs: number;
  /** What the SYN-ACK acknowledges: the SYN, and its text where that was taken (RFC 7413 §4.2.2). */
  rcvNxt: number;
  iss = 0;
  rcvWnd = 0;
  advertisedMss = 0;
  /** From the SYN; 536 where it had none. */
  peerMss = 536;
  windowScalingOk = false;
  sndWndScale = 0;
  rcvWndScale = 0;
  sackOk = false;
  timestampsOk = false;
  tsRecent = 0;
  tsRecentUs = -1;
  tsOffset = 0;
  /** RFC 3168 §6.1.1: granted. */
  ecn: Ecn | undefined = undefined;
  /** RFC 7413 §4.1.2: the cookie that the first SYN-ACK tells. */
  fastOpen: FastOpenOption | undefined = undefined;
  /** When the first SYN-ACK left; -1: nobody knows any more. */
  sentUs = -1;
  /** Time-outs so far, and SYN-ACKs that were sent again. */
  timeouts = 0;
  retransmits = 0;
  /** TCP_DEFER_ACCEPT: the handshake's ACK has come. */
  acked = false;
  lastOutOfWindowAckUs = -1;
  route: Route | undefined = undefined;
  /** Half of a listener's that it is in, and its neighbours there; when the SYN-ACK is sent again, µs. */
  queue: SynQueue | undefined = undefined;
  next: Request | undefined = undefined;
  previous: Request | undefined = undefined;
  dueUs = 0;
  /** Once it has timed out: those that have not share one. */
  timer: Timer | undefined = undefined;
  /** States of TCP_OPTION attachments, which the connection takes over. */
  outside: unknown[] | undefined = undefined;

  /** @param packet the segment that was looked for in the flow table last, and was for no connection. */
  constructor(listener: Listener, packet: Packet, addresses: Int32Array, irs: number, localPort: number, remotePort: number) {
    const { tcp } = listener.tcb;
    this.tcp = tcp;
    this.listener = listener;
    this.family = packet.family;
    this.addresses = addresses;
    this.hash = tcp.demux.asked;
    this.iface = listener.tcb.iface || zoneOf(listener.tcb.tcp, packet);
    this.txHash = randomHash(listener.tcb.tcp);
    this.localPort = localPort;
    this.remotePort = remotePort;
    this.irs = irs;
    this.rcvNxt = (irs + 1) | 0;
    this.tsOffset = tcp.sysctls.timestamps === 1 ? tcp.isn.timestampOffset(this) : 0;
  }

  /** The options that both sides can do. */
  negotiate(seg: Segment): void {
    const { sysctls, clock } = this.tcp;
    this.windowScalingOk = seg.wndScale >= 0 && sysctls.windowScaling;
    this.sndWndScale = this.windowScalingOk ? seg.wndScale : 0;
    this.sackOk = seg.sackPermitted && sysctls.sack;
    this.timestampsOk = seg.hasTimestamp && sysctls.timestamps !== 0;
    if (this.timestampsOk) {
      this.tsRecent = seg.tsVal;
      this.tsRecentUs = clock.nowUs;
    }
  }

  /** Chooses what the SYN-ACK tells, but for its sequence number. @param asked the SYN's MSS, 0: none. @returns 0 or a negative errno. */
  answer(asked: number): number {
    const { tcp, listener } = this;
    const { socket, wishes, windowClamp } = listener.tcb;
    const { userMss } = wishes;
    const route = resolve(tcp, this, socket, socket.mark);
    if (typeof route === 'number') return route;
    this.route = route;
    // RFC 9293 §3.7.1: what the peer asks for, no more than TCP_MAXSEG.
    const mss = asked || defaultMss(route);
    this.peerMss = userMss > 0 ? Math.min(userMss, mss) : mss;
    this.advertisedMss = advertisedMss(route, userMss);
    const space = fullSpace(listener.tcb);
    this.rcvWndScale = this.windowScalingOk ? chooseScale(tcp, space, openingClamp(listener.tcb)) : 0;
    const text = this.advertisedMss - (this.timestampsOk ? TIMESTAMP_BYTES : 0);
    this.rcvWnd = initialWindow(windowClamp > 0 ? Math.min(space, windowClamp) : space, text, route.initialRwnd);
    return 0;
  }

  get mark(): number {
    return this.socket.mark;
  }

  get socket(): SocketState {
    return this.listener.tcb.socket;
  }

  /** Sends the SYN-ACK, first or again. @returns 0 or a negative errno. */
  send(again: boolean): number {
    if (!this.route?.valid) {
      const { socket } = this.listener.tcb;
      const route = resolve(this.tcp, this, socket, socket.mark);
      if (typeof route === 'number') return route;
      this.route = route;
    }
    if (again && this.tcp.sysctls.txRehash !== 0) this.txHash = randomHash(this.tcp);
    const result = sendSynAck(this.tcp, this, this.route, this.iss, this.rcvNxt, this.rcvWnd, again);
    if (again) {
      this.retransmits++;
      this.tcp.counters.retransSegs++;
      this.tcp.counters.synRetrans++;
    }
    return result;
  }

  /** µs until the SYN-ACK is sent again. */
  get timeoutUs(): number {
    return Math.min(SYN_ACK_TIMEOUT_US * 2 ** this.timeouts, this.tcp.sysctls.rtoMaxMs * 1000);
  }
}

/** The SYN-ACK was not answered: again, up to tcp_synack_retries times, and fewer the fuller the queue is of old ones. */
function synAckExpired(request: Request): void {
  const { listener, tcp } = request;
  const { deferAccept, synRetries } = listener.tcb.wishes;
  let most = synRetries || tcp.sysctls.synackRetries;
  if (listener.requests << 1 > Math.max(8, listener.backlog)) {
    let young = listener.young << 1;
    while (most > 2 && listener.requests >= young) {
      most--;
      young <<= 1;
    }
  }
  const isDeferred = request.acked && deferAccept > 0;
  if (request.timeouts >= (isDeferred ? Math.max(most, deferRounds(deferAccept)) : most)) {
    listener.drop(request);
    return;
  }
  if (request.timeouts++ === 0) listener.grownOld(request);
  // With its ACK here, only the last one is worth sending: it makes the peer send its data again.
  if (!isDeferred || request.timeouts >= deferRounds(deferAccept)) request.send(true);
  request.timer ??= tcp.timers.timer(request, synAckExpired);
  request.timer.arm(request.timeoutUs);
}

/** TCP_DEFER_ACCEPT's seconds in SYN-ACK time-outs: 1, 3, 7, … */
export const deferRounds = (seconds: number): number => Math.ceil(Math.log2(seconds + 1));

/** Half-open connections in the order in which they came. */
class SynQueue {
  first: Request | undefined = undefined;
  last: Request | undefined = undefined;
  length = 0;

  append(request: Request): void {
    request.queue = this;
    request.previous = this.last;
    if (this.last === undefined) this.first = request;
    else this.last.next = request;
    this.last = request;
    this.length++;
  }

  remove(request: Request): void {
    const { next, previous } = request;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    request.queue = undefined;
    request.next = undefined;
    request.previous = undefined;
    this.length--;
  }
}

export class Listener implements EgressEntry {
  readonly tcb: Tcb;
  /** Most that wait for accept(). */
  backlog: number;
  /** When the last SYN cookie left, µs; -1: never. */
  cookieSentUs = -1;
  #ready: Tcb[] = [];
  /** Half-open connections whose SYN-ACK was sent once: all wait equally long, so that one timer serves them; and the others. */
  readonly #young = new SynQueue();
  readonly #old = new SynQueue();
  #timer: Timer | undefined = undefined;
  /** The first whose SYN-ACK has not left: all behind it wait as well. */
  #unanswered: Request | undefined = undefined;
  readonly #egress: EgressRequest;

  constructor(tcb: Tcb, backlog: number) {
    this.tcb = tcb;
    this.backlog = backlog;
    // Behind what connections send: a peer that is at work on that need not be woken for these.
    this.#egress = tcb.tcp.turns.lastEgress(this);
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Connections that wait for accept(). */
  get waiting(): number {
    return this.#ready.length;
  }

  /** Linux lets in one more than the backlog. */
  get isFull(): boolean {
    return this.#ready.length > this.backlog;
  }

  /** Half-open connections, and those of them whose SYN-ACK was sent once. */
  get requests(): number {
    return this.#young.length + this.#old.length;
  }
  get young(): number {
    return this.#young.length;
  }

  get synQueueIsFull(): boolean {
    return this.requests > this.backlog;
  }

  /** Takes in a half-open connection, whose SYN-ACK leaves with the turn. */
  add(request: Request): void {
    const { tcp } = this.tcb;
    request.dueUs = tcp.clock.nowUs + request.timeoutUs;
    this.#young.append(request);
    this.#unanswered ??= request;
    this.#egress.request();
    tcp.demux.add(request);
    this.#timer ??= tcp.timers.timer<Listener>(this, (listener) => listener.#expire());
    if (!this.#timer.armed) this.#timer.armAt(request.dueUs);
  }

  /** The SYN-ACKs that the turn has brought about, in the order of their SYNs. */
  egress(): void {
    try {
      for (let request = this.#unanswered; request !== undefined; request = this.#unanswered) {
        this.#unanswered = request.next;
        request.send(false);
      }
    } finally {
      // Also where one fails: the others have their turn.
      if (this.#unanswered !== undefined) this.#egress.request();
    }
  }

  /** Its SYN-ACK is sent again. */
  grownOld(request: Request): void {
    request.queue?.remove(request);
    this.#old.append(request);
  }

  /** The half-open connection is over: reset, or given up. */
  drop(request: Request): void {
    if (request.queue === undefined) return;
    this.#leave(request);
    this.tcb.tcp.demux.remove(request);
  }

  /** The half-open connection is one. @param request may come of a cookie. */
  become(request: Request, child: Tcb): void {
    const { demux, ports } = this.tcb.tcp;
    if (request.queue === undefined) demux.add(child);
    else {
      this.#leave(request);
      demux.replace(request, child);
    }
    child.hashed = true;
    ports.share(child.localPort);
  }

  #leave(request: Request): void {
    if (request === this.#unanswered) this.#unanswered = request.next;
    request.queue?.remove(request);
    request.timer?.cancel();
  }

  #expire(): void {
    const young = this.#young;
    const { nowUs } = this.tcb.tcp.clock;
    try {
      for (let { first } = young; first !== undefined && first.dueUs <= nowUs; first = young.first) synAckExpired(first);
    } finally {
      // Also where one fails: the others have their turn.
      if (young.first !== undefined) this.#timer?.armAt(young.first.dueUs);
    }
  }

  push(child: Tcb): void {
    child.parent = this;
    this.#ready.push(child);
    this.tcb.user?.wake();
  }

  accept(): Tcb | undefined {
    const child = this.#ready.shift();
    if (child !== undefined) child.parent = undefined;
    return child;
  }

  /** Nobody will accept any more: what waits is reset, as Linux does (RFC 9293 §3.10.4, LISTEN). */
  stop(): void {
    for (const { first } of [this.#young, this.#old])
      for (let request = first; request !== undefined; ) {
        const { next } = request;
        this.drop(request);
        request = next;
      }
    this.#timer?.cancel();
    const waiting = this.#ready;
    this.#ready = [];
    for (const child of waiting) {
      child.parent = undefined;
      abort(child, 0);
      child.receive.clear();
    }
  }
}
