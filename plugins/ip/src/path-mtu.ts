// Path MTUs that were discovered: RFC 1191 §6.3, RFC 8201 §5.2. Bounded; believed for a while, then tried anew.
import type { Clock } from '@protoloom/contracts';
import { WordsTable } from '@protoloom/wire';

const SECOND_US = 1_000_000;
/** Destinations of one generation. */
const MOST = 2048;

export interface PathMtu {
  /** Bytes of network packet. */
  mtu: number;
  expiresUs: number;
}

/** What was learnt about paths, by destination; all routes to one share the record. */
export class PathMtus {
  readonly #clock: Clock;
  readonly #fresh: () => WordsTable<PathMtu>;
  #young: WordsTable<PathMtu>;
  #old: WordsTable<PathMtu>;

  constructor(clock: Clock, seed0: number, seed1: number) {
    this.#clock = clock;
    this.#fresh = () => new WordsTable(seed0, seed1);
    this.#young = this.#fresh();
    this.#old = this.#fresh();
  }

  /** What is known of the path to a destination. */
  find(words: Int32Array, at: number): PathMtu | undefined {
    const known = this.#young.get(words, at, 0) ?? this.#old.get(words, at, 0);
    return known !== undefined && known.expiresUs > this.#clock.nowUs ? known : undefined;
  }

  /** @param expires s. */
  learn(words: Int32Array, at: number, mtu: number, expires: number): PathMtu {
    const expiresUs = this.#clock.nowUs + expires * SECOND_US;
    const known = this.#young.get(words, at, 0) ?? this.#old.get(words, at, 0);
    if (known !== undefined) {
      known.mtu = mtu;
      known.expiresUs = expiresUs;
      return known;
    }
    if (this.#young.size >= MOST) {
      this.#old = this.#young;
      this.#young = this.#fresh();
    }
    const learnt = { mtu, expiresUs };
    this.#young.set(words, at, 0, learnt);
    return learnt;
  }
}
