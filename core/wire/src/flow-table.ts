// Tables keyed by what packets carry: the 4-tuple of a flow; an address with one number more.
import { SeededTable } from './seeded-table.js';

/**
 * Values by 4-tuple. `local` and `remote` are offsets of four words each in `words`: a received packet, with its source at 0 and its
 * destination at 4, is looked up by `get(packet.addresses, 4, 0, dstPort, srcPort)`. Looking up allocates nothing.
 */
export class FlowTable<T> {
  readonly #table: SeededTable<T>;
  /** Hash of the 4-tuple that was asked for last, int32: who is added next may well be what was not found. */
  asked = 0;

  /**
   * @param seed0 and seed1: secret int32s, so that nobody chooses collisions.
   * @param tell writes a value's 4-tuple by `writeFlow`: where values know theirs, the table keeps none.
   */
  constructor(seed0: number, seed1: number, tell?: (value: T, key: Int32Array) => void) {
    this.#table = new SeededTable(9, seed0, seed1, tell);
  }

  get size(): number {
    return this.#table.size;
  }

  /** Hash of a 4-tuple, int32. */
  hash(words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): number {
    writeFlow(this.#table.key, words, local, remote, localPort, remotePort);
    return this.#table.hashKey();
  }

  get(words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): T | undefined {
    this.asked = this.hash(words, local, remote, localPort, remotePort);
    return this.#table.find(this.asked);
  }

  /** False where there is one already: it stays. */
  set(words: Int32Array, local: number, remote: number, localPort: number, remotePort: number, value: T): boolean {
    return this.#table.insert(this.hash(words, local, remote, localPort, remotePort), value);
  }

  /** As `set`, for who knows the hash of the 4-tuple. */
  add(hash: number, words: Int32Array, local: number, remote: number, localPort: number, remotePort: number, value: T): boolean {
    writeFlow(this.#table.key, words, local, remote, localPort, remotePort);
    return this.#table.insert(hash, value);
  }

  /** Gives the place of one to another with the same 4-tuple. False where it is not there. @param hash of its 4-tuple. */
  replace(hash: number, value: T, by: T): boolean {
    return this.#table.replace(hash, value, by);
  }

  /** Takes one out, and no other that has its 4-tuple since. False where it is not there. @param hash of its 4-tuple. */
  remove(hash: number, value: T): boolean {
    return this.#table.removeValue(hash, value);
  }

  /** Whether there was one. */
  delete(words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): boolean {
    return this.#table.remove(this.hash(words, local, remote, localPort, remotePort)) !== undefined;
  }

  forEach(visit: (value: T) => void): void {
    this.#table.forEach(visit);
  }
}

/** Writes a 4-tuple as a flow table's key. */
export function writeFlow(key: Int32Array, words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): void {
  for (let i = 0; i < 4; i++) {
    key[i] = words[local + i] as number;
    key[4 + i] = words[remote + i] as number;
  }
  key[8] = (localPort << 16) | remotePort;
}

/** Values by an address (four words) and one int32 more: an interface, a port, nothing. */
export class WordsTable<T> {
  readonly #table: SeededTable<T>;

  constructor(seed0: number, seed1: number) {
    this.#table = new SeededTable(5, seed0, seed1);
  }

  get size(): number {
    return this.#table.size;
  }

  get(words: Int32Array, at: number, extra: number): T | undefined {
    return this.#table.find(this.#hash(words, at, extra));
  }

  /** False where there is one already: it stays. */
  set(words: Int32Array, at: number, extra: number, value: T): boolean {
    return this.#table.insert(this.#hash(words, at, extra), value);
  }

  /** Whether there was one. */
  delete(words: Int32Array, at: number, extra: number): boolean {
    return this.#table.remove(this.#hash(words, at, extra)) !== undefined;
  }

  forEach(visit: (value: T) => void): void {
    this.#table.forEach(visit);
  }

  #hash(words: Int32Array, at: number, extra: number): number {
    const { key } = this.#table;
    for (let i = 0; i < 4; i++) key[i] = words[at + i] as number;
    key[4] = extra;
    return this.#table.hashKey();
  }
}
