// SOCKET_NAMES: what sockets call addresses, with the rules and errnos of Linux's inet_bind, inet6_bind and their connects. RFC 4007, RFC 3493 §3.7.
import { DESTINATION, ERRNO, type Interfaces, type Lookup, SOURCE } from '@protoloom/contracts';
import {
  type NetworkFamily,
  type Route,
  type RouteQuery,
  type Routes,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTN_UNSPEC,
  type SocketNames,
} from '@protoloom/contracts/ip';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  newSocketAddress,
  SOCK_STREAM,
  type SocketAddress,
  type SocketState,
} from '@protoloom/contracts/socket';
import { copyWords, isMappedWords, isMulticastWords, isUnspecifiedWords, needsZoneWords } from '@protoloom/wire';

export interface SocketNamesContext {
  readonly routes: Routes;
  readonly interfaces: Interfaces;
  readonly families: Lookup<number, NetworkFamily>;
}

export class StackSocketNames implements SocketNames {
  readonly #context: SocketNamesContext;
  readonly #query: RouteQuery;
  readonly #peer = newSocketAddress();

  constructor(context: SocketNamesContext) {
    this.#context = context;
    this.#query = context.routes.query();
  }

  bind(socket: SocketState, address: SocketAddress): number {
    const { words } = address;
    if (socket.family === AF_INET) return isOfInet(address) ? this.#bind4(socket, words) : -ERRNO.EAFNOSUPPORT;
    if (address.family !== AF_INET6) return -ERRNO.EAFNOSUPPORT;
    if (isMappedWords(words, 0)) return socket.v6Only ? -ERRNO.EINVAL : this.#bind4(socket, words);
    return this.#bind6(socket, address);
  }

  #bind4(socket: SocketState, words: Int32Array): number {
    if (isUnspecifiedWords(words, 0)) return RTN_UNSPEC;
    const type = this.#context.routes.inputType(AF_INET, words, 0);
    if (type === RTN_LOCAL || type === RTN_MULTICAST || type === RTN_BROADCAST) return type;
    return this.#unlessNonlocal(socket, AF_INET);
  }

  #bind6(socket: SocketState, { words, scope }: SocketAddress): number {
    const { routes, interfaces } = this.#context;
    const group = isMulticastWords(words, 0);
    if (group && socket.type === SOCK_STREAM) return -ERRNO.EINVAL;
    if (isUnspecifiedWords(words, 0)) return RTN_UNSPEC;
    const zoned = needsZoneWords(words, 0);
    if (zoned) {
      if (scope !== 0) socket.boundInterface = scope;
      if (socket.boundInterface === 0) return -ERRNO.EINVAL;
    }
    if (socket.boundInterface !== 0 && interfaces.byIndex(socket.boundInterface) === undefined) return -ERRNO.ENODEV;
    if (group) return RTN_MULTICAST;
    if (routes.isLocal(AF_INET6, words, 0, zoned ? socket.boundInterface : 0)) return RTN_LOCAL;
    return this.#unlessNonlocal(socket, AF_INET6);
  }

  /** IP_FREEBIND, `ip_nonlocal_bind`. */
  #unlessNonlocal(socket: SocketState, family: number): number {
    return socket.freeBind || this.#context.families.get(family)?.nonlocalBind === true ? RTN_UNICAST : -ERRNO.EADDRNOTAVAIL;
  }

  familyOf(socket: SocketState, address: SocketAddress): number {
    if (socket.family === AF_INET) return isOfInet(address) ? AF_INET : -ERRNO.EAFNOSUPPORT;
    if (address.family !== AF_INET6) return -ERRNO.EAFNOSUPPORT;
    if (!isMappedWords(address.words, 0)) return AF_INET6;
    return socket.v6Only ? -ERRNO.ENETUNREACH : AF_INET;
  }

  connect(socket: SocketState, address: SocketAddress): number {
    const family = this.familyOf(socket, address);
    const { words, scope } = address;
    if (family !== AF_INET6) return family;
    if (socket.type === SOCK_STREAM && isMulticastWords(words, 0)) return -ERRNO.ENETUNREACH;
    if (!needsZoneWords(words, 0)) return family;
    if (scope !== 0) {
      if (socket.boundInterface !== 0 && socket.boundInterface !== scope) return -ERRNO.EINVAL;
      socket.boundInterface = scope;
    }
    if (socket.boundInterface === 0) socket.boundInterface = this.#groupInterface(socket, words);
    return socket.boundInterface === 0 ? -ERRNO.EINVAL : family;
  }

  /** Where the socket's options send what is for a group, 0: nowhere in particular. */
  #groupInterface(socket: SocketState, words: Int32Array): number {
    if (!isMulticastWords(words, 0)) return 0;
    const query = this.#query;
    query.socket = socket;
    query.iface = 0;
    copyWords(words, 0, query.addresses, DESTINATION);
    this.#context.families.get(AF_INET6)?.askFor?.(query);
    query.socket = undefined;
    return query.iface;
  }

  peerRoute(socket: SocketState): Route | undefined {
    const peer = this.#peer;
    if ((socket.endpoint?.peerAddress(peer) ?? -1) < 0) return undefined;
    const query = this.#query;
    query.family = isMappedWords(peer.words, 0) ? AF_INET : AF_INET6;
    query.iface = socket.boundInterface;
    query.mark = socket.mark;
    query.addresses.fill(0, SOURCE, SOURCE + 4);
    copyWords(peer.words, 0, query.addresses, DESTINATION);
    const route = this.#context.routes.resolve(query);
    return typeof route === 'number' ? undefined : route;
  }

  zoneOf(words: Int32Array, at: number, scope: number): number {
    return scope !== 0 && needsZoneWords(words, at) ? scope : 0;
  }
}

/** AF_UNSPEC with 0.0.0.0 is taken for AF_INET, as ever. */
const isOfInet = ({ family, words }: SocketAddress): boolean =>
  family === AF_INET || (family === AF_UNSPEC && isUnspecifiedWords(words, 0));
