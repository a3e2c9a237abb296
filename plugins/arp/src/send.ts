// ARP packets out: requests, replies, announcements.
import { ETH_P_ARP, IFF_NOARP, type Interface } from '@protoloom/contracts';
import type { ArpContext } from './context.js';
import * as wire from './wire.js';

/**
 * Sends one ARP packet; not on links that have none (IFF_NOARP, other address lengths).
 * @param sender and target protocol addresses, int32.
 * @param targetHardware six octets at `targetHardwareAt`; undefined: not known, and zero in the packet.
 * @param to link address to send to, at `toAt`.
 */
export function sendArp(
  arp: ArpContext,
  iface: Interface,
  operation: number,
  sender: number,
  targetHardware: Uint8Array | undefined,
  targetHardwareAt: number,
  target: number,
  to: Uint8Array,
  toAt: number,
): void {
  const { link } = iface;
  if ((iface.flags & IFF_NOARP) !== 0 || link.addressBytes !== wire.ADDRESS_BYTES) return;
  const packet = arp.use.packets.make(wire.PACKET_BYTES);
  const at = packet.put(wire.PACKET_BYTES);
  wire.write(packet.view, packet.bytes, at, operation, iface.address, sender, targetHardware, targetHardwareAt, target);
  packet.l3 = at;
  packet.protocol = ETH_P_ARP;
  const l2 = packet.push(link.headerBytes);
  link.writeHeader(iface, ETH_P_ARP, to, toAt, packet.bytes, l2);
  packet.l2 = l2;
  if (operation === wire.REQUEST) arp.counters.outRequests++;
  else arp.counters.outReplies++;
  iface.transmit(packet);
  arp.use.packets.done(packet);
}
