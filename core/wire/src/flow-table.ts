// Tables keyed by what packets carry: the 4-tuple of a flow; an address with one number more.
import { SeededTable } from './seeded-table.js';
import { isMappedWords } from './words.js';

/** Words of a 4-tuple; and those of them that differ between IPv4's, which are all that is hashed of these. */
const FLOW_WORDS = 9;
const MAPPED_FLOW_WORDS = 3;
/** The same for an address and one number. */
const ADDRESS_WORDS = 5;
const MAPPED_ADDRESS_WORDS = 2;

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
   * @param hasKey whether a value has this 4-tuple, by `isFlow`: where values know theirs, the table keeps none.
   */
  constructor(seed0: number, seed1: number, hasKey?: (value: T, key: Int32Array) => boolean) {
    this.#table = new SeededTable(FLOW_WORDS, seed0, seed1, hasKey);
  }

  get size(): number {
    return this.#table.size;
  }

  /** Hash of a 4-tuple, int32. */
  hash(words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): number {
    writeFlow(this.#table.key, words, local, remote, localPort, remotePort);
    return this.#table.hashKey(isMappedWords(words, local) && isMappedWords(words, remote) ? MAPPED_FLOW_WORDS : FLOW_WORDS);
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

/** Writes a 4-tuple as a flow table's key: first the ports, and what differs from one IPv4 address to another. */
function writeFlow(key: Int32Array, words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): void {
  key[0] = (localPort << 16) | remotePort;
  key[1] = words[local + 3] as number;
  key[2] = words[remote + 3] as number;
  for (let i = 0; i < 3; i++) {
    key[3 + i] = words[local + i] as number;
    key[6 + i] = words[remote + i] as number;
  }
}

/** Whether a flow table's key is this 4-tuple. */
export const isFlow = (key: Int32Array, words: Int32Array, local: number, remote: number, localPort: number, remotePort: number): boolean =>
  key[0] === ((localPort << 16) | remotePort) &&
  key[1] === words[local + 3] &&
  key[2] === words[remote + 3] &&
  key[5] === words[local + 2] &&
  key[8] === words[remote + 2] &&
  key[4] === words[local + 1] &&
  key[7] === words[remote + 1] &&
  key[3] === words[local] &&
  key[6] === words[remote];

/** Values by an address (four words) and one int32 more: an interface, a port, nothing. */
export class WordsTable<T> {
  readonly #table: SeededTable<T>;

  constructor(seed0: number, seed1: number) {
    this.#table = new SeededTable(ADDRESS_WORDS, seed0, seed1);
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
    key[0] = extra;
    key[1] = words[at + 3] as number;
    for (let i = 0; i < 3; i++) key[2 + i] = words[at + i] as number;
    return this.#table.hashKey(isMappedWords(words, at) ? MAPPED_ADDRESS_WORDS : ADDRESS_WORDS);
  }
}
