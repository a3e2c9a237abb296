// @protoloom/nd: Neighbor Discovery for IPv6, RFC 4861, and stateless address autoconfiguration, RFC 4862.
import {
  attach,
  CLOCK,
  definePlugin,
  ENTROPY,
  INTERFACE_EVENTS,
  type Interface,
  LOG,
  own,
  PACKETS,
  provide,
  TIMERS,
  use,
} from '@protoloom/contracts';
import { ADDRESSES, ROUTES_CONTROL } from '@protoloom/contracts/control';
import {
  ICMP6_OUTPUT,
  ICMP6_TYPE,
  ND_NEIGHBOR_ADVERT,
  ND_NEIGHBOR_SOLICIT,
  ND_REDIRECT,
  ND_ROUTER_ADVERT,
  ND_ROUTER_SOLICIT,
} from '@protoloom/contracts/icmp';
import {
  ADDRESS_DETECTION,
  ADDRESS_EVENTS,
  IP_ERRORS,
  LOCAL_ADDRESSES,
  type LocalAddress,
  ROUTES,
  RT_SCOPE_LINK,
} from '@protoloom/contracts/ip';
import { IP6_LINK_EVENTS, IP6_LINKS, IP6_RESOLVERS, IP6_TEMPORARY_ADDRESSES } from '@protoloom/contracts/ipv6';
import { MEMBERSHIPS } from '@protoloom/contracts/multicast';
import { NEIGHBOUR_EVENTS, NEIGHBOUR_FAMILY, NEIGHBOURS, NUD_FAILED } from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { ALL_NODES } from './addresses.js';
import { counters } from './counters.js';
import { Detection } from './detection.js';
import { NdFamily } from './family.js';
import { LearntRoutes } from './learnt-routes.js';
import { LinkLocal } from './link-local.js';
import { NeighbourMessages } from './neighbour-messages.js';
import { LinkParameters } from './parameters.js';
import { Prefixes } from './prefixes.js';
import { RouterMessages } from './router-messages.js';
import { RouterProbes } from './router-probes.js';
import { RouterSolicitation } from './router-solicitation.js';
import { Sender } from './send.js';
import { interfaceSysctls, sysctls } from './sysctls.js';
import { TemporaryAddresses } from './temporary.js';
import { drop } from './validity.js';
import { VERSION } from './version.js';
import * as wire from './wire.js';

export { VERSION, wire };

const SECRET_BYTES = 16;

export const nd = definePlugin({
  name: '@protoloom/nd',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    log: use(LOG, '^1.0'),
    packets: use(PACKETS, '^1.0'),
    neighbours: use(NEIGHBOURS, '^1.0'),
    routes: use(ROUTES, '^1.0'),
    addresses: use(LOCAL_ADDRESSES, '^1.0'),
    control: use(ADDRESSES, '^1.0'),
    routesControl: use(ROUTES_CONTROL, '^1.0'),
    links: use(IP6_LINKS, '^1.0'),
    memberships: use(MEMBERSHIPS, '^1.0'),
    errors: use(IP_ERRORS, '^1.0'),
    icmp: use(ICMP6_OUTPUT, '^1.0'),
  },
  attaches: {
    family: attach(NEIGHBOUR_FAMILY, AF_INET6, '^1.0'),
    detection: attach(ADDRESS_DETECTION, AF_INET6, '^1.0'),
    addressEvents: attach(ADDRESS_EVENTS, '^1.0'),
    interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'),
    solicitation: attach(ICMP6_TYPE, ND_NEIGHBOR_SOLICIT, '^1.0'),
    advertisement: attach(ICMP6_TYPE, ND_NEIGHBOR_ADVERT, '^1.0'),
    routerSolicitation: attach(ICMP6_TYPE, ND_ROUTER_SOLICIT, '^1.0'),
    routerAdvertisement: attach(ICMP6_TYPE, ND_ROUTER_ADVERT, '^1.0'),
    redirect: attach(ICMP6_TYPE, ND_REDIRECT, '^1.0'),
    neighbourEvents: attach(NEIGHBOUR_EVENTS, '^1.0'),
    linkEvents: attach(IP6_LINK_EVENTS, '^1.0'),
  },
  owns: { resolvers: own(IP6_RESOLVERS, '1.0.0') },
  provides: { temporaryAddresses: provide(IP6_TEMPORARY_ADDRESSES, '1.0.0') },
  counters,
  sysctls,
  interfaceSysctls,
  create(context) {
    const { addresses, entropy } = context.use;
    const sender = new Sender(context);
    const secrets = context.interfaceState(() => {
      const secret = new Uint8Array(SECRET_BYTES);
      entropy.fill(secret);
      return secret;
    });
    const secretOf = (iface: Interface): Uint8Array => secrets.of(iface);
    const linkLocal = new LinkLocal(
      context,
      context.interfaceState(() => ({ words: new Int32Array(4), tries: 0 })),
      secretOf,
    );
    const solicitation = new RouterSolicitation(context, sender, (make) => context.interfaceState(make));
    const routes = new LearntRoutes(context);
    const probes = new RouterProbes(context, routes, (make) => context.interfaceState(make));
    const temporary = new TemporaryAddresses(context, (make) => context.interfaceState(make));
    const prefixes = new Prefixes(context, (make) => context.interfaceState(make), secretOf, routes, temporary);
    const parameters = context.interfaceState((iface) => new LinkParameters(context, iface));
    const routerMessages = new RouterMessages(
      context,
      { solicitation, routes, prefixes },
      parameters,
      context.interfaceState(() => []),
    );
    const detection = new Detection(context, sender, (address) => {
      linkLocal.duplicate(address);
      prefixes.duplicate(address);
      temporary.duplicate(address);
    });
    const messages = new NeighbourMessages(context, sender, detection, routes);
    /** An unsolicited advertisement: RFC 4861 §7.2.6. */
    const announce = ({ iface, family, words, optimistic }: LocalAddress): undefined => {
      if (family === AF_INET6 && context.interfaceSysctls.of(iface).ndiscNotify === 1)
        sender.advertise(iface, ALL_NODES, 0, words, optimistic ? 0 : wire.OVERRIDE, true);
    };
    const down = (iface: Interface): void => {
      solicitation.end(iface);
      routerMessages.clear(iface);
      probes.clear(iface);
      prefixes.clear(iface);
      routes.clear(iface);
      linkLocal.down(iface);
    };
    // The link address that was told last; a change of it is announced, a change of the MTU is not.
    const told = context.interfaceState((iface) => ({ address: iface.address }));
    return {
      services: { temporaryAddresses: temporary },
      handlers: {
        family: new NdFamily(context, sender, parameters),
        detection,
        addressEvents: {
          added(address) {
            announce(address);
            const { family, scope, iface } = address;
            if (family === AF_INET6 && scope === RT_SCOPE_LINK) solicitation.begin(iface);
            temporary.settled(address);
            if (address.managesTemporary) temporary.manage(address);
          },
          removed: (address) => temporary.removed(address),
        },
        interfaceEvents: {
          up: (iface: Interface) => linkLocal.up(iface),
          changed(iface: Interface) {
            const state = told.of(iface);
            if (state.address === iface.address) return;
            state.address = iface.address;
            for (const address of addresses.of(iface, AF_INET6)) if (address.usable) announce(address);
          },
          down,
        },
        solicitation: (packet) => messages.solicitation(packet),
        advertisement: (packet) => messages.advertisement(packet),
        routerSolicitation(packet) {
          context.counters.inRouterSolicits++;
          return drop(context, packet, 'ignored');
        },
        routerAdvertisement: (packet) => routerMessages.advertisement(packet),
        redirect: (packet) => routerMessages.redirect(packet),
        neighbourEvents({ iface, family, words, state }) {
          if (family !== AF_INET6) return;
          if (state !== NUD_FAILED) return;
          probes.failed(iface);
          routerMessages.neighbourFailed(iface, words);
        },
        linkEvents: { enabled: (iface) => linkLocal.up(iface), disabled: down },
      },
    };
  },
});
