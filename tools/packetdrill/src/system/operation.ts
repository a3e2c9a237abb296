// A system call on its way: tried at once, and again whenever something may have become ready.
import type { Mismatch } from '../packets/compare.js';
import type { File } from './files.js';
import type { Process } from './process.js';
import type { Args } from './values.js';

export interface Operation {
  /** Tries it: a count or a negative errno. -EAGAIN waits where the operation `waits`. */
  attempt(): number;
  /** Whether it waits for what is not ready. */
  readonly waits: boolean;
  /** After that long it ends all the same, µs; and with what. */
  readonly timeoutUs?: number;
  expired?(): number;
  /** The files that it opened, in the order of the script's numbers for them. */
  opened?(): readonly File[];
  /** What of its results, its own value left aside, is not as expected. */
  compare?(): Mismatch[];
  /** What to say where it failed and the script did not expect it. */
  explain?(result: number): string | undefined;
}

/** Makes an operation out of a call's arguments. */
export interface CallDefinition {
  readonly fewest: number;
  readonly most: number;
  begin(process: Process, args: Args): Operation;
}

export const define = (fewest: number, most: number, begin: CallDefinition['begin']): CallDefinition => ({ fewest, most, begin });

/** An operation that is over at once. */
export const immediate = (result: () => number, more: Omit<Operation, 'attempt' | 'waits'> = {}): Operation => ({
  attempt: result,
  waits: false,
  ...more,
});
