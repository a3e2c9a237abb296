// @protoloom/ipv6: the Internet protocol, version 6: RFC 8200.
import {
  attach,
  DISSECTOR,
  definePlugin,
  ETH_P_IPV6,
  ETHERTYPE,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  INTERFACE_EVENTS,
  INTERFACES,
  LINK_INPUT,
  own,
  PACKETS,
  type Packet,
  SEGMENT,
  use,
  useIfPresent,
} from '@protoloom/contracts';
import { ADDRESSES } from '@protoloom/contracts/control';
import { IP_ERRORS, NETWORK_FAMILY, type NetworkFamily, PACKET_HOOKS, ROUTES } from '@protoloom/contracts/ip';
import { IP6_EXTENSION_HEADER, IP6_FRAGMENTER, IP6_PROTOCOL } from '@protoloom/contracts/ipv6';
import { MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { ADDRESS_FAMILY, AF_INET6 } from '@protoloom/contracts/socket';
import { addressFamily, destinationType, format, mayBeSource, parse, scope, selectSource } from './addresses.js';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { Input } from './input.js';
import { makeMulticastState, multicastAttachments, multicastHandlers } from './multicast-options.js';
import { Output } from './output.js';
import { segmenter } from './segmenter.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

/** What Linux gives the loopback interface when it comes up. */
const LOOPBACK_ADDRESS = '::1/128';
/** RFC 8200 §5. */
const MIN_MTU = 1280;
/** ff02::1, which every node has joined: RFC 4291 §2.8. */
const ALL_NODES = Int32Array.of(0xff020000 | 0, 0, 0, 1);

export const ipv6 = definePlugin({
  name: '@protoloom/ipv6',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.HEADER_BYTES,
  uses: {
    routes: use(ROUTES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    hooks: use(PACKET_HOOKS, '^1.0'),
    addresses: use(ADDRESSES, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    linkInput: use(LINK_INPUT, '^1.0'),
    memberships: useIfPresent(MEMBERSHIPS, '^1.0'),
    fragmenter: useIfPresent(IP6_FRAGMENTER, '^1.0'),
  },
  attaches: {
    receive: attach(ETHERTYPE, ETH_P_IPV6, '^1.0'),
    network: attach(NETWORK_FAMILY, AF_INET6, '^1.0'),
    addressFamily: attach(ADDRESS_FAMILY, AF_INET6, '^1.0'),
    interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 3, kind: ETH_P_IPV6 }, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ethertype', number: ETH_P_IPV6 }, '^1.0'),
    ...multicastAttachments,
  },
  owns: { protocol: own(IP6_PROTOCOL, '1.0.0'), extension: own(IP6_EXTENSION_HEADER, '1.0.0') },
  counters,
  sysctls,
  interfaceSysctls,
  create({
    use: { routes, errors, hooks, addresses, packets, interfaces, linkInput, memberships, fragmenter },
    points,
    counters: count,
    sysctls: knobs,
    interfaceSysctls: interfaceKnobs,
    socketState,
  }) {
    const sockets = socketState(makeMulticastState);
    const input = new Input({
      routes,
      errors,
      hooks,
      packets,
      memberships,
      protocols: points.protocol,
      extensions: points.extension,
      counters: count,
    });
    const output = new Output({
      hooks,
      fragmenter,
      linkInput,
      memberships,
      sockets,
      counters: count,
      interfaceSysctls: interfaceKnobs,
    });
    const groupAddress = new Uint8Array(6);
    const network: NetworkFamily = {
      family: AF_INET6,
      etherType: ETH_P_IPV6,
      addressBytes: 16,
      headerBytes: wire.HEADER_BYTES,
      minMtu: MIN_MTU,
      minPathMtu: MIN_MTU,
      get pathMtuExpires() {
        return knobs.mtuExpires;
      },
      parse,
      format,
      destinationType,
      mayBeSource,
      selectSource,
      scope,
      sourcesFromAll: true,
      output: (packet, route, protocol, hop) => output.send(packet, route, protocol, hop),
    };
    return {
      handlers: {
        receive: (packet: Packet) => input.receive(packet),
        network,
        addressFamily,
        interfaceEvents: {
          up(iface) {
            if (
              (iface.flags & IFF_LOOPBACK) !== 0 &&
              !addresses.list({ iface: iface.name, family: 'inet6' }).some(({ address }) => address === LOOPBACK_ADDRESS)
            ) {
              addresses.add(iface.name, LOOPBACK_ADDRESS);
            }
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(ALL_NODES, 0, groupAddress)) iface.joinGroup(groupAddress);
          },
          down(iface) {
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(ALL_NODES, 0, groupAddress)) iface.leaveGroup(groupAddress);
          },
        },
        segmenter,
        dissector,
        ...multicastHandlers(sockets, interfaces),
      },
      otherwise: { protocol: { handler: input.unknownProtocol }, extension: { handler: (packet) => packet } },
    };
  },
});

export { VERSION, wire };
