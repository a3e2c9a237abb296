// IPv6: the points that transports, extension headers and options attach to. Numbers are IANA's and Linux's.
import type { CounterSpec } from './counters.js';
import type { Interface } from './interface.js';
import type { NextHop } from './ip.js';
import type { Packet } from './packet.js';
import type { SysctlSpec } from './sysctl.js';
import { allPoint, service, u8Point, type Verdict } from './token.js';

/** Transports over IPv6 by next header. `head` = `l4` on entry. Owned by `ipv6`. */
export const IP6_PROTOCOL = u8Point<(packet: Packet) => undefined, (packet: Packet) => Verdict>('ipv6.protocol', 1);

/**
 * What tells the flows of a transport apart beside their addresses, an int32, such as its ports: RFC 6437 §3. Of a packet that leaves, with
 * its header at `l4`, four octets of it at least; by next header. Without an attachment all that goes between two addresses is one flow. Owned by `ipv6`.
 */
export const IP6_FLOW = u8Point<(packet: Packet) => number>('ipv6.flow', 1);

/** Next headers of extension headers: RFC 8200 §4. */
export const NEXTHDR_HOP = 0;
export const NEXTHDR_ROUTING = 43;
export const NEXTHDR_FRAGMENT = 44;
export const NEXTHDR_NONE = 59;
export const NEXTHDR_DEST = 60;

/**
 * Reads an extension header, which starts at `l4`, and answers the packet to go on with, `l4` behind the header and `transport` its Next
 * Header: the same packet, or one that was put together from it, which the caller is done with as its maker. Undefined: the packet ends
 * here, and why is counted. `head` is left alone.
 */
export type Ip6ExtensionHeader = (packet: Packet) => Packet | undefined;
/**
 * Extension headers by next header: RFC 8200 §4. NEXTHDR_HOP is asked for right behind the fixed header alone, and before the packet is
 * known to be ours. Without an attachment a header is an unknown next header. Owned by `ipv6`.
 */
export const IP6_EXTENSION_HEADER = u8Point<Ip6ExtensionHeader>('ipv6.extension-header', 1);

/** Reads the option at `at` of `packet.bytes`, its length being inside the header. False: the packet ends here, and why is counted. */
export type Ip6Option = (packet: Packet, at: number) => boolean;
/** Options by their type, padding aside; unknown ones go by their two highest bits (RFC 8200 §4.2). Owned by `ipv6-hop-by-hop`. */
export const IP6_HOP_BY_HOP_OPTION = u8Point<Ip6Option>('ipv6.hop-by-hop-option', 1);
/** As above. Owned by `ipv6-destination-options`. */
export const IP6_DESTINATION_OPTION = u8Point<Ip6Option>('ipv6.destination-option', 1);

/** Cuts what is longer than its path: RFC 8200 §4.5. Without it such packets go back to their sender with -EMSGSIZE. */
export interface Ip6Fragmenter {
  /**
   * Sends `packet`, whose IPv6 header stands at `head`, to `hop` in fragments of at most `mtu` bytes. Borrows it. 0, or -EMSGSIZE where its
   * headers leave no room.
   */
  fragment(packet: Packet, mtu: number, hop: NextHop): number;
}
export const IP6_FRAGMENTER = service<Ip6Fragmenter>('ipv6.fragmenter', 1);

/** IPv6 on interfaces, for protocols that learn what it is like there. Provided by `ipv6`. */
export interface Ip6Links {
  /** What a router tells of hops and MTU: RFC 4861 §6.3.4. As on Linux, the sysctls `hop_limit` and `mtu` of the interface are set to it. */
  setHopLimit(iface: Interface, hops: number): void;
  setMtu(iface: Interface, mtu: number): void;
  /** `disable_ipv6`: no packet comes in or leaves, and addresses are none. */
  disable(iface: Interface): void;
  isEnabled(iface: Interface): boolean;
}
export const IP6_LINKS = service<Ip6Links>('ipv6.links', 1);

/** Told of interfaces that are up, when `disable_ipv6` takes IPv6 from them (the addresses are gone already) or gives it back. */
export interface Ip6LinkEvents {
  enabled(iface: Interface): void;
  disabled(iface: Interface): void;
}
/** Owned by `ipv6`. */
export const IP6_LINK_EVENTS = allPoint<Ip6LinkEvents>('ipv6.link-events', 1);

/** DNS servers or search domains that a router tells of: RFC 8106 §5. */
export interface AdvertisedResolvers {
  readonly iface: Interface;
  /** Text; link-local ones with the interface as their zone. */
  readonly servers: readonly string[];
  readonly domains: readonly string[];
  /** s from now; 0: no more; Infinity: for ever. */
  readonly lifetime: number;
}
/** Told of each option, for whoever resolves names (Linux: RTM_NEWNDUSEROPT). Nothing is kept. Owned by who reads router advertisements. */
export const IP6_RESOLVERS = allPoint<(advertised: AdvertisedResolvers) => undefined>('ipv6.resolvers', 1);

/** Temporary addresses, RFC 8981, as source selection asks for them (RFC 6724 §5, rule 7). Provided by whoever makes them. */
export interface Ip6TemporaryAddresses {
  /** Whether those of the interface go before public addresses: `use_tempaddr` of 2 at least. */
  preferred(iface: Interface): boolean;
}
export const IP6_TEMPORARY_ADDRESSES = service<Ip6TemporaryAddresses>('ipv6.temporary-addresses', 1);

/** What becomes of packets with a header of options. Declared by the plugins of both such headers, moved by what they share. */
export const optionsCounters = <const H extends 'HBH' | 'DSTOPTS'>(header: H) =>
  ({
    truncated: {
      unit: 'packets',
      fate: `IP6_${header}_TRUNCATED`,
      adds: ['Ip6.InHdrErrors'],
      doc: 'The header, or an option of it, is longer than what holds it.',
    },
    tooLong: {
      unit: 'packets',
      fate: `IP6_${header}_LENGTH`,
      adds: ['Ip6.InHdrErrors'],
      doc: 'Longer than the sysctl of its length allows.',
    },
    tooMany: {
      unit: 'packets',
      fate: `IP6_${header}_NUMBER`,
      adds: ['Ip6.InHdrErrors'],
      doc: 'More options than the sysctl of their number allows.',
    },
    badPadding: {
      unit: 'packets',
      fate: `IP6_${header}_PADDING`,
      adds: ['Ip6.InHdrErrors'],
      doc: 'More than 7 octets of padding in a row, or padding that is not zero.',
    },
    unknownOption: {
      unit: 'packets',
      fate: `IP6_${header}_UNKNOWN`,
      adds: ['Ip6.InHdrErrors'],
      doc: 'An unknown option whose highest bits, or a sysctl, say to discard the packet.',
    },
  }) as const satisfies CounterSpec;

/** `net.ipv6.max_<hbh|dst_opts>_*`: RFC 8504 §5.3. */
export const optionsSysctls = (number: 'max_hbh_opts_number' | 'max_dst_opts_number', length: 'max_hbh_length' | 'max_dst_opts_length') =>
  ({
    maxNumber: {
      path: `net.ipv6.${number}`,
      initial: 8,
      min: -2_147_483_648,
      max: 2_147_483_647,
      rfc: 'RFC 8504 §5.3',
      doc: 'Most options of one header, padding aside. Below zero: as many known ones, and no unknown one.',
    },
    maxLength: {
      path: `net.ipv6.${length}`,
      initial: 2_147_483_647,
      min: 0,
      max: 2_147_483_647,
      unit: 'bytes',
      rfc: 'RFC 8504 §5.3',
      doc: 'Longest header that is taken.',
    },
  }) as const satisfies SysctlSpec;

export const IPV6_FLOWINFO = 11;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_MTU = 24;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_FLOWINFO_SEND = 33;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;
export const IPV6_PATHMTU = 61;
export const IPV6_DONTFRAG = 62;
export const IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67;
export const IPV6_AUTOFLOWLABEL = 70;
export const IPV6_ADDR_PREFERENCES = 72;
export const IPV6_FREEBIND = 78;

/** Values of IPV6_MTU_DISCOVER. */
export const IPV6_PMTUDISC_DONT = 0;
export const IPV6_PMTUDISC_WANT = 1;
export const IPV6_PMTUDISC_DO = 2;
export const IPV6_PMTUDISC_PROBE = 3;
export const IPV6_PMTUDISC_INTERFACE = 4;
export const IPV6_PMTUDISC_OMIT = 5;

/** Values of IPV6_ADDR_PREFERENCES: RFC 5014. */
export const IPV6_PREFER_SRC_TMP = 0x1;
export const IPV6_PREFER_SRC_PUBLIC = 0x2;
export const IPV6_PREFER_SRC_COA = 0x4;
export const IPV6_PREFER_SRC_PUBTMP_DEFAULT = 0x100;
export const IPV6_PREFER_SRC_HOME = 0x400;
export const IPV6_PREFER_SRC_CGA = 0x8;
export const IPV6_PREFER_SRC_NONCGA = 0x800;
