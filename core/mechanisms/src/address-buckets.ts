// Token buckets by address, bounded: two generations, of which the older is forgotten when the younger is full.
import { WordsTable } from '@protoloom/wire';
import { TokenBucket } from './token-bucket.js';

/** Addresses of one generation. */
const MOST = 1024;

export class AddressBuckets {
  readonly #fresh: () => WordsTable<TokenBucket>;
  #young: WordsTable<TokenBucket>;
  #old: WordsTable<TokenBucket>;

  /** @param seed0 and `seed1` keep others from steering the table. */
  constructor(seed0: number, seed1: number) {
    this.#fresh = () => new WordsTable(seed0, seed1);
    this.#young = this.#fresh();
    this.#old = this.#fresh();
  }

  /** As `TokenBucket.take`, of the address in `words` at `at`, whose bucket is full at first. */
  take(words: Int32Array, at: number, nowUs: number, rate: number, burst: number): boolean {
    return this.#bucket(words, at, nowUs, burst).take(nowUs, rate, burst);
  }

  #bucket(words: Int32Array, at: number, nowUs: number, burst: number): TokenBucket {
    const known = this.#young.get(words, at, 0) ?? this.#old.get(words, at, 0);
    if (known !== undefined) return known;
    if (this.#young.size >= MOST) {
      this.#old = this.#young;
      this.#young = this.#fresh();
    }
    const bucket = new TokenBucket(nowUs, burst);
    this.#young.set(words, at, 0, bucket);
    return bucket;
  }
}
