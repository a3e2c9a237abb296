// IPv6: the point that transports attach to.
import type { Packet } from './packet.js';
import { u8Point, type Verdict } from './token.js';

/** Transports and extension headers over IPv6 by next header. `head` = `l4` on entry. Owned by the IPv6 plugin. */
export const IP6_PROTOCOL = u8Point<(packet: Packet) => undefined, (packet: Packet) => Verdict>('ipv6.protocol', 1);

export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
