// `ip neighbour`: the service `neighbour.control`.
import type { ErrnoCode, Interface, Interfaces } from '@protoloom/contracts';
import type { ControlErrorShape, NeighbourInfo, NeighboursControl } from '@protoloom/contracts/control';
import { NUD_NOARP, NUD_NONE, NUD_PERMANENT, UPDATE_ADMIN, UPDATE_OVERRIDE } from '@protoloom/contracts/neighbour';
import { AF_INET, AF_INET6 } from '@protoloom/contracts/socket';
import { AddressError, Ip4Address, Ip6Address, type IpAddress, MacAddress, parseAddress } from '@protoloom/wire';
import type { NeighbourEntry } from './entry.js';
import { update } from './machine.js';
import type { NeighbourTables } from './service.js';
import { stateName, VALID } from './states.js';
import type { FamilyTable } from './table.js';

interface Filter {
  readonly iface?: string;
  readonly family?: 'inet' | 'inet6';
}

class NeighbourError extends Error implements ControlErrorShape {
  readonly code: ErrnoCode;
  constructor(code: ErrnoCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'NeighbourError';
    this.code = code;
  }
}

export class NeighbourControl implements NeighboursControl {
  readonly #tables: NeighbourTables;
  readonly #interfaces: Interfaces;

  constructor(tables: NeighbourTables, interfaces: Interfaces) {
    this.#tables = tables;
    this.#interfaces = interfaces;
  }

  add(iface: string, address: string, linkAddress: string): void {
    const { table, on, words } = this.#named(iface, address);
    const bytes = refusing(() => MacAddress.parse(linkAddress)).toBytes();
    if (bytes.length !== on.link.addressBytes) {
      throw new NeighbourError('EINVAL', `link addresses of ${iface} have ${on.link.addressBytes} octets, not ${bytes.length}`);
    }
    if (table.find(on, words, 0) !== undefined)
      throw new NeighbourError('EEXIST', `${iface} has a neighbour ${address} already: remove it first`);
    update(table.make(on, words, 0, true), bytes, 0, NUD_PERMANENT, UPDATE_ADMIN | UPDATE_OVERRIDE);
  }

  remove(iface: string, address: string): void {
    const { table, on, words } = this.#named(iface, address);
    const entry = table.find(on, words, 0);
    if (entry === undefined) throw new NeighbourError('ENOENT', `${iface} has no neighbour ${address}`);
    table.remove(entry);
  }

  /** As `ip neighbour flush`: permanent entries, and those that need no resolution, stay. */
  flush(filter: Filter = {}): void {
    for (const entry of this.#matching(filter)) if ((entry.state & (NUD_PERMANENT | NUD_NOARP)) === 0) entry.table.remove(entry);
  }

  /** Those that need no resolution are left out, as `ip neighbour` does. */
  list(filter: Filter = {}): readonly NeighbourInfo[] {
    return this.#matching(filter)
      .filter(({ state }) => state !== NUD_NOARP && state !== NUD_NONE)
      .map((entry) => ({
        iface: entry.iface.name,
        address: format(entry),
        linkAddress: (entry.state & VALID) === 0 ? undefined : formatLink(entry.linkAddress),
        state: stateName(entry.state),
      }));
  }

  #matching(filter: Filter): NeighbourEntry[] {
    const iface = filter.iface === undefined ? undefined : this.#interface(filter.iface);
    const family = filter.family === undefined ? undefined : { inet: AF_INET, inet6: AF_INET6 }[filter.family];
    return this.#tables.tables
      .filter(({ protocol }) => family === undefined || protocol.family === family)
      .flatMap(({ entries }) => [...entries])
      .filter((entry) => iface === undefined || entry.iface === iface);
  }

  #named(iface: string, address: string): { table: FamilyTable; on: Interface; words: Int32Array } {
    const on = this.#interface(iface);
    const parsed: IpAddress = refusing(() => parseAddress(address));
    const table = this.#tables.tableOf(parsed.family);
    if (table === undefined)
      throw new NeighbourError('EAFNOSUPPORT', `nobody resolves addresses such as ${address}: plug in what attaches to neighbour.family`);
    return { table, on, words: parsed.toWords() };
  }

  #interface(name: string): Interface {
    const iface = this.#interfaces.byName(name);
    if (iface !== undefined) return iface;
    const names = this.#interfaces.list.map((one) => one.name).join(', ');
    throw new NeighbourError('ENODEV', `there is no interface ${name}; there ${names === '' ? 'are none' : `is ${names}`}`);
  }
}

/** Calls, and turns an address that is none into EINVAL. */
function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (AddressError.is(error)) throw new NeighbourError('EINVAL', error.message);
    throw error;
  }
}

const format = ({ family, words }: NeighbourEntry): string => (family === AF_INET ? Ip4Address : Ip6Address).fromWords(words, 0).toString();

const formatLink = (bytes: Uint8Array): string => Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
