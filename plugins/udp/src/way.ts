// The way to where datagrams go: RFC 1122 §3.3.1.2. What was asked for last is kept, so an echo server asks once.
import { DESTINATION, ERRNO, SOURCE } from '@protoloom/contracts';
import type { Route, RouteQuery, Routes } from '@protoloom/contracts/ip';
import { IP_MULTICAST_IF } from '@protoloom/contracts/ipv4';
import { IPV6_MULTICAST_IF } from '@protoloom/contracts/ipv6';
import { AF_INET, AF_INET6, AF_UNSPEC, IPPROTO_IP, IPPROTO_IPV6, type SocketAddress, type Sockets } from '@protoloom/contracts/socket';
import { copyWords, equalWords, isMappedWords, isMulticastWords, isUnspecifiedWords } from '@protoloom/wire';
import type { UdpEndpoint } from './endpoint.js';

export interface WayContext {
  readonly routes: Routes;
  readonly sockets: Sockets;
}

export class Way {
  readonly #context: WayContext;
  readonly #endpoint: UdpEndpoint;
  readonly #query: RouteQuery;
  #route: Route | undefined = undefined;
  /** The scope that `#route` was asked for with. */
  #scope = 0;

  constructor(context: WayContext, endpoint: UdpEndpoint) {
    this.#context = context;
    this.#endpoint = endpoint;
    this.#query = context.routes.query();
  }

  /** What was kept, where it leads to this destination and still holds. */
  known(words: Int32Array, at: number, scope: number): Route | undefined {
    const route = this.#route;
    if (route === undefined || !route.valid || scope !== this.#scope) return undefined;
    return equalWords(route.addresses, DESTINATION, words, at) ? route : undefined;
  }

  /**
   * Asks for the way, and keeps it. Answers a negative errno where there is none.
   * @param scope index of an interface, 0: any. @param onLink MSG_DONTROUTE: for this once, so it is not kept.
   */
  to(family: number, words: Int32Array, at: number, scope: number, onLink: boolean): Route | number {
    const query = this.#query;
    const { addresses, ownSource } = this.#endpoint;
    query.family = family;
    query.addresses.fill(0, SOURCE, SOURCE + 4);
    if (ownSource) copyWords(addresses, SOURCE, query.addresses, SOURCE);
    copyWords(words, at, query.addresses, DESTINATION);
    if (family === AF_INET) query.addresses[DESTINATION + 2] = 0xffff;
    // 0.0.0.0 and :: are this host: RFC 1122 §3.2.1.3, as BSD and Linux read it.
    if (isUnspecifiedWords(query.addresses, DESTINATION)) query.addresses[DESTINATION + 3] = family === AF_INET ? 0x7f00_0001 : 1;
    const route = this.#ask(scope, onLink);
    if (onLink || typeof route === 'number') return route;
    this.#route = route;
    this.#scope = scope;
    return route;
  }

  /** A packet between these addresses was longer than the path takes: RFC 1191 §6.3. It need not be the path that is kept. */
  tooBig(family: number, addresses: Int32Array, mtu: number): void {
    const query = this.#query;
    query.family = family;
    query.addresses.set(addresses);
    const route = this.#ask(0, false);
    if (typeof route !== 'number') route.reduceMtu(mtu);
  }

  /** Another way may be meant from now on. */
  forget(): void {
    this.#route = undefined;
  }

  #ask(scope: number, onLink: boolean): Route | number {
    const { socket } = this.#endpoint;
    const query = this.#query;
    query.iface = socket.boundInterface || scope || this.#groupInterface();
    query.mark = socket.mark;
    query.onLink = onLink || socket.dontRoute;
    return this.#context.routes.resolve(query);
  }

  /** IP_MULTICAST_IF, IPV6_MULTICAST_IF. */
  #groupInterface(): number {
    const { family, addresses } = this.#query;
    if (!isMulticastWords(addresses, DESTINATION)) return 0;
    const { sockets } = this.#context;
    const index =
      family === AF_INET
        ? sockets.getOption(this.#endpoint, IPPROTO_IP, IP_MULTICAST_IF)
        : sockets.getOption(this.#endpoint, IPPROTO_IPV6, IPV6_MULTICAST_IF);
    return typeof index === 'number' && index > 0 ? index : 0;
  }
}

/** The network family of an address on a socket, or a negative errno; a mapped one on an INET6 socket is AF_INET's. */
export function familyOf({ socket, v6Only }: UdpEndpoint, { family, words }: SocketAddress): number {
  if (socket.family === AF_INET)
    return family === AF_INET || (family === AF_UNSPEC && isUnspecifiedWords(words, 0)) ? AF_INET : -ERRNO.EAFNOSUPPORT;
  if (family !== AF_INET6) return -ERRNO.EAFNOSUPPORT;
  if (!isMappedWords(words, 0)) return AF_INET6;
  return v6Only ? -ERRNO.ENETUNREACH : AF_INET;
}
