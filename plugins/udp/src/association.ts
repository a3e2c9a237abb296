// Who a socket talks to: its own address and port, and its peer's. RFC 768, RFC 1122 §4.1.3.5, with Linux's rules for bind and connect.
import { DESTINATION, ERRNO, SOURCE } from '@protoloom/contracts';
import type { LocalPorts, Route, Routes, SocketNames } from '@protoloom/contracts/ip';
import { RTN_BROADCAST, RTN_MULTICAST, RTN_UNSPEC } from '@protoloom/contracts/ip';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  type Message,
  type SocketAddress,
  type SocketState,
  type Sockets,
} from '@protoloom/contracts/socket';
import { copyWords, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { UdpEndpoint } from './endpoint.js';
import type { PortTable } from './ports.js';
import { Way } from './way.js';

export interface AssociationContext {
  readonly ports: PortTable;
  readonly routes: Routes;
  readonly names: SocketNames;
  readonly localPorts: LocalPorts;
  readonly sockets: Sockets;
  /** A uniform whole number below `bound`. */
  below(bound: number): number;
}

export class Association {
  readonly socket: SocketState;
  /** Ours at SOURCE, the peer's at DESTINATION. */
  readonly addresses = new Int32Array(8);
  localPort = 0;
  remotePort = 0;
  connected = false;
  /** The address at SOURCE is our own, and datagrams leave from it: not so while it is a group's that is listened to, or none. */
  ownSource = false;
  readonly way: Way;
  readonly #context: AssociationContext;
  readonly #endpoint: UdpEndpoint;
  /** bind() was given the address, the port: disconnecting leaves them (SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK). */
  boundAddress = false;
  #boundPort = false;
  /** The peer's sin6_flowinfo. */
  #peerFlowLabel = 0;

  constructor(context: AssociationContext, endpoint: UdpEndpoint, socket: SocketState) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.socket = socket;
    this.way = new Way(context, this);
    this.#clear(SOURCE);
    this.#clear(DESTINATION);
  }

  bind(address: SocketAddress): number {
    if (this.localPort !== 0) return -ERRNO.EINVAL;
    const { names, ports } = this.#context;
    const type = names.bind(this.socket, address);
    if (type < 0) return type;
    const words = this.addresses.slice(SOURCE, SOURCE + 4);
    if (type !== RTN_UNSPEC || isMappedWords(address.words, 0)) copyWords(address.words, 0, words, 0);
    const port = address.port === 0 ? this.#choose(words) : address.port;
    if (port === 0 || (address.port !== 0 && ports.conflicts(this, words, port))) return -ERRNO.EADDRINUSE;
    copyWords(words, 0, this.addresses, SOURCE);
    this.boundAddress = type !== RTN_UNSPEC;
    this.#boundPort = address.port !== 0;
    this.ownSource = type !== RTN_UNSPEC && type !== RTN_MULTICAST && type !== RTN_BROADCAST;
    this.way.forget();
    this.#take(port);
    return 0;
  }

  /** Remembers the peer; nothing is sent. AF_UNSPEC forgets it. A source that was chosen for one peer stays for the next, as on Linux. */
  connect(address: SocketAddress): number {
    const { ports, names } = this.#context;
    if (address.family === AF_UNSPEC) {
      this.#disconnect();
      return 0;
    }
    const bound = this.bindSelf();
    if (bound < 0) return bound;
    const family = names.connect(this.socket, address);
    if (family < 0) return family;
    const route = this.way.to(family, address.words, 0, 0, false);
    if (typeof route === 'number') return route;
    if (route.type === RTN_BROADCAST && !this.socket.broadcast) return -ERRNO.EACCES;
    if (this.connected) ports.disconnect(this.#endpoint);
    if (isUnspecifiedWords(this.addresses, SOURCE)) {
      copyWords(route.addresses, SOURCE, this.addresses, SOURCE);
      this.ownSource = true;
    }
    copyWords(route.addresses, DESTINATION, this.addresses, DESTINATION);
    this.remotePort = address.port;
    this.connected = true;
    this.#peerFlowLabel = this.socket.sendsFlowLabel ? address.flowLabel : 0;
    ports.connect(this.#endpoint);
    return 0;
  }

  localAddress(into: SocketAddress): void {
    this.write(into, this.addresses, SOURCE, this.localPort, this.socket.boundInterface);
  }

  peerAddress(into: SocketAddress): number {
    if (!this.connected) return -ERRNO.ENOTCONN;
    this.write(into, this.addresses, DESTINATION, this.remotePort, this.socket.boundInterface);
    into.flowLabel = this.#peerFlowLabel;
    return 0;
  }

  /** Writes an address as the socket's family has them. @param zone index of the interface where it is a link's. */
  write(into: SocketAddress, words: Int32Array, at: number, port: number, zone: number): void {
    into.family = this.socket.family;
    copyWords(words, at, into.words, 0);
    into.port = port;
    into.scope = this.#context.names.zoneOf(words, at, zone);
    into.flowLabel = 0;
  }

  /** To the message's address, or to the peer: as last time, where nothing has changed; a negative errno where there is no way. */
  to(message: Message | undefined, onLink: boolean): Route | number {
    const { addresses, way } = this;
    if (message !== undefined && message.controls.length > 0) return this.#asked(message, onLink);
    if (message?.hasAddress !== true) {
      if (!this.connected) return -ERRNO.EDESTADDRREQ;
      const known = onLink ? undefined : way.known(addresses, DESTINATION, 0);
      if (known !== undefined) return known;
      const family = isMappedWords(addresses, DESTINATION) ? AF_INET : AF_INET6;
      return way.to(family, addresses, DESTINATION, 0, onLink);
    }
    const { address } = message;
    if (address.port === 0) return -ERRNO.EINVAL;
    const zone = this.#zoneOf(address);
    const known = onLink ? undefined : way.known(address.words, 0, zone);
    if (known !== undefined) return known;
    const family = this.#context.names.familyOf(this.socket, address);
    return family < 0 ? family : way.to(family, address.words, 0, zone, onLink);
  }

  /** The same, where control messages have a say. */
  #asked({ hasAddress, address, controls }: Message, onLink: boolean): Route | number {
    if (!hasAddress && !this.connected) return -ERRNO.EDESTADDRREQ;
    if (hasAddress && address.port === 0) return -ERRNO.EINVAL;
    const words = hasAddress ? address.words : this.addresses;
    const at = hasAddress ? 0 : DESTINATION;
    const mapped = isMappedWords(words, at);
    const family = hasAddress ? this.#context.names.familyOf(this.socket, address) : mapped ? AF_INET : AF_INET6;
    return family < 0 ? family : this.way.asked(family, words, at, hasAddress ? this.#zoneOf(address) : 0, onLink, controls);
  }

  /** An address with the zone that the socket is bound to has none of its own. */
  #zoneOf({ words, scope }: SocketAddress): number {
    return scope === 0 ? 0 : this.#context.names.zoneOf(words, 0, scope);
  }

  /** The flow label of a datagram, 0: by its flow. */
  flowLabel(message: Message | undefined): number {
    if (message?.hasAddress !== true) return this.#peerFlowLabel;
    return this.socket.sendsFlowLabel ? message.address.flowLabel : 0;
  }

  /** connect(AF_UNSPEC), as Linux's __udp_disconnect: what bind() gave stays, what was chosen goes, and so does SO_BINDTODEVICE. */
  #disconnect(): void {
    const { ports } = this.#context;
    if (this.connected) ports.disconnect(this.#endpoint);
    this.connected = false;
    this.remotePort = 0;
    this.#peerFlowLabel = 0;
    this.way.forget();
    this.socket.boundInterface = 0;
    this.#clear(DESTINATION);
    if (!this.boundAddress) {
      this.#clear(SOURCE);
      this.ownSource = false;
    }
    if (this.#boundPort || this.localPort === 0) return;
    ports.remove(this.#endpoint);
    this.localPort = 0;
  }

  close(): void {
    const { ports } = this.#context;
    if (this.connected) ports.disconnect(this.#endpoint);
    this.connected = false;
    if (this.localPort !== 0) ports.remove(this.#endpoint);
  }

  /** A port where the socket has none yet. 0, or -EAGAIN where none is free. */
  bindSelf(): number {
    if (this.localPort !== 0) return 0;
    const port = this.#choose(this.addresses.subarray(SOURCE, SOURCE + 4));
    if (port === 0) return -ERRNO.EAGAIN;
    this.#take(port);
    return 0;
  }

  /** Any address of the socket's own family. */
  #clear(at: number): void {
    this.addresses.fill(0, at, at + 4);
    if (this.socket.family === AF_INET) this.addresses[at + 2] = 0xffff;
  }

  #take(port: number): void {
    this.localPort = port;
    this.#context.ports.add(this.#endpoint);
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
}
