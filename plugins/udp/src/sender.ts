// Sending datagrams: RFC 768, RFC 1122 §4.1, in the order of Linux's udp_sendmsg.
import {
  type Counters,
  CSUM_NONE,
  CSUM_PARTIAL,
  DESTINATION,
  ERRNO,
  type Packet,
  type PacketOwner,
  type Packets,
} from '@protoloom/contracts';
import { type Route, RTN_BROADCAST } from '@protoloom/contracts/ip';
import {
  AF_INET6,
  IPPROTO_UDP,
  type Message,
  MSG_DONTROUTE,
  MSG_OOB,
  type SocketState,
  type Sockets,
  type Views,
} from '@protoloom/contracts/socket';
import { GSO_UDP } from '@protoloom/contracts/udp';
import { add, copyOctets, copyViewed, isMappedWords, type Octets } from '@protoloom/wire';
import type { Association } from './association.js';
import type { counters as spec } from './counters.js';
import * as wire from './wire.js';

/** Longest payload: the length field of UDP has 16 bits; IPv4's counts its own header as well. */
const MAX_PAYLOAD_BYTES = 65_527;
const MAX_PAYLOAD_BYTES_IP4 = 65_507;
/** UDP_MAX_SEGMENTS. */
const MAX_SEGMENTS = 128;

export interface SenderContext {
  readonly packets: Packets;
  readonly sockets: Sockets;
  readonly counters: Counters<typeof spec>;
}

/** What a socket does besides when it sends. */
export interface SenderHost {
  /** Why nothing may be sent: a negative errno, 0 where it may. */
  refusal(): number;
  /** There is room in the send buffer again. */
  writable(): void;
  /** A datagram that must not be fragmented does not fit. @param port where it was to go. */
  tooLong(route: Route, port: number): void;
}

export class Sender implements PacketOwner {
  readonly #context: SenderContext;
  readonly #host: SenderHost;
  readonly #socket: SocketState;
  readonly #names: Association;
  /** UDP_NO_CHECK6_TX. */
  sendsNoChecksum = false;
  /** UDP_SEGMENT: payload bytes of each datagram that a longer write is cut into, 0: off. */
  segmentBytes = 0;
  /** Memory of what was sent and is not gone yet, bytes. */
  #unsent = 0;
  /** Where `reserve` lets a datagram be written. */
  #reserved: Packet | undefined = undefined;

  constructor(context: SenderContext, host: SenderHost, names: Association) {
    this.#context = context;
    this.#host = host;
    this.#socket = names.socket;
    this.#names = names;
  }

  /** Linux's sock_writeable. */
  get isWritable(): boolean {
    return this.#unsent * 2 < this.#socket.sendBuffer;
  }

  /** @param viewed whose `bytes` they are, where somebody has a view of them: it is copied by words then. */
  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined, viewed: Octets | undefined): number {
    const count = to - from;
    const route = this.#toSend(count, message);
    if (typeof route === 'number') return route;
    const { packets } = this.#context;
    const packet = packets.make(count);
    const at = packet.put(count);
    if (viewed === undefined) copyOctets(bytes, from, to, packet.bytes, at);
    else copyViewed(viewed, from, to, packet, at);
    const result = this.#transmit(packet, route, message);
    packets.done(packet);
    return result < 0 ? result : count;
  }

  reserve(count: number, views: Views): number {
    const { packets } = this.#context;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if (!this.#names.connected) return -ERRNO.EDESTADDRREQ;
    if (this.#unsent >= this.#socket.sendBuffer) return this.#full();
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
    const wasWritable = this.isWritable;
    this.#unsent -= bytes;
    if (!wasWritable && this.isWritable) this.#host.writable();
  }

  close(): void {
    if (this.#reserved !== undefined) this.#context.packets.done(this.#reserved);
    this.#reserved = undefined;
  }

  #full(): number {
    this.#context.counters.sndbufErrors++;
    return -ERRNO.EAGAIN;
  }

  /** The way for a datagram, or why there is none. */
  #toSend(count: number, message: Message | undefined): Route | number {
    const bound = this.#names.bindSelf();
    if (bound < 0) return bound;
    const flags = message?.flags ?? 0;
    if (count > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    if ((flags & MSG_OOB) !== 0) return -ERRNO.EOPNOTSUPP;
    const route = this.#names.to(message, (flags & MSG_DONTROUTE) !== 0);
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.#socket.broadcast) return -ERRNO.EACCES;
    if (count > MAX_PAYLOAD_BYTES_IP4 && isMappedWords(route.addresses, DESTINATION)) return -ERRNO.EMSGSIZE;
    const refusal = this.#host.refusal();
    if (refusal < 0) return refusal;
    return this.#unsent >= this.#socket.sendBuffer ? this.#full() : route;
  }

  #transmit(packet: Packet, route: Route, message: Message | undefined): number {
    const { counters, sockets } = this.#context;
    const names = this.#names;
    const socket = this.#socket;
    packet.gsoSize = this.segmentBytes;
    packet.flowLabel = names.flowLabel(message);
    packet.family = route.family;
    if (message !== undefined && message.controls.length > 0) {
      const result = sockets.writeControls(socket, packet, message.controls);
      if (result < 0) return result;
    }
    const unsummed = this.sendsNoChecksum && route.family === AF_INET6;
    const cut = this.#cut(packet, route, unsummed);
    if (cut < 0) return cut;
    const at = packet.push(wire.HEADER_BYTES);
    const bytes = packet.tail - at;
    const remotePort = message?.hasAddress === true ? message.address.port : names.remotePort;
    wire.writeHeader(packet.view, at, names.localPort, remotePort, bytes);
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
    if (result === -ERRNO.EMSGSIZE) this.#host.tooLong(route, remotePort);
    if (result < 0) return result;
    counters.outDatagrams++;
    return 0;
  }

  /** UDP_SEGMENT: what is longer goes as a super-segment. 0, or -EINVAL. */
  #cut(packet: Packet, route: Route, unsummed: boolean): number {
    const { gsoSize, length } = packet;
    if (gsoSize === 0 || length <= gsoSize) {
      packet.gsoSize = 0;
      return 0;
    }
    if (route.headerBytes + wire.HEADER_BYTES + gsoSize > route.mtu || unsummed || length > gsoSize * MAX_SEGMENTS) return -ERRNO.EINVAL;
    packet.gsoKind = GSO_UDP;
    packet.gsoSegments = Math.ceil(length / gsoSize);
    return 0;
  }
}
