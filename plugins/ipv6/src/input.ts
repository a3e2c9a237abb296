// Receiving: RFC 8200 §3 and §4, in the order of Linux's ip6_rcv and ip6_input.
import {
  type Cell,
  type Counters,
  IFF_LOOPBACK,
  type Interface,
  type InterfaceSysctlValues,
  type Interfaces,
  PACKET_HOST,
  PACKET_OTHERHOST,
  PASS,
  type Packet,
  type Packets,
  type Table,
} from '@protoloom/contracts';

import {
  type IpErrors,
  type PacketHooks,
  PROBLEM_UNKNOWN_HEADER,
  type Routes,
  RT_SCOPE_HOST,
  RTN_LOCAL,
  RTN_MULTICAST,
} from '@protoloom/contracts/ip';
import { type Ip6ExtensionHeader, NEXTHDR_HOP, NEXTHDR_NONE } from '@protoloom/contracts/ipv6';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { countEcn } from '@protoloom/mechanisms';
import { isLinkLocalWords, isLoopbackWords, isMulticastWords, nextHeaderAt, readIp6 } from '@protoloom/wire';
import { mayBeSource, scope } from './addresses.js';
import { counters as spec } from './counters.js';
import type { interfaceSysctls } from './sysctls.js';
import * as wire from './wire.js';

export interface InputContext {
  readonly routes: Routes;
  readonly interfaces: Interfaces;
  readonly errors: IpErrors;
  readonly hooks: PacketHooks;
  readonly packets: Packets;
  readonly memberships: Cell<Memberships>;
  readonly protocols: Table<(packet: Packet) => undefined>;
  readonly extensions: Table<Ip6ExtensionHeader>;
  readonly counters: Counters<typeof spec>;
  readonly interfaceSysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

/** ff02::1, which every node has joined: RFC 4291 §2.8. */
export const isAllNodes = (words: Int32Array, at: number): boolean =>
  (words[at] as number) >>> 0 === 0xff020000 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1;

export class Input {
  readonly #context: InputContext;

  constructor(context: InputContext) {
    this.#context = context;
  }

  /** A packet came in: `head` is where the header should start. */
  receive(packet: Packet): undefined {
    const { counters, hooks, routes, extensions, memberships, interfaceSysctls } = this.#context;
    if (packet.kind === PACKET_OTHERHOST) return this.#drop(packet, 'otherHost');
    counters.inReceives += packet.gsoSegments;
    counters.inOctets += packet.length;
    const knobs = interfaceSysctls.of(packet.iface);
    if (knobs.disableIpv6 === 1) return this.#drop(packet, 'disabled');
    const { view, head, addresses } = packet;
    if (packet.tail - head < wire.HEADER_BYTES || wire.version(view, head) !== 6) return this.#drop(packet, 'malformed');
    countEcn(counters, wire.trafficClass(view, head), packet.gsoSegments);
    readIp6(view, head + 8, addresses, 0);
    readIp6(view, head + 24, addresses, 4);
    if (!this.#mayArrive(packet)) return this.#drop(packet, 'malformed');
    if (packet.kind !== PACKET_HOST && knobs.dropUnicastInL2Multicast === 1 && !isMulticastWords(addresses, 4))
      return this.#drop(packet, 'unicastInGroup');
    packet.transport = wire.nextHeader(view, head);
    const payload = wire.payloadBytes(view, head);
    // None in front of hop-by-hop options: a jumbogram, whose length is an option (RFC 2675 §3).
    if (payload > 0 || packet.transport !== NEXTHDR_HOP) {
      const total = wire.HEADER_BYTES + payload;
      if (total > packet.length) return this.#drop(packet, 'truncated');
      // Padding of the link ends here.
      if (total < packet.length) packet.trim(total);
    }
    packet.l3 = head;
    packet.l4 = head + wire.HEADER_BYTES;
    packet.family = AF_INET6;
    packet.hopLimit = wire.hopLimit(view, head);
    packet.trafficClass = wire.trafficClass(view, head);
    packet.flowLabel = wire.flowLabel(view, head);
    if (packet.transport === NEXTHDR_HOP && extensions.has(NEXTHDR_HOP) && extensions.table[NEXTHDR_HOP]?.(packet) === undefined) return;
    packet.destinationType = routes.inputType(AF_INET6, addresses, 4);
    if (!hooks.prerouting.empty && hooks.prerouting.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    if (packet.destinationType === RTN_MULTICAST) {
      counters.inMcastPkts++;
      counters.inMcastOctets += packet.tail - packet.l3;
      if (!isAllNodes(addresses, 4) && memberships.now?.accepts(packet, false) !== true) return this.#drop(packet, 'notMember');
    } else if (packet.destinationType !== RTN_LOCAL || !this.#isOfZone(packet)) return this.#drop(packet, 'notForUs');
    packet.pull(packet.l4 - packet.head);
    if (!hooks.input.empty && hooks.input.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    this.#deliver(packet);
  }

  /**
   * RFC 4007 §9: an address of a link means its own link's station alone. What we send to ourselves comes by the loopback interface, and is
   * taken to have come by the interface whose address it is for, as on Linux.
   */
  #isOfZone(packet: Packet): boolean {
    const { iface, addresses } = packet;
    if (!isLinkLocalWords(addresses, 4)) return true;
    const { routes, interfaces } = this.#context;
    if ((iface.flags & IFF_LOOPBACK) === 0) return routes.isLocal(AF_INET6, addresses, 4, iface.index);
    const { list } = interfaces;
    for (let i = 0; i < list.length; i++) {
      const owner = list[i] as Interface;
      if (routes.isLocal(AF_INET6, addresses, 4, owner.index)) packet.iface = owner;
    }
    return true;
  }

  /** RFC 4291 §2.5.3 and §2.7: no group as source; the loopback address, and groups of this node alone, on no wire. */
  #mayArrive({ iface, addresses }: Packet): boolean {
    if (!mayBeSource(addresses, 0)) return false;
    if ((iface.flags & IFF_LOOPBACK) !== 0) return true;
    if (isLoopbackWords(addresses, 0) || isLoopbackWords(addresses, 4)) return false;
    return !isMulticastWords(addresses, 4) || scope(addresses, 4) !== RT_SCOPE_HOST;
  }

  /** Past the extension headers, in whatever order they come, to the transport: RFC 8200 §4. */
  #deliver(packet: Packet): undefined {
    const { counters, packets, protocols, extensions } = this.#context;
    let whole = packet;
    // Hop-by-hop options have their place, which is past.
    while (extensions.has(whole.transport) && whole.transport !== NEXTHDR_HOP) {
      const next = extensions.table[whole.transport]?.(whole);
      if (next !== whole && whole !== packet) packets.done(whole);
      if (next === undefined) return;
      whole = next;
    }
    whole.pull(whole.l4 - whole.head);
    if (whole.transport === NEXTHDR_NONE) this.#drop(whole, 'noNextHeader');
    else {
      if (protocols.has(whole.transport)) counters.inDelivers++;
      protocols.table[whole.transport]?.(whole);
    }
    if (whole !== packet) packets.done(whole);
  }

  /** Serves next headers that nobody attaches to: RFC 8200 §4. */
  readonly unknownProtocol = (packet: Packet): undefined => {
    this.#context.errors.report(packet, PROBLEM_UNKNOWN_HEADER, nextHeaderAt(packet.view, packet.l3, packet.l4) - packet.l3);
    return this.#drop(packet, 'unknownProtocol');
  };

  #drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}
