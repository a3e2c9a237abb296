// ROUTES: questions to the routing table, and a cache of the answers.
import {
  type Clock,
  ERRNO,
  type FastPaths,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_UP,
  type Interface,
  type Interfaces,
  type Lookup,
} from '@protoloom/contracts';
import {
  type LocalAddress,
  type LocalAddresses,
  type NetworkFamily,
  type NextHop,
  type Route,
  type RouteQuery,
  type Routes,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTN_UNSPEC,
} from '@protoloom/contracts/ip';
import type { Neighbours } from '@protoloom/contracts/neighbour';
import { AF_INET, AF_INET6 } from '@protoloom/contracts/socket';
import { copyWords, FlowTable, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import { type Fib, type FibRoute, UNSET } from './fib.js';
import type { PathMtus } from './path-mtu.js';
import { RecentAnswers } from './recent-answers.js';
import { BareHop, ResolvedRoute, type RouteContext } from './route.js';

const SOURCE = 0;
const DESTINATION = 4;
/** Answers of one generation of the cache. */
const CACHED = 4096;
/** What is asked, in the cache's keys beside the family. */
const ON_LINK = 0x8000;
const LINK = 0x4000;
/** Values of rp_filter. */
const RP_FILTERS = 3;
/** IPV6_PREFER_SRC_TMP, PUBLIC and COA: the three lowest bits. */
const PREFERENCES_SHIFT = 8;

export interface RoutesContext {
  readonly fib: Fib;
  readonly pathMtus: PathMtus;
  readonly clock: Clock;
  readonly families: Lookup<number, NetworkFamily>;
  readonly interfaces: Interfaces;
  readonly addresses: LocalAddresses;
  readonly neighbours: { readonly now: Neighbours | undefined };
  readonly seed0: number;
  readonly seed1: number;
  readonly fastPaths: FastPaths;
}

/** What a route to a multicast or limited broadcast address is where no route says more. */
const onInterface = (family: number, iface: Interface, type: number): FibRoute => ({
  family,
  words: new Int32Array(4),
  bits: 0,
  gateway: undefined,
  iface,
  source: undefined,
  metric: 0,
  scope: RT_SCOPE_LINK,
  protocol: 0,
  type,
  table: 'main',
  ...UNSET,
});

export class RoutingTable implements Routes {
  readonly #context: RoutesContext;
  readonly #routeContext: RouteContext;
  readonly #bareHops: (BareHop | undefined)[] = [];
  #young: FlowTable<ResolvedRoute>;
  #old: FlowTable<ResolvedRoute>;
  #cacheEpoch = 0;
  readonly #types: RecentAnswers;
  readonly #sources: RecentAnswers;

  constructor(context: RoutesContext) {
    this.#context = context;
    this.#types = new RecentAnswers(context.fastPaths.taken);
    this.#sources = new RecentAnswers(context.fastPaths.taken);
    this.#young = this.#fresh();
    this.#old = this.#fresh();
    this.#routeContext = {
      fib: context.fib,
      pathMtus: context.pathMtus,
      clock: context.clock,
      neighbours: context.neighbours,
      fastPaths: context.fastPaths,
      bareHop: (iface) => this.#bareHop(iface),
    };
  }

  query(): RouteQuery {
    return {
      family: 0,
      addresses: new Int32Array(8),
      iface: 0,
      mark: 0,
      trafficClass: 0,
      onLink: false,
      socket: undefined,
      preferences: 0,
    };
  }

  resolve(query: RouteQuery): Route | number {
    query.preferences = 0;
    if (query.socket !== undefined) this.#context.families.get(query.family)?.askFor?.(query);
    return this.#answer(query, (query.onLink ? ON_LINK : 0) | (query.preferences << PREFERENCES_SHIFT) | query.family);
  }

  link(query: RouteQuery): Route | number {
    return this.#answer(query, LINK | query.family);
  }

  /** From the cache, or made for it. @param flags what was asked, with the family. */
  #answer(query: RouteQuery, flags: number): Route | number {
    const { fib } = this.#context;
    if (this.#cacheEpoch !== fib.epoch) {
      this.#young = this.#fresh();
      this.#old = this.#fresh();
      this.#cacheEpoch = fib.epoch;
    }
    const { addresses } = query;
    const known =
      this.#young.get(addresses, SOURCE, DESTINATION, query.iface, flags) ??
      this.#old.get(addresses, SOURCE, DESTINATION, query.iface, flags);
    if (known !== undefined) return known;
    const route = (flags & LINK) !== 0 ? this.#link(query) : this.#resolve(query);
    if (typeof route === 'number' || !this.#context.fastPaths.taken) return route;
    if (this.#young.size >= CACHED) {
      this.#old = this.#young;
      this.#young = this.#fresh();
    }
    this.#young.set(addresses, SOURCE, DESTINATION, query.iface, flags, route);
    return route;
  }

  inputType(family: number, words: Int32Array, at: number): number {
    const { epoch } = this.#context.fib;
    const recent = this.#types;
    if (recent.holds(epoch, family, words, at, 0)) return recent.answer;
    return recent.keep(epoch, family, words, at, 0, this.#inputType(family, words, at));
  }

  inputSource(iface: Interface, family: number, words: Int32Array, at: number, filter: number): number {
    if ((iface.flags & IFF_LOOPBACK) !== 0) return 0;
    const { epoch } = this.#context.fib;
    const recent = this.#sources;
    const asked = iface.index * RP_FILTERS + filter;
    if (recent.holds(epoch, family, words, at, asked)) return recent.answer;
    return recent.keep(epoch, family, words, at, asked, this.#inputSource(iface, family, words, at, filter));
  }

  isLocal(family: number, words: Int32Array, at: number, iface = 0): boolean {
    return this.#context.fib.lookupLocal(family, words, at, iface)?.type === RTN_LOCAL;
  }

  invalidate(): void {
    this.#context.fib.epoch++;
  }

  // ---- resolving -------------------------------------------------------------------------------------------------------------------

  #resolve(query: RouteQuery): ResolvedRoute | number {
    const { families, fib, interfaces } = this.#context;
    const { family, addresses } = query;
    const network = families.get(family);
    if (network === undefined) return -ERRNO.EAFNOSUPPORT;
    const sourced = !isUnspecifiedWords(addresses, SOURCE);
    // A socket that is bound to an address of the one family does not speak to those of the other.
    const mapped = isMappedWords(addresses, SOURCE);
    if (family === AF_INET6 && mapped) return -ERRNO.EAFNOSUPPORT;
    if (family === AF_INET && sourced && !mapped) return -ERRNO.ENETUNREACH;
    if (sourced && !network.mayBeSource(addresses, SOURCE)) return -ERRNO.EINVAL;
    const form = network.destinationType(addresses, DESTINATION);
    if (form === RTN_UNSPEC) return -ERRNO.EINVAL;
    const out = query.iface === 0 ? undefined : interfaces.byIndex(query.iface);
    if (query.iface !== 0 && out === undefined) return -ERRNO.ENODEV;
    if (out !== undefined && (out.flags & IFF_UP) === 0) return -ERRNO.ENETUNREACH;
    const group = form === RTN_MULTICAST || form === RTN_BROADCAST;
    let route = fib.lookup(family, addresses, DESTINATION, query.iface);
    if (group && (route === undefined || route.type === RTN_UNICAST)) {
      // A group has no gateway: it is reached on the link of the interface, of the source address, or of the route.
      const link = out ?? (sourced ? this.#ownerOf(family, addresses) : undefined) ?? route?.iface;
      if (link === undefined) return -ERRNO.ENETUNREACH;
      if (form === RTN_MULTICAST && (link.flags & (IFF_MULTICAST | IFF_LOOPBACK)) === 0) return -ERRNO.ENETUNREACH;
      route = onInterface(family, link, form);
    }
    // An interface that was named without a route: the destination is taken to be on its link.
    if (route === undefined && out !== undefined) route = onInterface(family, out, RTN_UNICAST);
    if (route === undefined) return -ERRNO.ENETUNREACH;
    if (route.type === RTN_BLACKHOLE) return -ERRNO.EINVAL;
    if (route.type === RTN_UNREACHABLE) return -ERRNO.EHOSTUNREACH;
    if (route.type === RTN_PROHIBIT) return -ERRNO.EACCES;
    if (query.onLink && route.gateway !== undefined) return -ERRNO.ENETUNREACH;
    if (sourced && !this.isLocal(family, addresses, SOURCE)) {
      // As Linux: IPv4 has no way from there (IP_FREEBIND only binds), IPv6 has.
      if (family === AF_INET) return -ERRNO.ENETUNREACH;
      if (query.socket?.freeBind !== true) return -ERRNO.EINVAL;
    }
    return this.#build(network, query, route);
  }

  /** Neither routes nor source selection have a say. */
  #link({ family, iface: index, addresses }: RouteQuery): ResolvedRoute | number {
    const { families, interfaces } = this.#context;
    const network = families.get(family);
    if (network === undefined) return -ERRNO.EAFNOSUPPORT;
    const iface = interfaces.byIndex(index);
    if (iface === undefined) return -ERRNO.ENODEV;
    if ((iface.flags & IFF_UP) === 0) return -ERRNO.ENETDOWN;
    const type = network.destinationType(addresses, DESTINATION);
    const own = addresses.slice();
    return new ResolvedRoute(this.#routeContext, network, onInterface(family, iface, type), iface, type, own, own.slice(DESTINATION));
  }

  #build(network: NetworkFamily, query: RouteQuery, route: FibRoute): ResolvedRoute | number {
    const iface = route.type === RTN_LOCAL ? this.#loopback() : route.iface;
    if (iface === undefined) return -ERRNO.ENETUNREACH;
    const addresses = query.addresses.slice();
    if (isUnspecifiedWords(addresses, SOURCE)) {
      const source = this.#source(network, route, addresses, query.preferences);
      if (source !== undefined) copyWords(source, 0, addresses, SOURCE);
    }
    const gateway = route.gateway ?? addresses.slice(DESTINATION, DESTINATION + 4);
    return new ResolvedRoute(this.#routeContext, network, route, iface, route.type, addresses, gateway);
  }

  /** The route's preferred source; towards ourselves the destination; else the family's choice on the interface, then on any other. */
  #source(network: NetworkFamily, route: FibRoute, addresses: Int32Array, preferences: number): Int32Array | undefined {
    if (route.source !== undefined) return route.source;
    if (route.type === RTN_LOCAL) return addresses.slice(DESTINATION, DESTINATION + 4);
    const { iface } = route;
    if (iface === undefined) return undefined;
    const own = this.#context.addresses.of(iface, network.family);
    if (network.sourcesFromAll)
      return network.selectSource([...own, ...this.#elsewhere(network.family, iface)], iface, addresses, DESTINATION, preferences)?.words;
    const target = route.gateway ?? addresses.subarray(DESTINATION, DESTINATION + 4);
    const chosen =
      network.selectSource(own, iface, target, 0, preferences) ??
      network.selectSource(this.#elsewhere(network.family, iface), iface, target, 0, preferences);
    return chosen?.words;
  }

  /** Addresses of other interfaces that mean the same everywhere. */
  #elsewhere(family: number, but: Interface): LocalAddress[] {
    const { interfaces, addresses } = this.#context;
    return interfaces.list
      .filter((iface) => iface !== but)
      .flatMap((iface) => addresses.of(iface, family).filter(({ scope }) => scope === RT_SCOPE_UNIVERSE));
  }

  #ownerOf(family: number, addresses: Int32Array): Interface | undefined {
    return this.#context.fib.lookupLocal(family, addresses, SOURCE)?.iface;
  }

  #loopback(): Interface | undefined {
    return this.#context.interfaces.list.find((iface) => (iface.flags & (IFF_LOOPBACK | IFF_UP)) === (IFF_LOOPBACK | IFF_UP));
  }

  #inputSource(iface: Interface, family: number, words: Int32Array, at: number, filter: number): number {
    const { fib } = this.#context;
    if (fib.lookupLocal(family, words, at) !== undefined) return -ERRNO.EINVAL;
    if (filter === 0 || isUnspecifiedWords(words, at)) return 0;
    const back = fib.lookupMain(family, words, at, 0);
    if (back === undefined) return -ERRNO.EXDEV;
    return filter === 1 && back.iface !== iface ? -ERRNO.EXDEV : 0;
  }

  #inputType(family: number, words: Int32Array, at: number): number {
    const { fib, families } = this.#context;
    const route = fib.lookupLocal(family, words, at);
    if (route !== undefined) return route.type;
    return families.get(family)?.destinationType(words, at) ?? RTN_UNSPEC;
  }

  #bareHop(iface: Interface): NextHop {
    const known = this.#bareHops[iface.slot];
    if (known !== undefined && known.iface === iface) return known;
    const hop = new BareHop(iface);
    this.#bareHops[iface.slot] = hop;
    return hop;
  }

  #fresh(): FlowTable<ResolvedRoute> {
    return new FlowTable(this.#context.seed0, this.#context.seed1);
  }
}
