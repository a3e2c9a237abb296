// @protoloom/arp: Address resolution protocol, RFC 826.
import {
  attach,
  CLOCK,
  DISSECTOR,
  definePlugin,
  ETH_P_ARP,
  ETHERTYPE,
  INTERFACE_EVENTS,
  INTERFACES,
  type Interface,
  PACKETS,
  type Packet,
  use,
} from '@protoloom/contracts';
import { IP_ERRORS, LOCAL_ADDRESSES, ROUTES } from '@protoloom/contracts/ip';
import { NEIGHBOUR_FAMILY, NEIGHBOURS } from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { counters } from './counters.js';
import { dissector } from './dissector.js';
import { ArpFamily } from './family.js';
import { ArpReceiver } from './receive.js';
import { announce } from './solicit.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export { VERSION, wire };

export const arp = definePlugin({
  name: '@protoloom/arp',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    neighbours: use(NEIGHBOURS, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    addresses: use(LOCAL_ADDRESSES, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
  },
  attaches: {
    receive: attach(ETHERTYPE, ETH_P_ARP, '^1.0'),
    family: attach(NEIGHBOUR_FAMILY, AF_INET, '^1.0'),
    interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'),
    dissector: attach(DISSECTOR, { layer: 'ethertype', number: ETH_P_ARP }, '^1.0'),
  },
  counters,
  sysctls,
  interfaceSysctls,
  create(context) {
    const receiver = new ArpReceiver(context, context.use.clock);
    const notify = (iface: Interface): void => {
      if (context.interfaceSysctls.of(iface).arpNotify === 1) announce(context, iface);
    };
    // The link address that was announced last; a change of it is announced, a change of the MTU is not.
    const announced = context.interfaceState((iface) => ({ address: iface.address }));
    return {
      handlers: {
        receive: (packet: Packet): undefined => receiver.receive(packet),
        family: new ArpFamily(context),
        interfaceEvents: {
          up: notify,
          changed(iface) {
            const state = announced.of(iface);
            if (state.address === iface.address) return;
            state.address = iface.address;
            notify(iface);
          },
        },
        dissector,
      },
    };
  },
});
