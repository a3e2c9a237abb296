// The stack's timers: the wheel of core/mechanisms, with containment and the sweep of what a plugin leaves.
import type { Clock, Timer, Timers } from '@protoloom/contracts';
import { TimerWheel, WheelTimer } from '@protoloom/mechanisms';
import type { Faults } from './faults.js';

/** Whose timers they are. */
interface Home {
  readonly plugin: string;
  /** The plugin is gone: its timers are not armed again. */
  gone: boolean;
}

class StackTimer extends WheelTimer implements Timer {
  readonly home: Home;
  readonly #owner: unknown;
  readonly #expired: (owner: never) => void;
  readonly #timers: StackTimers;

  constructor(timers: StackTimers, home: Home, owner: unknown, expired: (owner: never) => void) {
    super();
    this.#timers = timers;
    this.home = home;
    this.#owner = owner;
    this.#expired = expired;
  }

  arm(delayUs: number): void {
    this.#timers.arm(this, this.#timers.nowUs + delayUs);
  }

  armAt(dueUs: number): void {
    this.#timers.arm(this, dueUs);
  }

  disarm(): void {
    this.#timers.disarm(this);
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
  readonly #homes = new Map<string, Home>();
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
    const home = { plugin, gone: false };
    this.#homes.set(plugin, home);
    return { timer: (owner, expired) => new StackTimer(this, home, owner, expired) };
  }

  arm(timer: StackTimer, dueUs: number): void {
    if (timer.home.gone) return;
    this.#wheel.arm(timer, dueUs);
    // The wheel's bound, not the time itself: it stays while a timer is moved from packet to packet, and so does what the driver waits for.
    const nextUs = this.#wheel.nextUs();
    if (nextUs < this.#nextUs) {
      this.#nextUs = nextUs;
      this.onEarlier?.();
    }
  }

  disarm(timer: WheelTimer): void {
    this.#wheel.disarm(timer);
  }

  cancel(timer: WheelTimer): void {
    this.#wheel.cancel(timer);
  }

  /** No timer of this plugin runs any more. */
  sweep(plugin: string): void {
    const home = this.#homes.get(plugin);
    if (home !== undefined) home.gone = true;
  }

  expire(nowUs: number): void {
    this.#wheel.expire(nowUs, this.#run, RUN_AT_ONCE);
    this.#nextUs = this.#wheel.nextUs();
  }

  nextUs(): number {
    return this.#nextUs;
  }

  readonly #run = (timer: WheelTimer): void => {
    const { home } = timer as StackTimer;
    if (home.gone) return;
    try {
      (timer as StackTimer).run();
    } catch (error) {
      this.#faults.contain(home.plugin, 'a timer', error);
    }
  };
}
