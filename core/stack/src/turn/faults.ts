// Containment: what throws costs its frame, timer, egress entry or callback, and a count under the plugin's name; never the stack.
import type { Log } from '@protoloom/contracts';

/** Counts and logs what plugins throw. */
export class Faults {
  readonly #counts = new Map<string, number>();
  /** Who threw it, known from the innermost guard that it passed. */
  readonly #culprits = new WeakMap<object, string>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A handler that names its plugin in whatever it throws. Costs a call on the packet path. */
  guard<T extends (...parameters: never[]) => unknown>(plugin: string, handler: T): T {
    // One parameter is the rule on the packet path; rest parameters would allocate.
    const call = handler as unknown as (argument: unknown) => unknown;
    const guarded = (argument: unknown): unknown => {
      try {
        return call(argument);
      } catch (error) {
        throw this.#attributed(plugin, error);
      }
    };
    const many = (...parameters: never[]): unknown => {
      try {
        return handler(...parameters);
      } catch (error) {
        throw this.#attributed(plugin, error);
      }
    };
    return (handler.length > 1 ? many : guarded) as unknown as T;
  }

  /** Something threw, and is over. @param plugin whose call it was, where no guard knows better. */
  contain(plugin: string, what: string, error: unknown): void {
    const culprit = (typeof error === 'object' && error !== null ? this.#culprits.get(error) : undefined) ?? plugin;
    this.#counts.set(culprit, this.of(culprit) + 1);
    this.#log.error(`${culprit} threw in ${what}`, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }

  /** How often a plugin threw. */
  of(plugin: string): number {
    return this.#counts.get(plugin) ?? 0;
  }

  list(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #attributed(plugin: string, error: unknown): object {
    const thrown = typeof error === 'object' && error !== null ? error : new Error(String(error));
    if (!this.#culprits.has(thrown)) this.#culprits.set(thrown, plugin);
    return thrown;
  }
}
