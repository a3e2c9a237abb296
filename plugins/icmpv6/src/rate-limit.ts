// How many messages are sent: RFC 4443 §2.4 (f), as Linux: a limit for all, which both families share, and one for each destination.
import type { Clock } from '@protoloom/contracts';
import type { IcmpLimit, Route } from '@protoloom/contracts/ip';
import { AddressBuckets } from '@protoloom/mechanisms';
import { hasType } from './type-set.js';

/** Tokens that a destination saves up, in messages: Linux's XRLIM_BURST_FACTOR. */
const HOST_BURST = 6;

interface Limits {
  /** ms. */
  readonly rateLimit: number;
  readonly rateMask: readonly number[];
}

export class RateLimit {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #all: IcmpLimit;
  readonly #hosts: AddressBuckets;

  constructor(clock: Clock, limits: Limits, all: IcmpLimit, seed0: number, seed1: number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#all = all;
    this.#hosts = new AddressBuckets(seed0, seed1);
  }

  /** 'sent': a message over `route` may go. @param loopback such destinations have no limit. */
  allows(type: number, route: Route, loopback: boolean): 'sent' | 'global' | 'host' {
    const { rateLimit, rateMask } = this.#limits;
    if (!hasType(rateMask, type) || loopback) return 'sent';
    if (!this.#all.take()) return 'global';
    // Whole milliseconds, as Linux shifts them: a wide prefix may so have no limit at all.
    const leastMs = rateLimit >> ((128 - route.prefixBits) >> 5);
    if (leastMs === 0) return 'sent';
    return this.#hosts.take(route.addresses, 4, this.#clock.nowUs, 1000 / leastMs, HOST_BURST) ? 'sent' : 'host';
  }
}
