// The manifest: what a plugin declares, and the types that hold `create` to exactly that.
import type { CounterSpec, Counters, InterfaceCounters } from './counters.js';
import type { Interface } from './interface.js';
import type { SocketState } from './socket.js';
import type { InterfaceSysctlValues, SysctlHooks, SysctlSpec, SysctlValues } from './sysctl.js';
import type { ANY, AnyPoint, AnyService, Law, Point, Service, Verdict } from './token.js';

/** The core's API version, which a manifest's `api` range must admit. */
export const API_VERSION = '1.0.0';

// ---- uses ----------------------------------------------------------------------------------------------------------------------

/** A service that the plugin calls. `T` is what `create` receives under the entry's name. */
export interface Use<T> {
  readonly kind: 'use';
  readonly service: AnyService;
  /** Range of contract versions, against what the provider implements. */
  readonly range: string;
  readonly optional: boolean;
  readonly receives?: (value: T) => T;
}

/** What `useIfPresent` gives: the registry writes `now`, so a provider that is plugged in later is seen. */
export interface Cell<T> {
  readonly now: T | undefined;
}

/** @param range semver range of the contract, such as `^1.0`. */
export const use = <T>(token: Service<T>, range: string): Use<T> =>
  Object.freeze({ kind: 'use' as const, service: token, range, optional: false });

/** As `use`, where the plugin also works without. Does not order construction. */
export const useIfPresent = <T>(token: Service<T>, range: string): Use<Cell<T>> =>
  Object.freeze({ kind: 'use' as const, service: token, range, optional: true });

// ---- attachments ---------------------------------------------------------------------------------------------------------------

/** When an attachment must find its point: always; one of several at least; or not at all (it sleeps until an owner is plugged in). */
export type Presence = 'required' | 'some' | 'optional';

/** An attachment to one point or several, under one key. `H` is the handler that `create` returns under the entry's name. */
export interface Attachment<H> {
  readonly kind: 'attachment';
  readonly points: readonly AnyPoint[];
  readonly key: unknown;
  readonly range: string;
  readonly presence: Presence;
  readonly handles?: (handler: H) => H;
}

type KeyOf<P> = P extends Point<infer K, infer _H, infer _A, infer _L> ? K : never;
type HandlerAt<P, K> = P extends Point<infer _K, infer H, infer A, infer _L> ? (K extends typeof ANY ? A : H) : never;
type AnyKey<P> = P extends Point<infer _K, infer _H, infer A, infer _L> ? ([A] extends [never] ? never : typeof ANY) : never;
type AttachArguments<P> = KeyOf<P> extends undefined ? [range: string] : [key: KeyOf<P> | AnyKey<P>, range: string];

const attachment = <H>(points: readonly AnyPoint[], presence: Presence, rest: readonly unknown[]): Attachment<H> => {
  const [key, range] = rest.length === 1 ? [undefined, rest[0]] : rest;
  return Object.freeze({ kind: 'attachment' as const, points: Object.freeze([...points]), key, range: range as string, presence });
};

/** `attach(POINT, key, range)`; a point that calls everyone takes no key: `attach(POINT, range)`. */
export function attach<P extends AnyPoint, const K extends AttachArguments<P>>(point: P, ...rest: K): Attachment<HandlerAt<P, K[0]>> {
  return attachment([point], 'required', rest);
}

/** One handler for all of these points: at least one is present, the others are attached to when their owner is plugged in. */
export function attachSome<P extends AnyPoint, const K extends AttachArguments<P>>(
  points: readonly P[],
  ...rest: K
): Attachment<HandlerAt<P, K[0]>> {
  return attachment(points, 'some', rest);
}

/** As `attach`, asleep until the point's owner is plugged in. */
export function attachIfPresent<P extends AnyPoint, const K extends AttachArguments<P>>(
  point: P,
  ...rest: K
): Attachment<HandlerAt<P, K[0]>> {
  return attachment([point], 'optional', rest);
}

/** Somebody must be attached to `point` under `key`. */
export interface Need {
  readonly point: AnyPoint;
  readonly key: unknown;
}
export const need = <P extends AnyPoint>(point: P, key: KeyOf<P>): Need => Object.freeze({ point, key });

// ---- provided services and owned points ------------------------------------------------------------------------------------------

/** Who asks for a service that is made anew for each of its users. */
export interface User {
  /** Name of the plugin. */
  readonly plugin: string;
}

export interface Provision<T> {
  readonly kind: 'provision';
  readonly service: AnyService;
  /** Version of the contract that is implemented; users' ranges are checked against it. */
  readonly version: string;
  readonly perUser: boolean;
  readonly provides?: (value: T) => T;
}

export const provide = <T>(token: Service<T>, version: string): Provision<T> =>
  Object.freeze({ kind: 'provision' as const, service: token, version, perUser: false });

/** A service that knows who uses it (timers, log): `create` returns a function from the user to the service. */
export const providePerUser = <T>(token: Service<T>, version: string): Provision<(user: User) => T> =>
  Object.freeze({ kind: 'provision' as const, service: token, version, perUser: true });

export interface Ownership<K, H, A, L extends Law> {
  readonly kind: 'ownership';
  readonly point: Point<K, H, A, L>;
  readonly version: string;
}

export const own = <K, H, A, L extends Law>(point: Point<K, H, A, L>, version: string): Ownership<K, H, A, L> =>
  Object.freeze({ kind: 'ownership' as const, point, version });

/** What the owner of a `u8` or `u16` point dispatches through: no entry is ever undefined. The array is the same for the stack's life. */
export interface Table<H> {
  readonly table: readonly H[];
  has(key: number): boolean;
}

/** What the owner of a `map` point looks up in; never per packet by string. */
export interface Lookup<K, H> {
  get(key: K): H | undefined;
  /** Keys as they were written, in construction order. */
  keys(): readonly K[];
  values(): readonly H[];
}

/** What the owner of an `all` point calls; the array is replaced, never changed, when something attaches. */
export interface Everyone<H> {
  readonly list: readonly H[];
}

/** What the owner of a `chain` point calls. */
export interface Chain<H> {
  readonly list: readonly H[];
  /** True where nothing is attached: the one compare that an empty chain costs. */
  readonly empty: boolean;
  /** For handlers of one argument: calls them in order until one answers other than `PASS`. */
  run(argument: H extends (argument: infer T) => Verdict ? T : never): Verdict;
}

type ByLaw<K, H> = { u8: Table<H>; u16: Table<H>; map: Lookup<K, H>; all: Everyone<H>; chain: Chain<H> };
type Composed<O> = O extends Ownership<infer K, infer H, infer _A, infer L> ? ByLaw<K, H>[L] : never;

/** What the owner of a point may say about it, returned under `otherwise`. */
export interface Otherwise<K, H> {
  /** Serves every key to which nothing is attached. Required for `u8` and `u16`. */
  readonly handler?: H;
  onAttach?(key: K): void;
  onDetach?(key: K): void;
  /** Why the attachment under this key cannot go now, or undefined. */
  mayDetach?(key: K): string | undefined;
}

// ---- create ----------------------------------------------------------------------------------------------------------------------

/** A typed slot in every interface, made when the interface appears. */
export interface InterfaceSlots<S> {
  of(iface: Interface): S;
}
export interface InterfaceStateEvents<S> {
  up?(iface: Interface, state: S): void;
  down?(iface: Interface, state: S): void;
  gone?(iface: Interface, state: S): void;
}
/** A typed slot in every socket, for what most sockets leave as it is. */
export interface SocketSlots<S> {
  /** The socket's own, made on first use: to be changed. */
  of(socket: SocketState): S;
  /** What has been made; undefined where nothing was changed yet, and the defaults hold. */
  ifMade(socket: SocketState): S | undefined;
}

export type Uses = Readonly<Record<string, Use<never>>>;
export type Attaches = Readonly<Record<string, Attachment<never>>>;
export type Provides = Readonly<Record<string, Provision<never>>>;
// biome-ignore lint/suspicious/noExplicitAny: an ownership of whatever point.
export type Owns = Readonly<Record<string, Ownership<any, any, any, Law>>>;

/** Exactly what the manifest declared, typed from the declaration. A unit test passes plain objects. */
export interface Context<U, O, C, S, IC, IS, L extends string> {
  readonly use: { readonly [K in keyof U]: U[K] extends Use<infer T> ? T : never };
  readonly points: { readonly [K in keyof O]: Composed<O[K]> };
  readonly counters: Counters<C>;
  readonly sysctls: SysctlValues<S>;
  readonly interfaceCounters: InterfaceCounters<IC>;
  readonly interfaceSysctls: InterfaceSysctlValues<IS>;
  /** Indices into `packet.slots`, one for each name in the manifest's `packetSlots`. */
  readonly packetSlots: { readonly [K in L]: number };
  interfaceState<T>(make: (iface: Interface) => T, events?: InterfaceStateEvents<T>): InterfaceSlots<T>;
  socketState<T>(make: (socket: SocketState) => T): SocketSlots<T>;
}

type Handlers<A> = { readonly [K in keyof A]: A[K] extends Attachment<infer H> ? H : never };
type ServicesOf<P> = { readonly [K in keyof P]: P[K] extends Provision<infer T> ? T : never };
type OtherwiseOf<O> = {
  readonly [K in keyof O]?: O[K] extends Ownership<infer Key, infer H, infer _A, infer _L> ? Otherwise<Key, H> : never;
};
type Part<Name extends string, Declared, Value> = [keyof Declared] extends [never]
  ? { readonly [K in Name]?: Record<never, never> }
  : { readonly [K in Name]: Value };

/** What `create` returns: a handler for every attachment, a service for every provision, and how the plugin lives. */
export type Created<A, P, O, S = unknown, IS = unknown> = Part<'handlers', A, Handlers<A>> &
  Part<'services', P, ServicesOf<P>> & {
    readonly otherwise?: OtherwiseOf<O>;
    /** Live sides of sysctls: computed values, checks that need the running stack. */
    readonly sysctls?: { readonly [K in keyof S | keyof IS]?: SysctlHooks };
    /** Begins work: synchronous; what takes long goes on in timers. */
    start?(): void;
    /** Ends it; what the registry sweeps itself (timers, attachments) need not be undone. @param deadlineUs by which to be done. */
    stop?(deadlineUs: number): void | Promise<void>;
    /** Why the plugin cannot be unplugged now, one line each; empty where it can. */
    inUse?(): readonly string[];
    /** State for people and tools to read: plain data, a copy. */
    snapshot?(): unknown;
  };

type None<Extra extends PropertyKey> = { readonly [K in Extra]?: never };
type Exact<R, A, P, O> = {
  readonly handlers?: R extends { handlers: infer H } ? None<Exclude<keyof H, keyof A>> : unknown;
  readonly services?: R extends { services: infer H } ? None<Exclude<keyof H, keyof P>> : unknown;
  readonly otherwise?: R extends { otherwise: infer H } ? None<Exclude<keyof H, keyof O>> : unknown;
};

interface Manifest<U, A, P, O, C, S, IC, IS, L extends string> {
  /** The npm package's name. */
  readonly name: string;
  /** The npm package's version. */
  readonly version: string;
  /** Range of core API versions that the plugin was written for, such as `^1.0.0`. */
  readonly api: string;
  /** The most that the plugin pushes in front of a packet, bytes. */
  readonly headerBytes?: number;
  /** The header may stand several times in one packet (VLAN tags, tunnels, extension headers). */
  readonly repeatable?: boolean;
  readonly uses?: U;
  readonly attaches?: A;
  readonly provides?: P;
  readonly owns?: O;
  readonly needs?: readonly Need[];
  readonly counters?: C;
  readonly sysctls?: S;
  readonly interfaceCounters?: IC;
  readonly interfaceSysctls?: IS;
  readonly packetSlots?: readonly L[];
}

/** A plugin as the assembler sees it: a frozen value. */
export interface Plugin
  extends Manifest<
    Readonly<Record<string, Use<unknown>>>,
    Readonly<Record<string, Attachment<unknown>>>,
    Readonly<Record<string, Provision<unknown>>>,
    Owns,
    CounterSpec,
    SysctlSpec,
    CounterSpec,
    SysctlSpec,
    string
  > {
  // biome-ignore lint/suspicious/noExplicitAny: the assembler passes what the manifest declares, which definePlugin has type-checked.
  create(context: any): Created<Record<string, unknown>, Record<string, unknown>, Record<never, never>>;
}

type Empty = Record<never, never>;

/**
 * Defines a plugin: its manifest as data, and `create`, which receives what the manifest declares and returns what it promises.
 * A wrong manifest does not compile: an attachment without handler or with one of the wrong shape, a key of the wrong type, an
 * undeclared counter, handler or service.
 */
export function definePlugin<
  // biome-ignore-start lint/suspicious/noExplicitAny: bounds only; what is inferred is exact.
  const U extends Readonly<Record<string, Use<any>>> = Empty,
  const A extends Readonly<Record<string, Attachment<any>>> = Empty,
  const P extends Readonly<Record<string, Provision<any>>> = Empty,
  const O extends Owns = Empty,
  // biome-ignore-end lint/suspicious/noExplicitAny: end of the bounds.
  const C extends CounterSpec = Empty,
  const S extends SysctlSpec = Empty,
  const IC extends CounterSpec = Empty,
  const IS extends SysctlSpec = Empty,
  const L extends string = never,
  R extends Created<A, P, O, S, IS> = Created<A, P, O, S, IS>,
>(
  manifest: Manifest<U, A, P, O, C, S, IC, IS, L> & {
    create(context: Context<U, O, C, S, IC, IS, L>): R & Exact<R, A, P, O>;
  },
): Plugin {
  return Object.freeze(manifest) as unknown as Plugin;
}
