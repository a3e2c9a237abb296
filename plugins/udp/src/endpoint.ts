// A UDP socket's lower layer, with Linux's errnos.
import {
  type Counters,
  CSUM_PARTIAL,
  DESTINATION,
  ERRNO,
  type Packet,
  type Packets,
  SOURCE,
  type Turns,
  type WakeEntry,
} from '@protoloom/contracts';
import { type InboundError, type LocalPorts, type Route, type RouteQuery, type Routes, RTN_BROADCAST } from '@protoloom/contracts/ip';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  type Endpoint,
  IPPROTO_UDP,
  type Message,
  MSG_DONTROUTE,
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
  type Sockets,
  type Views,
} from '@protoloom/contracts/socket';
import { add, copyWords, equalWords, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import type { PortTable } from './ports.js';
import * as wire from './wire.js';

/** Longest payload: the length fields of UDP and of IPv4 have 16 bits. */
const MAX_PAYLOAD_BYTES = 65_507;
const NO_BYTES = new Uint8Array(0);

export interface UdpContext {
  readonly ports: PortTable;
  readonly routes: Routes;
  readonly localPorts: LocalPorts;
  readonly packets: Packets;
  readonly turns: Turns;
  readonly sockets: Sockets;
  readonly counters: Counters<typeof spec>;
  /** A uniform whole number below `bound`. */
  below(bound: number): number;
}

export class UdpEndpoint implements Endpoint, WakeEntry {
  readonly socket: SocketState;
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
  localPort = 0;
  remotePort = 0;
  connected = false;
  v6Only = false;
  listener: ReadinessListener | undefined = undefined;
  waking = false;
  readonly #context: UdpContext;
  /** Datagrams that wait, from `#at` on. */
  #queue: Packet[] = [];
  #at = 0;
  /** Memory of those. */
  #held = 0;
  #error = 0;
  #shutdown = 0;
  #closed = false;
  #boundAddress = false;
  readonly #query: RouteQuery;
  /** The way to the destination that was sent to last: an echo server asks once. */
  #route: Route | undefined = undefined;
  /** Where `reserve` lets a datagram be written. */
  #reserved: Packet | undefined = undefined;

  constructor(context: UdpContext, socket: SocketState) {
    this.#context = context;
    this.socket = socket;
    this.#query = context.routes.query();
    if (socket.family === AF_INET) {
      this.addresses[SOURCE + 2] = 0xffff;
      this.addresses[DESTINATION + 2] = 0xffff;
    }
  }

  get readiness(): number {
    let bits = this.#error !== 0 ? POLLERR : 0;
    if (this.#at < this.#queue.length) bits |= POLLIN;
    if ((this.#shutdown & 1) !== 0) bits |= POLLIN | POLLRDHUP;
    if (this.#shutdown === 3) bits |= POLLHUP;
    return bits | POLLOUT;
  }

  // ---- names -----------------------------------------------------------------------------------------------------------------------

  bind(address: SocketAddress): number {
    if (this.localPort !== 0) return -ERRNO.EINVAL;
    const family = this.#familyOf(address);
    if (family < 0) return family;
    const { routes } = this.#context;
    const any = isUnspecifiedWords(address.words, 0);
    if (!any && !routes.isLocal(family, address.words, 0) && routes.inputType(family, address.words, 0) === 1) return -ERRNO.EADDRNOTAVAIL;
    const words = this.addresses.slice(SOURCE, SOURCE + 4);
    if (!any || isMappedWords(address.words, 0)) copyWords(address.words, 0, words, 0);
    const port = address.port === 0 ? this.#choose(words) : address.port;
    if (port === 0 || (address.port !== 0 && this.#context.ports.conflicts(this, words, port))) return -ERRNO.EADDRINUSE;
    copyWords(words, 0, this.addresses, SOURCE);
    this.#boundAddress = !any;
    this.#take(port);
    return 0;
  }

  /** Remembers the peer; nothing is sent. AF_UNSPEC forgets it. */
  connect(address: SocketAddress): number {
    const { ports } = this.#context;
    if (address.family === AF_UNSPEC) {
      this.#disconnect();
      return 0;
    }
    const family = this.#familyOf(address);
    if (family < 0) return family;
    if (this.localPort === 0) {
      const port = this.#choose(this.addresses.subarray(SOURCE, SOURCE + 4));
      if (port === 0) return -ERRNO.EAGAIN;
      this.#take(port);
    }
    const route = this.#resolve(family, address, false);
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.socket.broadcast) return -ERRNO.EACCES;
    this.#disconnect();
    if (isUnspecifiedWords(this.addresses, SOURCE)) copyWords(route.addresses, SOURCE, this.addresses, SOURCE);
    copyWords(route.addresses, DESTINATION, this.addresses, DESTINATION);
    this.remotePort = address.port;
    this.connected = true;
    this.#route = route;
    ports.connect(this);
    return 0;
  }

  listen(): number {
    return -ERRNO.EOPNOTSUPP;
  }
  accept(): number {
    return -ERRNO.EOPNOTSUPP;
  }

  localAddress(into: SocketAddress): number {
    this.#write(into, this.addresses, SOURCE, this.localPort);
    return 0;
  }

  peerAddress(into: SocketAddress): number {
    if (!this.connected) return -ERRNO.ENOTCONN;
    this.#write(into, this.addresses, DESTINATION, this.remotePort);
    return 0;
  }

  // ---- sending ---------------------------------------------------------------------------------------------------------------------

  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const route = this.#toSend(to - from, message);
    if (typeof route === 'number') return route;
    const { packets } = this.#context;
    const count = to - from;
    // One copy now leaves the caller's octets alone however the packet waits; long ones hang behind by reference until then.
    const packet = packets.make(count);
    packet.bytes.set(bytes.subarray(from, to), packet.put(count));
    const result = this.#transmit(packet, route, message);
    packets.done(packet);
    return result < 0 ? result : count;
  }

  reserve(count: number, views: Views): number {
    const { packets } = this.#context;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if (!this.connected) return -ERRNO.EDESTADDRREQ;
    if (this.#reserved !== undefined) packets.done(this.#reserved);
    const packet = packets.make(count);
    this.#reserved = packet;
    views.first = packet.bytes;
    views.firstAt = packet.put(count);
    views.firstLength = count;
    views.secondLength = 0;
    return count;
  }

  commit(count: number): number {
    const packet = this.#reserved;
    if (packet === undefined) return -ERRNO.EINVAL;
    this.#reserved = undefined;
    packet.trim(count);
    const route = this.#toSend(count, undefined);
    const result = typeof route === 'number' ? route : this.#transmit(packet, route, undefined);
    this.#context.packets.done(packet);
    return result < 0 ? result : count;
  }

  // ---- receiving -------------------------------------------------------------------------------------------------------------------

  receive(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const packet = this.#first();
    if (typeof packet === 'number') return packet;
    const flags = message?.flags ?? 0;
    const { head, tail } = packet;
    const length = tail - head;
    const count = Math.min(length, to - from);
    bytes.set(packet.bytes.subarray(head, head + count), from);
    if (message !== undefined) {
      this.#write(message.address, packet.addresses, SOURCE, wire.srcPort(packet.view, packet.l4));
      message.hasAddress = true;
      message.resultFlags = count < length ? MSG_TRUNC : 0;
      if (message.wantsControls) this.#context.sockets.readControls(this.socket, packet, message.controls);
    }
    if ((flags & MSG_PEEK) === 0) this.#end();
    return (flags & MSG_TRUNC) !== 0 ? length : count;
  }

  peek(views: Views): number {
    const packet = this.#first();
    if (typeof packet === 'number') return packet;
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
    if (this.#at >= this.#queue.length) return -ERRNO.EINVAL;
    this.#end();
    return count;
  }

  /** An ICMP error about one of ours. As Linux: an unconnected socket hears only of what IP_RECVERR would queue, which is nothing here. */
  networkError(error: InboundError): void {
    if (error.mtu > 0) this.#route?.reduceMtu(error.mtu);
    if (!this.connected || (!error.fatal && error.mtu === 0)) return;
    // Soft errors stay silent on a connected socket too, unless they are told to it (RFC 1122 §4.1.3.3).
    if (error.mtu > 0) return;
    this.#error = error.errno;
    this.#wake();
  }

  // ---- the end ---------------------------------------------------------------------------------------------------------------------

  shutdown(how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -ERRNO.EINVAL;
    if (!this.connected) return -ERRNO.ENOTCONN;
    this.#shutdown |= how + 1;
    this.#wake();
    return 0;
  }

  close(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    this.#disconnect();
    if (this.localPort !== 0) this.#context.ports.remove(this);
    while (this.#at < this.#queue.length) this.#end();
    if (this.#reserved !== undefined) this.#context.packets.done(this.#reserved);
    this.#reserved = undefined;
    this.socket.endpoint = undefined;
    return 0;
  }

  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  woken(): void {
    this.listener?.ready(this);
  }

  // ---- within ----------------------------------------------------------------------------------------------------------------------

  #wake(): void {
    this.#context.turns.wake(this);
  }

  /** A datagram for this socket. False: its buffer is full. */
  deliver(packet: Packet): boolean {
    // Charged by memory held, as Linux's truesize; one datagram always fits.
    if (this.#held > 0 && this.#held + packet.memory > this.socket.receiveBuffer) return false;
    packet.pull(wire.HEADER_BYTES);
    if (!packet.taken) packet.take();
    this.#held += packet.memory;
    this.#queue.push(packet);
    this.#context.counters.inDatagrams++;
    this.#wake();
    return true;
  }

  #first(): Packet | number {
    if (this.#error !== 0) return -this.takeError();
    const packet = this.#queue[this.#at];
    if (packet !== undefined) return packet;
    return (this.#shutdown & 1) !== 0 ? 0 : -ERRNO.EAGAIN;
  }

  /** The oldest datagram is over. */
  #end(): void {
    const packet = this.#queue[this.#at++] as Packet;
    this.#held -= packet.memory;
    packet.release();
    if (this.#at === this.#queue.length) {
      this.#queue.length = 0;
      this.#at = 0;
    } else if (this.#at > 64 && this.#at * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#at);
      this.#at = 0;
    }
  }

  /** The way for a datagram, or why there is none. */
  #toSend(count: number, message: Message | undefined): Route | number {
    if (this.#error !== 0) return -this.takeError();
    if ((this.#shutdown & 2) !== 0) return -ERRNO.EPIPE;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if (this.localPort === 0) {
      const port = this.#choose(this.addresses.subarray(SOURCE, SOURCE + 4));
      if (port === 0) return -ERRNO.EAGAIN;
      this.#take(port);
    }
    let route: Route | number | undefined = this.#route;
    if (message?.hasAddress !== true) {
      if (!this.connected) return -ERRNO.EDESTADDRREQ;
      if (route === undefined || !route.valid || !equalWords(route.addresses, DESTINATION, this.addresses, DESTINATION))
        route = this.#again();
    } else {
      const { address } = message;
      if (address.port === 0) return -ERRNO.EINVAL;
      const onLink = (message.flags & MSG_DONTROUTE) !== 0;
      if (route === undefined || !route.valid || onLink || !equalWords(route.addresses, DESTINATION, address.words, 0)) {
        const family = this.#familyOf(address);
        if (family < 0) return family;
        route = this.#resolve(family, address, onLink);
      }
    }
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.socket.broadcast) return -ERRNO.EACCES;
    this.#route = route;
    return route;
  }

  #transmit(packet: Packet, route: Route, message: Message | undefined): number {
    const { counters, sockets } = this.#context;
    const { socket } = this;
    if (message !== undefined && message.controls.length > 0) {
      const result = sockets.writeControls(socket, packet, message.controls);
      if (result < 0) return result;
    }
    const at = packet.push(wire.HEADER_BYTES);
    const bytes = packet.tail - at;
    const remotePort = message?.hasAddress === true ? message.address.port : this.remotePort;
    wire.writeHeader(packet.view, at, this.localPort, remotePort, bytes);
    packet.view.setUint16(at + wire.CHECKSUM_OFFSET, add(route.pseudoSum, IPPROTO_UDP + bytes));
    packet.l4 = at;
    packet.csum = CSUM_PARTIAL;
    packet.csumStart = at;
    packet.csumOffset = wire.CHECKSUM_OFFSET;
    packet.socket = socket;
    packet.mark = socket.mark;
    packet.priority = socket.priority;
    const result = route.output(packet, IPPROTO_UDP);
    if (result < 0) return result;
    counters.outDatagrams++;
    return 0;
  }

  /** The connected peer, after routes have changed. */
  #again(): Route | number {
    const query = this.#query;
    query.family = isMappedWords(this.addresses, DESTINATION) ? AF_INET : AF_INET6;
    query.addresses.set(this.addresses);
    return this.#ask(query, false);
  }

  #resolve(family: number, address: SocketAddress, onLink: boolean): Route | number {
    const query = this.#query;
    query.family = family;
    if (this.#boundAddress) copyWords(this.addresses, SOURCE, query.addresses, SOURCE);
    else query.addresses.fill(0, SOURCE, SOURCE + 4);
    copyWords(address.words, 0, query.addresses, DESTINATION);
    if (family === AF_INET) query.addresses[DESTINATION + 2] = 0xffff;
    // 0.0.0.0 and :: are this host: RFC 1122 §3.2.1.3, as BSD and Linux read it.
    if (isUnspecifiedWords(query.addresses, DESTINATION)) query.addresses[DESTINATION + 3] = family === AF_INET ? 0x7f00_0001 : 1;
    if (address.scope !== 0 && this.socket.boundInterface === 0) query.iface = address.scope;
    return this.#ask(query, onLink);
  }

  #ask(query: RouteQuery, onLink: boolean): Route | number {
    const { socket } = this;
    query.iface = socket.boundInterface || query.iface;
    query.mark = socket.mark;
    query.onLink = onLink || socket.dontRoute;
    const route = this.#context.routes.resolve(query);
    query.iface = 0;
    return route;
  }

  #disconnect(): void {
    if (!this.connected) return;
    this.#context.ports.disconnect(this);
    this.connected = false;
    this.remotePort = 0;
    this.#route = undefined;
    this.addresses.fill(0, DESTINATION);
    if (!this.#boundAddress) this.addresses.fill(0, SOURCE, SOURCE + 4);
    if (this.socket.family === AF_INET) {
      this.addresses[SOURCE + 2] = 0xffff;
      this.addresses[DESTINATION + 2] = 0xffff;
    }
  }

  #take(port: number): void {
    this.localPort = port;
    this.#context.ports.add(this);
  }

  /** An ephemeral port at random (RFC 6056 §3.3.1), 0: none is free. */
  #choose(words: Int32Array): number {
    const { localPorts, ports, below } = this.#context;
    const { low, high } = localPorts;
    const count = high - low + 1;
    const start = below(count);
    for (let i = 0; i < count; i++) {
      const port = low + ((start + i) % count);
      if (!localPorts.isReserved(port) && !ports.conflicts(this, words, port)) return port;
    }
    return 0;
  }

  #write(into: SocketAddress, words: Int32Array, at: number, port: number): void {
    into.family = this.socket.family;
    copyWords(words, at, into.words, 0);
    into.port = port;
    into.scope = 0;
    into.flowLabel = 0;
  }

  /** The network family of an address on this socket; a mapped one on an INET6 socket is AF_INET's. */
  #familyOf({ family, words }: SocketAddress): number {
    const { family: own } = this.socket;
    if (own === AF_INET)
      return family === AF_INET || (family === AF_UNSPEC && isUnspecifiedWords(words, 0)) ? AF_INET : -ERRNO.EAFNOSUPPORT;
    if (family !== AF_INET6) return -ERRNO.EAFNOSUPPORT;
    if (!isMappedWords(words, 0)) return AF_INET6;
    return this.v6Only ? -ERRNO.ENETUNREACH : AF_INET;
  }
}
