// Sockets, lower layer: endpoints, what a socket family supplies, options and control messages. Numbers are Linux's.
import type { RouteQuery } from './ip.js';
import type { Packet } from './packet.js';
import { type Attachment, attach } from './plugin.js';
import { mapPoint, service } from './token.js';

export * from './timestamping.js';

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_PACKET = 17;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_IGMP = 2;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_RAW = 255;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_DONTROUTE = 5;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_OOBINLINE = 10;
export const SO_PRIORITY = 12;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_RCVLOWAT = 18;
export const SO_SNDLOWAT = 19;
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;
export const SO_BINDTODEVICE = 25;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_MARK = 36;
export const SO_TIMESTAMPING = 37;
export const SCM_TIMESTAMPING = SO_TIMESTAMPING;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_MAX_PACING_RATE = 47;
export const SO_ZEROCOPY = 60;
export const SO_BINDTOIFINDEX = 62;

export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_DONTROUTE = 0x4;
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
/** connect(2) and send(2) in one, with the octets in the SYN where that is possible (RFC 7413). */
export const MSG_FASTOPEN = 0x2000_0000;
export const MSG_ZEROCOPY = 0x400_0000;

/** Where an error that was queued comes from. */
export const SO_EE_ORIGIN_NONE = 0;
export const SO_EE_ORIGIN_LOCAL = 1;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
export const SO_EE_ORIGIN_TIMESTAMPING = 4;
export const SO_EE_ORIGIN_ZEROCOPY = 5;
/** In `ee_info` of a notice of SO_TIMESTAMPING: what has happened to the packet. */
export const SCM_TSTAMP_SND = 0;
export const SCM_TSTAMP_SCHED = 1;
export const SCM_TSTAMP_ACK = 2;
/** In `ee_code` of a notice of MSG_ZEROCOPY: the octets were copied all the same. */
export const SO_EE_CODE_ZEROCOPY_COPIED = 1;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** Readiness bits: poll(2)'s. */
export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLRDHUP = 0x2000;

/** sockaddr_in and sockaddr_in6 in one record, which its owner fills and refills. */
export interface SocketAddress {
  family: number;
  /** Four words, IPv4 in its mapped form. */
  readonly words: Int32Array;
  port: number;
  /** sin6_scope_id: an interface's index, 0 for none. */
  scope: number;
  /** The flow label of sin6_flowinfo, 0 for none. */
  flowLabel: number;
}

/** An option's value: int options are numbers, struct options records or octets, as the option's owner says. */
export type OptionValue = number | string | Uint8Array | Readonly<Record<string, number | string | readonly string[]>>;

/** Linux's sock_extended_err: what IP_RECVERR and IPV6_RECVERR tell of an error. */
export interface ExtendedError {
  /** Positive errno. */
  readonly ee_errno: number;
  /** SO_EE_ORIGIN_*. */
  readonly ee_origin: number;
  /** ICMP's own. */
  readonly ee_type: number;
  readonly ee_code: number;
  /** Next hop's MTU with EMSGSIZE; pointer of a parameter problem. */
  readonly ee_info: number;
  readonly ee_data: number;
  /** SO_EE_OFFENDER: who reported it; undefined where nobody on the network did. */
  readonly offender: SocketAddress | undefined;
}

/** An error that waits for recvmsg(MSG_ERRQUEUE). */
export interface QueuedError {
  readonly error: ExtendedError;
  /** When what it tells of happened, µs since 1970-01-01 UTC: SO_TIMESTAMPING; undefined: nobody asked. */
  readonly atUs: number | undefined;
  /** Where the packet that it is about was sent; undefined: told of none. */
  readonly destination: SocketAddress | undefined;
  /** What is known of the packet. */
  readonly bytes: Uint8Array;
}

/** What waits for recvmsg(MSG_ERRQUEUE). */
export interface ErrorQueue {
  /** Oldest first; never empty. */
  readonly entries: QueuedError[];
  /** Memory that they take of the receive buffer, bytes. */
  held: number;
}

/** One control message (cmsg). */
export interface Control {
  readonly level: number;
  readonly type: number;
  readonly value: OptionValue | ExtendedError;
}

/** What accompanies octets in sendmsg and recvmsg: a record of the caller's, filled in place. */
export interface Message {
  /** Destination of a datagram, or where it came from. */
  readonly address: SocketAddress;
  /** On sending: whether `address` is given. On receiving: whether it was filled. */
  hasAddress: boolean;
  /** MSG_*, on sending and receiving. */
  flags: number;
  /** On receiving: MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE, MSG_EOR as they apply. */
  resultFlags: number;
  /** The control messages; on receiving filled only where `wantsControls`. */
  readonly controls: Control[];
  wantsControls: boolean;
}

/** An address of no family yet. */
export const newSocketAddress = (): SocketAddress => ({ family: AF_UNSPEC, words: new Int32Array(4), port: 0, scope: 0, flowLabel: 0 });

/** A message without flags, address or control messages. */
export const newMessage = (): Message => ({
  address: newSocketAddress(),
  hasAddress: false,
  flags: 0,
  resultFlags: 0,
  controls: [],
  wantsControls: false,
});

/** Up to two stretches of a ring. They end with the next call on the endpoint, or with the turn. */
export interface Views {
  first: Uint8Array;
  firstAt: number;
  firstLength: number;
  second: Uint8Array;
  secondAt: number;
  secondLength: number;
}

const NOTHING = new Uint8Array(0);

/** Views of nothing. */
export const newViews = (): Views => ({ first: NOTHING, firstAt: 0, firstLength: 0, second: NOTHING, secondAt: 0, secondLength: 0 });

/**
 * What a socket family supplies: synchronous and readiness-based, like a non-blocking descriptor. Each call answers at once a count (or
 * 0), or a negative errno; none throws, none returns a promise.
 */
export interface Endpoint {
  readonly socket: SocketState;
  /** SO_ACCEPTCONN; absent: it never listens. */
  readonly listening?: boolean;
  /** POLL* bits, now. */
  readonly readiness: number;
  /** sockatmark(3): the reader stands at the urgent octet. A stream's. */
  readonly atMark?: boolean;
  /** Called in the turn's wakeups, before its egress, after readiness has risen (edges may be merged; look at `readiness`). One listener: the facade. */
  listener: ReadinessListener | undefined;
  bind(address: SocketAddress): number;
  /**
   * 0, or -EINPROGRESS: POLLOUT or POLLHUP then tells that it is done, and the same call again how: 0, -EISCONN, or why not. AF_UNSPEC
   * dissolves a datagram's association.
   */
  connect(address: SocketAddress): number;
  listen(backlog: number): number;
  /** An endpoint whose `socket` has the listener's options, or -EAGAIN. */
  accept(): Endpoint | number;
  /** Sends `bytes[from..to)`. A stream may take fewer, and answers how many. */
  send(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number;
  /** Receives into `bytes[from..to)`. 0 from a stream is its end. */
  receive(bytes: Uint8Array, from: number, to: number, message: Message | undefined): number;
  /**
   * Shows what waits to be read without copying it; answers how much, 0 at the end of the stream, or -EAGAIN. A stream may show a part of it: all
   * to who asks again, and its reader is called again where it waits for more. A datagram fills `message` as `receive` does.
   */
  peek(views: Views, message?: Message): number;
  /** Ends reading of the first `count` octets of what `peek` showed (a datagram is consumed whole). */
  consume(count: number): number;
  /** Gives room of up to `count` octets to be written in place; answers how much there is, or -EAGAIN. */
  reserve(count: number, views: Views): number;
  /** Sends the first `count` octets of what `reserve` gave. */
  commit(count: number): number;
  shutdown(how: number): number;
  /**
   * Begins orderly release; the endpoint is not used again. 0, or -EINPROGRESS where SO_LINGER asks to wait: POLLHUP tells that the release
   * is over.
   */
  close(): number;
  localAddress(into: SocketAddress): number;
  peerAddress(into: SocketAddress): number;
  /** SO_ERROR: the pending error as a positive errno, cleared by the call; 0: none. */
  takeError(): number;
  /** setsockopt(2) has set an option of its `socket`, of whatever level: for what has to act on it. */
  optionSet?(level: number, name: number): void;
  /**
   * Where SOF_TIMESTAMPING_OPT_ID counts octets from: the first that is not acknowledged, or the next one to be written. Undefined: there
   * is no connection. A stream's.
   */
  timestampOrigin?(isWritten: boolean): number | undefined;
}

export interface ReadinessListener {
  ready(endpoint: Endpoint): void;
}

/** Options that every socket has (SOL_SOCKET), and slots in which plugins keep theirs. Each outgoing packet refers to it. */
export interface SocketState {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** Set by whoever opened it. */
  endpoint: Endpoint | undefined;
  reuseAddress: boolean;
  reusePort: boolean;
  broadcast: boolean;
  dontRoute: boolean;
  keepAlive: boolean;
  oobInline: boolean;
  /** -1: SO_LINGER off; else seconds. */
  linger: number;
  /** Bytes, as doubled by SO_SNDBUF and SO_RCVBUF. */
  sendBuffer: number;
  receiveBuffer: number;
  /** Set by SO_SNDBUF or SO_RCVBUF: autotuning keeps away. */
  sendBufferLocked: boolean;
  receiveBufferLocked: boolean;
  receiveLowWater: number;
  /** IP_RECVERR, IPV6_RECVERR: errors about packets of that family are told, each of them. */
  receiveErrors4: boolean;
  receiveErrors6: boolean;
  /** IPV6_V6ONLY: an INET6 socket is not for IPv4. */
  v6Only: boolean;
  /** IP_FREEBIND, IPV6_FREEBIND: it may be bound to an address that is nobody's here yet. */
  freeBind: boolean;
  /** IPV6_FLOWINFO_SEND: flow labels of the addresses that it sends to are meant. */
  sendsFlowLabel: boolean;
  /** SO_ZEROCOPY: MSG_ZEROCOPY is heard. */
  zeroCopy: boolean;
  /** SO_TIMESTAMPING: SOF_TIMESTAMPING_*, and where SOF_TIMESTAMPING_OPT_ID counts from. */
  timestamping: number;
  timestampOrigin: number;
  /** Identification of the next IPv4 datagram that nobody may fragment, as Linux's inet_id; -1: to be chosen. */
  nextId4: number;
  /** Errors to be read with MSG_ERRQUEUE; undefined while there are none: POLLERR holds otherwise. */
  errors: ErrorQueue | undefined;
  /** Index of the interface that it is bound to, 0: any. */
  boundInterface: number;
  mark: number;
  priority: number;
  /** Bytes per second; Infinity: none. */
  maxPacingRate: number;
  /** µs; 0: for ever. For the facade, which is what waits. */
  receiveTimeoutUs: number;
  sendTimeoutUs: number;
  slots: unknown[];
  /** A state of the same options for a socket that a listener begets. */
  inherit(): SocketState;
}

export interface AddressFamily {
  readonly name: string;
  /** A socket of the family was opened: what its options are at first. */
  opened?(socket: SocketState): undefined;
  /** Reads text without port into `into.words` (and `scope`). False: it is no address of this family. */
  parse(text: string, into: SocketAddress): boolean;
  /** Canonical text, without port. */
  format(address: SocketAddress): string;
}
/** Address families by AF_* number. Owned by the stack. */
export const ADDRESS_FAMILY = mapPoint<number, AddressFamily>('socket.address-family', 1);

/** Protocol of a socket type that serves every number (raw sockets). */
export const ANY_PROTOCOL = -1;

export interface SocketTypeKey {
  readonly families: readonly number[];
  /** SOCK_*. */
  readonly type: number;
  /** IPPROTO_*, or ANY_PROTOCOL. */
  readonly protocol: number;
  /** Serves protocol 0 of these families and this type. */
  readonly default?: boolean;
}
export interface SocketType {
  /** Opens an endpoint, or answers a negative errno. `socket` has family, type and protocol as they were resolved. */
  open(socket: SocketState): Endpoint | number;
}
/** What `socket()` looks up in: exact, then the default for protocol 0, then ANY_PROTOCOL. Owned by the stack. */
export const SOCKET_TYPE = mapPoint<SocketTypeKey, SocketType>('socket.type', 1, {
  keyOf: ({ families, type, protocol }) => `${families.join('+')}/${type}/${protocol}`,
});

export interface SocketOptionKey {
  /** SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, … */
  readonly level: number;
  readonly name: number;
  /** Linux's constant, for messages: `IP_TTL`. */
  readonly label: string;
}
/** How one option is set and got. Both answer a negative errno where they refuse; `get` a value otherwise. */
export interface SocketOption {
  set?(socket: SocketState, value: OptionValue): number;
  /** A negative number is an errno unless `signed`. @param asked what the caller's buffer says, where the option reads it (MCAST_MSFILTER). */
  get?(socket: SocketState, asked: OptionValue | undefined): OptionValue;
  /** The option's own values may be below zero. */
  readonly signed?: true;
}
/** Socket options of every level; what nobody attaches is ENOPROTOOPT. Owned by the stack. */
export const SOCKET_OPTION = mapPoint<SocketOptionKey, SocketOption>('socket.option', 1, {
  keyOf: ({ level, name }) => level * 65_536 + name,
});

export interface ControlMessageKey {
  readonly level: number;
  readonly type: number;
  readonly label: string;
}
/** One control message. */
export interface ControlMessage {
  /** Received with `packet` where the socket asked for it (IP_RECVTOS, IP_PKTINFO); undefined otherwise. */
  read?(socket: SocketState, packet: Packet): OptionValue | undefined;
  /** Applies it to the question for the packet's way, before that is asked. 0 or a negative errno. */
  ask?(socket: SocketState, query: RouteQuery, value: OptionValue): number;
  /** Applies it to an outgoing packet, whose `family` tells where it goes. 0 or a negative errno. */
  write?(socket: SocketState, packet: Packet, value: OptionValue): number;
}
/** Control messages. Owned by the stack. */
export const CONTROL_MESSAGE = mapPoint<ControlMessageKey, ControlMessage>('socket.control-message', 1, {
  keyOf: ({ level, type }) => level * 65_536 + type,
});

/** Linux's number of an option or of a control message, with its name, by the key of its handler. */
export type SocketNumbers<K extends string> = Readonly<Record<K, readonly [number: number, label: string]>>;

/** Attachments of the socket options of one level. */
export const optionAttachments = <K extends string>(
  level: number,
  options: SocketNumbers<K>,
): Readonly<Record<K, Attachment<SocketOption>>> => byKey(options, (name, label) => attach(SOCKET_OPTION, { level, name, label }, '^1.0'));

/** Attachments of the control messages of one level. */
export const controlAttachments = <K extends string>(
  level: number,
  messages: SocketNumbers<K>,
): Readonly<Record<K, Attachment<ControlMessage>>> =>
  byKey(messages, (type, label) => attach(CONTROL_MESSAGE, { level, type, label }, '^1.0'));

const byKey = <K extends string, A>(numbers: SocketNumbers<K>, one: (number: number, label: string) => A): Readonly<Record<K, A>> => {
  const entries = Object.entries<readonly [number, string]>(numbers);
  return Object.fromEntries(entries.map(([key, [number, label]]) => [key, one(number, label)])) as Record<K, A>;
};

/** What most options take. */
export const isInt = (value: OptionValue): value is number => typeof value === 'number' && Number.isInteger(value);

/** Endpoints for plugins (DHCP, a resolver) and for the promise facade; control messages for endpoints. */
export interface Sockets {
  /** socket(2): an endpoint, or -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, … */
  open(family: number, type: number, protocol: number): Endpoint | number;
  /** setsockopt(2). 0 or a negative errno. */
  setOption(endpoint: Endpoint, level: number, name: number, value: OptionValue): number;
  /** getsockopt(2). @param asked what its buffer says, where the option reads it. */
  getOption(endpoint: Endpoint, level: number, name: number, asked?: OptionValue): OptionValue;
  /** Appends the control messages that `socket` asked for. */
  readControls(socket: SocketState, packet: Packet, into: Control[]): void;
  /** Applies control messages to the question for a packet's way. 0 or a negative errno. */
  askControls(socket: SocketState, query: RouteQuery, controls: readonly Control[]): number;
  /** Applies control messages to a packet. 0 or a negative errno. */
  writeControls(socket: SocketState, packet: Packet, controls: readonly Control[]): number;
  address(): SocketAddress;
  message(): Message;
}
export const SOCKETS = service<Sockets>('core.sockets', 1);
