// Router advertisements and redirects in: RFC 4861 §6.1.2, §6.3.4, §8.1, §8.3, in the order of Linux's ndisc_router_discovery.
import { DESTINATION, type Interface, type InterfaceSlots, type Packet, SOURCE } from '@protoloom/contracts';
import { type RouteQuery, RTPROT_REDIRECT } from '@protoloom/contracts/ip';
import type { AdvertisedResolvers } from '@protoloom/contracts/ipv6';
import { NUD_STALE, UPDATE_OVERRIDE, UPDATE_WEAK_OVERRIDE } from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords, isLinkLocalWords, isMulticastWords, readIp6 } from '@protoloom/wire';
import type { NdContext, NdSettings } from './context.js';
import type { LearntRoutes } from './learnt-routes.js';
import { options } from './options.js';
import type { LinkParameters } from './parameters.js';
import type { Prefixes } from './prefixes.js';
import { readDomains, readServers } from './resolvers.js';
import { readRouteInformation } from './route-information.js';
import type { RouterSolicitation } from './router-solicitation.js';
import { textOf } from './text.js';
import { drop, isValid } from './validity.js';
import * as wire from './wire.js';

/** RFC 8200 §5. */
const MIN_MTU = 1280;
/** RFC 4861 §6.2.1: more than an hour is no reachable time. */
const MAX_REACHABLE_MS = 3_600_000;
/** Linux takes no less than a tenth of a second for either time. */
const MIN_TIME_MS = 100;
/** Routes that redirects have made, on one interface. */
const MAX_REDIRECTS = 256;
const REDIRECT_METRIC = 1;

export class RouterMessages {
  readonly #nd: NdContext;
  readonly #solicitation: RouterSolicitation;
  readonly #routes: LearntRoutes;
  readonly #prefixes: Prefixes;
  readonly #times: InterfaceSlots<LinkParameters>;
  readonly #redirects: InterfaceSlots<string[]>;
  /** Target and destination of a redirect. */
  readonly #words = new Int32Array(8);
  readonly #query: RouteQuery;

  constructor(
    nd: NdContext,
    parts: { readonly solicitation: RouterSolicitation; readonly routes: LearntRoutes; readonly prefixes: Prefixes },
    times: InterfaceSlots<LinkParameters>,
    redirects: InterfaceSlots<string[]>,
  ) {
    this.#nd = nd;
    this.#solicitation = parts.solicitation;
    this.#routes = parts.routes;
    this.#prefixes = parts.prefixes;
    this.#times = times;
    this.#redirects = redirects;
    this.#query = nd.use.routes.query();
    this.#query.family = AF_INET6;
  }

  /** RFC 4861 §6.1.2, §6.3.4. */
  advertisement(packet: Packet): undefined {
    const nd = this.#nd;
    const { view, head, tail, iface, addresses } = packet;
    nd.counters.inRouterAdvertisements++;
    if (!isLinkLocalWords(addresses, SOURCE)) return drop(nd, packet, 'notLinkLocal');
    if (!isValid(nd, packet, wire.ADVERTISEMENT_BYTES)) return;
    const knobs = nd.interfaceSysctls.of(iface);
    if (knobs.acceptRa === 0) return drop(nd, packet, 'ignored');
    const own = nd.use.routes.isLocal(AF_INET6, addresses, SOURCE);
    if (own && knobs.acceptRaFromLocal === 0) return drop(nd, packet, 'ownAdvertisement');
    this.#learnNeighbour(packet, addresses, SOURCE, options.sourceLinkAddress);
    this.#solicitation.end(iface);
    this.#learnTimes(iface, view, head);
    const router = textOf(addresses, SOURCE);
    const attributes = this.#learnLink(packet, knobs);
    const lifetime = wire.routerLifetime(view, head);
    if (!own && knobs.acceptRaDefrtr === 1 && (lifetime === 0 || lifetime >= knobs.acceptRaMinLft)) {
      const preference = knobs.acceptRaRtrPref === 1 ? wire.preference(view, head) : 'medium';
      const route = { destination: 'default', gateway: router, metric: knobs.raDefrtrMetric, preference, ...attributes };
      this.#routes.advertised(iface, route, lifetime);
    }
    for (let at = head + wire.ADVERTISEMENT_BYTES; at < tail; at += wire.optionBytes(view, at)) {
      const bytes = wire.optionBytes(view, at);
      switch (wire.optionType(view, at)) {
        case wire.OPTION_PREFIX:
          if (knobs.acceptRaPinfo === 1 && bytes === wire.PREFIX_BYTES) this.#prefixes.advertised(iface, view, at);
          break;
        case wire.OPTION_ROUTE:
          if (!own) readRouteInformation(nd, this.#routes, iface, view, at, router);
          break;
        case wire.OPTION_RDNSS:
          this.#handOn(readServers(iface, view, packet.bytes, at));
          break;
        case wire.OPTION_DNSSL:
          this.#handOn(readDomains(iface, view, packet.bytes, at));
          break;
        default: // of no use to a host, or read with the message
      }
    }
    return drop(nd, packet, 'learned');
  }

  #handOn(advertised: AdvertisedResolvers | undefined): void {
    if (advertised !== undefined) for (const told of this.#nd.points.resolvers.list) told(advertised);
  }

  /** Hop limit and MTU, of the link and of what goes through the router: RFC 4861 §6.3.4. */
  #learnLink({ view, head, iface }: Packet, { acceptRaMinHopLimit, acceptRaMtu }: NdSettings): { hopLimit?: number; mtu?: number } {
    const { links } = this.#nd.use;
    const hopLimit = wire.currentHopLimit(view, head);
    const mtu = acceptRaMtu === 1 && options.mtu !== 0 ? wire.mtu(view, options.mtu) : 0;
    const takesHops = hopLimit > 0 && hopLimit >= acceptRaMinHopLimit;
    const takesMtu = mtu >= MIN_MTU && mtu <= iface.mtu;
    if (takesHops) links.setHopLimit(iface, hopLimit);
    if (takesMtu) links.setMtu(iface, mtu);
    return { ...(takesHops ? { hopLimit } : {}), ...(takesMtu ? { mtu } : {}) };
  }

  /** RFC 4861 §8.1, §8.3. */
  redirect(packet: Packet): undefined {
    const nd = this.#nd;
    const { view, head, iface, addresses } = packet;
    const words = this.#words;
    nd.counters.inRedirects++;
    if (!isLinkLocalWords(addresses, SOURCE)) return drop(nd, packet, 'notLinkLocal');
    if (!isValid(nd, packet, wire.REDIRECT_BYTES)) return;
    readIp6(view, head + wire.TARGET, words, 0);
    readIp6(view, head + wire.REDIRECTED, words, 4);
    if (isMulticastWords(words, 4)) return drop(nd, packet, 'badTarget');
    const onLink = equalWords(words, 0, words, 4);
    if (!onLink && !isLinkLocalWords(words, 0)) return drop(nd, packet, 'badTarget');
    if (nd.interfaceSysctls.of(iface).acceptRedirects === 0) return drop(nd, packet, 'ignored');
    if (!this.#isFirstHop(packet)) return drop(nd, packet, 'notFirstHop');
    this.#learnNeighbour(packet, words, 0, options.targetLinkAddress);
    this.#redirectTo(iface, onLink);
    return drop(nd, packet, 'learned');
  }

  /** The interface is down: its routes have gone with it. */
  clear(iface: Interface): void {
    this.#redirects.of(iface).length = 0;
    const times = this.#times.of(iface);
    times.reachableMs = 0;
    times.retransMs = 0;
  }

  /** A neighbour is not reachable: what was redirected to it goes the way it went before. */
  neighbourFailed(iface: Interface, words: Int32Array): void {
    const made = this.#redirects.of(iface);
    if (made.length === 0) return;
    const gateway = textOf(words);
    for (const route of this.#nd.use.routesControl.list()) {
      const { destination, metric } = route;
      if (route.iface !== iface.name || metric !== REDIRECT_METRIC || !made.includes(destination)) continue;
      if (route.gateway !== gateway && destination !== `${gateway}/128`) continue;
      made.splice(made.indexOf(destination), 1);
      this.#forget(iface, destination);
    }
  }

  /** RFC 4861 §8.1: the redirect comes from the router that packets to the destination go to now. */
  #isFirstHop({ iface, addresses }: Packet): boolean {
    const query = this.#query;
    query.iface = iface.index;
    query.addresses.fill(0);
    query.addresses.set(this.#words.subarray(4), DESTINATION);
    const route = this.#nd.use.routes.resolve(query);
    return typeof route !== 'number' && equalWords(route.gateway, 0, addresses, SOURCE);
  }

  #redirectTo(iface: Interface, onLink: boolean): void {
    const { routesControl } = this.#nd.use;
    const destination = `${textOf(this.#words, 4)}/128`;
    const made = this.#redirects.of(iface);
    const route = { iface: iface.name, metric: REDIRECT_METRIC, protocol: RTPROT_REDIRECT };
    if (!made.includes(destination)) {
      const oldest = made.length >= MAX_REDIRECTS ? made.shift() : undefined;
      if (oldest !== undefined) this.#forget(iface, oldest);
      made.push(destination);
    }
    routesControl.replace({ ...route, destination, ...(onLink ? {} : { gateway: textOf(this.#words) }) });
  }

  #forget(iface: Interface, destination: string): void {
    const { routesControl } = this.#nd.use;
    const there = routesControl
      .list()
      .some((one) => one.destination === destination && one.metric === REDIRECT_METRIC && one.iface === iface.name);
    if (there) routesControl.remove({ destination, iface: iface.name, metric: REDIRECT_METRIC });
  }

  /** @param option where its link address option stands, 0: it has told none. */
  #learnNeighbour({ iface, bytes }: Packet, words: Int32Array, at: number, option: number): void {
    if (option === 0) return;
    const { neighbours } = this.#nd.use;
    const neighbour = neighbours.lookup(iface, AF_INET6, words, at);
    neighbours.update(neighbour, bytes, option + wire.OPTION_BYTES, NUD_STALE, UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE);
  }

  #learnTimes(iface: Interface, view: DataView, head: number): void {
    const times = this.#times.of(iface);
    const reachable = wire.reachableTime(view, head);
    const retrans = wire.retransTimer(view, head);
    if (reachable > 0 && reachable <= MAX_REACHABLE_MS) times.reachableMs = Math.max(reachable, MIN_TIME_MS);
    if (retrans > 0 && retrans <= MAX_REACHABLE_MS) times.retransMs = Math.max(retrans, MIN_TIME_MS);
  }
}
