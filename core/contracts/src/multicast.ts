// Multicast groups of both families: who is a member of what, with which sources, and who tells routers. Numbers are Linux's.
import type { Interface } from './interface.js';
import type { Packet } from './packet.js';
import type { SocketState } from './socket.js';
import { mapPoint, service } from './token.js';

/** IPPROTO_IP. */
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;
export const IP_UNBLOCK_SOURCE = 37;
export const IP_BLOCK_SOURCE = 38;
export const IP_ADD_SOURCE_MEMBERSHIP = 39;
export const IP_DROP_SOURCE_MEMBERSHIP = 40;
export const IP_MSFILTER = 41;
export const IP_MULTICAST_ALL = 49;
/** IPPROTO_IPV6. */
export const IPV6_JOIN_GROUP = 20;
export const IPV6_LEAVE_GROUP = 21;
export const IPV6_MULTICAST_ALL = 29;
/** Both levels: RFC 3678. */
export const MCAST_JOIN_GROUP = 42;
export const MCAST_BLOCK_SOURCE = 43;
export const MCAST_UNBLOCK_SOURCE = 44;
export const MCAST_LEAVE_GROUP = 45;
export const MCAST_JOIN_SOURCE_GROUP = 46;
export const MCAST_LEAVE_SOURCE_GROUP = 47;
export const MCAST_MSFILTER = 48;
/** Modes of MCAST_MSFILTER and IP_MSFILTER. */
export const MCAST_EXCLUDE = 0;
export const MCAST_INCLUDE = 1;

/** INCLUDE only `sources`, or EXCLUDE them and take all others. Each source is four words. Replaced, never changed. */
export interface SourceFilter {
  readonly exclude: boolean;
  readonly sources: readonly Int32Array[];
}

/** One member's part in a group on an interface. */
export interface Membership {
  readonly iface: Interface;
  /** The group, four words; IPv4 in its mapped form. */
  readonly words: Int32Array;
  readonly filter: SourceFilter;
  change(filter: SourceFilter): void;
  leave(): void;
}

export interface Memberships {
  /** Makes a membership of the group in `words` at `at`; the interface's link and routers hear what all its members want together. */
  join(iface: Interface, words: Int32Array, at: number, filter: SourceFilter): Membership;
  /** Whether a packet to a group is for anyone here, by the interface that it came in on; `anySource`: whoever sent it. */
  accepts(packet: Packet, anySource: boolean): boolean;
  /** Whether anyone on `iface` is a member, and takes what comes from the source: addresses as in `packet.addresses`. */
  isMember(iface: Interface, addresses: Int32Array): boolean;
  /** Whether a packet to a group is for this socket, as far as memberships go (IP_MULTICAST_ALL included). */
  wants(socket: SocketState, packet: Packet): boolean;
  /** A socket is closed: its memberships end. */
  closed(socket: SocketState): void;
  /** What an interface wants of each group of a family, all members together. */
  forEach(iface: Interface, family: number, visit: (words: Int32Array, filter: SourceFilter) => void): void;
}
export const MEMBERSHIPS = service<Memberships>('multicast.memberships', 1);

/** Tells routers and switches of memberships: IGMP, MLD. */
export interface GroupProtocol {
  /** What an interface wants of a group is another now; where nobody wants it any more: INCLUDE of no source. */
  changed(iface: Interface, words: Int32Array, filter: SourceFilter): undefined;
}
/** By AF_*. Owned by `multicast`. */
export const GROUP_PROTOCOL = mapPoint<number, GroupProtocol>('multicast.group-protocol', 1);
