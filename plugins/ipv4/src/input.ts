// Receiving: RFC 791 §3.1, RFC 1122 §3.2.1, in the order of Linux's ip_rcv, ip_rcv_finish and ip_local_deliver.
import {
  type Cell,
  type Counters,
  ERRNO,
  IFF_LOOPBACK,
  type InterfaceSysctlValues,
  PACKET_LOOPBACK,
  PACKET_OTHERHOST,
  PASS,
  type Packet,
  type Table,
} from '@protoloom/contracts';
import {
  type IpErrors,
  type PacketHooks,
  PROBLEM_PARAMETER,
  PROBLEM_PROTOCOL_UNREACHABLE,
  type Routes,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNSPEC,
} from '@protoloom/contracts/ip';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET, IPPROTO_IGMP } from '@protoloom/contracts/socket';
import { countEcn } from '@protoloom/mechanisms';
import { ip4IsLoopback, readIp4 } from '@protoloom/wire';
import { mayBeSource } from './addresses.js';
import { counters as spec } from './counters.js';
import { parsed, parseOptions } from './options.js';
import { ALL_HOSTS } from './output.js';
import type { Reassembly } from './reassembly.js';
import type { interfaceSysctls } from './sysctls.js';
import * as wire from './wire.js';

export interface InputContext {
  readonly routes: Routes;
  readonly errors: IpErrors;
  readonly hooks: PacketHooks;
  readonly memberships: Cell<Memberships>;
  readonly protocols: Table<(packet: Packet) => undefined>;
  readonly counters: Counters<typeof spec>;
  readonly interfaceSysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
  readonly reassembly: Reassembly;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

export class Input {
  readonly #context: InputContext;

  constructor(context: InputContext) {
    this.#context = context;
  }

  /** A packet came in: `head` is where the header should start. */
  receive(packet: Packet): undefined {
    const { counters, hooks } = this.#context;
    if (packet.kind === PACKET_OTHERHOST) return this.#drop(packet, 'otherHost');
    counters.inReceives += packet.gsoSegments;
    counters.inOctets += packet.length;
    const { view, head } = packet;
    const room = packet.tail - head;
    if (room < wire.HEADER_BYTES || wire.version(view, head) !== 4) return this.#drop(packet, 'malformed');
    const header = wire.headerBytes(view, head);
    if (header < wire.HEADER_BYTES || header > room) return this.#drop(packet, 'malformed');
    const tos = wire.trafficClass(view, head);
    countEcn(counters, tos, packet.gsoSegments);
    if (!wire.checksumHolds(view, head, header)) return this.#drop(packet, 'checksum');
    const total = wire.totalBytes(view, head);
    if (total > packet.length) return this.#drop(packet, 'truncated');
    if (total < header) return this.#drop(packet, 'malformed');
    // Padding of the link ends here.
    if (total < packet.length) packet.trim(total);
    packet.l3 = head;
    packet.family = AF_INET;
    packet.hopLimit = wire.ttl(view, head);
    packet.trafficClass = tos;
    packet.transport = wire.protocol(view, head);
    readIp4(view, head + 12, packet.addresses, 0);
    readIp4(view, head + 16, packet.addresses, 4);
    if (!hooks.prerouting.empty && hooks.prerouting.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    if (!this.#mayArrive(packet)) return;
    if (header > wire.HEADER_BYTES && !this.#options(packet, header)) return;
    packet.l4 = head + header;
    this.#forwardOrDeliver(packet, header);
  }

  /** Source and destination are such as may stand in a packet that comes in here: RFC 1122 §3.2.1.3. */
  #mayArrive(packet: Packet): boolean {
    const { routes, interfaceSysctls } = this.#context;
    const { iface, addresses } = packet;
    const knobs = interfaceSysctls.of(iface);
    // What comes back from a group, or from all, is our own.
    const loopback = (iface.flags & IFF_LOOPBACK) !== 0 || packet.kind === PACKET_LOOPBACK;
    const source = addresses[3] as number;
    const destination = addresses[7] as number;
    const type = routes.inputType(AF_INET, addresses, 4);
    packet.destinationType = type;
    if (!mayBeSource(addresses, 0)) return this.#refuse(packet, 'martianSource');
    // A source of 0.0.0.0 is a host's without address: only to groups, to all, and from DHCP.
    if (source === 0 && type === RTN_LOCAL) return this.#refuse(packet, 'martianSource');
    if (!loopback && knobs.routeLocalnet === 0) {
      if (ip4IsLoopback(source)) return this.#refuse(packet, 'martianSource');
      if (ip4IsLoopback(destination)) return this.#refuse(packet, 'martianDestination');
    }
    if (destination === 0 || type === RTN_UNSPEC) return this.#refuse(packet, 'martianDestination');
    const refused = source === 0 || loopback ? 0 : routes.inputSource(iface, AF_INET, addresses, 0, knobs.rpFilter);
    if (refused !== 0) return this.#refuse(packet, refused === -ERRNO.EXDEV ? 'reversePath' : 'martianSource');
    return true;
  }

  #options(packet: Packet, header: number): boolean {
    const { errors, interfaceSysctls } = this.#context;
    if (!parseOptions(packet.bytes, packet.l3, packet.l3 + header)) {
      packet.l4 = packet.l3 + header;
      errors.report(packet, PROBLEM_PARAMETER, parsed.problem);
      return this.#refuse(packet, 'malformed');
    }
    // Taken only to be ended here: a host that does not forward has nowhere to route it on (RFC 7126 §4.3).
    if (parsed.sourceRoute && interfaceSysctls.of(packet.iface).acceptSourceRoute === 0) return this.#refuse(packet, 'sourceRouted');
    return true;
  }

  /** The seam: what is ours is delivered; the rest would be forwarded, by a plugin that is yet to come. */
  #forwardOrDeliver(packet: Packet, header: number): undefined {
    const { counters } = this.#context;
    switch (packet.destinationType) {
      case RTN_LOCAL:
        break;
      case RTN_BROADCAST:
        counters.inBcastPkts++;
        counters.inBcastOctets += packet.length;
        break;
      case RTN_MULTICAST:
        counters.inMcastPkts++;
        counters.inMcastOctets += packet.length;
        if (packet.addresses[7] !== ALL_HOSTS && !this.#isMember(packet)) return this.#drop(packet, 'notMember');
        break;
      default:
        return this.#drop(packet, 'notForUs');
    }
    if ((wire.fragment(packet.view, packet.l3) & (wire.MF | wire.OFFSET_MASK)) === 0) {
      packet.pull(header);
      return this.#deliver(packet);
    }
    const whole = this.#context.reassembly.add(packet, header);
    if (whole === undefined) return;
    this.#deliver(whole);
    this.#context.reassembly.done(whole);
  }

  /** As ip_check_mc_rcu: IGMP passes a group's source filter. */
  #isMember(packet: Packet): boolean {
    return this.#context.memberships.now?.accepts(packet, packet.transport === IPPROTO_IGMP) === true;
  }

  /** To the transport; `head` is at its header. */
  #deliver(packet: Packet): undefined {
    const { counters, hooks, protocols } = this.#context;
    if (!hooks.input.empty && hooks.input.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    if (protocols.has(packet.transport)) counters.inDelivers++;
    protocols.table[packet.transport]?.(packet);
  }

  /** Serves protocols that nobody attaches to: RFC 1122 §3.2.2.1. */
  readonly unknownProtocol = (packet: Packet): undefined => {
    this.#context.errors.report(packet, PROBLEM_PROTOCOL_UNREACHABLE, 0);
    return this.#drop(packet, 'unknownProtocol');
  };

  #drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }

  #refuse(packet: Packet, fate: Fate): false {
    this.#drop(packet, fate);
    return false;
  }
}
