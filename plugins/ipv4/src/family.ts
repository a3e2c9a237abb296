// IPv4 as `ip` knows families: what routes, names and source selection ask of one.
import { ETH_P_IP, type Packet, type SocketSlots } from '@protoloom/contracts';
import type { NetworkFamily, NextHop, Route, RouteQuery } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { destinationType, format, mayBeSource, parse, scope, selectSource } from './addresses.js';
import type { Output } from './output.js';
import { askFor } from './packet-info.js';
import type { Ip4SocketState } from './socket-state.js';
import { HEADER_BYTES } from './wire.js';

export interface FamilyParts {
  readonly sysctls: { readonly minPmtu: number; readonly mtuExpires: number; readonly nonlocalBind: number };
  readonly sockets: SocketSlots<Ip4SocketState>;
  readonly output: Output;
}

/** A class: an object literal with accessors is a dictionary, which every packet would pay for. */
export class Ip4Family implements NetworkFamily {
  readonly family = AF_INET;
  readonly etherType = ETH_P_IP;
  readonly addressBytes = 4;
  readonly headerBytes = HEADER_BYTES;
  readonly minMtu = 68;
  readonly parse = parse;
  readonly format = format;
  readonly destinationType = destinationType;
  readonly mayBeSource = mayBeSource;
  readonly selectSource = selectSource;
  readonly scope = scope;
  readonly #parts: FamilyParts;

  constructor(parts: FamilyParts) {
    this.#parts = parts;
  }

  get minPathMtu(): number {
    return this.#parts.sysctls.minPmtu;
  }

  get pathMtuExpires(): number {
    return this.#parts.sysctls.mtuExpires;
  }

  get nonlocalBind(): boolean {
    return this.#parts.sysctls.nonlocalBind !== 0;
  }

  askFor(query: RouteQuery): undefined {
    askFor(this.#parts.sockets, query);
  }

  output(packet: Packet, route: Route, protocol: number, hop: NextHop): number {
    return this.#parts.output.send(packet, route, protocol, hop);
  }
}
