// Receiving: RFC 8200 §3 and §4, in the order of Linux's ip6_rcv and ip6_input.
import { type Counters, IFF_LOOPBACK, PACKET_OTHERHOST, PASS, type Packet, type Table } from '@protoloom/contracts';
import {
  type IpErrors,
  type PacketHooks,
  PROBLEM_UNKNOWN_HEADER,
  type Routes,
  RT_SCOPE_HOST,
  RTN_LOCAL,
  RTN_MULTICAST,
} from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { isLoopbackWords, isMulticastWords, readIp6 } from '@protoloom/wire';
import { mayBeSource, scope } from './addresses.js';
import { counters as spec } from './counters.js';
import * as wire from './wire.js';

export interface InputContext {
  readonly routes: Routes;
  readonly errors: IpErrors;
  readonly hooks: PacketHooks;
  readonly protocols: Table<(packet: Packet) => undefined>;
  readonly counters: Counters<typeof spec>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

/** ff02::1, which every node has joined: RFC 4291 §2.8. */
const isAllNodes = (words: Int32Array, at: number): boolean =>
  (words[at] as number) >>> 0 === 0xff020000 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1;

export class Input {
  readonly #context: InputContext;

  constructor(context: InputContext) {
    this.#context = context;
  }

  /** A packet came in: `head` is where the header should start. */
  receive(packet: Packet): undefined {
    const { counters, hooks, routes } = this.#context;
    if (packet.kind === PACKET_OTHERHOST) return this.#drop(packet, 'otherHost');
    counters.inReceives += packet.gsoSegments;
    counters.inOctets += packet.length;
    const { view, head, addresses } = packet;
    if (packet.tail - head < wire.HEADER_BYTES || wire.version(view, head) !== 6) return this.#drop(packet, 'malformed');
    readIp6(view, head + 8, addresses, 0);
    readIp6(view, head + 24, addresses, 4);
    if (!this.#mayArrive(packet)) return this.#drop(packet, 'malformed');
    const total = wire.HEADER_BYTES + wire.payloadBytes(view, head);
    if (total > packet.length) return this.#drop(packet, 'truncated');
    // Padding of the link ends here.
    if (total < packet.length) packet.trim(total);
    packet.l3 = head;
    packet.l4 = head + wire.HEADER_BYTES;
    packet.family = AF_INET6;
    packet.hopLimit = wire.hopLimit(view, head);
    packet.trafficClass = wire.trafficClass(view, head);
    packet.transport = wire.nextHeader(view, head);
    packet.destinationType = routes.inputType(AF_INET6, addresses, 4);
    if (!hooks.prerouting.empty && hooks.prerouting.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    if (packet.destinationType === RTN_MULTICAST) {
      // Memberships other than every node's own come with MLD.
      if (!isAllNodes(addresses, 4)) return this.#drop(packet, 'notMember');
    } else if (packet.destinationType !== RTN_LOCAL) return this.#drop(packet, 'notForUs');
    packet.pull(wire.HEADER_BYTES);
    this.#deliver(packet);
  }

  /** RFC 4291 §2.5.3 and §2.7: no group as source; the loopback address, and groups of this node alone, on no wire. */
  #mayArrive({ iface, addresses }: Packet): boolean {
    if (!mayBeSource(addresses, 0)) return false;
    if ((iface.flags & IFF_LOOPBACK) !== 0) return true;
    if (isLoopbackWords(addresses, 0) || isLoopbackWords(addresses, 4)) return false;
    return !isMulticastWords(addresses, 4) || scope(addresses, 4) !== RT_SCOPE_HOST;
  }

  /** To the transport; `head` is at its header. */
  #deliver(packet: Packet): undefined {
    const { counters, hooks, protocols } = this.#context;
    if (!hooks.input.empty && hooks.input.run(packet) !== PASS) return this.#drop(packet, 'hooked');
    if (packet.transport === wire.NO_NEXT_HEADER) return this.#drop(packet, 'noNextHeader');
    if (protocols.has(packet.transport)) counters.inDelivers++;
    protocols.table[packet.transport]?.(packet);
  }

  /** Serves next headers that nobody attaches to: RFC 8200 §4. */
  readonly unknownProtocol = (packet: Packet): undefined => {
    this.#context.errors.report(packet, PROBLEM_UNKNOWN_HEADER, wire.NEXT_HEADER_AT);
    return this.#drop(packet, 'unknownProtocol');
  };

  #drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}
