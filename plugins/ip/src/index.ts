// @protoloom/ip: what every network family shares: routes, addresses, errors, packet hooks, local ports.
import {
  attach,
  attachIfPresent,
  CLOCK,
  definePlugin,
  ENTROPY,
  FAST_PATHS,
  INTERFACE_EVENTS,
  INTERFACES,
  own,
  provide,
  TIMERS,
  use,
  useIfPresent,
} from '@protoloom/contracts';
import { ADDRESSES, ROUTES_CONTROL } from '@protoloom/contracts/control';
import {
  ADDRESS_DETECTION,
  ADDRESS_EVENTS,
  ERROR_REPORTER,
  HOOK_FORWARD,
  HOOK_INPUT,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
  ICMP_LIMIT,
  IP_ERROR_QUEUES,
  IP_ERRORS,
  LOCAL_ADDRESSES,
  LOCAL_PORTS,
  NETWORK_FAMILY,
  PACKET_HOOKS,
  ROUTES,
  SOCKET_NAMES,
  TRANSPORT_ERROR,
} from '@protoloom/contracts/ip';
import { NEIGHBOUR_EVENTS, NEIGHBOURS, NUD_FAILED } from '@protoloom/contracts/neighbour';
import { TokenBucket } from '@protoloom/mechanisms';
import { AddressTable } from './addresses.js';
import { counters } from './counters.js';
import { errorQueues } from './error-queues.js';
import { Fib } from './fib.js';
import { ConfiguredPorts } from './local-ports.js';
import { PathMtus } from './path-mtu.js';
import { RouteLifetimes } from './route-lifetimes.js';
import { RoutingTable } from './routes.js';
import { RouteControl } from './routes-control.js';
import { StackSocketNames } from './socket-names.js';
import { sysctls } from './sysctls.js';
import { VERSION } from './version.js';

export const ip = definePlugin({
  name: '@protoloom/ip',
  version: VERSION,
  api: '^1.0.0',
  uses: {
    clock: use(CLOCK, '^1.0'),
    entropy: use(ENTROPY, '^1.0'),
    timers: use(TIMERS, '^1.0'),
    interfaces: use(INTERFACES, '^1.0'),
    fastPaths: use(FAST_PATHS, '^1.0'),
    neighbours: useIfPresent(NEIGHBOURS, '^1.0'),
  },
  attaches: { interfaceEvents: attach(INTERFACE_EVENTS, '^1.0'), neighbourEvents: attachIfPresent(NEIGHBOUR_EVENTS, '^1.0') },
  provides: {
    routes: provide(ROUTES, '1.0.0'),
    socketNames: provide(SOCKET_NAMES, '1.0.0'),
    localAddresses: provide(LOCAL_ADDRESSES, '1.0.0'),
    errors: provide(IP_ERRORS, '1.0.0'),
    errorQueues: provide(IP_ERROR_QUEUES, '1.0.0'),
    icmpLimit: provide(ICMP_LIMIT, '1.0.0'),
    hooks: provide(PACKET_HOOKS, '1.0.0'),
    localPorts: provide(LOCAL_PORTS, '1.0.0'),
    addresses: provide(ADDRESSES, '1.0.0'),
    routesControl: provide(ROUTES_CONTROL, '1.0.0'),
  },
  owns: {
    family: own(NETWORK_FAMILY, '1.0.0'),
    reporter: own(ERROR_REPORTER, '1.0.0'),
    transportError: own(TRANSPORT_ERROR, '1.0.0'),
    addressEvents: own(ADDRESS_EVENTS, '1.0.0'),
    detection: own(ADDRESS_DETECTION, '1.0.0'),
    prerouting: own(HOOK_PREROUTING, '1.0.0'),
    input: own(HOOK_INPUT, '1.0.0'),
    forward: own(HOOK_FORWARD, '1.0.0'),
    output: own(HOOK_OUTPUT, '1.0.0'),
    postrouting: own(HOOK_POSTROUTING, '1.0.0'),
  },
  counters,
  sysctls,
  create({ use: { clock, entropy, timers, interfaces, neighbours, fastPaths }, points, counters: count, sysctls: knobs, interfaceState }) {
    const seed0 = entropy.word();
    const seed1 = entropy.word();
    const fib = new Fib(seed0, seed1);
    const family = (number: number) => points.family.get(number);
    const addresses = new AddressTable(
      { fib, interfaces, events: points.addressEvents, detection: points.detection, clock, timers, family },
      (make) => interfaceState(make),
    );
    const routes = new RoutingTable({
      fib,
      pathMtus: new PathMtus(clock, seed0, seed1),
      clock,
      families: points.family,
      interfaces,
      addresses,
      neighbours,
      seed0,
      seed1,
      fastPaths,
    });
    const routesControl = new RouteControl({ fib, clock, lifetimes: new RouteLifetimes(fib, clock, timers), interfaces, family });
    const icmpMessages = new TokenBucket(clock.nowUs, knobs.icmpMsgsBurst);
    const { transportError, reporter } = points;
    return {
      services: {
        routes,
        socketNames: new StackSocketNames({ routes, interfaces, families: points.family }),
        localAddresses: addresses,
        errors: {
          report(packet, problem, info) {
            const icmp = reporter.get(packet.family);
            if (icmp === undefined) count.reportsUnclaimed++;
            else icmp.report(packet, problem, info);
            return undefined;
          },
          inbound: (error) => transportError.table[error.transport]?.(error),
        },
        errorQueues,
        icmpLimit: { take: () => icmpMessages.take(clock.nowUs, knobs.icmpMsgsPerSec, knobs.icmpMsgsBurst) },
        hooks: {
          prerouting: points.prerouting,
          input: points.input,
          forward: points.forward,
          output: points.output,
          postrouting: points.postrouting,
        },
        localPorts: new ConfiguredPorts(knobs),
        addresses,
        routesControl,
      },
      handlers: {
        interfaceEvents: {
          up: (iface) => addresses.up(iface),
          changed: () => {
            fib.epoch++;
          },
          down: (iface) => addresses.down(iface),
          gone: (iface) => addresses.gone(iface),
        },
        neighbourEvents({ iface, words, state, dead }) {
          fib.gatewayChanged(iface, words, !dead && state === NUD_FAILED);
        },
      },
      otherwise: {
        transportError: {
          handler: () => {
            count.errorsUnclaimed++;
            return undefined;
          },
        },
      },
      snapshot: () => ({ addresses: addresses.list(), routes: routesControl.list() }),
    };
  },
});
export { VERSION } from './version.js';
