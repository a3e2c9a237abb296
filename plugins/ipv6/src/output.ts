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
import { IPV6_PMTUDISC_DO, IPV6_PMTUDISC_OMIT, IPV6_PMTUDISC_PROBE, type Ip6Fragmenter } from '@protoloom/contracts/ipv6';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { writeIp6 } from '@protoloom/wire';
import { scope } from './addresses.js';
import type { counters as spec } from './counters.js';
import type { FlowLabels } from './flow-label.js';
import { isAllNodes } from './input.js';
import type { Ip6SocketState } from './socket-state.js';
import type { interfaceSysctls } from './sysctls.js';
import * as wire from './wire.js';

const MAX_PAYLOAD_BYTES = 65_535;

export interface OutputContext {
  readonly hooks: PacketHooks;
  readonly fragmenter: Cell<Ip6Fragmenter>;
  readonly linkInput: LinkInput;
  readonly memberships: Cell<Memberships>;
  readonly sockets: SocketSlots<Ip6SocketState>;
  readonly labels: FlowLabels;
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
    const { counters, hooks, fragmenter, sockets, labels, interfaceSysctls } = this.#context;
    const payload = packet.length;
    const total = wire.HEADER_BYTES + payload;
    counters.outRequests++;
    if (interfaceSysctls.of(route.iface).disableIpv6 === 1) {
      counters.outDiscards++;
      return 0;
    }
    if (payload > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    const options = packet.socket?.family === AF_INET6 ? sockets.ifMade(packet.socket) : undefined;
    const mtu = options === undefined ? route.mtu : this.#mtu(route, options);
    const fits = total <= mtu || packet.gsoKind !== GSO_NONE;
    if (!fits && (packet.dontFragment || mayNotFragment(options) || fragmenter.now === undefined)) {
      counters.fragFails++;
      return -ERRNO.EMSGSIZE;
    }
    const group = route.type === RTN_MULTICAST;
    const at = packet.push(wire.HEADER_BYTES);
    packet.l4 = at + wire.HEADER_BYTES;
    packet.l3 = at;
    packet.family = AF_INET6;
    packet.protocol = ETH_P_IPV6;
    packet.transport = protocol;
    const { view } = packet;
    const tclass = packet.ecn | (packet.trafficClass >= 0 ? packet.trafficClass : (options?.trafficClass ?? 0));
    const label = labels.of(packet, route, protocol, options?.autoFlowLabel);
    wire.writeHeader(view, at, tclass, label, payload, protocol, this.#hops(packet, route, options));
    writeIp6(route.addresses, 0, view, at + 8);
    writeIp6(route.addresses, 4, view, at + 24);
    if (!hooks.output.empty && hooks.output.run(packet) !== PASS) return this.#hooked();
    if (group) this.#loop(packet, route, options);
    if (!hooks.postrouting.empty && hooks.postrouting.run(packet) !== PASS) return this.#hooked();
    if (group && !this.#leaves(packet, route)) return 0;
    if (!fits) return fragmenter.now?.fragment(packet, mtu, hop) ?? -ERRNO.EMSGSIZE;
    counters.outTransmits++;
    counters.outOctets += total;
    hop.output(packet);
    return 0;
  }

  /**
   * Packets of sockets to groups that we are in come back to us, unless the socket does not want that: RFC 3493 §5.2, Linux's
   * ip6_finish_output2. What the stack itself says does not.
   */
  #loop(packet: Packet, { iface, addresses }: Route, options: Ip6SocketState | undefined): void {
    const { counters, linkInput, memberships } = this.#context;
    counters.outMcastPkts++;
    counters.outMcastOctets += packet.length;
    if (packet.socket === undefined || options?.multicastLoop === false || (iface.flags & IFF_LOOPBACK) !== 0) return;
    if ((isAllNodes(addresses, 4) || memberships.now?.isMember(iface, addresses) === true) && linkInput.loop(packet)) counters.looped++;
  }

  /** What has no hop, or is for groups of this node, stays within the host: RFC 4291 §2.7. */
  #leaves({ view, l3 }: Packet, { iface, addresses }: Route): boolean {
    if (wire.hopLimit(view, l3) === 0) return false;
    if ((iface.flags & IFF_LOOPBACK) !== 0 || scope(addresses, 4) !== RT_SCOPE_HOST) return true;
    this.#context.counters.outDiscards++;
    return false;
  }

  /** From IPV6_PMTUDISC_PROBE on the link alone counts; before it, what is known of the path. IPV6_MTU bounds either. */
  #mtu(route: Route, { mtuDiscover, mtu }: Ip6SocketState): number {
    const { iface } = route;
    const path = mtuDiscover >= IPV6_PMTUDISC_PROBE ? Math.min(this.#context.interfaceSysctls.of(iface).mtu, iface.mtu) : route.mtu;
    return mtu > 0 ? Math.min(mtu, path) : path;
  }

  #hooked(): number {
    this.#context.counters.outDiscards++;
    return -ERRNO.EPERM;
  }

  /** The packet's own, the socket's, the route's, the interface's; for groups the socket's, or 1 (RFC 3493 §5.2). */
  #hops(packet: Packet, route: Route, options: Ip6SocketState | undefined): number {
    if (packet.hopLimit >= 0) return packet.hopLimit;
    if (route.type === RTN_MULTICAST) return options === undefined || options.multicastHops < 0 ? 1 : options.multicastHops;
    if (options !== undefined && options.hops >= 0) return options.hops;
    return route.hopLimit || this.#context.interfaceSysctls.of(route.iface).hopLimit;
  }
}

/** Linux's ip6_sk_ignore_df, and IPV6_DONTFRAG (RFC 3542 §11.2). */
const mayNotFragment = (options: Ip6SocketState | undefined): boolean =>
  options !== undefined &&
  (options.dontFragment || (options.mtuDiscover >= IPV6_PMTUDISC_DO && options.mtuDiscover !== IPV6_PMTUDISC_OMIT));
