// Sending: RFC 8200 §3. The header in front of what a transport has built; what is too long for its path is cut by whoever
// can, or goes back to the sender (§4.5, §5).
import {
  type Cell,
  type Counters,
  ERRNO,
  ETH_P_IPV6,
  GSO_NONE,
  IFF_LOOPBACK,
  type InterfaceSysctlValues,
  type LinkInput,
  PASS,
  type Packet,
  type SocketSlots,
} from '@protoloom/contracts';
import type { NextHop, PacketHooks, Route } from '@protoloom/contracts/ip';
import { RT_SCOPE_HOST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import type { Ip6Fragmenter } from '@protoloom/contracts/ipv6';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { writeIp6 } from '@protoloom/wire';
import { scope } from './addresses.js';
import type { counters as spec } from './counters.js';
import { isAllNodes } from './input.js';
import type { Ip6MulticastState } from './multicast-options.js';
import type { interfaceSysctls } from './sysctls.js';
import * as wire from './wire.js';

const MAX_PAYLOAD_BYTES = 65_535;

export interface OutputContext {
  readonly hooks: PacketHooks;
  readonly fragmenter: Cell<Ip6Fragmenter>;
  readonly linkInput: LinkInput;
  readonly memberships: Cell<Memberships>;
  readonly sockets: SocketSlots<Ip6MulticastState>;
  readonly counters: Counters<typeof spec>;
  readonly interfaceSysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
}

export class Output {
  readonly #context: OutputContext;

  constructor(context: OutputContext) {
    this.#context = context;
  }

  /** The network layer's part of `Route.output`. */
  send(packet: Packet, route: Route, protocol: number, hop: NextHop): number {
    const { counters, hooks, fragmenter, sockets, interfaceSysctls } = this.#context;
    const payload = packet.length;
    const total = wire.HEADER_BYTES + payload;
    counters.outRequests++;
    if (interfaceSysctls.of(route.iface).disableIpv6 === 1) {
      counters.outDiscards++;
      return 0;
    }
    if (payload > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    const fits = total <= route.mtu || packet.gsoKind !== GSO_NONE;
    if (!fits && (packet.dontFragment || fragmenter.now === undefined)) {
      counters.fragFails++;
      return -ERRNO.EMSGSIZE;
    }
    const group = route.type === RTN_MULTICAST;
    const groupOptions = group && packet.socket?.family === AF_INET6 ? sockets.ifMade(packet.socket) : undefined;
    const at = packet.push(wire.HEADER_BYTES);
    packet.l4 = at + wire.HEADER_BYTES;
    packet.l3 = at;
    packet.family = AF_INET6;
    packet.protocol = ETH_P_IPV6;
    packet.transport = protocol;
    const { view } = packet;
    wire.writeHeader(view, at, packet.ecn | Math.max(packet.trafficClass, 0), payload, protocol, this.#hops(packet, route, groupOptions));
    writeIp6(route.addresses, 0, view, at + 8);
    writeIp6(route.addresses, 4, view, at + 24);
    if (!hooks.output.empty && hooks.output.run(packet) !== PASS) return this.#hooked();
    if (group) this.#loop(packet, route, groupOptions);
    if (!hooks.postrouting.empty && hooks.postrouting.run(packet) !== PASS) return this.#hooked();
    if (group && !this.#leaves(packet, route)) return 0;
    if (!fits) return fragmenter.now?.fragment(packet, route.mtu, hop) ?? -ERRNO.EMSGSIZE;
    counters.outTransmits++;
    counters.outOctets += total;
    hop.output(packet);
    return 0;
  }

  /**
   * Packets of sockets to groups that we are in come back to us, unless the socket does not want that: RFC 3493 §5.2, Linux's
   * ip6_finish_output2. What the stack itself says does not.
   */
  #loop(packet: Packet, { iface, addresses }: Route, options: Ip6MulticastState | undefined): void {
    const { counters, linkInput, memberships } = this.#context;
    counters.outMcastPkts++;
    counters.outMcastOctets += packet.length;
    if (packet.socket === undefined || options?.loop === false || (iface.flags & IFF_LOOPBACK) !== 0) return;
    if ((isAllNodes(addresses, 4) || memberships.now?.isMember(iface, addresses) === true) && linkInput.loop(packet)) counters.looped++;
  }

  /** What has no hop, or is for groups of this node, stays within the host: RFC 4291 §2.7. */
  #leaves({ view, l3 }: Packet, { iface, addresses }: Route): boolean {
    if (wire.hopLimit(view, l3) === 0) return false;
    if ((iface.flags & IFF_LOOPBACK) !== 0 || scope(addresses, 4) !== RT_SCOPE_HOST) return true;
    this.#context.counters.outDiscards++;
    return false;
  }

  #hooked(): number {
    this.#context.counters.outDiscards++;
    return -ERRNO.EPERM;
  }

  /** The packet's own, the route's, the interface's; for groups the socket's, or 1 (RFC 3493 §5.2). */
  #hops(packet: Packet, route: Route, options: Ip6MulticastState | undefined): number {
    if (packet.hopLimit >= 0) return packet.hopLimit;
    if (route.type === RTN_MULTICAST) return options === undefined || options.hops < 0 ? 1 : options.hops;
    return route.hopLimit || this.#context.interfaceSysctls.of(route.iface).hopLimit;
  }
}
