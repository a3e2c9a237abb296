// Routes that are there for some time alone: RTA_EXPIRES, and the lifetimes of RFC 4861 §6.3.5.
import type { Clock, Timer, Timers } from '@protoloom/contracts';
import type { Fib } from './fib.js';

export class RouteLifetimes {
  readonly #fib: Fib;
  readonly #clock: Clock;
  readonly #timer: Timer;

  constructor(fib: Fib, clock: Clock, timers: Timers) {
    this.#fib = fib;
    this.#clock = clock;
    this.#timer = timers.timer<RouteLifetimes>(this, (lifetimes) => lifetimes.expire());
  }

  /** A route is over at this time, µs of the clock. */
  watch(expiresUs: number): void {
    if (expiresUs < (this.#timer.armed ? this.#timer.dueUs : Number.POSITIVE_INFINITY)) this.#timer.armAt(expiresUs);
  }

  expire(): void {
    const { nowUs } = this.#clock;
    this.#fib.remove(({ expiresUs }) => expiresUs <= nowUs);
    for (const { expiresUs } of this.#fib.list()) this.watch(expiresUs);
  }
}
