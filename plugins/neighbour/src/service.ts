// The service `neighbour.neighbours`: the tables of all families, and what interfaces do to them.
import { IFF_UP, type Interface, type InterfaceEvents, type Lookup } from '@protoloom/contracts';
import type { Neighbour, NeighbourFamily, Neighbours } from '@protoloom/contracts/neighbour';
import type { NeighbourEntry } from './entry.js';
import { probe, update } from './machine.js';
import { FamilyTable, type TableServices } from './table.js';

export type Families = Lookup<number, NeighbourFamily>;

export class NeighbourTables implements Neighbours, InterfaceEvents {
  readonly #families: Families;
  readonly #services: TableServices;
  readonly #tables = new Map<number, FamilyTable>();
  /** Link address under which an interface's neighbours learnt of us, by interface index. */
  readonly #addresses = new Map<number, Uint8Array>();

  constructor(families: Families, services: TableServices) {
    this.#families = families;
    this.#services = services;
  }

  get tables(): readonly FamilyTable[] {
    return [...this.#tables.values()];
  }

  /** The family's table, or undefined where nobody resolves its addresses. */
  tableOf(family: number): FamilyTable | undefined {
    let table = this.#tables.get(family);
    if (table === undefined) {
      const protocol = this.#families.get(family);
      if (protocol === undefined) return undefined;
      table = new FamilyTable(protocol, this.#services);
      this.#tables.set(family, table);
    }
    return table;
  }

  // ---- Neighbours ------------------------------------------------------------------------------------------------------------------

  lookup(iface: Interface, family: number, words: Int32Array, at: number): NeighbourEntry {
    const table = this.tableOf(family);
    if (table === undefined) {
      throw new Error(`nobody resolves neighbours of address family ${family}: plug in what attaches to neighbour.family`);
    }
    return table.lookup(iface, words, at);
  }

  find(iface: Interface, family: number, words: Int32Array, at: number): NeighbourEntry | undefined {
    return this.tableOf(family)?.find(iface, words, at);
  }

  update(neighbour: Neighbour, bytes: Uint8Array | undefined, at: number, state: number, flags: number): void {
    update(neighbour as NeighbourEntry, bytes, at, state, flags);
  }

  probe(neighbour: Neighbour): void {
    probe(neighbour as NeighbourEntry);
  }

  // ---- families and interfaces come and go -------------------------------------------------------------------------------------------

  familyGone(family: number): void {
    this.#tables.get(family)?.close();
    this.#tables.delete(family);
  }

  added(iface: Interface): void {
    this.#addresses.set(iface.index, iface.address);
  }

  changed(iface: Interface): void {
    const old = this.#addresses.get(iface.index);
    this.#addresses.set(iface.index, iface.address);
    const moved = old !== undefined && !sameBytes(old, iface.address);
    const noCarrier = (iface.flags & IFF_UP) !== 0 && !iface.running;
    for (const table of this.#tables.values()) {
      if (moved) table.flush(iface, true);
      else if (noCarrier && table.protocol.evictsWithoutCarrier(iface)) table.flush(iface, false);
    }
  }

  down(iface: Interface): void {
    for (const table of this.#tables.values()) table.flush(iface, true);
  }

  gone(iface: Interface): void {
    for (const table of this.#tables.values()) table.forget(iface);
    this.#addresses.delete(iface.index);
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((octet, i) => octet === b[i]);
