// IPv6 as `ip` knows families: what routes, names and source selection ask of one.
import { ETH_P_IPV6, type Interface, type Packet, type SocketSlots } from '@protoloom/contracts';
import type { LocalAddress, NetworkFamily, NextHop, Route, RouteQuery } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { destinationType, format, mayBeSource, parse, scope } from './addresses.js';
import type { Links } from './links.js';
import type { Output } from './output.js';
import { askFor } from './packet-info.js';
import type { Ip6SocketState } from './socket-state.js';
import type { SourceSelection } from './source.js';
import { HEADER_BYTES } from './wire.js';

/** RFC 8200 §5. */
const MIN_MTU = 1280;

export interface FamilyParts {
  readonly sysctls: { readonly mtuExpires: number; readonly nonlocalBind: number };
  readonly slots: SocketSlots<Ip6SocketState>;
  readonly links: Links;
  readonly sources: SourceSelection;
  readonly output: Output;
}

/** A class: an object literal with accessors is a dictionary, which every packet would pay for. */
export class Ip6Family implements NetworkFamily {
  readonly family = AF_INET6;
  readonly etherType = ETH_P_IPV6;
  readonly addressBytes = 16;
  readonly headerBytes = HEADER_BYTES;
  readonly minMtu = MIN_MTU;
  readonly minPathMtu = MIN_MTU;
  readonly sourcesFromAll = true;
  readonly parse = parse;
  readonly format = format;
  readonly destinationType = destinationType;
  readonly mayBeSource = mayBeSource;
  readonly scope = scope;
  readonly #parts: FamilyParts;

  constructor(parts: FamilyParts) {
    this.#parts = parts;
  }

  isEnabled(iface: Interface): boolean {
    return this.#parts.links.isEnabled(iface);
  }

  mtu(iface: Interface): number {
    return this.#parts.links.mtu(iface);
  }

  get pathMtuExpires(): number {
    return this.#parts.sysctls.mtuExpires;
  }

  get nonlocalBind(): boolean {
    return this.#parts.sysctls.nonlocalBind !== 0;
  }

  selectSource(
    candidates: readonly LocalAddress[],
    iface: Interface,
    words: Int32Array,
    at: number,
    preferences: number,
  ): LocalAddress | undefined {
    return this.#parts.sources.select(candidates, iface, words, at, preferences);
  }

  askFor(query: RouteQuery): undefined {
    askFor(this.#parts.slots, query);
  }

  output(packet: Packet, route: Route, protocol: number, hop: NextHop): number {
    return this.#parts.output.send(packet, route, protocol, hop);
  }
}
