// Asking for a neighbour: the requests of RFC 826, with Linux's choice of the sender's address.
import type { Interface, Packet } from '@protoloom/contracts';
import { RTN_LOCAL } from '@protoloom/contracts/ip';
import type { Neighbour } from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { readIp4 } from '@protoloom/wire';
import { selectSource, shareSubnet } from './addresses.js';
import type { ArpContext } from './context.js';
import { sendArp } from './send.js';
import * as wire from './wire.js';

/** Offset of the source address in an IPv4 header, and the header's least length. */
const IP_SOURCE = 12;
const IP_HEADER_BYTES = 20;

/** @param scratch four words to work in. */
export function solicit(
  arp: ArpContext,
  scratch: Int32Array,
  neighbour: Neighbour,
  packet: Packet | undefined,
  unicast: boolean,
): undefined {
  const { iface } = neighbour;
  const target = neighbour.words[3] as number;
  const sender = senderFor(arp, scratch, iface, target, packet);
  const { linkAddress } = neighbour;
  const known = unicast && linkAddress.length === wire.ADDRESS_BYTES;
  sendArp(arp, iface, wire.REQUEST, sender, known ? linkAddress : undefined, 0, target, known ? linkAddress : iface.link.broadcast, 0);
}

/** arp_announce: the waiting packet's own source, or the best of the interface. */
function senderFor(arp: ArpContext, scratch: Int32Array, iface: Interface, target: number, packet: Packet | undefined): number {
  const { addresses, interfaces } = arp.use;
  const { arpAnnounce } = arp.interfaceSysctls.of(iface);
  if (arpAnnounce < 2 && packet !== undefined && packet.tail - packet.l3 >= IP_HEADER_BYTES) {
    readIp4(packet.view, packet.l3 + IP_SOURCE, scratch, 0);
    const source = scratch[3] as number;
    const ours = arp.use.routes.inputType(AF_INET, scratch, 0) === RTN_LOCAL;
    if (ours && (arpAnnounce === 0 || shareSubnet(addresses, iface, target, source))) return source;
  }
  return selectSource(addresses, interfaces, iface, target);
}

/** Announces every address of an interface: arp_notify. */
export function announce(arp: ArpContext, iface: Interface): void {
  for (const { words, usable } of arp.use.addresses.of(iface, AF_INET)) {
    const address = words[3] as number;
    if (usable) sendArp(arp, iface, wire.REQUEST, address, undefined, 0, address, iface.link.broadcast, 0);
  }
}
