// The forwarding information base: tables `local` and `main` of each family, as Linux looks them up.
import type { Interface } from '@protoloom/contracts';
import { RTPROT_KERNEL, RTPROT_RA } from '@protoloom/contracts/ip';
import { equalWords, isUnspecifiedWords, WordsTable } from '@protoloom/wire';
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
  /** RFC 4191 §2.1: 1 high, 0 medium, -1 low. */
  readonly preference: number;
  /** When it is removed, µs of the clock; Infinity: never. */
  expiresUs: number;
}

/** What a route says where nothing is said. */
export const UNSET = {
  mtu: 0,
  hopLimit: 0,
  advertisedMss: 0,
  initialCwnd: 0,
  initialRwnd: 0,
  congestionControl: '',
  ecn: false,
  preference: 0,
  expiresUs: Number.POSITIVE_INFINITY,
} as const satisfies Partial<FibRoute>;

/** Routes of one family: those of one prefix stand in the order of their metric, then of their preference. */
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
  /** Gateways that did not answer when they were last asked for, each with the index of its interface. */
  readonly #unreachable: WordsTable<true>;
  /** Prefixes of `main` with more than one route. */
  #shared = 0;
  readonly #seed0: number;
  readonly #seed1: number;

  constructor(seed0: number, seed1: number) {
    this.#unreachable = new WordsTable(seed0, seed1);
    this.#seed0 = seed0;
    this.#seed1 = seed1;
  }

  /** The best route to an address: local before main, the longest prefix, the least metric. @param iface index, 0: any. */
  lookup(family: number, words: Int32Array, at: number, iface: number): FibRoute | undefined {
    return this.#longest(this.#families[family]?.local, words, at, iface) ?? this.lookupMain(family, words, at, iface);
  }

  /** In the table `local`. @param iface index, 0: any. */
  lookupLocal(family: number, words: Int32Array, at: number, iface = 0): FibRoute | undefined {
    return this.#longest(this.#families[family]?.local, words, at, iface);
  }

  /** In the table `main`. @param iface index, 0: any. */
  lookupMain(family: number, words: Int32Array, at: number, iface: number): FibRoute | undefined {
    return this.#longest(this.#families[family]?.main, words, at, iface);
  }

  /** False where there is a route to the prefix with this metric (and, in `local`, interface) already. */
  add(route: FibRoute): boolean {
    const table = this.#tables(route.family)[route.table];
    const routes = table.get(route.words, route.bits) ?? [];
    if (routes.some((other) => sameRoute(other, route))) return false;
    if (routes.length === 0) table.set(route.words, route.bits, routes);
    routes.push(route);
    if (routes.length === 2 && route.table === 'main') this.#shared++;
    routes.sort((a, b) => a.metric - b.metric || b.preference - a.preference);
    this.epoch++;
    return true;
  }

  /** The gateway on an interface answers, or does not: RFC 4861 §6.3.6, RFC 4191 §3.1. */
  gatewayChanged(iface: Interface, gateway: Int32Array, unreachable: boolean): void {
    const changed = unreachable ? this.#unreachable.set(gateway, 0, iface.index, true) : this.#unreachable.delete(gateway, 0, iface.index);
    if (changed && this.#shared > 0) this.epoch++;
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
          if (left.length === 1 && route.table === 'main') this.#shared--;
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

  /** The best of the longest prefix that has one by that interface (0: by any). */
  #longest(table: PrefixTable<FibRoute[]> | undefined, words: Int32Array, at: number, iface: number): FibRoute | undefined {
    if (table === undefined) return undefined;
    for (let routes = table.match(words, at); routes !== undefined; routes = table.match(words, at, table.matched + 1)) {
      const route = this.#best(routes, iface);
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** The first that leaves by the interface (0: by any), among those of its metric one whose gateway is not known to be unreachable. */
  #best(routes: readonly FibRoute[], iface: number): FibRoute | undefined {
    let first: FibRoute | undefined;
    for (let i = 0; i < routes.length; i++) {
      const route = routes[i] as FibRoute;
      if (iface !== 0 && route.iface !== undefined && route.iface.index !== iface) continue;
      if (routes.length === 1 || (this.#answers(route) && (first === undefined || first.metric === route.metric))) return route;
      first ??= route;
    }
    return first;
  }

  #answers({ gateway, iface }: FibRoute): boolean {
    return gateway === undefined || iface === undefined || this.#unreachable.get(gateway, 0, iface.index) === undefined;
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

/**
 * Whether there is room for but one of two routes to the same prefix. Of what follows from addresses and advertisements each interface and
 * each router may have its own; of what users add, one alone has a metric.
 */
export const sameRoute = (a: FibRoute, b: FibRoute): boolean =>
  a.metric === b.metric &&
  (isAutomatic(a) && isAutomatic(b) ? a.iface === b.iface && sameGateway(a.gateway, b.gateway) : a.iface === b.iface || a.table === 'main');

export const sameGateway = (a: Int32Array | undefined, b: Int32Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && equalWords(a, 0, b, 0));

/** Whether the route is to everywhere. */
export const isDefault = (route: FibRoute): boolean => isUnspecifiedWords(route.words, 0) && (route.bits === 0 || route.bits === 96);
