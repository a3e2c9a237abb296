// ICMPv4: message types, and the point for plugins that speak further ones.
import type { Packet } from './packet.js';
import { u8Point } from './token.js';

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
