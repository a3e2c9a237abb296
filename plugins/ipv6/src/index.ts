// @protoloom/ipv6: the Internet protocol, version 6: RFC 8200.
import {
  attach,
  DISSECTOR,
  definePlugin,
  ENTROPY,
  ETH_P_IPV6,
  ETHERTYPE,
  IFF_MULTICAST,
  INTERFACE_EVENTS,
  INTERFACES,
  LINK_INPUT,
  own,
  PACKETS,
  type Packet,
  provide,
  SEGMENT,
  use,
  useIfPresent,
} from '@protoloom/contracts';
import { ADDRESS_LABELS, ADDRESSES } from '@protoloom/contracts/control';
import { IP_ERRORS, NETWORK_FAMILY, PACKET_HOOKS, ROUTES, SOCKET_NAMES } from '@protoloom/contracts/ip';
import {
  IP6_EXTENSION_HEADER,
  IP6_FLOW,
  IP6_FRAGMENTER,
  IP6_LINK_EVENTS,
  IP6_LINKS,
  IP6_PROTOCOL,
  IP6_TEMPORARY_ADDRESSES,
} from '@protoloom/contracts/ipv6';
import { MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { ADDRESS_FAMILY, AF_INET6, SOCKETS, type SocketState } from '@protoloom/contracts/socket';
import { LabelTable } from './address-labels.js';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { Ip6Family } from './family.js';
import { FlowLabels } from './flow-label.js';
import { Input } from './input.js';
import { Links } from './links.js';
import { Output } from './output.js';
import { segmenter } from './segmenter.js';
import { socketAttachments, socketHandlers } from './socket-options.js';
import { makeSocketState } from './socket-state.js';
import { SourceSelection } from './source.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';
import { addressFamily } from './zones.js';

/** What a socket without a peer is told of its hop limit. */
const DEFAULT_HOPS = 64;
/** ff02::1, which every node has joined: RFC 4291 §2.8. */
const ALL_NODES = Int32Array.of(0xff020000 | 0, 0, 0, 1);

export const ipv6 = definePlugin({
  name: '@protoloom/ipv6',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: {
    routes: use(ROUTES, '^1.0'),
    names: use(SOCKET_NAMES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    hooks: use(PACKET_HOOKS, '^1.0'),
    addresses: use(ADDRESSES, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    sockets: use(SOCKETS, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    linkInput: use(LINK_INPUT, '^1.0'),
    memberships: useIfPresent(MEMBERSHIPS, '^1.0'),
    fragmenter: useIfPresent(IP6_FRAGMENTER, '^1.0'),
    temporary: useIfPresent(IP6_TEMPORARY_ADDRESSES, '^1.0'),
  },
  attaches: {
    receive: attach(ETHERTYPE, ETH_P_IPV6, '^1.0'),
    network: attach(NETWORK_FAMILY, AF_INET6, '^1.0'),
    addressFamily: attach(ADDRESS_FAMILY, AF_INET6, '^1.0'),
    interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 3, kind: ETH_P_IPV6 }, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ethertype', number: ETH_P_IPV6 }, '^1.0'),
    ...socketAttachments,
  },
  provides: { links: provide(IP6_LINKS, '1.0.0'), labels: provide(ADDRESS_LABELS, '1.0.0') },
  owns: {
    protocol: own(IP6_PROTOCOL, '1.0.0'),
    flow: own(IP6_FLOW, '1.0.0'),
    extension: own(IP6_EXTENSION_HEADER, '1.0.0'),
    linkEvents: own(IP6_LINK_EVENTS, '1.0.0'),
  },
  counters,
  sysctls,
  interfaceSysctls,
  create({
    use: { routes, names, errors, hooks, addresses, packets, interfaces, sockets, entropy, linkInput, memberships, fragmenter, temporary },
    points,
    counters: count,
    sysctls: knobs,
    interfaceSysctls: interfaceKnobs,
    interfaceState,
    socketState,
  }) {
    const slots = socketState(makeSocketState);
    const addressLabels = new LabelTable({ interfaces, routes });
    const sources = new SourceSelection(addressLabels, temporary);
    const labels = new FlowLabels(knobs, points.flow, entropy.word(), entropy.word());
    const input = new Input({
      routes,
      interfaces,
      errors,
      hooks,
      packets,
      memberships,
      protocols: points.protocol,
      extensions: points.extension,
      counters: count,
      interfaceSysctls: interfaceKnobs,
    });
    const links = new Links({ addresses, routes, sysctls: interfaceKnobs, events: points.linkEvents });
    const output = new Output({
      hooks,
      fragmenter,
      linkInput,
      memberships,
      sockets: slots,
      labels,
      counters: count,
      interfaceSysctls: interfaceKnobs,
    });
    const groupAddress = new Uint8Array(6);
    // As they were when they were last looked at: a change of something else leaves what a router has told.
    const mtus = interfaceState((iface) => ({ mtu: iface.mtu }));
    return {
      services: { links, labels: addressLabels },
      sysctls: { disableIpv6: { changed: links.switched }, mtu: { changed: links.mtuSet } },
      handlers: {
        receive: (packet: Packet) => input.receive(packet),
        network: new Ip6Family({ sysctls: knobs, slots, links, sources, output }),
        addressFamily: addressFamily(interfaces, () => knobs.bindV6Only !== 0),
        interfaceEvents: {
          added: (iface) => links.resized(iface),
          up(iface) {
            links.up(iface);
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(ALL_NODES, 0, groupAddress)) iface.joinGroup(groupAddress);
          },
          changed(iface) {
            if (iface.mtu !== mtus.of(iface).mtu) links.resized(iface);
            mtus.of(iface).mtu = iface.mtu;
          },
          gone: (iface) => addressLabels.gone(iface),
          down(iface) {
            links.down(iface);
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(ALL_NODES, 0, groupAddress)) iface.leaveGroup(groupAddress);
          },
        },
        segmenter,
        dissector,
        ...socketHandlers({
          slots,
          sockets,
          interfaces,
          routes,
          names,
          sysctls: knobs,
          hopLimit(socket: SocketState) {
            const route = names.peerRoute(socket);
            return route === undefined ? DEFAULT_HOPS : route.hopLimit || interfaceKnobs.of(route.iface).hopLimit;
          },
          autoFlowLabels: () => labels.byDefault,
        }),
      },
      otherwise: { protocol: { handler: input.unknownProtocol }, flow: { handler: () => 0 }, extension: { handler: (packet) => packet } },
      start() {
        for (const iface of interfaces.list) links.resized(iface);
      },
    };
  },
});

export { VERSION, wire };
