// The stack's timers: the wheel of core/mechanisms, with containment and the sweep of what a plugin leaves.
import type { Clock, Timer, Timers } from '@protoloom/contracts';
import { TimerWheel, WheelTimer } from '@protoloom/mechanisms';
import type { Faults } from './faults.js';

class StackTimer extends WheelTimer implements Timer {
  readonly plugin: string;
  readonly #owner: unknown;
  readonly #expired: (owner: never) => void;
  readonly #timers: StackTimers;

  constructor(timers: StackTimers, plugin: string, owner: unknown, expired: (owner: never) => void) {
    super();
    this.#timers = timers;
    this.plugin = plugin;
    this.#owner = owner;
    this.#expired = expired;
  }

  arm(delayUs: number): void {
    this.#timers.arm(this, this.#timers.nowUs + delayUs);
  }

  armAt(dueUs: number): void {
    this.#timers.arm(this, dueUs);
  }

  cancel(): void {
    this.#timers.cancel(this);
  }

  run(): void {
    this.#expired(this.#owner as never);
  }
}

/** Most timers that one turn runs; the rest makes the next turn due at once. */
const RUN_AT_ONCE = 4096;

export class StackTimers {
  /** Told when a timer was armed for earlier than all others: the driver may have to wake sooner. */
  onEarlier: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #wheel: TimerWheel;
  /** Plugins that are gone: their timers are not armed again. */
  readonly #swept = new Set<string>();
  #nextUs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, faults: Faults) {
    this.#clock = clock;
    this.#faults = faults;
    this.#wheel = new TimerWheel(clock.nowUs);
  }

  get nowUs(): number {
    return this.#clock.nowUs;
  }

  /** The service that a plugin uses. */
  timersFor(plugin: string): Timers {
    this.#swept.delete(plugin);
    return { timer: (owner, expired) => new StackTimer(this, plugin, owner, expired) };
  }

  arm(timer: StackTimer, dueUs: number): void {
    if (this.#swept.has(timer.plugin)) return;
    this.#wheel.arm(timer, dueUs);
    if (dueUs < this.#nextUs) {
      this.#nextUs = dueUs;
      this.onEarlier?.();
    }
  }

  cancel(timer: WheelTimer): void {
    this.#wheel.cancel(timer);
  }

  /** No timer of this plugin runs any more. */
  sweep(plugin: string): void {
    this.#swept.add(plugin);
  }

  expire(nowUs: number): void {
    this.#wheel.expire(nowUs, this.#run, RUN_AT_ONCE);
    this.#nextUs = this.#wheel.nextUs();
  }

  nextUs(): number {
    return this.#nextUs;
  }

  readonly #run = (timer: WheelTimer): void => {
    const { plugin } = timer as StackTimer;
    if (this.#swept.has(plugin)) return;
    try {
      (timer as StackTimer).run();
    } catch (error) {
      this.#faults.contain(plugin, 'a timer', error);
    }
  };
}
