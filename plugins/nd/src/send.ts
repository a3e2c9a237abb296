// Solicitations and advertisements out: RFC 4861 §6.3.7, §7.2.2, §7.2.4.
import { DESTINATION, type Interface, NO_FLOW_LABEL, type Packet, SOURCE } from '@protoloom/contracts';
import { ND_NEIGHBOR_ADVERT, ND_NEIGHBOR_SOLICIT, ND_ROUTER_SOLICIT } from '@protoloom/contracts/icmp';
import type { RouteQuery } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { copyWords, isUnspecifiedWords, writeIp6 } from '@protoloom/wire';
import type { NdContext } from './context.js';
import * as wire from './wire.js';

export class Sender {
  readonly #nd: NdContext;
  readonly #query: RouteQuery;

  constructor(nd: NdContext) {
    this.#nd = nd;
    this.#query = nd.use.routes.query();
    this.#query.family = AF_INET6;
  }

  /**
   * Asks for `target` (four words). @param source four words; :: where the address itself is what is checked, and then without link address.
   * @param nonce six octets, or undefined.
   */
  solicit(iface: Interface, source: Int32Array, destination: Int32Array, target: Int32Array, nonce: Uint8Array | undefined): void {
    const told = !isUnspecifiedWords(source, 0) && iface.link.addressBytes > 0;
    const linkBytes = told ? wire.linkAddressOptionBytes(iface.address.length) : 0;
    const packet = this.#make(ND_NEIGHBOR_SOLICIT, target, 0, linkBytes + (nonce === undefined ? 0 : wire.OPTION_UNIT));
    let at = packet.head + wire.NEIGHBOUR_BYTES;
    if (told) at = wire.writeLinkAddress(packet.bytes, at, wire.OPTION_SOURCE_LINK_ADDRESS, iface.address);
    if (nonce !== undefined) wire.writeNonce(packet.bytes, at, nonce);
    if (this.#send(packet, iface, source, destination, 0)) this.#nd.counters.outNeighborSolicits++;
  }

  /** Says that `target`, an address of ours, is here. @param destination four words at `at`. @param flags wire.ROUTER, SOLICITED, OVERRIDE. */
  advertise(iface: Interface, destination: Int32Array, at: number, target: Int32Array, flags: number, withLinkAddress: boolean): void {
    const told = withLinkAddress && iface.link.addressBytes > 0;
    const packet = this.#make(ND_NEIGHBOR_ADVERT, target, flags, told ? wire.linkAddressOptionBytes(iface.address.length) : 0);
    if (told) wire.writeLinkAddress(packet.bytes, packet.head + wire.NEIGHBOUR_BYTES, wire.OPTION_TARGET_LINK_ADDRESS, iface.address);
    if (this.#send(packet, iface, target, destination, at)) this.#nd.counters.outNeighborAdvertisements++;
  }

  /** Asks routers to advertise themselves: RFC 4861 §4.1. @param source a link-local address of ours. @param told our link address is. */
  solicitRouters(iface: Interface, source: Int32Array, destination: Int32Array, told: boolean): void {
    const linkBytes = told && iface.link.addressBytes > 0 ? wire.linkAddressOptionBytes(iface.address.length) : 0;
    const bytes = wire.SOLICITATION_BYTES + linkBytes;
    const packet = this.#nd.use.packets.make(bytes);
    const at = packet.put(bytes);
    wire.writeHeader(packet.view, at, ND_ROUTER_SOLICIT, wire.SOLICITATION_BYTES);
    if (linkBytes > 0) wire.writeLinkAddress(packet.bytes, at + wire.SOLICITATION_BYTES, wire.OPTION_SOURCE_LINK_ADDRESS, iface.address);
    if (this.#send(packet, iface, source, destination, 0)) this.#nd.counters.outRouterSolicits++;
  }

  #make(type: number, target: Int32Array, flags: number, optionBytes: number): Packet {
    const bytes = wire.NEIGHBOUR_BYTES + optionBytes;
    const packet = this.#nd.use.packets.make(bytes);
    const at = packet.put(bytes);
    wire.writeHeader(packet.view, at, type, wire.NEIGHBOUR_BYTES);
    packet.view.setUint8(at + 4, flags);
    writeIp6(target, 0, packet.view, at + wire.TARGET);
    return packet;
  }

  /** Onto the link of `iface`, whatever routes there are. */
  #send(packet: Packet, iface: Interface, source: Int32Array, destination: Int32Array, at: number): boolean {
    const { packets, routes, icmp } = this.#nd.use;
    const query = this.#query;
    query.iface = iface.index;
    copyWords(source, 0, query.addresses, SOURCE);
    copyWords(destination, at, query.addresses, DESTINATION);
    const route = routes.link(query);
    packet.hopLimit = wire.HOP_LIMIT;
    packet.trafficClass = this.#nd.interfaceSysctls.of(iface).ndiscTclass;
    packet.flowLabel = NO_FLOW_LABEL;
    const sent = typeof route !== 'number' && icmp.send(packet, route) === 0;
    packets.done(packet);
    return sent;
  }
}
