// An open-addressed hash table over keys of a few int32 words, with a seeded hash: the base of the flow table and the words table.
import { halfSipHash } from './siphash.js';

const MIN_CAPACITY = 16;
/** The hash of a slot that holds nothing; no key has it. */
const EMPTY = 0;

/**
 * Linear probing at a load of two thirds at most, deletion by shifting back: no tombstones, so nothing decays with age. The key asked for
 * stands in `key`.
 */
export class SeededTable<T> {
  /** The key that `find`, `insert` and `remove` are about: whoever asks writes it here first. */
  readonly key: Int32Array;
  size = 0;
  readonly #words: number;
  /** Words of each key that stand here. */
  readonly #kept: number;
  readonly #seed0: number;
  readonly #seed1: number;
  readonly #hasKey: ((value: T, key: Int32Array) => boolean) | undefined;
  #capacity = MIN_CAPACITY;
  #keys: Int32Array;
  #hashes: Int32Array;
  #values: (T | undefined)[];

  /** @param hasKey whether a value has this key: where values know theirs, the table keeps none. */
  constructor(words: number, seed0: number, seed1: number, hasKey?: (value: T, key: Int32Array) => boolean) {
    this.#words = words;
    this.#seed0 = seed0 | 0;
    this.#seed1 = seed1 | 0;
    this.key = new Int32Array(words);
    this.#hasKey = hasKey;
    this.#kept = hasKey === undefined ? words : 0;
    this.#keys = new Int32Array(this.#kept * MIN_CAPACITY);
    this.#hashes = new Int32Array(MIN_CAPACITY);
    this.#values = new Array(MIN_CAPACITY).fill(undefined);
  }

  /** Hash of the key's first `words` words, int32; not 0. */
  hashKey(words: number): number {
    return halfSipHash(this.#seed0, this.#seed1, this.key, 0, words) || 1;
  }

  find(hash: number): T | undefined {
    const slot = this.#slotOfKey(hash);
    return slot < 0 ? undefined : this.#values[slot];
  }

  /** False where the key is there already: nothing is replaced. */
  insert(hash: number, value: T): boolean {
    if (this.find(hash) !== undefined) return false;
    if ((this.size + 1) * 3 > this.#capacity * 2) this.#resize(this.#capacity * 2);
    this.#place(hash, this.key, 0, value);
    this.size++;
    return true;
  }

  /** What stood under the key, or undefined. */
  remove(hash: number): T | undefined {
    const slot = this.#slotOfKey(hash);
    if (slot < 0) return undefined;
    const value = this.#values[slot];
    this.#empty(slot);
    return value;
  }

  /** Another in the place of what stands under a hash. False where that is not there. */
  replace(hash: number, value: T, by: T): boolean {
    const slot = this.#slotOf(hash, value);
    if (slot >= 0) this.#values[slot] = by;
    return slot >= 0;
  }

  /** Takes out what stands under a hash, itself and no other with its key. False where it is not there. */
  removeValue(hash: number, value: T): boolean {
    const slot = this.#slotOf(hash, value);
    if (slot >= 0) this.#empty(slot);
    return slot >= 0;
  }

  /** Calls `visit` for every value; it may not change the table. */
  forEach(visit: (value: T) => void): void {
    for (let slot = 0; slot < this.#capacity; slot++) {
      const value = this.#values[slot];
      if (value !== undefined) visit(value);
    }
  }

  /** Where the key stands; -1: nowhere. Hashes are looked at first: a line of the processor's cache holds those of sixteen slots. */
  #slotOfKey(hash: number): number {
    const mask = this.#capacity - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = this.#hashes[slot];
      if (other === EMPTY) return -1;
      if (other === hash && this.#same(slot, this.#values[slot] as T)) return slot;
    }
  }

  /** Where a value stands; -1: nowhere. No key is looked at, so that what is not at hand need not be. */
  #slotOf(hash: number, value: T): number {
    const mask = this.#capacity - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = this.#hashes[slot];
      if (other === EMPTY) return -1;
      if (other === hash && this.#values[slot] === value) return slot;
    }
  }

  #empty(slot: number): void {
    this.#close(slot);
    this.size--;
    if (this.#capacity > MIN_CAPACITY && this.size * 8 < this.#capacity) this.#resize(this.#capacity / 2);
  }

  #same(slot: number, value: T): boolean {
    if (this.#hasKey !== undefined) return this.#hasKey(value, this.key);
    const at = slot * this.#words;
    for (let i = this.#words - 1; i >= 0; i--) if (this.#keys[at + i] !== this.key[i]) return false;
    return true;
  }

  #place(hash: number, key: Int32Array, from: number, value: T): void {
    const mask = this.#capacity - 1;
    let slot = hash & mask;
    while (this.#hashes[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#values[slot] = value;
    this.#hashes[slot] = hash;
    for (let i = 0; i < this.#kept; i++) this.#keys[slot * this.#kept + i] = key[from + i] as number;
  }

  /** Empties a slot and moves back those behind it that belong nearer. */
  #close(slot: number): void {
    const mask = this.#capacity - 1;
    let hole = slot;
    for (let next = (hole + 1) & mask; this.#hashes[next] !== EMPTY; next = (next + 1) & mask) {
      const home = (this.#hashes[next] as number) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#values[hole] = this.#values[next];
      this.#hashes[hole] = this.#hashes[next] as number;
      this.#keys.copyWithin(hole * this.#kept, next * this.#kept, (next + 1) * this.#kept);
      hole = next;
    }
    this.#values[hole] = undefined;
    this.#hashes[hole] = EMPTY;
  }

  #resize(capacity: number): void {
    const values = this.#values;
    const hashes = this.#hashes;
    const keys = this.#keys;
    this.#capacity = capacity;
    this.#values = new Array(capacity).fill(undefined);
    this.#hashes = new Int32Array(capacity);
    this.#keys = new Int32Array(capacity * this.#kept);
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot];
      if (value !== undefined) this.#place(hashes[slot] as number, keys, slot * this.#kept, value);
    }
  }
}
