// How many errors are sent: RFC 1812 §4.3.2.8, as Linux: a limit for all, and one for each destination.
import type { Clock } from '@protoloom/contracts';
import type { IcmpLimit } from '@protoloom/contracts/ip';
import { AddressBuckets } from '@protoloom/mechanisms';

/** Tokens that a destination saves up, in messages: Linux's XRLIM_BURST_FACTOR. */
const HOST_BURST = 6;

interface Limits {
  readonly rateLimit: number;
  readonly rateMask: number;
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

  /** 'sent': there is a token. @param loopback such destinations have no limit. */
  allows(type: number, words: Int32Array, at: number, loopback: boolean): 'sent' | 'global' | 'host' {
    const { rateLimit, rateMask } = this.#limits;
    if (type > 31 || ((rateMask >>> type) & 1) === 0 || loopback) return 'sent';
    if (!this.#all.take()) return 'global';
    if (rateLimit === 0) return 'sent';
    return this.#hosts.take(words, at, this.#clock.nowUs, 1000 / rateLimit, HOST_BURST) ? 'sent' : 'host';
  }
}
