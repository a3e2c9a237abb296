// The way to where datagrams go: RFC 1122 §3.3.1.2. What was asked for last is kept, so an echo server asks once.
import { DESTINATION, SOURCE } from '@protoloom/contracts';
import type { Route, RouteQuery, Routes } from '@protoloom/contracts/ip';
import { AF_INET, type Control, type Sockets } from '@protoloom/contracts/socket';
import { copyWords, equalWords, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Association } from './association.js';

export interface WayContext {
  readonly routes: Routes;
  readonly sockets: Sockets;
}

export class Way {
  readonly #context: WayContext;
  readonly #names: Association;
  readonly #query: RouteQuery;
  #route: Route | undefined = undefined;
  /** The scope that `#route` was asked for with. */
  #scope = 0;

  constructor(context: WayContext, names: Association) {
    this.#context = context;
    this.#names = names;
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
    this.#to(family, words, at);
    const route = this.#ask(scope, onLink);
    if (onLink || typeof route === 'number') return route;
    this.#route = route;
    this.#scope = scope;
    return route;
  }

  /** As `to`, where control messages have a say; not kept. */
  asked(family: number, words: Int32Array, at: number, scope: number, onLink: boolean, controls: readonly Control[]): Route | number {
    const { socket } = this.#names;
    this.#to(family, words, at);
    this.#query.iface = scope || socket.boundInterface;
    const result = this.#context.sockets.askControls(socket, this.#query, controls);
    return result < 0 ? result : this.#ask(this.#query.iface, onLink);
  }

  /** Writes the addresses of the question. */
  #to(family: number, words: Int32Array, at: number): void {
    const query = this.#query;
    const { addresses, ownSource, boundAddress } = this.#names;
    const mapped = isMappedWords(addresses, SOURCE);
    query.family = family;
    query.addresses.fill(0, SOURCE, SOURCE + 4);
    // A source that was chosen for a peer of the one family is none for those of the other.
    if (ownSource && (boundAddress || mapped === (family === AF_INET))) copyWords(addresses, SOURCE, query.addresses, SOURCE);
    else if (mapped) query.addresses[SOURCE + 2] = 0xffff;
    copyWords(words, at, query.addresses, DESTINATION);
    if (family === AF_INET) query.addresses[DESTINATION + 2] = 0xffff;
    // 0.0.0.0 and :: are this host: RFC 1122 §3.2.1.3, as BSD and Linux read it.
    if (isUnspecifiedWords(query.addresses, DESTINATION)) query.addresses[DESTINATION + 3] = family === AF_INET ? 0x7f00_0001 : 1;
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
    const { socket } = this.#names;
    const query = this.#query;
    query.iface = scope || socket.boundInterface;
    query.mark = socket.mark;
    query.onLink = onLink || socket.dontRoute;
    query.socket = socket;
    return this.#context.routes.resolve(query);
  }
}
