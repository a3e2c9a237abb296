// How many errors are sent: RFC 1812 §4.3.2.8, as Linux: a bucket for all, and one for each destination.
import type { Clock } from '@protoloom/contracts';
import { TokenBucket } from '@protoloom/mechanisms';
import { WordsTable } from '@protoloom/wire';

/** Destinations of one generation. */
const MOST = 1024;
/** Tokens that a destination saves up, in messages: Linux's XRLIM_BURST_FACTOR. */
const HOST_BURST = 6;

interface Limits {
  readonly rateLimit: number;
  readonly rateMask: number;
  readonly msgsPerSec: number;
  readonly msgsBurst: number;
}

export class RateLimit {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #fresh: () => WordsTable<TokenBucket>;
  readonly #all: TokenBucket;
  #young: WordsTable<TokenBucket>;
  #old: WordsTable<TokenBucket>;

  constructor(clock: Clock, limits: Limits, seed0: number, seed1: number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#fresh = () => new WordsTable(seed0, seed1);
    this.#all = new TokenBucket(clock.nowUs, limits.msgsBurst);
    this.#young = this.#fresh();
    this.#old = this.#fresh();
  }

  /** 'sent': there is a token. @param loopback such destinations have no limit. */
  allows(type: number, words: Int32Array, at: number, loopback: boolean): 'sent' | 'global' | 'host' {
    const { rateLimit, rateMask, msgsPerSec, msgsBurst } = this.#limits;
    if (type > 31 || ((rateMask >>> type) & 1) === 0 || loopback) return 'sent';
    const { nowUs } = this.#clock;
    if (!this.#all.take(nowUs, msgsPerSec, msgsBurst)) return 'global';
    if (rateLimit === 0) return 'sent';
    return this.#bucket(words, at).take(nowUs, 1000 / rateLimit, HOST_BURST) ? 'sent' : 'host';
  }

  #bucket(words: Int32Array, at: number): TokenBucket {
    const known = this.#young.get(words, at, 0) ?? this.#old.get(words, at, 0);
    if (known !== undefined) return known;
    if (this.#young.size >= MOST) {
      this.#old = this.#young;
      this.#young = this.#fresh();
    }
    const bucket = new TokenBucket(this.#clock.nowUs, HOST_BURST);
    this.#young.set(words, at, 0, bucket);
    return bucket;
  }
}
