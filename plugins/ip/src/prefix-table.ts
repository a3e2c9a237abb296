// Longest-prefix match: a hash table for each prefix length in use, longest first, so that cost does not grow with routes.
import { WordsTable } from '@protoloom/wire';

/** Keeps the first `bits` of four words. */
export function maskWords(from: Int32Array, at: number, bits: number, into: Int32Array, to: number): void {
  for (let i = 0; i < 4; i++) {
    const left = bits - 32 * i;
    const mask = left >= 32 ? -1 : left <= 0 ? 0 : -1 << (32 - left);
    into[to + i] = (from[at + i] as number) & mask;
  }
}

export class PrefixTable<T> {
  /** Lengths in use, longest first, each with its table. */
  #lengths: readonly { readonly bits: number; readonly table: WordsTable<T> }[] = [];
  /** Where the last match was found among the lengths. */
  matched = 0;
  readonly #seed0: number;
  readonly #seed1: number;
  readonly #key = new Int32Array(4);

  constructor(seed0: number, seed1: number) {
    this.#seed0 = seed0;
    this.#seed1 = seed1;
  }

  /**
   * What stands under the longest prefix of the address. Where that does not do, the next shorter: `from` is then `matched` + 1. Allocates
   * nothing.
   */
  match(words: Int32Array, at: number, from = 0): T | undefined {
    for (let i = from; i < this.#lengths.length; i++) {
      const { bits, table } = this.#lengths[i] as { bits: number; table: WordsTable<T> };
      maskWords(words, at, bits, this.#key, 0);
      const found = table.get(this.#key, 0, 0);
      if (found === undefined) continue;
      this.matched = i;
      return found;
    }
    return undefined;
  }

  get(words: Int32Array, bits: number): T | undefined {
    maskWords(words, 0, bits, this.#key, 0);
    return this.#lengths.find((one) => one.bits === bits)?.table.get(this.#key, 0, 0);
  }

  set(words: Int32Array, bits: number, value: T): void {
    let entry = this.#lengths.find((one) => one.bits === bits);
    if (entry === undefined) {
      entry = { bits, table: new WordsTable<T>(this.#seed0, this.#seed1) };
      this.#lengths = [...this.#lengths, entry].sort((a, b) => b.bits - a.bits);
    }
    maskWords(words, 0, bits, this.#key, 0);
    entry.table.set(this.#key, 0, 0, value);
  }

  delete(words: Int32Array, bits: number): void {
    const entry = this.#lengths.find((one) => one.bits === bits);
    if (entry === undefined) return;
    maskWords(words, 0, bits, this.#key, 0);
    entry.table.delete(this.#key, 0, 0);
    if (entry.table.size === 0) this.#lengths = this.#lengths.filter((one) => one !== entry);
  }

  forEach(visit: (value: T) => void): void {
    for (const { table } of this.#lengths) table.forEach(visit);
  }
}
