// Tokens: how plugins name what they use, own, provide and attach to. A token carries a type and a major version, nothing else.

declare const TYPE: unique symbol;

/** What a plugin calls down to: exactly one provider in a stack. */
export interface Service<T> {
  readonly kind: 'service';
  /** Dotted name without version, such as `ip.routes`. */
  readonly id: string;
  readonly major: number;
  /** `Symbol.for`, so that duplicate copies of a package still meet and different majors never do. */
  readonly key: symbol;
  readonly [TYPE]?: (value: T) => T;
}

/** The composition law of a point: how many may attach, and how the owner sees them. */
export type Law = 'u8' | 'u16' | 'map' | 'all' | 'chain';

/**
 * Where a plugin is called up from. `K` is what a key is written as, `H` the handler, `A` the handler of an attachment under `ANY`
 * (`never` where the point takes none).
 */
export interface Point<K, H, A = never, L extends Law = Law> {
  readonly kind: 'point';
  readonly law: L;
  readonly id: string;
  readonly major: number;
  readonly key: symbol;
  /** Fewest attachments with which a stack assembles. */
  readonly min: number;
  /** Turns a key that is a record into the number or string that it is looked up by. */
  readonly keyOf: ((key: K) => number | string) | undefined;
  readonly [TYPE]?: { key: (key: K) => K; handler: (handler: H) => H; any: () => A };
}

// biome-ignore lint/suspicious/noExplicitAny: a token of whatever type; the assembler treats them all alike.
export type AnyService = Service<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyPoint = Point<any, any, any>;

/** The key of the one attachment that is asked before the owner's `otherwise`, and may decline. */
export const ANY: unique symbol = Symbol.for('@protoloom/any');

/** Answer of a handler in a chain, and of a handler under `ANY`. */
export type Verdict = 0 | 1 | 2;
/** Go on to the next handler, or to the owner's own treatment. */
export const PASS = 0;
/** The packet ends here; who answers this has counted why. */
export const DROP = 1;
/** The handler has taken the packet, or consumed it. */
export const TAKEN = 2;

const symbolOf = (id: string, major: number): symbol => Symbol.for(`@protoloom/${id}@${major}`);

/** @param id dotted name without version. @param major changes only when what implements the old contract no longer fits. */
export function service<T>(id: string, major: number): Service<T> {
  return Object.freeze({ kind: 'service' as const, id, major, key: symbolOf(id, major) });
}

interface PointSettings {
  readonly min?: number;
}

function point<K, H, A, L extends Law>(law: L, id: string, major: number, min = 0, keyOf?: (key: K) => number | string): Point<K, H, A, L> {
  return Object.freeze({ kind: 'point' as const, law, id, major, key: symbolOf(id, major), min, keyOf });
}

/** A dense table of 256 handlers, keyed by an octet. */
export const u8Point = <H, A = never>(id: string, major: number, settings: PointSettings = {}): Point<number, H, A, 'u8'> =>
  point('u8', id, major, settings.min);

/** A dense table of 65,536 handlers, keyed by a 16-bit number. */
export const u16Point = <H, A = never>(id: string, major: number, settings: PointSettings = {}): Point<number, H, A, 'u16'> =>
  point('u16', id, major, settings.min);

/** Handlers by a number, a string, or a record that `keyOf` turns into one. */
export const mapPoint = <K, H>(
  id: string,
  major: number,
  settings: PointSettings & { readonly keyOf?: (key: K) => number | string } = {},
): Point<K, H, never, 'map'> => point('map', id, major, settings.min, settings.keyOf);

/** Every attachment is called, in construction order; in the opposite order where something is taken down. */
export const allPoint = <H>(id: string, major: number, settings: PointSettings = {}): Point<undefined, H, never, 'all'> =>
  point('all', id, major, settings.min);

/** Handlers in the order of an integer priority, lowest first, each answering a `Verdict`. */
export const chainPoint = <H>(id: string, major: number, settings: PointSettings = {}): Point<number, H, never, 'chain'> =>
  point('chain', id, major, settings.min);
