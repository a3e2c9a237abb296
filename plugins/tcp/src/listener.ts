// A passive OPEN's two queues: half-open connections (SYN queue), and those that wait for accept().
import { DESTINATION, type Packet, SOURCE, type Timer } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import type { SocketState } from '@protoloom/contracts/socket';
import { TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { copyWords } from '@protoloom/wire';
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
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
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
  timer: Timer | undefined = undefined;
  /** States of TCP_OPTION attachments, which the connection takes over. */
  outside: unknown[] | undefined = undefined;

  constructor(listener: Listener, packet: Packet, irs: number, localPort: number, remotePort: number) {
    const { tcp } = listener.tcb;
    this.tcp = tcp;
    this.listener = listener;
    this.family = packet.family;
    copyWords(packet.addresses, DESTINATION, this.addresses, SOURCE);
    copyWords(packet.addresses, SOURCE, this.addresses, DESTINATION);
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

  armTimer(): void {
    this.timer ??= this.tcp.timers.timer(this, synAckExpired);
    this.timer.arm(Math.min(SYN_ACK_TIMEOUT_US * 2 ** this.timeouts, this.tcp.sysctls.rtoMaxMs * 1000));
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
  if (request.timeouts++ === 0) listener.young--;
  // With its ACK here, only the last one is worth sending: it makes the peer send its data again.
  if (!isDeferred || request.timeouts >= deferRounds(deferAccept)) request.send(true);
  request.armTimer();
}

/** TCP_DEFER_ACCEPT's seconds in SYN-ACK time-outs: 1, 3, 7, … */
export const deferRounds = (seconds: number): number => Math.ceil(Math.log2(seconds + 1));

export class Listener {
  readonly tcb: Tcb;
  /** Most that wait for accept(). */
  backlog: number;
  /** Half-open connections, and those of them whose SYN-ACK was sent once. */
  requests = 0;
  young = 0;
  /** When the last SYN cookie left, µs; -1: never. */
  cookieSentUs = -1;
  #ready: Tcb[] = [];
  readonly #requests = new Set<Request>();

  constructor(tcb: Tcb, backlog: number) {
    this.tcb = tcb;
    this.backlog = backlog;
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

  get synQueueIsFull(): boolean {
    return this.requests > this.backlog;
  }

  add(request: Request): void {
    this.requests++;
    this.young++;
    this.#requests.add(request);
    this.tcb.tcp.demux.add(request);
    request.armTimer();
  }

  /** The half-open connection is over: established, reset, or given up. */
  drop(request: Request): void {
    if (!this.#requests.delete(request)) return;
    this.requests--;
    if (request.timeouts === 0) this.young--;
    request.timer?.cancel();
    this.tcb.tcp.demux.remove(request);
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
    for (const request of this.#requests) this.drop(request);
    const waiting = this.#ready;
    this.#ready = [];
    for (const child of waiting) {
      child.parent = undefined;
      abort(child, 0);
      child.receive.clear();
    }
  }
}
