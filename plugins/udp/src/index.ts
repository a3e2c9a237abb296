// @protoloom/udp: the user datagram protocol: RFC 768, RFC 1122 §4.1.
import {
  attach,
  attachIfPresent,
  attachSome,
  DISSECTOR,
  definePlugin,
  ENTROPY,
  PACKETS,
  type Packet,
  SEGMENT,
  TURNS,
  use,
  useIfPresent,
} from '@protoloom/contracts';
import { type InboundError, IP_ERROR_QUEUES, IP_ERRORS, LOCAL_PORTS, ROUTES, SOCKET_NAMES, TRANSPORT_ERROR } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { IP6_FLOW, IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6, IPPROTO_UDP, SOCK_DGRAM, SOCKET_TYPE, SOCKETS, type SocketState } from '@protoloom/contracts/socket';
import { GSO_UDP } from '@protoloom/contracts/udp';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { UdpEndpoint } from './endpoint.js';
import { PortTable } from './ports.js';
import { networkError, receive } from './receive.js';
import { segmenter } from './segmenter.js';
import { socketAttachments, socketHandlers } from './socket-options.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export const udp = definePlugin({
  name: '@protoloom/udp',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: {
    routes: use(ROUTES, '^1.0'),
    names: use(SOCKET_NAMES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    localPorts: use(LOCAL_PORTS, '^1.0'),
    errorQueues: use(IP_ERROR_QUEUES, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    turns: use(TURNS, '^1.0'),
    sockets: use(SOCKETS, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    memberships: useIfPresent(MEMBERSHIPS, '^1.0'),
  },
  attaches: {
    datagram: attachSome([IP4_PROTOCOL, IP6_PROTOCOL], IPPROTO_UDP, '^1.0'),
    flow: attachIfPresent(IP6_FLOW, IPPROTO_UDP, '^1.0'),
    error: attach(TRANSPORT_ERROR, IPPROTO_UDP, '^1.0'),
    inet: attach(SOCKET_TYPE, { families: [AF_INET, AF_INET6], type: SOCK_DGRAM, protocol: IPPROTO_UDP, default: true }, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 4, kind: GSO_UDP }, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ip', number: IPPROTO_UDP }, '^1.0'),
    ...socketAttachments,
  },
  counters,
  create({ use: { routes, names, errors, errorQueues, localPorts, packets, turns, sockets, entropy, memberships }, counters: count }) {
    const ports = new PortTable(entropy.word(), entropy.word());
    const context = {
      ports,
      routes,
      names,
      errors,
      localPorts,
      errorQueues,
      packets,
      turns,
      sockets,
      memberships,
      counters: count,
      below: (bound: number) => entropy.below(bound),
    };
    return {
      handlers: {
        datagram: (packet: Packet) => receive(context, packet),
        flow: ({ view, l4 }: Packet) => wire.ports(view, l4),
        error: (error: InboundError) => networkError(context, error),
        inet: { open: (socket: SocketState) => new UdpEndpoint(context, socket) },
        segmenter,
        dissector,
        ...socketHandlers,
      },
    };
  },
});

export { VERSION, wire };
