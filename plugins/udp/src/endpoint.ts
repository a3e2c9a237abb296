// A UDP socket's lower layer, with Linux's errnos.
import {
  type Cell,
  type Counters,
  CSUM_NONE,
  CSUM_PARTIAL,
  DESTINATION,
  ERRNO,
  type Packet,
  type PacketOwner,
  type Packets,
  SOURCE,
  type Turns,
  type WakeEntry,
} from '@protoloom/contracts';
import {
  type ErrorQueues,
  type InboundError,
  type LocalPorts,
  type Route,
  type Routes,
  RTN_BROADCAST,
  RTN_MULTICAST,
} from '@protoloom/contracts/ip';
import type { Memberships } from '@protoloom/contracts/multicast';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  type Endpoint,
  IPPROTO_UDP,
  type Message,
  MSG_DONTROUTE,
  MSG_ERRQUEUE,
  MSG_OOB,
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
import { GSO_UDP } from '@protoloom/contracts/udp';
import { add, copyOctets, copyWords, isLinkLocalWords, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import type { PortTable } from './ports.js';
import { ReceiveQueue } from './receive-queue.js';
import { familyOf, Way } from './way.js';
import * as wire from './wire.js';

/** Longest payload: the length field of UDP has 16 bits; IPv4's counts its own header as well. */
const MAX_PAYLOAD_BYTES = 65_527;
const MAX_PAYLOAD_BYTES_IP4 = 65_507;
/** UDP_MAX_SEGMENTS. */
const MAX_SEGMENTS = 128;
const NO_BYTES = new Uint8Array(0);
export interface UdpContext {
  readonly ports: PortTable;
  readonly routes: Routes;
  readonly localPorts: LocalPorts;
  readonly errorQueues: ErrorQueues;
  readonly packets: Packets;
  readonly turns: Turns;
  readonly sockets: Sockets;
  readonly memberships: Cell<Memberships>;
  readonly counters: Counters<typeof spec>;
  /** A uniform whole number below `bound`. */
  below(bound: number): number;
}

export class UdpEndpoint implements Endpoint, WakeEntry, PacketOwner {
  readonly socket: SocketState;
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
  localPort = 0;
  remotePort = 0;
  connected = false;
  v6Only = false;
  listener: ReadinessListener | undefined = undefined;
  waking = false;
  /** The address at SOURCE is our own, and datagrams leave from it: not so while it is a group's that is listened to, or none. */
  ownSource = false;
  /** UDP_NO_CHECK6_RX and UDP_NO_CHECK6_TX. */
  takesNoChecksum = false;
  sendsNoChecksum = false;
  /** UDP_SEGMENT: payload bytes of each datagram that a longer write is cut into, 0: off. */
  segmentBytes = 0;
  readonly #context: UdpContext;
  readonly #queue = new ReceiveQueue();
  /** Memory of what was sent and is not gone yet, bytes. */
  #unsent = 0;
  /** SO_ERROR. */
  error = 0;
  #shutdown = 0;
  #closed = false;
  /** bind() was given the address, the port: disconnecting leaves them (SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK). */
  #boundAddress = false;
  #boundPort = false;
  /** The peer's sin6_scope_id. */
  #peerScope = 0;
  readonly #way: Way;
  /** Where `reserve` lets a datagram be written. */
  #reserved: Packet | undefined = undefined;

  constructor(context: UdpContext, socket: SocketState) {
    this.#context = context;
    this.socket = socket;
    this.#way = new Way(context, this);
    this.#clear(SOURCE);
    this.#clear(DESTINATION);
  }

  get readiness(): number {
    let bits = this.error !== 0 || this.socket.errors !== undefined ? POLLERR : 0;
    if (!this.#queue.empty) bits |= POLLIN;
    if ((this.#shutdown & 1) !== 0) bits |= POLLIN | POLLRDHUP;
    if (this.#shutdown === 3) bits |= POLLHUP;
    return this.#writable ? bits | POLLOUT : bits;
  }

  /** Linux's sock_writeable. */
  get #writable(): boolean {
    return this.#unsent * 2 < this.socket.sendBuffer;
  }

  // ---- names -----------------------------------------------------------------------------------------------------------------------

  bind(address: SocketAddress): number {
    if (this.localPort !== 0) return -ERRNO.EINVAL;
    const family = familyOf(this, address);
    if (family < 0) return family;
    const { routes } = this.#context;
    const any = isUnspecifiedWords(address.words, 0);
    const own = !any && routes.isLocal(family, address.words, 0);
    if (!any && !own) {
      const type = routes.inputType(family, address.words, 0);
      if (type !== RTN_MULTICAST && type !== RTN_BROADCAST) return -ERRNO.EADDRNOTAVAIL;
    }
    const words = this.addresses.slice(SOURCE, SOURCE + 4);
    if (!any || isMappedWords(address.words, 0)) copyWords(address.words, 0, words, 0);
    const port = address.port === 0 ? this.#choose(words) : address.port;
    if (port === 0 || (address.port !== 0 && this.#context.ports.conflicts(this, words, port))) return -ERRNO.EADDRINUSE;
    copyWords(words, 0, this.addresses, SOURCE);
    this.#boundAddress = !any;
    this.#boundPort = address.port !== 0;
    this.ownSource = own;
    this.#take(port);
    return 0;
  }

  /** Remembers the peer; nothing is sent. AF_UNSPEC forgets it. A source that was chosen for one peer stays for the next, as on Linux. */
  connect(address: SocketAddress): number {
    const { ports } = this.#context;
    if (address.family === AF_UNSPEC) {
      this.#disconnect();
      return 0;
    }
    const bound = this.#bindSelf();
    if (bound < 0) return bound;
    const family = familyOf(this, address);
    if (family < 0) return family;
    const route = this.#way.to(family, address.words, 0, address.scope, false);
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.socket.broadcast) return -ERRNO.EACCES;
    if (this.connected) ports.disconnect(this);
    if (isUnspecifiedWords(this.addresses, SOURCE)) {
      copyWords(route.addresses, SOURCE, this.addresses, SOURCE);
      this.ownSource = true;
    }
    copyWords(route.addresses, DESTINATION, this.addresses, DESTINATION);
    this.remotePort = address.port;
    this.connected = true;
    this.#peerScope = address.scope;
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
    this.#write(into, this.addresses, SOURCE, this.localPort, this.#peerScope || this.socket.boundInterface);
    return 0;
  }

  peerAddress(into: SocketAddress): number {
    if (!this.connected) return -ERRNO.ENOTCONN;
    this.#write(into, this.addresses, DESTINATION, this.remotePort, this.#peerScope || this.socket.boundInterface);
    return 0;
  }

  // ---- sending ---------------------------------------------------------------------------------------------------------------------

  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number {
    const count = to - from;
    const route = this.#toSend(count, message);
    if (typeof route === 'number') return route;
    const { packets } = this.#context;
    const packet = packets.make(count);
    copyOctets(bytes, from, to, packet.bytes, packet.put(count));
    const result = this.#transmit(packet, route, message);
    packets.done(packet);
    return result < 0 ? result : count;
  }

  reserve(count: number, views: Views): number {
    const { packets } = this.#context;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if (!this.connected) return -ERRNO.EDESTADDRREQ;
    if (this.#unsent >= this.socket.sendBuffer) return this.#full();
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
    if (packet === undefined || count > packet.length) return -ERRNO.EINVAL;
    this.#reserved = undefined;
    packet.trim(count);
    const route = this.#toSend(count, undefined);
    const result = typeof route === 'number' ? route : this.#transmit(packet, route, undefined);
    this.#context.packets.done(packet);
    return result < 0 ? result : count;
  }

  /** A datagram of ours has left, or was dropped. */
  packetReleased(bytes: number): void {
    const writable = this.#writable;
    this.#unsent -= bytes;
    if (!writable && this.#writable && !this.#closed) this.#wake();
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
    if (message !== undefined) {
      this.#write(message.address, packet.addresses, SOURCE, wire.srcPort(packet.view, packet.l4), packet.iface.index);
      message.hasAddress = true;
      message.resultFlags = count < length ? MSG_TRUNC : 0;
      if (message.wantsControls) this.#context.sockets.readControls(this.socket, packet, message.controls);
    }
    if ((flags & MSG_PEEK) === 0) this.#read();
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
    if (this.#queue.empty) return -ERRNO.EINVAL;
    this.#read();
    return count;
  }

  /**
   * An ICMP error about one of ours: RFC 1122 §4.1.3.3. As Linux: hard errors are told to a connected socket; IP_RECVERR asks for all of
   * them, connected or not.
   */
  networkError(error: InboundError): void {
    if (error.mtu > 0) this.#way.tooBig(error.family, error.addresses, error.mtu);
    const { socket } = this;
    if (error.family === AF_INET ? socket.receiveErrors4 : socket.receiveErrors6) {
      const { errorQueues } = this.#context;
      errorQueues.network(socket, error, error.l4 + wire.HEADER_BYTES, wire.dstPort(error.packet.view, error.l4), this.#queue.held);
    } else if (!this.connected || !(error.fatal || error.mtu > 0)) return;
    this.error = error.errno;
    this.#wake();
  }

  // ---- the end ---------------------------------------------------------------------------------------------------------------------

  shutdown(how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -ERRNO.EINVAL;
    // Takes effect all the same: those that wait on an unconnected socket are woken, as on Linux.
    this.#shutdown |= how + 1;
    this.#wake();
    return this.connected ? 0 : -ERRNO.ENOTCONN;
  }

  close(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    const { ports } = this.#context;
    if (this.connected) ports.disconnect(this);
    this.connected = false;
    if (this.localPort !== 0) ports.remove(this);
    this.#context.memberships.now?.closed(this.socket);
    while (!this.#queue.empty) this.#queue.shift();
    if (this.#reserved !== undefined) this.#context.packets.done(this.#reserved);
    this.#reserved = undefined;
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
    this.#way.forget();
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

  #first(): Packet | number {
    if (this.error !== 0) return -this.takeError();
    return this.#queue.first ?? -ERRNO.EAGAIN;
  }

  /** The oldest datagram has been read. */
  #read(): void {
    this.#queue.shift();
    this.#context.counters.inDatagrams++;
  }

  #full(): number {
    this.#context.counters.sndbufErrors++;
    return -ERRNO.EAGAIN;
  }

  /** The way for a datagram, or why there is none. */
  #toSend(count: number, message: Message | undefined): Route | number {
    const bound = this.#bindSelf();
    if (bound < 0) return bound;
    const flags = message?.flags ?? 0;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if ((flags & MSG_OOB) !== 0) return -ERRNO.EOPNOTSUPP;
    const route = this.#to(message, (flags & MSG_DONTROUTE) !== 0);
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.socket.broadcast) return -ERRNO.EACCES;
    if (count > MAX_PAYLOAD_BYTES_IP4 && isMappedWords(route.addresses, DESTINATION)) return -ERRNO.EMSGSIZE;
    if (this.error !== 0) return -this.takeError();
    if ((this.#shutdown & 2) !== 0) return -ERRNO.EPIPE;
    return this.#unsent >= this.socket.sendBuffer ? this.#full() : route;
  }

  /** To the message's address, or to the peer: as last time, where nothing has changed. */
  #to(message: Message | undefined, onLink: boolean): Route | number {
    const { addresses } = this;
    if (message?.hasAddress !== true) {
      if (!this.connected) return -ERRNO.EDESTADDRREQ;
      const known = onLink ? undefined : this.#way.known(addresses, DESTINATION, this.#peerScope);
      if (known !== undefined) return known;
      const family = isMappedWords(addresses, DESTINATION) ? AF_INET : AF_INET6;
      return this.#way.to(family, addresses, DESTINATION, this.#peerScope, onLink);
    }
    const { address } = message;
    if (address.port === 0) return -ERRNO.EINVAL;
    const known = onLink ? undefined : this.#way.known(address.words, 0, address.scope);
    if (known !== undefined) return known;
    const family = familyOf(this, address);
    return family < 0 ? family : this.#way.to(family, address.words, 0, address.scope, onLink);
  }

  #transmit(packet: Packet, route: Route, message: Message | undefined): number {
    const { counters, sockets } = this.#context;
    const { socket } = this;
    packet.gsoSize = this.segmentBytes;
    if (message !== undefined && message.controls.length > 0) {
      const result = sockets.writeControls(socket, packet, message.controls);
      if (result < 0) return result;
    }
    const unsummed = this.sendsNoChecksum && route.family === AF_INET6;
    const payload = packet.length;
    if (packet.gsoSize > 0 && payload > packet.gsoSize) {
      if (route.headerBytes + wire.HEADER_BYTES + packet.gsoSize > route.mtu || unsummed) return -ERRNO.EINVAL;
      if (payload > packet.gsoSize * MAX_SEGMENTS) return -ERRNO.EINVAL;
      packet.gsoKind = GSO_UDP;
      packet.gsoSegments = Math.ceil(payload / packet.gsoSize);
    } else packet.gsoSize = 0;
    const at = packet.push(wire.HEADER_BYTES);
    const bytes = packet.tail - at;
    const remotePort = message?.hasAddress === true ? message.address.port : this.remotePort;
    wire.writeHeader(packet.view, at, this.localPort, remotePort, bytes);
    packet.l4 = at;
    packet.csum = unsummed ? CSUM_NONE : CSUM_PARTIAL;
    if (!unsummed) {
      packet.view.setUint16(at + wire.CHECKSUM_OFFSET, add(route.pseudoSum, IPPROTO_UDP + bytes));
      packet.csumStart = at;
      packet.csumOffset = wire.CHECKSUM_OFFSET;
    }
    packet.socket = socket;
    packet.mark = socket.mark;
    packet.priority = socket.priority;
    packet.owner = this;
    packet.charge = packet.memory;
    this.#unsent += packet.charge;
    const result = route.output(packet, IPPROTO_UDP);
    if (result === -ERRNO.EMSGSIZE) this.#tooLong(route);
    if (result < 0) return result;
    counters.outDatagrams++;
    return 0;
  }

  /** A datagram that must not be fragmented does not fit: where IP_RECVERR asks for it, the queue tells the MTU. */
  #tooLong({ addresses, mtu }: Route): void {
    const { socket } = this;
    this.#context.errorQueues.local(socket, ERRNO.EMSGSIZE, mtu, addresses, DESTINATION, this.remotePort, this.#queue.held);
    if (socket.errors !== undefined) this.#wake();
  }

  /** connect(AF_UNSPEC), as Linux's __udp_disconnect: what bind() gave stays, what was chosen goes, and so does SO_BINDTODEVICE. */
  #disconnect(): void {
    const { ports } = this.#context;
    if (this.connected) ports.disconnect(this);
    this.connected = false;
    this.remotePort = 0;
    this.#peerScope = 0;
    this.#way.forget();
    this.socket.boundInterface = 0;
    this.#clear(DESTINATION);
    if (!this.#boundAddress) {
      this.#clear(SOURCE);
      this.ownSource = false;
    }
    if (this.#boundPort || this.localPort === 0) return;
    ports.remove(this);
    this.localPort = 0;
  }

  /** Any address of the socket's own family. */
  #clear(at: number): void {
    this.addresses.fill(0, at, at + 4);
    if (this.socket.family === AF_INET) this.addresses[at + 2] = 0xffff;
  }

  /** A port where the socket has none yet. 0, or -EAGAIN where none is free. */
  #bindSelf(): number {
    if (this.localPort !== 0) return 0;
    const port = this.#choose(this.addresses.subarray(SOURCE, SOURCE + 4));
    if (port === 0) return -ERRNO.EAGAIN;
    this.#take(port);
    return 0;
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

  #write(into: SocketAddress, words: Int32Array, at: number, port: number, iface: number): void {
    into.family = this.socket.family;
    copyWords(words, at, into.words, 0);
    into.port = port;
    into.scope = !isMappedWords(words, at) && isLinkLocalWords(words, at) ? iface : 0;
    into.flowLabel = 0;
  }
}
