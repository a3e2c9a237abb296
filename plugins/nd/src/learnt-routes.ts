// Routes that routers advertise: themselves (RFC 4861 §6.3.4), prefixes on the link, and routes through them (RFC 4191 §2.3). They live in the
// routing table, which ends them with their lifetimes; of several the table chooses by preference and by who answers.
import type { Interface } from '@protoloom/contracts';
import type { RouteInfo, RouteSpec } from '@protoloom/contracts/control';
import { RTPROT_KERNEL, RTPROT_RA } from '@protoloom/contracts/ip';
import type { NdContext } from './context.js';

const FOREVER_S = 0xffff_ffff;
/** Of one interface: what hostile advertisements can take. */
const MOST = 256;

export type LearntRoute = Pick<RouteSpec, 'destination' | 'gateway' | 'metric' | 'preference' | 'hopLimit' | 'mtu'>;

export class LearntRoutes {
  readonly #nd: NdContext;

  constructor(nd: NdContext) {
    this.#nd = nd;
  }

  /** @param lifetime s: all bits one for ever; 0: it is withdrawn. */
  advertised(iface: Interface, route: LearntRoute, lifetime: number): void {
    const { routesControl } = this.#nd.use;
    const ours = this.of(iface);
    const there = ours.find(({ destination, gateway }) => destination === route.destination && gateway === route.gateway);
    if (there !== undefined && (lifetime === 0 || there.metric !== route.metric)) routesControl.remove(there);
    if (lifetime === 0 || (there === undefined && (ours.length >= MOST || this.#isUsers(iface, route)))) return;
    const expires = lifetime >= FOREVER_S ? undefined : lifetime;
    routesControl.replace({ ...route, iface: iface.name, family: 'inet6', protocol: RTPROT_RA, expires });
  }

  /** A neighbour says that it is no router (any more): RFC 4861 §7.2.5. */
  notRouter(iface: Interface, gateway: string): void {
    for (const route of this.of(iface))
      if (route.destination === 'default' && route.gateway === gateway) this.#nd.use.routesControl.remove(route);
  }

  /** IPv6 is no more on an interface. */
  clear(iface: Interface): void {
    for (const route of this.of(iface)) this.#nd.use.routesControl.remove(route);
  }

  /** What has been learnt on an interface. */
  of(iface: Interface): readonly RouteInfo[] {
    return this.#nd.use.routesControl
      .list()
      .filter((one) => one.protocol === RTPROT_RA && one.iface === iface.name && one.family === 'inet6' && one.table === 'main');
  }

  /** There is a route of a user's, or of an address of his, in its place. */
  #isUsers(iface: Interface, { destination, gateway, metric }: LearntRoute): boolean {
    return this.#nd.use.routesControl
      .list()
      .some(
        (one) =>
          one.destination === destination &&
          one.metric === metric &&
          (one.protocol === RTPROT_KERNEL ? one.iface === iface.name && one.gateway === gateway : one.protocol !== RTPROT_RA),
      );
  }
}
