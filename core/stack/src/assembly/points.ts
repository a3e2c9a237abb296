// Points at run time: what their owners dispatch through, changed only between two turns.
import {
  ANY,
  type AnyPoint,
  type Chain,
  type Everyone,
  type Lookup,
  type Otherwise,
  PASS,
  type Table,
  type Verdict,
} from '@protoloom/contracts';
import { keyOf } from './plan.js';

// biome-ignore-start lint/suspicious/noExplicitAny: handlers of every shape; definePlugin has type-checked them.
type Handler = any;

/** One point of one stack: the owner's view, and how the registry changes it. */
export interface LivePoint {
  readonly view: Table<Handler> | Lookup<unknown, Handler> | Everyone<Handler> | Chain<Handler>;
  /** @param order in which the attachment's plugin was constructed. */
  attach(key: unknown, handler: Handler, order: number): void;
  detach(key: unknown, handler: Handler): void;
  /** The owner exists now: its `otherwise` serves what nobody else does. */
  settle(otherwise: Otherwise<unknown, Handler>): void;
  readonly otherwise: Otherwise<unknown, Handler>;
  /** How many are attached. */
  readonly count: number;
}

class DensePoint implements LivePoint, Table<Handler> {
  readonly table: Handler[];
  readonly view = this;
  otherwise: Otherwise<unknown, Handler> = {};
  readonly #attached = new Map<number, Handler>();
  #any: Handler;

  constructor(size: number) {
    this.table = new Array(size).fill(undefined);
  }

  get count(): number {
    return this.#attached.size + (this.#any === undefined ? 0 : 1);
  }

  has(key: number): boolean {
    return this.#attached.has(key);
  }

  attach(key: unknown, handler: Handler): void {
    if (key === ANY) {
      this.#any = handler;
      this.#fill();
    } else {
      this.#attached.set(key as number, handler);
      this.table[key as number] = handler;
    }
    this.otherwise.onAttach?.(key);
  }

  detach(key: unknown): void {
    if (key === ANY) {
      this.#any = undefined;
      this.#fill();
    } else {
      this.#attached.delete(key as number);
      this.table[key as number] = this.#rest();
    }
    this.otherwise.onDetach?.(key);
  }

  settle(otherwise: Otherwise<unknown, Handler>): void {
    this.otherwise = otherwise;
    this.#fill();
  }

  #fill(): void {
    this.table.fill(this.#rest());
    for (const [key, handler] of this.#attached) this.table[key] = handler;
  }

  /** What serves a key that nobody claims: the attachment under ANY, free to pass, then the owner. */
  #rest(): Handler {
    const any = this.#any;
    const own = this.otherwise.handler;
    if (any === undefined) return own;
    return (argument: unknown): undefined => (any(argument) === PASS ? own(argument) : undefined);
  }
}

class MapPoint implements LivePoint, Lookup<unknown, Handler> {
  readonly view = this;
  otherwise: Otherwise<unknown, Handler> = {};
  readonly #point: AnyPoint;
  readonly #attached = new Map<number | string | symbol, { key: unknown; handler: Handler }>();

  constructor(point: AnyPoint) {
    this.#point = point;
  }

  get count(): number {
    return this.#attached.size;
  }

  get(key: unknown): Handler | undefined {
    return this.#attached.get(keyOf(this.#point, key))?.handler;
  }

  keys(): readonly unknown[] {
    return [...this.#attached.values()].map(({ key }) => key);
  }

  values(): readonly Handler[] {
    return [...this.#attached.values()].map(({ handler }) => handler);
  }

  attach(key: unknown, handler: Handler): void {
    this.#attached.set(keyOf(this.#point, key), { key, handler });
    this.otherwise.onAttach?.(key);
  }

  detach(key: unknown): void {
    this.#attached.delete(keyOf(this.#point, key));
    this.otherwise.onDetach?.(key);
  }

  settle(otherwise: Otherwise<unknown, Handler>): void {
    this.otherwise = otherwise;
  }
}

/** Everyone in construction order, or, in a chain, in the order of priorities and then of construction. */
class ListPoint implements LivePoint, Everyone<Handler>, Chain<Handler> {
  readonly view = this;
  list: readonly Handler[] = [];
  empty = true;
  otherwise: Otherwise<unknown, Handler> = {};
  #entries: readonly { key: unknown; handler: Handler; order: number }[] = [];

  get count(): number {
    return this.#entries.length;
  }

  attach(key: unknown, handler: Handler, order: number): void {
    const rank = (entry: { key: unknown }): number => (typeof entry.key === 'number' ? entry.key : 0);
    this.#set([...this.#entries, { key, handler, order }].sort((a, b) => rank(a) - rank(b) || a.order - b.order));
    this.otherwise.onAttach?.(key);
  }

  detach(key: unknown, handler: Handler): void {
    this.#set(this.#entries.filter((entry) => entry.handler !== handler));
    this.otherwise.onDetach?.(key);
  }

  settle(otherwise: Otherwise<unknown, Handler>): void {
    this.otherwise = otherwise;
  }

  run(argument: unknown): Verdict {
    const { list } = this;
    for (let i = 0; i < list.length; i++) {
      const verdict: Verdict = list[i](argument);
      if (verdict !== PASS) return verdict;
    }
    return PASS;
  }

  #set(entries: readonly { key: unknown; handler: Handler; order: number }[]): void {
    this.#entries = entries;
    this.list = entries.map(({ handler }) => handler);
    this.empty = entries.length === 0;
  }
}
// biome-ignore-end lint/suspicious/noExplicitAny: end of the handlers.

export function livePoint(point: AnyPoint): LivePoint {
  switch (point.law) {
    case 'u8':
      return new DensePoint(256);
    case 'u16':
      return new DensePoint(65_536);
    case 'map':
      return new MapPoint(point);
    case 'all':
    case 'chain':
      return new ListPoint();
  }
}
