// The forwarding information base: tables `local` and `main` of each family, as Linux looks them up.
import type { Interface } from '@protoloom/contracts';
import { RTPROT_KERNEL, RTPROT_RA } from '@protoloom/contracts/ip';
import { isUnspecifiedWords } from '@protoloom/wire';
import { PrefixTable } from './prefix-table.js';

export type TableName = 'local' | 'main';

/** One route. */
export interface FibRoute {
  readonly family: number;
  /** Four words, the bits after the prefix zero. */
  readonly words: Int32Array;
  /** Prefix length in the 128-bit form: an IPv4 /24 is 120. */
  readonly bits: number;
  readonly gateway: Int32Array | undefined;
  /** Undefined only where the type needs none (blackhole, unreachable, prohibit). */
  readonly iface: Interface | undefined;
  /** Preferred source. */
  readonly source: Int32Array | undefined;
  readonly metric: number;
  readonly scope: number;
  readonly protocol: number;
  /** RTN_*. */
  readonly type: number;
  readonly table: TableName;
  readonly mtu: number;
  readonly hopLimit: number;
  readonly advertisedMss: number;
  readonly initialCwnd: number;
  readonly initialRwnd: number;
  readonly congestionControl: string;
  readonly ecn: boolean;
}

/** Routes of one family: those of one prefix stand in the order of their metric. */
class FamilyTables {
  readonly local: PrefixTable<FibRoute[]>;
  readonly main: PrefixTable<FibRoute[]>;

  constructor(seed0: number, seed1: number) {
    this.local = new PrefixTable(seed0, seed1);
    this.main = new PrefixTable(seed0, seed1);
  }
}

export class Fib {
  /** Counts changes: what was resolved under another epoch is not valid. */
  epoch = 0;
  /** By AF_*. */
  readonly #families: (FamilyTables | undefined)[] = [];
  readonly #seed0: number;
  readonly #seed1: number;

  constructor(seed0: number, seed1: number) {
    this.#seed0 = seed0;
    this.#seed1 = seed1;
  }

  /** The best route to an address: local before main, the longest prefix, the least metric. @param iface index, 0: any. */
  lookup(family: number, words: Int32Array, at: number, iface: number): FibRoute | undefined {
    return this.lookupIn('local', family, words, at, iface) ?? this.lookupIn('main', family, words, at, iface);
  }

  lookupIn(name: TableName, family: number, words: Int32Array, at: number, iface: number): FibRoute | undefined {
    const table = this.#families[family]?.[name];
    if (table === undefined) return undefined;
    for (let routes = table.match(words, at); routes !== undefined; routes = table.match(words, at, table.matched + 1)) {
      for (let i = 0; i < routes.length; i++) {
        const route = routes[i] as FibRoute;
        if (iface === 0 || route.iface === undefined || route.iface.index === iface) return route;
      }
    }
    return undefined;
  }

  /** False where there is a route to the prefix with this metric (and, in `local`, interface) already. */
  add(route: FibRoute): boolean {
    const table = this.#tables(route.family)[route.table];
    const routes = table.get(route.words, route.bits) ?? [];
    if (routes.some((other) => sameRoute(other, route))) return false;
    if (routes.length === 0) table.set(route.words, route.bits, routes);
    routes.push(route);
    routes.sort((a, b) => a.metric - b.metric);
    this.epoch++;
    return true;
  }

  /** Removes the routes that `which` names. @returns how many there were. */
  remove(which: (route: FibRoute) => boolean): number {
    let count = 0;
    for (const tables of this.#families) {
      for (const table of tables === undefined ? [] : [tables.local, tables.main]) {
        const hit: FibRoute[] = [];
        table.forEach((routes) => void hit.push(...routes.filter(which)));
        for (const route of hit) {
          const left = (table.get(route.words, route.bits) ?? []).filter((other) => other !== route);
          table.delete(route.words, route.bits);
          if (left.length > 0) table.set(route.words, route.bits, left);
        }
        count += hit.length;
      }
    }
    if (count > 0) this.epoch++;
    return count;
  }

  list(): FibRoute[] {
    const all: FibRoute[] = [];
    for (const tables of this.#families) {
      for (const table of tables === undefined ? [] : [tables.main, tables.local]) table.forEach((routes) => void all.push(...routes));
    }
    return all;
  }

  #tables(family: number): FamilyTables {
    let tables = this.#families[family];
    if (tables === undefined) {
      tables = new FamilyTables(this.#seed0, this.#seed1);
      this.#families[family] = tables;
    }
    return tables;
  }
}

const isAutomatic = ({ protocol }: FibRoute): boolean => protocol === RTPROT_KERNEL || protocol === RTPROT_RA;

/** Of what follows from addresses and advertisements each interface may have its own; of what users add, one alone has a metric. */
const sameRoute = (a: FibRoute, b: FibRoute): boolean =>
  a.metric === b.metric && (a.iface === b.iface || (a.table === 'main' && !(isAutomatic(a) && isAutomatic(b))));

/** Whether the route is to everywhere. */
export const isDefault = (route: FibRoute): boolean => isUnspecifiedWords(route.words, 0) && (route.bits === 0 || route.bits === 96);
