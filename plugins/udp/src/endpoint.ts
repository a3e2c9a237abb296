// A UDP socket's lower layer, with Linux's errnos.
import { type Cell, DESTINATION, ERRNO, type Packet, SOURCE, type Turns, type WakeEntry } from '@protoloom/contracts';
import type { ErrorQueues, InboundError, Route } from '@protoloom/contracts/ip';
import type { Memberships } from '@protoloom/contracts/multicast';
import {
  AF_INET,
  type Endpoint,
  type Message,
  MSG_ERRQUEUE,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  type ReadinessListener,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  type SocketAddress,
  type SocketState,
  type Views,
} from '@protoloom/contracts/socket';
import { copyOctets } from '@protoloom/wire';
import { Association, type AssociationContext } from './association.js';
import { ReceiveQueue } from './receive-queue.js';
import { Sender, type SenderContext, type SenderHost } from './sender.js';
import * as wire from './wire.js';

const NO_BYTES = new Uint8Array(0);

export interface UdpContext extends AssociationContext, SenderContext {
  readonly errorQueues: ErrorQueues;
  readonly turns: Turns;
  readonly memberships: Cell<Memberships>;
}

export class UdpEndpoint implements Endpoint, WakeEntry, SenderHost {
  readonly socket: SocketState;
  readonly names: Association;
  readonly sender: Sender;
  listener: ReadinessListener | undefined = undefined;
  waking = false;
  /** UDP_NO_CHECK6_RX. */
  takesNoChecksum = false;
  /** UDP_GRO: what came in coalesced is read as one. */
  takesCoalesced = false;
  readonly #context: UdpContext;
  readonly #queue = new ReceiveQueue();
  /** SO_ERROR. */
  error = 0;
  #shutdown = 0;
  #closed = false;

  constructor(context: UdpContext, socket: SocketState) {
    this.#context = context;
    this.socket = socket;
    this.names = new Association(context, this, socket);
    this.sender = new Sender(context, this, this.names);
  }

  get readiness(): number {
    let bits = this.error !== 0 || this.socket.errors !== undefined ? POLLERR : 0;
    if (!this.#queue.empty) bits |= POLLIN;
    if ((this.#shutdown & 1) !== 0) bits |= POLLIN | POLLRDHUP;
    if (this.#shutdown === 3) bits |= POLLHUP;
    return this.sender.isWritable ? bits | POLLOUT : bits;
  }

  // ---- names -----------------------------------------------------------------------------------------------------------------------

  bind(address: SocketAddress): number {
    return this.names.bind(address);
  }

  connect(address: SocketAddress): number {
    return this.names.connect(address);
  }

  listen(): number {
    return -ERRNO.EOPNOTSUPP;
  }
  accept(): number {
    return -ERRNO.EOPNOTSUPP;
  }

  localAddress(into: SocketAddress): number {
    this.names.localAddress(into);
    return 0;
  }

  peerAddress(into: SocketAddress): number {
    return this.names.peerAddress(into);
  }

  // ---- sending ---------------------------------------------------------------------------------------------------------------------

  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const { first } = this.#queue;
    // What `peek` showed, sent on from where it lies.
    return this.sender.send(bytes, from, to, message, first?.bytes === bytes ? first : undefined);
  }

  reserve(count: number, views: Views): number {
    return this.sender.reserve(count, views);
  }

  commit(count: number): number {
    return this.sender.commit(count);
  }

  refusal(): number {
    if (this.error !== 0) return -this.takeError();
    return (this.#shutdown & 2) !== 0 ? -ERRNO.EPIPE : 0;
  }

  writable(): void {
    if (!this.#closed) this.#wake();
  }

  /** Where IP_RECVERR asks for it, the queue tells the MTU. */
  tooLong({ addresses, mtu }: Route, port: number): void {
    const { socket } = this;
    this.#context.errorQueues.local(socket, ERRNO.EMSGSIZE, mtu, addresses, DESTINATION, port, this.#queue.held);
    if (socket.errors !== undefined) this.#wake();
  }

  // ---- receiving -------------------------------------------------------------------------------------------------------------------

  receive(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const flags = message?.flags ?? 0;
    if (message !== undefined && (flags & MSG_ERRQUEUE) !== 0)
      return this.#context.errorQueues.read(this.socket, this, bytes, from, to, message);
    const packet = this.#first();
    if (typeof packet === 'number') return packet;
    const { head, tail } = packet;
    const length = tail - head;
    const count = Math.min(length, to - from);
    copyOctets(packet.bytes, head, head + count, bytes, from);
    if (message !== undefined) this.#describe(packet, message, count < length ? MSG_TRUNC : 0);
    if ((flags & MSG_PEEK) === 0) this.#read();
    return (flags & MSG_TRUNC) !== 0 ? length : count;
  }

  peek(views: Views, message?: Message): number {
    const packet = this.#first();
    if (typeof packet === 'number') return packet;
    if (message !== undefined) this.#describe(packet, message, 0);
    views.first = packet.bytes;
    views.firstAt = packet.head;
    views.firstLength = packet.tail - packet.head;
    views.second = NO_BYTES;
    views.secondAt = 0;
    views.secondLength = 0;
    return views.firstLength;
  }

  /** The datagram that `peek` showed is over, whatever `count` says. */
  consume(count: number): number {
    if (this.#queue.empty) return -ERRNO.EINVAL;
    this.#read();
    return count;
  }

  /**
   * An ICMP error about one of ours: RFC 1122 §4.1.3.3. As Linux: hard errors are told to a connected socket; IP_RECVERR asks for all of
   * them, connected or not.
   */
  networkError(error: InboundError): void {
    const { socket, names } = this;
    if (error.mtu > 0) names.way.tooBig(error.family, error.addresses, error.mtu);
    if (error.family === AF_INET ? socket.receiveErrors4 : socket.receiveErrors6) {
      const { errorQueues } = this.#context;
      errorQueues.network(socket, error, error.l4 + wire.HEADER_BYTES, wire.dstPort(error.packet.view, error.l4), this.#queue.held);
    } else if (!names.connected || !(error.fatal || error.mtu > 0)) return;
    this.error = error.errno;
    this.#wake();
  }

  // ---- the end ---------------------------------------------------------------------------------------------------------------------

  shutdown(how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -ERRNO.EINVAL;
    // Takes effect all the same: those that wait on an unconnected socket are woken, as on Linux.
    this.#shutdown |= how + 1;
    this.#wake();
    return this.names.connected ? 0 : -ERRNO.ENOTCONN;
  }

  close(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    this.names.close();
    this.#context.memberships.now?.closed(this.socket);
    while (!this.#queue.empty) this.#queue.shift();
    this.sender.close();
    this.socket.endpoint = undefined;
    return 0;
  }

  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  woken(): void {
    this.listener?.ready(this);
  }

  /** SO_BINDTODEVICE, SO_DONTROUTE, SO_MARK: another way may be meant from now on. */
  optionSet(): void {
    this.names.way.forget();
  }

  // ---- within ----------------------------------------------------------------------------------------------------------------------

  #wake(): void {
    this.#context.turns.wake(this);
  }

  /** A datagram for this socket. False: its buffer is full. */
  deliver(packet: Packet): boolean {
    if (!this.#queue.fits(packet, this.socket.receiveBuffer - (this.socket.errors?.held ?? 0))) return false;
    packet.pull(wire.HEADER_BYTES);
    this.#queue.push(packet.taken ? packet : packet.take());
    this.#wake();
    return true;
  }

  /** Who sent it, and what came with it. */
  #describe(packet: Packet, message: Message, resultFlags: number): void {
    this.names.write(message.address, packet.addresses, SOURCE, wire.srcPort(packet.view, packet.l4), packet.iface.index);
    message.hasAddress = true;
    message.resultFlags = resultFlags;
    if (message.wantsControls) this.#context.sockets.readControls(this.socket, packet, message.controls);
  }

  #first(): Packet | number {
    if (this.error !== 0) return -this.takeError();
    return this.#queue.first ?? -ERRNO.EAGAIN;
  }

  /** The oldest datagram has been read. */
  #read(): void {
    this.#queue.shift();
    this.#context.counters.inDatagrams++;
  }
}
