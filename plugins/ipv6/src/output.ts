// Sending: RFC 8200 §3. The header in front of what a transport has built; what is too long for its path is cut by whoever
// can, or goes back to the sender (§4.5, §5).
import { type Cell, type Counters, ERRNO, ETH_P_IPV6, GSO_NONE, type InterfaceSysctlValues, PASS, type Packet } from '@protoloom/contracts';
import type { NextHop, PacketHooks, Route } from '@protoloom/contracts/ip';
import { RTN_MULTICAST } from '@protoloom/contracts/ip';
import type { Ip6Fragmenter } from '@protoloom/contracts/ipv6';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { writeIp6 } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import type { interfaceSysctls } from './sysctls.js';
import * as wire from './wire.js';

const MAX_PAYLOAD_BYTES = 65_535;

export interface OutputContext {
  readonly hooks: PacketHooks;
  readonly fragmenter: Cell<Ip6Fragmenter>;
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
    const { counters, hooks, fragmenter } = this.#context;
    const payload = packet.length;
    const total = wire.HEADER_BYTES + payload;
    counters.outRequests++;
    if (payload > MAX_PAYLOAD_BYTES) return -ERRNO.EMSGSIZE;
    const fits = total <= route.mtu || packet.gsoKind !== GSO_NONE;
    if (!fits && (packet.dontFragment || fragmenter.now === undefined)) {
      counters.fragFails++;
      return -ERRNO.EMSGSIZE;
    }
    const at = packet.push(wire.HEADER_BYTES);
    packet.l4 = at + wire.HEADER_BYTES;
    packet.l3 = at;
    packet.family = AF_INET6;
    packet.protocol = ETH_P_IPV6;
    packet.transport = protocol;
    const { view } = packet;
    wire.writeHeader(view, at, packet.ecn | Math.max(packet.trafficClass, 0), payload, protocol, this.#hops(packet, route));
    writeIp6(route.addresses, 0, view, at + 8);
    writeIp6(route.addresses, 4, view, at + 24);
    if (!hooks.output.empty && hooks.output.run(packet) !== PASS) return this.#hooked();
    if (!hooks.postrouting.empty && hooks.postrouting.run(packet) !== PASS) return this.#hooked();
    if (!fits) return fragmenter.now?.fragment(packet, route.mtu, hop) ?? -ERRNO.EMSGSIZE;
    counters.outTransmits++;
    counters.outOctets += total;
    hop.output(packet);
    return 0;
  }

  #hooked(): number {
    this.#context.counters.outDiscards++;
    return -ERRNO.EPERM;
  }

  /** The packet's own, the route's, the interface's; 1 for groups (RFC 3493 §5.2). */
  #hops(packet: Packet, route: Route): number {
    if (packet.hopLimit >= 0) return packet.hopLimit;
    if (route.type === RTN_MULTICAST) return 1;
    return route.hopLimit || this.#context.interfaceSysctls.of(route.iface).hopLimit;
  }
}
