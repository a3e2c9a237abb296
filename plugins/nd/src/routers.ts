// Default routers: RFC 4861 §6.3.4 to §6.3.6, with the preferences of RFC 4191. The best one of each interface has the default route.
import type { Interface, InterfaceSlots, Timer } from '@protoloom/contracts';
import { RTPROT_RA } from '@protoloom/contracts/ip';
import { NUD_FAILED, NUD_INCOMPLETE, NUD_NONE } from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords } from '@protoloom/wire';
import type { NdContext } from './context.js';
import { textOf } from './text.js';

const SECOND_US = 1_000_000;
/** Of one interface: what hostile advertisements can take. RFC 4861 §6.3.4 asks for two at least. */
const MOST = 16;
const UNREACHABLE = NUD_NONE | NUD_INCOMPLETE | NUD_FAILED;

/** What a router says of itself and its link. */
export interface Advertised {
  /** s; 0: no default router (any more). */
  lifetime: number;
  /** RFC 4191 §2.1: 1 high, 0 medium, -1 low. */
  preference: number;
  /** For packets through it; 0: not said. */
  hopLimit: number;
  mtu: number;
}

interface Router {
  readonly words: Int32Array;
  expiresUs: number;
  preference: number;
  hopLimit: number;
  mtu: number;
}

/** The routers of one interface. */
export interface RouterList {
  readonly timer: Timer;
  routers: Router[];
  /** The one that has the route now, as it was then. */
  chosen: Router | undefined;
}

export class Routers {
  readonly #nd: NdContext;
  readonly #lists: InterfaceSlots<RouterList>;

  constructor(nd: NdContext, slots: (make: (iface: Interface) => RouterList) => InterfaceSlots<RouterList>) {
    this.#nd = nd;
    this.#lists = slots((iface) => ({
      timer: nd.use.timers.timer<Interface>(iface, (one) => this.#expired(one)),
      routers: [],
      chosen: undefined,
    }));
  }

  /** A router (four words at `at`) has advertised itself. */
  advertised(iface: Interface, words: Int32Array, at: number, said: Advertised): void {
    const list = this.#lists.of(iface);
    const known = list.routers.find((one) => equalWords(one.words, 0, words, at));
    if (said.lifetime === 0) {
      if (known !== undefined) list.routers = list.routers.filter((one) => one !== known);
      return this.#choose(iface);
    }
    const expiresUs = this.#nd.use.clock.nowUs + said.lifetime * SECOND_US;
    const router = { ...said, words: words.slice(at, at + 4), expiresUs };
    if (known !== undefined) list.routers = list.routers.map((one) => (one === known ? router : one));
    else if (list.routers.length < MOST) list.routers = [...list.routers, router];
    this.#choose(iface);
  }

  /** RFC 4861 §7.2.5: a neighbour says that it is no router. */
  notRouter(iface: Interface, words: Int32Array): void {
    const list = this.#lists.of(iface);
    const left = list.routers.filter((one) => !equalWords(one.words, 0, words, 0));
    if (left.length === list.routers.length) return;
    list.routers = left;
    this.#choose(iface);
  }

  /** What is known of a neighbour has changed: RFC 4861 §6.3.6 prefers routers that are reachable. */
  neighbourChanged(iface: Interface, words: Int32Array): void {
    if (this.#lists.of(iface).routers.some((one) => equalWords(one.words, 0, words, 0))) this.#choose(iface);
  }

  /** The interface is down. */
  clear(iface: Interface): void {
    this.#lists.of(iface).routers = [];
    this.#choose(iface);
  }

  #expired(iface: Interface): void {
    const { nowUs } = this.#nd.use.clock;
    const list = this.#lists.of(iface);
    list.routers = list.routers.filter(({ expiresUs }) => expiresUs > nowUs);
    this.#choose(iface);
  }

  #choose(iface: Interface): void {
    const list = this.#lists.of(iface);
    const { routers, chosen, timer } = list;
    const nextUs = Math.min(...routers.map(({ expiresUs }) => expiresUs));
    if (nextUs < Number.POSITIVE_INFINITY) timer.armAt(nextUs);
    else timer.cancel();
    // The chosen one stays where another is but as good: RFC 4861 §6.3.6 leaves it open.
    const worth = (one: Router): number =>
      (this.#isReachable(iface, one) ? 10 : 0) +
      one.preference * 2 +
      (chosen !== undefined && equalWords(one.words, 0, chosen.words, 0) ? 1 : 0);
    const best = routers.reduce<Router | undefined>((a, b) => (a === undefined || worth(b) > worth(a) ? b : a), undefined);
    list.chosen = best;
    if (best !== undefined && chosen !== undefined && sameRoute(best, chosen)) return;
    const { routesControl } = this.#nd.use;
    const metric = this.#nd.interfaceSysctls.of(iface).raDefrtrMetric;
    const route = { destination: 'default', iface: iface.name, metric, family: 'inet6' } as const;
    if (chosen !== undefined && this.#has(iface, chosen)) routesControl.remove({ ...route, gateway: textOf(chosen.words) });
    if (best === undefined) return;
    const { hopLimit, mtu } = best;
    routesControl.add({
      ...route,
      gateway: textOf(best.words),
      protocol: RTPROT_RA,
      ...(hopLimit > 0 ? { hopLimit } : {}),
      ...(mtu > 0 ? { mtu } : {}),
    });
  }

  /** Whether the route is there still: the interface may have gone down, or a user removed it. */
  #has(iface: Interface, { words }: Router): boolean {
    const gateway = textOf(words);
    return this.#nd.use.routesControl
      .list()
      .some((one) => one.destination === 'default' && one.iface === iface.name && one.gateway === gateway && one.protocol === RTPROT_RA);
  }

  #isReachable(iface: Interface, { words }: Router): boolean {
    const neighbour = this.#nd.use.neighbours.find(iface, AF_INET6, words, 0);
    return neighbour !== undefined && (neighbour.state & UNREACHABLE) === 0 && neighbour.state !== 0;
  }
}

const sameRoute = (a: Router, b: Router): boolean => equalWords(a.words, 0, b.words, 0) && a.hopLimit === b.hopLimit && a.mtu === b.mtu;
