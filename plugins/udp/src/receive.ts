// Receiving datagrams: RFC 768, RFC 1122 §4.1.3, in the order of Linux's __udp4_lib_rcv.
import { type Cell, type Counters, CSUM_NONE, CSUM_PARTIAL, DESTINATION, type Packet, type Packets, SOURCE } from '@protoloom/contracts';
import { type InboundError, type IpErrors, PROBLEM_PORT_UNREACHABLE, RTN_LOCAL, RTN_MULTICAST } from '@protoloom/contracts/ip';
import type { Memberships } from '@protoloom/contracts/multicast';
import { AF_INET6, IPPROTO_UDP } from '@protoloom/contracts/socket';
import { add, pseudoSum, sum } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import type { UdpEndpoint } from './endpoint.js';
import type { PortTable } from './ports.js';
import { cut } from './segmenter.js';
import * as wire from './wire.js';

export interface ReceiveContext {
  readonly ports: PortTable;
  readonly errors: IpErrors;
  readonly packets: Packets;
  readonly memberships: Cell<Memberships>;
  readonly counters: Counters<typeof spec>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

/** A datagram came in: `head` = `l4` is its header. */
export function receive(context: ReceiveContext, packet: Packet): undefined {
  const { ports, errors, counters } = context;
  if (packet.fragmentCount > 0) packet.linearize();
  const { view, head } = packet;
  const room = packet.tail - head;
  if (room < wire.HEADER_BYTES) return drop(context, packet, 'malformed');
  const length = wire.length(view, head);
  // A coalesced datagram's own length field tells of its first segment alone.
  if (packet.gsoSegments <= 1) {
    if (length < wire.HEADER_BYTES || length > room) return drop(context, packet, 'malformed');
    if (length < room) packet.trim(length);
  } else if (packet.gsoSize <= 0) return drop(context, packet, 'malformed');
  // Zero means that none was computed: RFC 768. Over IPv6 the socket must have asked for that: RFC 6935 §5, RFC 8200 §8.1.
  const unsummed = packet.csum !== CSUM_PARTIAL && wire.checksum(view, head) === 0;
  if (!unsummed && packet.csum === CSUM_NONE && !checksumHolds(packet)) return drop(context, packet, 'checksum');
  const mustAllow = unsummed && packet.family === AF_INET6;
  const localPort = wire.dstPort(view, head);
  const remotePort = wire.srcPort(view, head);
  if (packet.destinationType !== RTN_LOCAL) return deliverToAll(context, packet, localPort, remotePort, mustAllow);
  const endpoint = ports.find(packet, localPort, remotePort);
  if (mustAllow && endpoint?.takesNoChecksum !== true) return drop(context, packet, 'checksum');
  if (endpoint === undefined) {
    errors.report(packet, PROBLEM_PORT_UNREACHABLE, 0);
    return drop(context, packet, 'noPorts');
  }
  if (!deliver(context, endpoint, packet)) return drop(context, packet, 'rcvbufErrors');
  counters.queued++;
}

function checksumHolds(packet: Packet): boolean {
  const { bytes, head, tail, addresses } = packet;
  const pseudo = add(pseudoSum(addresses, SOURCE, DESTINATION, IPPROTO_UDP), tail - head);
  return sum(bytes, head, tail, pseudo) === 0xffff;
}

/** False: the socket's buffer had no room. Users read datagrams: unless they ask for more, a coalesced one is queued in its pieces. */
function deliver({ packets, counters }: ReceiveContext, endpoint: UdpEndpoint, packet: Packet): boolean {
  if (packet.gsoSegments <= 1 || endpoint.takesCoalesced) return endpoint.deliver(packet);
  const payload = packet.tail - packet.head - wire.HEADER_BYTES;
  let taken = 0;
  let dropped = 0;
  for (let offset = 0; offset < payload; offset += packet.gsoSize) {
    const piece = cut(packets, packet, offset, Math.min(packet.gsoSize, payload - offset));
    if (endpoint.deliver(piece)) taken++;
    else dropped++;
    packets.done(piece);
  }
  // Where none was taken, the fate of the whole counts one of them.
  counters.copiesDropped += taken > 0 ? dropped : Math.max(0, dropped - 1);
  return taken > 0;
}

/** To a group or to all: every socket that wants it has a copy of its own. One fate for the datagram, however many have it. */
function deliverToAll(context: ReceiveContext, packet: Packet, localPort: number, remotePort: number, mustAllow: boolean): undefined {
  const { ports, counters, memberships } = context;
  const bound = ports.on(localPort);
  const groups = packet.destinationType === RTN_MULTICAST ? memberships.now : undefined;
  let wanted = 0;
  let taken = 0;
  let last: UdpEndpoint | undefined;
  for (let i = 0; i < bound.length; i++) {
    const endpoint = bound[i] as UdpEndpoint;
    if ((mustAllow && !endpoint.takesNoChecksum) || !ports.takes(endpoint, packet, remotePort)) continue;
    if (groups?.wants(endpoint.socket, packet) === false) continue;
    wanted++;
    if (last !== undefined && deliverCopy(context, last, packet)) taken++;
    last = endpoint;
  }
  if (last === undefined) return drop(context, packet, 'notJoined');
  if (deliver(context, last, packet)) taken++;
  if (taken === 0) {
    counters.copiesDropped += wanted - 1;
    return drop(context, packet, 'rcvbufErrors');
  }
  counters.copiesDropped += wanted - taken;
  counters.queued++;
}

function deliverCopy(context: ReceiveContext, endpoint: UdpEndpoint, packet: Packet): boolean {
  if (packet.gsoSegments > 1 && !endpoint.takesCoalesced) return deliver(context, endpoint, packet);
  const copy = packet.copy();
  if (endpoint.deliver(copy)) return true;
  copy.release();
  return false;
}

/** What every ICMP error quotes of a header at least: RFC 792. */
const QUOTED_BYTES = 8;

/** An ICMP error about a datagram of ours: RFC 1122 §4.1.3.3. */
export function networkError({ ports }: ReceiveContext, error: InboundError): undefined {
  const { packet, l4, end } = error;
  if (end - l4 < QUOTED_BYTES) return;
  const { view } = packet;
  const endpoint = ports.sender(error.addresses, wire.srcPort(view, l4), wire.dstPort(view, l4));
  endpoint?.networkError(error);
}

function drop({ counters }: ReceiveContext, packet: Packet, fate: Fate): undefined {
  counters[fate]++;
  packet.reason = spec[fate].fate;
}
