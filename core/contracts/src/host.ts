// What the stack itself supplies to plugins: time, timers, turns, entropy, log, fast paths, packets.
import type { Packets } from './packet.js';
import { service } from './token.js';

/** Time is a cell: the driver sets it before each turn, everything reads it. */
export interface Clock {
  /** Monotonic, µs; an integer. */
  readonly nowUs: number;
  /** `nowUs` + this = µs since 1970-01-01 UTC. */
  readonly epochUs: number;
}
export const CLOCK = service<Clock>('core.clock', 1);

/** A timer: a field of its owner, made once, armed again and again. Arming allocates nothing. */
export interface Timer {
  readonly armed: boolean;
  /** When it is due, µs of the clock; meaningless where it is not armed. */
  readonly dueUs: number;
  /** Arms or re-arms it, `delayUs` from now. */
  arm(delayUs: number): void;
  /** Arms or re-arms it for a point in time. */
  armAt(dueUs: number): void;
  /** Stops it, for who is likely to arm it again soon: cheaper than `cancel`, but it may be kept in memory, with its owner, until it would have expired. */
  disarm(): void;
  /** Stops it. */
  cancel(): void;
}
export interface Timers {
  /** @param expired a plain function, not a closure: `owner` is what it needs. A throw costs this timer, and is counted. */
  timer<T>(owner: T, expired: (owner: T) => void): Timer;
}
/** Made for each plugin; the registry sweeps what a plugin leaves armed. */
export const TIMERS = service<Timers>('core.timers', 1);

/** Something that has work to send at the end of the turn. */
export interface EgressEntry {
  /** Sends what waits. Called once for each `request`, in the turn's egress. */
  egress(): void;
}
/** Requests one call of an entry; kept by the entry's owner. */
export interface EgressRequest {
  request(): void;
}
export interface Turns {
  /** Made once by an entry, such as a connection. Requesting twice in a turn calls once; requesting allocates nothing. */
  egress(entry: EgressEntry): EgressRequest;
  /** As `egress`, for what has time until all others have had theirs: such as answers to strangers. */
  lastEgress(entry: EgressEntry): EgressRequest;
  /** Runs before egress of this turn (or of the next, if that is past): readiness callbacks, in the order of the calls. What they send leaves with it. */
  wake(entry: WakeEntry): void;
  /**
   * Made once by who refers to the bytes of borrowed packets beyond their call, or whose own are referred to by steady ones, and requested whenever
   * that is so: it is told when all that was sent has left, before any device is polled again.
   */
  recall(borrower: Borrower): EgressRequest;
}
export interface WakeEntry {
  /** Whether it waits to be woken; written by the turn. */
  waking: boolean;
  woken(): void;
}
export interface Borrower {
  /** What was sent has left, and devices are about to overwrite their frames. */
  recalled(): void;
}
/** Made for each plugin: what throws is counted under its name. */
export const TURNS = service<Turns>('core.turns', 1);

export interface Entropy {
  /** Cryptographically strong octets. */
  fill(bytes: Uint8Array): void;
  /** A uniform int32. */
  word(): number;
  /** A uniform integer, 0 <= n < bound. */
  below(bound: number): number;
}
export const ENTROPY = service<Entropy>('core.entropy', 1);

/** Never per packet. Messages name no plugin: the log knows who speaks. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
export const LOG = service<Log>('core.log', 1);

/**
 * The short ways that layers have past what is usual: a neighbour that is known to be reachable, an answer that was given before. Each stands beside a general way that
 * is complete without it, with the same outcome; a stack that is assembled without them shows it. Read where a plugin is created, never for a packet.
 */
export interface FastPaths {
  readonly taken: boolean;
}
export const FAST_PATHS = service<FastPaths>('core.fast-paths', 1);

export const PACKETS = service<Packets>('core.packets', 1);
