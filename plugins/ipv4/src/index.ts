// @protoloom/ipv4: the Internet protocol, version 4: RFC 791, RFC 1122 §3.
import {
  attach,
  CLOCK,
  DISSECTOR,
  definePlugin,
  ENTROPY,
  ETH_P_IP,
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
  TIMERS,
  use,
  useIfPresent,
} from '@protoloom/contracts';
import { ADDRESSES } from '@protoloom/contracts/control';
import { IP_ERRORS, LOCAL_ADDRESSES, NETWORK_FAMILY, PACKET_HOOKS, ROUTES, SOCKET_NAMES } from '@protoloom/contracts/ip';
import { IP4_PROTOCOL } from '@protoloom/contracts/ipv4';
import { MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { ADDRESS_FAMILY, AF_INET } from '@protoloom/contracts/socket';
import { addressFamily } from './addresses.js';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { Ip4Family } from './family.js';
import { Identification } from './identification.js';
import { Input } from './input.js';
import { ALL_HOSTS, Output } from './output.js';
import { Reassembly } from './reassembly.js';
import { segmenter } from './segmenter.js';
import { socketAttachments, socketHandlers } from './socket-options.js';
import { defaultDiscovery, makeSocketState } from './socket-state.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

/** What Linux gives the loopback interface when it comes up. */
const LOOPBACK_ADDRESS = '127.0.0.1/8';

export const ipv4 = definePlugin({
  name: '@protoloom/ipv4',
  version: VERSION,
  api: '^1.0.0',
  headerBytes: wire.MAX_HEADER_BYTES,
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    names: use(SOCKET_NAMES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    hooks: use(PACKET_HOOKS, '^1.0'),
    addresses: use(ADDRESSES, '^1.0'),
    localAddresses: use(LOCAL_ADDRESSES, '^1.0'),
    linkInput: use(LINK_INPUT, '^1.0'),
    memberships: useIfPresent(MEMBERSHIPS, '^1.0'),
  },
  attaches: {
    receive: attach(ETHERTYPE, ETH_P_IP, '^1.0'),
    network: attach(NETWORK_FAMILY, AF_INET, '^1.0'),
    addressFamily: attach(ADDRESS_FAMILY, AF_INET, '^1.0'),
    interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'),
    segmenter: attach(SEGMENT, { layer: 3, kind: ETH_P_IP }, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ethertype', number: ETH_P_IP }, '^1.0'),
    ...socketAttachments,
  },
  owns: { protocol: own(IP4_PROTOCOL, '1.0.0') },
  counters,
  sysctls,
  interfaceSysctls,
  create({
    use: { clock, entropy, timers, packets, interfaces, routes, names, errors, hooks, addresses, localAddresses, linkInput, memberships },
    points,
    counters: count,
    sysctls: knobs,
    interfaceSysctls: interfaceKnobs,
    socketState,
  }) {
    const sockets = socketState(() => makeSocketState(defaultDiscovery(knobs.noPmtuDisc)));
    const reassembly = new Reassembly({
      clock,
      timers,
      packets,
      errors,
      counters: count,
      sysctls: knobs,
      seed0: entropy.word(),
      seed1: entropy.word(),
    });
    const input = new Input({
      routes,
      errors,
      hooks,
      memberships,
      protocols: points.protocol,
      counters: count,
      interfaceSysctls: interfaceKnobs,
      reassembly,
    });
    const output = new Output({
      packets,
      hooks,
      linkInput,
      memberships,
      counters: count,
      sysctls: knobs,
      sockets,
      identification: new Identification(clock, entropy),
    });
    const allHosts = Int32Array.of(0, 0, 0xffff, ALL_HOSTS);
    const groupAddress = new Uint8Array(6);
    return {
      handlers: {
        receive: (packet: Packet) => input.receive(packet),
        network: new Ip4Family({ sysctls: knobs, sockets, output }),
        addressFamily,
        interfaceEvents: {
          up(iface) {
            if (
              (iface.flags & IFF_LOOPBACK) !== 0 &&
              !addresses.list({ iface: iface.name, family: 'inet' }).some(({ address }) => address === LOOPBACK_ADDRESS)
            ) {
              addresses.add(iface.name, LOOPBACK_ADDRESS);
            }
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(allHosts, 0, groupAddress)) iface.joinGroup(groupAddress);
          },
          down(iface) {
            if ((iface.flags & IFF_MULTICAST) !== 0 && iface.link.groupAddress(allHosts, 0, groupAddress)) iface.leaveGroup(groupAddress);
          },
        },
        segmenter,
        dissector,
        ...socketHandlers({ sockets, interfaces, addresses: localAddresses, names }),
      },
      otherwise: { protocol: { handler: input.unknownProtocol } },
      stop: () => reassembly.clear(),
      snapshot: () => ({ reassembly: reassembly.held }),
    };
  },
});

export { VERSION, wire };
