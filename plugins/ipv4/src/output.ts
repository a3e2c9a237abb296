// Sending: RFC 791 §3.2, RFC 1122 §3.2.1 and §3.3. The header in front of what a transport has built, and fragments where they must be.
import {
  type Cell,
  type Counters,
  ERRNO,
  ETH_P_IP,
  GSO_NONE,
  IFF_LOOPBACK,
  type LinkInput,
  PASS,
  type Packet,
  type Packets,
  type SocketSlots,
} from '@protoloom/contracts';
import { type NextHop, type PacketHooks, type Route, RTN_BROADCAST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { IP_PMTUDISC_DO, IP_PMTUDISC_INTERFACE, IP_PMTUDISC_PROBE, IP_PMTUDISC_WANT } from '@protoloom/contracts/ipv4';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET, type SocketState } from '@protoloom/contracts/socket';
import { ip4IsLoopback } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import type { Identification } from './identification.js';
import { keepCopied } from './options.js';
import { defaultDiscovery, type Ip4SocketState } from './socket-state.js';
import * as wire from './wire.js';

const MAX_PACKET_BYTES = 65_535;
/** 224.0.0.1, which every host has joined: RFC 1112 §4. */
export const ALL_HOSTS = 0xe0000001 | 0;

export interface OutputContext {
  readonly packets: Packets;
  readonly hooks: PacketHooks;
  readonly linkInput: LinkInput;
  readonly memberships: Cell<Memberships>;
  readonly counters: Counters<typeof spec>;
  readonly sysctls: { readonly defaultTtl: number; readonly noPmtuDisc: number };
  readonly sockets: SocketSlots<Ip4SocketState>;
  readonly identification: Identification;
}

export class Output {
  readonly #context: OutputContext;

  constructor(context: OutputContext) {
    this.#context = context;
  }

  /** The network layer's part of `Route.output`. */
  send(packet: Packet, route: Route, protocol: number, hop: NextHop): number {
    const { counters, sockets, hooks, sysctls } = this.#context;
    const socket = packet.socket?.family === 0 ? undefined : packet.socket;
    const options = socket === undefined ? undefined : sockets.ifMade(socket);
    const { addresses, iface, type } = route;
    const source = addresses[3] as number;
    counters.outRequests++;
    if (ip4IsLoopback(source) && (iface.flags & IFF_LOOPBACK) === 0) {
      counters.outDiscards++;
      return -ERRNO.EINVAL;
    }
    const ipOptions = packet.options ?? options?.options;
    const optionBytes = ipOptions === undefined ? 0 : ipOptions.length;
    const header = wire.HEADER_BYTES + optionBytes;
    const total = header + packet.length;
    const single = packet.gsoKind === GSO_NONE;
    if (total > MAX_PACKET_BYTES) return -ERRNO.EMSGSIZE;
    const discover = options?.mtuDiscover ?? (socket === undefined ? undefined : defaultDiscovery(sysctls.noPmtuDisc));
    // From IP_PMTUDISC_PROBE on the link alone counts; before it, what is known of the path.
    const mtu = discover !== undefined && discover >= IP_PMTUDISC_PROBE ? iface.mtu : route.mtu;
    const fits = total <= mtu || !single;
    const strict = packet.dontFragment || discover === IP_PMTUDISC_DO || discover === IP_PMTUDISC_PROBE;
    if (!fits && (strict || discover === IP_PMTUDISC_INTERFACE)) {
      counters.fragFails++;
      return -ERRNO.EMSGSIZE;
    }
    // As Linux: what fits and whose sender discovers the path goes with DF.
    const dontFragment = strict || (fits && discover === IP_PMTUDISC_WANT);
    const l4 = packet.head;
    const at = packet.push(header);
    packet.l4 = l4 === at + header ? l4 : at + header;
    packet.l3 = at;
    packet.family = AF_INET;
    packet.protocol = ETH_P_IP;
    packet.transport = protocol;
    wire.writeHeader(
      packet.view,
      at,
      header,
      packet.ecn | (packet.trafficClass >= 0 ? packet.trafficClass : (options?.tos ?? 0)),
      total,
      this.#identify(packet, route, protocol, dontFragment, socket),
      dontFragment ? wire.DF : 0,
      this.#hops(packet, route, options),
      protocol,
      source,
      addresses[7] as number,
    );
    if (ipOptions !== undefined && optionBytes > 0) packet.bytes.set(ipOptions, at + wire.HEADER_BYTES);
    wire.writeChecksum(packet.view, at, header);
    if (!hooks.output.empty && hooks.output.run(packet) !== PASS) return this.#hooked();
    if (type === RTN_MULTICAST || type === RTN_BROADCAST) this.#group(packet, route, options);
    if (!hooks.postrouting.empty && hooks.postrouting.run(packet) !== PASS) return this.#hooked();
    // A group's datagram with TTL 0 stays within the host: RFC 1112 §6.1.
    if (type === RTN_MULTICAST && wire.ttl(packet.view, packet.l3) === 0) return 0;
    if (fits) {
      this.#transmit(packet, hop, total);
      return 0;
    }
    this.#fragment(packet, header, mtu, hop);
    return 0;
  }

  #transmit(packet: Packet, hop: NextHop, total: number): void {
    const { counters } = this.#context;
    counters.outTransmits++;
    counters.outOctets += total;
    hop.output(packet);
  }

  #hooked(): number {
    this.#context.counters.outDiscards++;
    return -ERRNO.EPERM;
  }

  /** TTL: the packet's own, the socket's, the route's, the sysctl's; 1 for groups unless the socket says otherwise (RFC 1112 §6.1). */
  #hops(packet: Packet, route: Route, options: Ip4SocketState | undefined): number {
    if (packet.hopLimit >= 0) return packet.hopLimit;
    if (route.type === RTN_MULTICAST) return options?.multicastTtl ?? 1;
    if (options !== undefined && options.ttl >= 0) return options.ttl;
    return route.hopLimit || this.#context.sysctls.defaultTtl;
  }

  /** RFC 6864 §4: a datagram that is never fragmented may have any; others need one of their own. */
  #identify(packet: Packet, route: Route, protocol: number, dontFragment: boolean, socket: SocketState | undefined): number {
    if (!dontFragment)
      return this.#context.identification.next(route.addresses[3] as number, route.addresses[7] as number, protocol, packet.gsoSegments);
    return socket === undefined ? 0 : this.#context.identification.ofSocket(socket, packet.gsoSegments);
  }

  /** Broadcasts, and datagrams to groups that we are in, come back to us: RFC 1112 §6.1, and Linux's ip_mc_output. */
  #group(packet: Packet, route: Route, options: Ip4SocketState | undefined): void {
    const { counters, linkInput } = this.#context;
    const { type, iface } = route;
    if (type === RTN_MULTICAST) {
      counters.outMcastPkts++;
      counters.outMcastOctets += packet.length;
      if (options?.multicastLoop === false || !this.#isMember(route)) return;
    } else {
      counters.outBcastPkts++;
      counters.outBcastOctets += packet.length;
    }
    if ((iface.flags & IFF_LOOPBACK) === 0 && linkInput.loop(packet)) counters.looped++;
  }

  #isMember({ addresses, iface }: Route): boolean {
    return addresses[7] === ALL_HOSTS || this.#context.memberships.now?.isMember(iface, addresses) === true;
  }

  /** RFC 791 §3.2: all but the last a multiple of eight octets long; options as their copied flag says. */
  #fragment(packet: Packet, header: number, mtu: number, hop: NextHop): void {
    const { packets, counters } = this.#context;
    packet.completeChecksum();
    packet.linearize();
    counters.fragOks++;
    const { bytes, view, head, tail } = packet;
    const payload = tail - head - header;
    const each = (mtu - header) & ~7;
    const laterOptions = bytes.slice(head + wire.HEADER_BYTES, head + header);
    keepCopied(laterOptions, 0, laterOptions.length);
    for (let offset = 0; offset < payload; offset += each) {
      const count = Math.min(each, payload - offset);
      const piece = packets.make(header + count);
      const at = piece.put(header + count);
      piece.bytes.set(bytes.subarray(head, head + header), at);
      if (offset > 0) piece.bytes.set(laterOptions, at + wire.HEADER_BYTES);
      piece.bytes.set(bytes.subarray(head + header + offset, head + header + offset + count), at + header);
      const more = offset + count < payload || (wire.fragment(view, head) & wire.MF) !== 0;
      piece.view.setUint16(at + 2, header + count);
      piece.view.setUint16(at + 6, (offset >> 3) | (more ? wire.MF : 0));
      wire.writeChecksum(piece.view, at, header);
      piece.l3 = at;
      piece.l4 = at + header;
      piece.iface = packet.iface;
      piece.family = AF_INET;
      piece.protocol = ETH_P_IP;
      piece.transport = packet.transport;
      piece.destinationType = packet.destinationType;
      piece.socket = packet.socket;
      piece.priority = packet.priority;
      piece.mark = packet.mark;
      counters.fragCreates++;
      this.#transmit(piece, hop, header + count);
      packets.done(piece);
    }
  }
}
