// The routes that follow an address: itself, its subnet, the subnet's broadcast address; as Linux's fib_add_ifaddr and addrconf keep them.
import { IFF_LOOPBACK } from '@protoloom/contracts';
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_UNICAST,
  RTPROT_KERNEL,
} from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import type { AssignedAddress } from './assigned-address.js';
import { type FibRoute, type TableName, UNSET } from './fib.js';
import { maskWords } from './prefix-table.js';

/** Metric of what the kernel adds for IPv6: Linux's IP6_RT_PRIO_ADDRCONF. */
const IP6_METRIC = 256;

/** All of them; those of an address that is not usable yet leave out the address itself. */
export function routesOf(address: AssignedAddress): FibRoute[] {
  const { iface, family, words, bits } = address;
  const inet = family === AF_INET;
  const loopback = (iface.flags & IFF_LOOPBACK) !== 0;
  const route = (table: TableName, type: number, scope: number, to: Int32Array, toBits: number): FibRoute => ({
    family,
    words: to,
    bits: toBits,
    gateway: undefined,
    iface,
    // Of IPv6's addresses the best is chosen for each destination (RFC 6724), whichever brought the route.
    source: inet || type === RTN_LOCAL ? words : undefined,
    metric: inet || table === 'local' ? 0 : IP6_METRIC,
    scope,
    protocol: RTPROT_KERNEL,
    type,
    table,
    ...UNSET,
  });
  const routes = address.usable ? [route('local', RTN_LOCAL, RT_SCOPE_HOST, words, 128)] : [];
  const subnetScope = inet ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (address.peer !== undefined) routes.push(route('main', RTN_UNICAST, subnetScope, address.peer, 128));
  else if (bits < 128 && !address.noPrefixRoute) {
    const prefix = new Int32Array(4);
    maskWords(words, 0, bits, prefix, 0);
    routes.push(loopback ? route('local', RTN_LOCAL, RT_SCOPE_HOST, prefix, bits) : route('main', RTN_UNICAST, subnetScope, prefix, bits));
  }
  if (address.broadcast !== undefined) routes.push(route('local', RTN_BROADCAST, RT_SCOPE_LINK, address.broadcast, 128));
  return routes;
}
