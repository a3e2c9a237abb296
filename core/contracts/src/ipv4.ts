// IPv4: the point that transports attach to, socket options. Numbers are Linux's.
import type { Packet } from './packet.js';
import { u8Point, type Verdict } from './token.js';

/** Transports over IPv4 by protocol number. `head` = `l4` on entry, `tail` is the datagram's end. Owned by `ipv4`. */
export const IP4_PROTOCOL = u8Point<(packet: Packet) => undefined, (packet: Packet) => Verdict>('ipv4.protocol', 1);

export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_OPTIONS = 4;
export const IP_RECVOPTS = 6;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_RECVERR = 11;
export const IP_RECVTTL = 12;
export const IP_RECVTOS = 13;
export const IP_MTU = 14;
export const IP_FREEBIND = 15;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;

/** Values of IP_MTU_DISCOVER. */
export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_INTERFACE = 4;
export const IP_PMTUDISC_OMIT = 5;
