// ICMP of both families: message types, the points for plugins that speak further ones, and how those send theirs over IPv6.
import type { Route } from './ip.js';
import type { Packet } from './packet.js';
import { service, u8Point } from './token.js';

export const ICMP_ECHOREPLY = 0;
export const ICMP_DEST_UNREACH = 3;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETERPROB = 12;
export const ICMP_TIMESTAMP = 13;
export const ICMP_TIMESTAMPREPLY = 14;

/** Handlers of ICMPv4 messages by type; `head` = `l4` at the ICMP header, its checksum verified. Owned by `icmpv4`. */
export const ICMP4_TYPE = u8Point<(packet: Packet) => undefined>('icmpv4.type', 1);

/** ICMPv6 types, RFC 4443 §2.1: errors are below 128. */
export const ICMP6_DST_UNREACH = 1;
export const ICMP6_PACKET_TOO_BIG = 2;
export const ICMP6_TIME_EXCEEDED = 3;
export const ICMP6_PARAM_PROB = 4;
export const ICMP6_ECHO_REQUEST = 128;
export const ICMP6_ECHO_REPLY = 129;
export const ND_ROUTER_SOLICIT = 133;
export const ND_ROUTER_ADVERT = 134;
export const ND_NEIGHBOR_SOLICIT = 135;
export const ND_NEIGHBOR_ADVERT = 136;
export const ND_REDIRECT = 137;

/**
 * Handlers of ICMPv6 messages by type; `head` = `l4` at the ICMP header (four octets at least), its checksum verified. Owned by `icmpv6`.
 */
export const ICMP6_TYPE = u8Point<(packet: Packet) => undefined>('icmpv6.type', 1);

/** Sends messages of further types. Provided by `icmpv6`. */
export interface Icmp6Output {
  /**
   * Completes the checksum of the message that starts at `packet.head`, sends it over `route` and counts it. Borrows the packet.
   * @returns 0, or a negative errno: nothing was sent.
   */
  send(packet: Packet, route: Route): number;
}
export const ICMP6_OUTPUT = service<Icmp6Output>('icmpv6.output', 1);
