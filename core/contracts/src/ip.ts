// What every network family shares: routes, local addresses, errors, packet hooks. Provided by the `ip` plugin.
import type { Interface } from './interface.js';
import type { Packet } from './packet.js';
import type { Message, SocketAddress, SocketState } from './socket.js';
import { allPoint, chainPoint, mapPoint, service, u8Point, type Verdict } from './token.js';

/** Route types, Linux's RTN_* numbers. */
export const RTN_UNSPEC = 0;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;

/** Scopes, Linux's RT_SCOPE_* numbers: larger is nearer. */
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_SITE = 200;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;

/** Who made a route, Linux's RTPROT_* numbers. */
export const RTPROT_REDIRECT = 1;
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
export const RTPROT_STATIC = 4;
export const RTPROT_RA = 9;
export const RTPROT_DHCP = 16;

/** What a sender asks for: its own record, used again and again. */
export interface RouteQuery {
  family: number;
  /** Source at SOURCE (unspecified: to be chosen), destination at DESTINATION. */
  readonly addresses: Int32Array;
  /** Index of the interface to leave by, 0: any. */
  iface: number;
  mark: number;
  trafficClass: number;
  /** SO_DONTROUTE: only destinations on a link. */
  onLink: boolean;
  /** Whose options have a say in the way, as the network family reads them (IP_MULTICAST_IF, IPV6_ADDR_PREFERENCES); undefined: nobody's. */
  socket: SocketState | undefined;
  /** IPV6_PREFER_SRC_*, 0: as the sysctls say. Written from the socket's options. */
  preferences: number;
}

/**
 * A resolved way to one destination, from one source address: the sender keeps it and sends through it until `valid` is false, then
 * resolves again (RFC 1122 §3.3.1.2).
 */
export interface Route {
  readonly family: number;
  readonly iface: Interface;
  /** RTN_*: UNICAST, LOCAL, BROADCAST or MULTICAST. */
  readonly type: number;
  /** Source at SOURCE (chosen, where the query left it open), destination at DESTINATION. */
  readonly addresses: Int32Array;
  /** Next hop, four words: the gateway, or the destination itself. */
  readonly gateway: Int32Array;
  /** False once routes, addresses or interfaces changed under it. */
  readonly valid: boolean;
  /** Path MTU, bytes of network packet; follows discovery (RFC 1191, RFC 8201). */
  readonly mtu: number;
  /** Bytes of network header without options. */
  readonly headerBytes: number;
  /** Folded checksum of both addresses: the transport adds protocol and length for its pseudo-header. */
  readonly pseudoSum: number;
  /** Bits of the prefix that the routing table has it under, of 128: an IPv4 /24 is 120. */
  readonly prefixBits: number;
  /** RTAX_HOPLIMIT, RTAX_ADVMSS, RTAX_INITCWND, …; 0: not set on the route. */
  readonly hopLimit: number;
  readonly advertisedMss: number;
  readonly initialCwnd: number;
  readonly initialRwnd: number;
  /** Name of the route's congestion controller; empty: the sysctl's. */
  readonly congestionControl: string;
  /** RTAX_FEATURES: connections over it use ECN, whatever tcp_ecn says. */
  readonly ecn: boolean;
  /**
   * Sends a transport packet: the network header and the link's are pushed in front of `packet.head`. Borrows the packet. Answers 0, or a
   * negative errno: -EMSGSIZE (longer than `mtu` and not to be fragmented), -EPERM (a hook dropped it), …
   * A super-segment (`gsoKind`) may be longer than `mtu`.
   */
  output(packet: Packet, protocol: number): number;
  /** The transport made forward progress: the neighbour is reachable. */
  confirm(): void;
  /** A validated report says that packets longer than `mtu` bytes do not get through. */
  reduceMtu(mtu: number): void;
}

/** The routing table as senders and receivers use it. */
export interface Routes {
  /**
   * The way onto the link of `query.iface`, whatever routes there are, with exactly the addresses of the query: an unspecified source stays
   * so. For protocols that speak to the link itself.
   */
  link(query: RouteQuery): Route | number;
  /** A route, or -ENETUNREACH, -EHOSTUNREACH, -EINVAL, -EACCES, … as Linux. The same question gives the same record while it is valid. */
  resolve(query: RouteQuery): Route | number;
  /** RTN_*: what an address is as the destination of a packet that came in. */
  inputType(family: number, words: Int32Array, at: number): number;
  /**
   * Whether a packet from this source may come in on `iface`: 0; or a negative errno, -EINVAL where it is martian (one of our own), -EXDEV
   * where the reverse path filter refuses it. @param filter 0 off, 1 strict, 2 loose (RFC 3704), as `rp_filter`.
   */
  inputSource(iface: Interface, family: number, words: Int32Array, at: number, filter: number): number;
  /** Whether the address is one of the stack's own. @param iface index of the interface that has it, left out: any. */
  isLocal(family: number, words: Int32Array, at: number, iface?: number): boolean;
  query(): RouteQuery;
  /** What routes are made of has changed beside the table: none that was resolved is valid any more. */
  invalidate(): void;
}
export const ROUTES = service<Routes>('ip.routes', 1);

/** Addresses as sockets of AF_INET and AF_INET6 name them: mapped ones, zones (RFC 4007), and Linux's errnos for those that cannot be. */
export interface SocketNames {
  /**
   * bind(2): what a socket would be bound to, an RTN_* (RTN_UNSPEC for any address), or a negative errno. A zone binds the socket to its
   * interface.
   */
  bind(socket: SocketState, address: SocketAddress): number;
  /** The network family that `address` is reached by as a destination, or a negative errno: AF_INET for a mapped one. */
  familyOf(socket: SocketState, address: SocketAddress): number;
  /** connect(2): as `familyOf`; a zone binds the socket to its interface, and an address that needs one has one. */
  connect(socket: SocketState, address: SocketAddress): number;
  /** The way to the peer of a connected socket, as it would be found now; undefined: it has none. */
  peerRoute(socket: SocketState): Route | undefined;
  /** Index of the interface that a destination's zone asks for, 0: none, or the address has no zones. */
  zoneOf(words: Int32Array, at: number, scope: number): number;
}
export const SOCKET_NAMES = service<SocketNames>('ip.socket-names', 1);

/** One address of an interface. */
export interface LocalAddress {
  readonly iface: Interface;
  readonly family: number;
  readonly words: Int32Array;
  /** Of its subnet, in bits of the family's own address (24 for IPv4's /24). */
  readonly prefixLength: number;
  /** Four words, or undefined where the subnet has none. */
  readonly broadcast: Int32Array | undefined;
  readonly peer: Int32Array | undefined;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly secondary: boolean;
  /** May be spoken from and to: neither being checked nor found to be another host's (RFC 4862 §5.4). */
  readonly usable: boolean;
  /** It is being checked, and in use meanwhile: RFC 4429. */
  readonly optimistic: boolean;
  /** For what is going on already, not for what begins: its preferred lifetime is over (RFC 4862 §5.5.4), or it is being checked (RFC 4429). */
  readonly deprecated: boolean;
  /** One of RFC 8981's. */
  readonly temporary: boolean;
  /** Temporary addresses are made of its prefix. */
  readonly managesTemporary: boolean;
  /** µs of the clock, Infinity: for ever. */
  readonly preferredUntilUs: number;
  readonly validUntilUs: number;
}
/** Addresses of interfaces, for network families and their helpers (ARP, ND). */
export interface LocalAddresses {
  /** Of one interface and family, primary first; replaced, never changed. */
  of(iface: Interface, family: number): readonly LocalAddress[];
  /** The end of what `AddressDetection.begin` began. @param unique false: another host has it, and it stays unusable. */
  settle(address: LocalAddress, unique: boolean): void;
}
export const LOCAL_ADDRESSES = service<LocalAddresses>('ip.local-addresses', 1);

/** Told of addresses: added and usable; removed. Transports reset what is bound to one that goes. */
export interface AddressEvents {
  added?(address: LocalAddress): undefined;
  removed?(address: LocalAddress): undefined;
}
export const ADDRESS_EVENTS = allPoint<AddressEvents>('ip.address-events', 1);

/** Duplicate address detection of one family: RFC 4862 §5.4, RFC 5227. */
export interface AddressDetection {
  /**
   * Told of every address of the family on an interface that is up, before it is used. True: it is not usable until
   * `LocalAddresses.settle`. @param mayCheck false: the user says that it is unique.
   */
  begin(address: LocalAddress, mayCheck: boolean): boolean;
  /** The address goes, or its interface goes down. */
  end(address: LocalAddress): undefined;
}
/** Duplicate address detection by AF_*. Owned by `ip`. */
export const ADDRESS_DETECTION = mapPoint<number, AddressDetection>('ip.address-detection', 1);

/** A network protocol under the shared routing table: IPv4, IPv6, or another with addresses of up to 16 octets. */
export interface NetworkFamily {
  readonly family: number;
  readonly etherType: number;
  /** Octets of an address in a packet. */
  readonly addressBytes: 4 | 16;
  /** Bytes of header without options. */
  readonly headerBytes: number;
  /** Smallest MTU that the family runs on. */
  readonly minMtu: number;
  /** Whether the family is spoken on an interface; left out: always. */
  isEnabled?(iface: Interface): boolean;
  /** The most that a packet of the family may have on an interface, bytes; left out: the interface's own. */
  mtu?(iface: Interface): number;
  /** Floor of a discovered path MTU, bytes, and for how long it is believed, s; live (`min_pmtu`, `mtu_expires`). */
  readonly minPathMtu: number;
  readonly pathMtuExpires: number;
  /** Reads text of an address into mapped words, and back. */
  parse(text: string, words: Int32Array, at: number): boolean;
  format(words: Int32Array, at: number): string;
  /** RTN_* that an address has by its own form (MULTICAST, BROADCAST for 255.255.255.255), RTN_UNSPEC where it cannot be a destination, else RTN_UNICAST. */
  destinationType(words: Int32Array, at: number): number;
  /** Whether an address may stand as the source of a packet on the wire. */
  mayBeSource(words: Int32Array, at: number): boolean;
  /** Whether sources are chosen among the addresses of all interfaces, by the destination (RFC 6724 §4), or first by the next hop's link. */
  readonly sourcesFromAll?: boolean;
  /** `ip_nonlocal_bind`: every socket may be bound to addresses that are nobody's here. */
  readonly nonlocalBind?: boolean;
  /** Writes into a question what its socket's options say of the way. */
  askFor?(query: RouteQuery): undefined;
  /**
   * The best of `candidates` as source towards `words` at `at`, or undefined (source selection: RFC 1122 §3.3.4.3, RFC 6724).
   * @param preferences IPV6_PREFER_SRC_*.
   */
  selectSource(
    candidates: readonly LocalAddress[],
    iface: Interface,
    words: Int32Array,
    at: number,
    preferences: number,
  ): LocalAddress | undefined;
  /** Scope of an address by its own form, RT_SCOPE_*. */
  scope(words: Int32Array, at: number): number;
  /** The rest of `Route.output`: header, fragmentation, hooks, then `hop.output(packet)`. */
  output(packet: Packet, route: Route, protocol: number, hop: NextHop): number;
}
/** Network families by AF_*. Owned by `ip`. */
export const NETWORK_FAMILY = mapPoint<number, NetworkFamily>('ip.network-family', 1);

/** Where a network packet goes when its header is complete: a neighbour, or a link without addresses. */
export interface NextHop {
  output(packet: Packet): undefined;
}

/** Why a packet cannot go on, in no family's terms; a family's ICMP turns it into type and code. */
export const PROBLEM_NET_UNREACHABLE = 0;
export const PROBLEM_HOST_UNREACHABLE = 1;
export const PROBLEM_PROTOCOL_UNREACHABLE = 2;
export const PROBLEM_PORT_UNREACHABLE = 3;
/** `info`: the next hop's MTU. */
export const PROBLEM_TOO_BIG = 4;
export const PROBLEM_PROHIBITED = 5;
export const PROBLEM_TIME_EXCEEDED = 6;
export const PROBLEM_REASSEMBLY_TIME = 7;
/** `info`: offset of the offending octet from the network header. */
export const PROBLEM_PARAMETER = 8;
/** `info` as above; the option or header is unknown (ICMPv6 codes 1 and 2). */
export const PROBLEM_UNKNOWN_HEADER = 9;
export const PROBLEM_UNKNOWN_OPTION = 10;
/** A first fragment that does not hold all headers up to the transport's (ICMPv6 code 3, RFC 7112). */
export const PROBLEM_INCOMPLETE_HEADERS = 11;

export interface ErrorReporter {
  /** Sends an ICMP error about `packet` (its network header at `l3`) to its source, where the family's rules allow one. Borrows the packet. */
  report(packet: Packet, problem: number, info: number): undefined;
}
/** ICMP by AF_*. Owned by `ip`. */
export const ERROR_REPORTER = mapPoint<number, ErrorReporter>('ip.error-reporter', 1);

/** An error that came in for a packet of ours. One record per stack, refreshed in place, valid during the call. */
export interface InboundError {
  family: number;
  /** Of the packet that was quoted: our address at SOURCE, the peer's at DESTINATION. */
  readonly addresses: Int32Array;
  /** IP protocol of the quoted packet. */
  transport: number;
  /** The message; the quoted network header stands at `quoted`, the transport's at `l4`, and the quotation ends at `end`, indices into `packet.bytes`. */
  packet: Packet;
  quoted: number;
  l4: number;
  end: number;
  /** ICMP's own. */
  type: number;
  code: number;
  /** Positive errno, as Linux maps it. */
  errno: number;
  /** A hard error (RFC 1122 §4.2.3.9): what a transport may end a connection for, while it is being established. */
  fatal: boolean;
  /** Next hop's MTU where the packet was too big, else 0. */
  mtu: number;
  /** What the message tells besides: the next hop's MTU, or the pointer of a parameter problem; else 0. */
  info: number;
  /** Who reported it, four words. */
  readonly offender: Int32Array;
}

/** Errors both ways, for transports. */
export interface IpErrors {
  /** Something is wrong with a received packet, or one on its way: whoever reports errors for its family is asked to. */
  report(packet: Packet, problem: number, info: number): undefined;
  /** An ICMP plugin has parsed an error message: it goes to the transport that owns the quoted packet. */
  inbound(error: InboundError): undefined;
}
export const IP_ERRORS = service<IpErrors>('ip.errors', 1);

/** What has an SO_ERROR, positive; 0: none. */
export interface ErrorHolder {
  error: number;
}

/** Error queues of sockets (IP_RECVERR, IPV6_RECVERR), for transports: ip(7). Beyond the receive buffer nothing more is queued. */
export interface ErrorQueues {
  /**
   * Queues an ICMP error about a packet of the socket's.
   * @param payload index into `error.packet.bytes` of what the reader is shown: from there to the quotation's end.
   * @param port where the packet was sent.
   * @param held bytes that wait in the socket's receive buffer.
   */
  network(socket: SocketState, error: InboundError, payload: number, port: number, held: number): void;
  /** Queues an error of our own about a packet to the address in `words` at `at`, where the socket has asked for its family's. */
  local(socket: SocketState, errno: number, info: number, words: Int32Array, at: number, port: number, held: number): void;
  /**
   * Queues a notice that the socket's calls `first` to `last` with MSG_ZEROCOPY are through: their buffers are the caller's again. What goes
   * on where the last notice ends is added to it, as on Linux.
   */
  zeroCopied(socket: SocketState, first: number, last: number, held: number): void;
  /**
   * Queues a notice of SO_TIMESTAMPING.
   * @param what SCM_TSTAMP_*.
   * @param key which octet or datagram it is about, with SOF_TIMESTAMPING_OPT_ID.
   * @param atUs when it happened, µs since 1970-01-01 UTC.
   * @param bytes what the reader is shown of the packet; none with SOF_TIMESTAMPING_OPT_TSONLY.
   */
  timestamped(socket: SocketState, what: number, key: number, atUs: number, bytes: Uint8Array, held: number): void;
  /**
   * recvmsg(MSG_ERRQUEUE) into `bytes[from..to)`; `holder.error` follows what is next in the queue.
   * @returns octets, or -EAGAIN.
   */
  read(socket: SocketState, holder: ErrorHolder, bytes: Uint8Array, from: number, to: number, message: Message): number;
}
export const IP_ERROR_QUEUES = service<ErrorQueues>('ip.error-queues', 1);

/** `net.ipv4.icmp_msgs_per_sec` and `icmp_msgs_burst`: how many limited ICMP messages a host sends in all, whatever their family. */
export interface IcmpLimit {
  /** Takes one of those that may be sent now; false: none is left. */
  take(): boolean;
}
export const ICMP_LIMIT = service<IcmpLimit>('ip.icmp-limit', 1);

/** Transports that hear of errors about their packets, by IP protocol number. Owned by `ip`. */
export const TRANSPORT_ERROR = u8Point<(error: InboundError) => undefined>('ip.transport-error', 1);

/** The five places of netfilter. Priorities are Linux's NF_IP_PRI_* numbers. Owned by `ip`; run by the network families. */
export type PacketHook = (packet: Packet) => Verdict;
export const HOOK_PREROUTING = chainPoint<PacketHook>('ip.prerouting', 1);
export const HOOK_INPUT = chainPoint<PacketHook>('ip.input', 1);
export const HOOK_FORWARD = chainPoint<PacketHook>('ip.forward', 1);
export const HOOK_OUTPUT = chainPoint<PacketHook>('ip.output', 1);
export const HOOK_POSTROUTING = chainPoint<PacketHook>('ip.postrouting', 1);
/** The chains as network families run them: `hooks.input.empty || hooks.input.run(packet) === PASS`. */
export interface PacketHooks {
  readonly prerouting: HookChain;
  readonly input: HookChain;
  readonly forward: HookChain;
  readonly output: HookChain;
  readonly postrouting: HookChain;
}
export interface HookChain {
  readonly empty: boolean;
  run(packet: Packet): Verdict;
}
export const PACKET_HOOKS = service<PacketHooks>('ip.hooks', 1);

/** `net.ipv4.ip_local_port_range` and its reserved ports, for every transport. */
export interface LocalPorts {
  /** Inclusive. */
  readonly low: number;
  readonly high: number;
  isReserved(port: number): boolean;
  /** Ports below this one need a privilege on Linux; the facade leaves them to its user. */
  readonly unprivilegedStart: number;
}
export const LOCAL_PORTS = service<LocalPorts>('ip.local-ports', 1);
