// Receiving datagrams: RFC 768, RFC 1122 §4.1.3, in the order of Linux's __udp4_lib_rcv.
import { type Counters, CSUM_NONE, DESTINATION, type Packet, SOURCE } from '@protoloom/contracts';
import { type InboundError, type IpErrors, PROBLEM_PORT_UNREACHABLE, RTN_LOCAL } from '@protoloom/contracts/ip';
import { AF_INET6, IPPROTO_UDP } from '@protoloom/contracts/socket';
import { add, pseudoSum, sum } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import type { UdpEndpoint } from './endpoint.js';
import type { PortTable } from './ports.js';
import * as wire from './wire.js';

export interface ReceiveContext {
  readonly ports: PortTable;
  readonly errors: IpErrors;
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
  }
  if (packet.csum === CSUM_NONE && !checksumHolds(packet)) return drop(context, packet, 'checksum');
  const localPort = wire.dstPort(view, head);
  const remotePort = wire.srcPort(view, head);
  if (packet.destinationType !== RTN_LOCAL) return deliverToAll(context, packet, localPort, remotePort);
  const endpoint = ports.find(packet, localPort, remotePort);
  if (endpoint === undefined) {
    errors.report(packet, PROBLEM_PORT_UNREACHABLE, 0);
    return drop(context, packet, 'noPorts');
  }
  if (!endpoint.deliver(packet)) return drop(context, packet, 'rcvbufErrors');
  counters.queued++;
}

/** Zero means none was computed: RFC 768; IPv6 wants one: RFC 8200 §8.1. */
function checksumHolds(packet: Packet): boolean {
  const { view, bytes, head, tail, addresses } = packet;
  if (wire.checksum(view, head) === 0) return packet.family !== AF_INET6;
  const pseudo = add(pseudoSum(addresses, SOURCE, DESTINATION, IPPROTO_UDP), tail - head);
  return sum(bytes, head, tail, pseudo) === 0xffff;
}

/** To a group or to all: every socket that wants it has a copy of its own. One fate for the datagram, however many have it. */
function deliverToAll(context: ReceiveContext, packet: Packet, localPort: number, remotePort: number): undefined {
  const { ports, counters } = context;
  const bound = ports.on(localPort);
  let wanted = 0;
  let taken = 0;
  let last: UdpEndpoint | undefined;
  for (let i = 0; i < bound.length; i++) {
    const endpoint = bound[i] as UdpEndpoint;
    if (!ports.takes(endpoint, packet, remotePort)) continue;
    wanted++;
    if (last !== undefined) {
      const copy = packet.copy();
      if (last.deliver(copy)) taken++;
      else {
        counters.copiesDropped++;
        copy.release();
      }
    }
    last = endpoint;
  }
  if (last?.deliver(packet)) taken++;
  if (wanted === 0) return drop(context, packet, 'notJoined');
  if (taken === 0) return drop(context, packet, 'rcvbufErrors');
  counters.queued++;
}

/** An ICMP error about a datagram of ours: RFC 1122 §4.1.3.3. */
export function networkError({ ports }: ReceiveContext, error: InboundError): undefined {
  const { packet, l4 } = error;
  const { view } = packet;
  const endpoint = ports.sender(error.addresses, wire.srcPort(view, l4), wire.dstPort(view, l4));
  endpoint?.networkError(error);
}

function drop({ counters }: ReceiveContext, packet: Packet, fate: Fate): undefined {
  counters[fate]++;
  packet.reason = spec[fate].fate;
}
