// Routers that did not answer are asked for now and then, where another stands in for them: RFC 4191 §3.5.
import type { Interface, InterfaceSlots, Timer } from '@protoloom/contracts';
import { NUD_FAILED } from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { Ip6Address } from '@protoloom/wire';
import type { NdContext } from './context.js';
import type { LearntRoutes } from './learnt-routes.js';

const SECOND_US = 1_000_000;

export class RouterProbes {
  readonly #nd: NdContext;
  readonly #routes: LearntRoutes;
  readonly #timers: InterfaceSlots<Timer>;

  constructor(nd: NdContext, routes: LearntRoutes, slots: (make: (iface: Interface) => Timer) => InterfaceSlots<Timer>) {
    this.#nd = nd;
    this.#routes = routes;
    this.#timers = slots((iface) => nd.use.timers.timer<Interface>(iface, (one) => this.#probe(one)));
  }

  /** A neighbour does not answer. */
  failed(iface: Interface): void {
    const timer = this.#timers.of(iface);
    const { routerProbeInterval } = this.#nd.interfaceSysctls.of(iface);
    if (!timer.armed && routerProbeInterval > 0) timer.arm(routerProbeInterval * SECOND_US);
  }

  /** The interface is down. */
  clear(iface: Interface): void {
    this.#timers.of(iface).cancel();
  }

  #probe(iface: Interface): void {
    const { neighbours } = this.#nd.use;
    const gateways = new Set(this.#routes.of(iface).flatMap(({ gateway }) => gateway ?? []));
    if (gateways.size < 2) return;
    for (const gateway of gateways) {
      const neighbour = neighbours.find(iface, AF_INET6, Ip6Address.parse(gateway).toWords(), 0);
      if (neighbour?.state !== NUD_FAILED) continue;
      neighbours.probe(neighbour);
      this.failed(iface);
    }
  }
}
