// Routes through a router that it tells of: RFC 4191 §2.3, §3 (type C hosts).
import type { Interface } from '@protoloom/contracts';
import { Ip6Address, Prefix } from '@protoloom/wire';
import type { NdContext } from './context.js';
import type { LearntRoutes } from './learnt-routes.js';
import * as wire from './wire.js';

/** Linux's IP6_RT_PRIO_USER. */
const METRIC = 1024;
/** Octets of the option that hold a prefix of so many bits at least. */
const leastBytes = (bits: number): number => (bits > 64 ? 24 : bits > 0 ? 16 : 8);

/** Reads the option at `at`; one that is not as RFC 4191 §2.3 draws it is passed over. @param gateway text of the router's address. */
export function readRouteInformation(
  nd: NdContext,
  routes: LearntRoutes,
  iface: Interface,
  view: DataView,
  at: number,
  gateway: string,
): void {
  const bits = wire.routePrefixLength(view, at);
  const bytes = wire.optionBytes(view, at);
  const preference = wire.routePreference(view, at);
  if (bits > 128 || bytes > 24 || bytes < leastBytes(bits) || preference === undefined) return;
  const { acceptRaRtInfoMinPlen, acceptRaRtInfoMaxPlen, acceptRaDefrtr, acceptRaMinLft, raDefrtrMetric } = nd.interfaceSysctls.of(iface);
  if (bits < acceptRaRtInfoMinPlen || bits > acceptRaRtInfoMaxPlen || (bits === 0 && acceptRaDefrtr === 0)) return;
  const lifetime = wire.routeLifetime(view, at);
  if (lifetime !== 0 && lifetime < acceptRaMinLft) return;
  const octets = new Uint8Array(16);
  for (let i = 0; i < bytes - 8; i++) octets[i] = view.getUint8(at + 8 + i);
  const destination = bits === 0 ? 'default' : Prefix.of(Ip6Address.fromBytes(octets, 0), bits).toString();
  routes.advertised(iface, { destination, gateway, preference, metric: bits === 0 ? raDefrtrMetric : METRIC }, lifetime);
}
