// Who sends without a connection: whom a RST, or the answer to a SYN, goes to.
import { DESTINATION, SOURCE } from '@protoloom/contracts';
import { copyWords } from '@protoloom/wire';
import type { Stranger, Tcp } from './context.js';
import { zoneOf } from './route.js';
import * as wire from './wire.js';

/** The sender of the segment that is being processed; filled anew by each call. */
export function strangerOf(tcp: Tcp): Stranger {
  const { stranger } = tcp;
  const { packet } = tcp.seg;
  stranger.family = packet.family;
  stranger.iface = zoneOf(tcp, packet);
  stranger.localPort = wire.dstPort(packet.view, packet.l4);
  stranger.remotePort = wire.srcPort(packet.view, packet.l4);
  copyWords(packet.addresses, DESTINATION, stranger.addresses, SOURCE);
  copyWords(packet.addresses, SOURCE, stranger.addresses, DESTINATION);
  return stranger;
}
