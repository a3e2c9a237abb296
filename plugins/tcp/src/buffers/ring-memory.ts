// Memory of rings that are empty, for use again: a connection that is idle holds none, and a busy one does not allocate.

/** The smallest, bytes; each size is a power of two. */
const SMALLEST = 2048;
/** Kept in all, bytes: what ten connections take that grow to the largest send buffer. With less, each round of them leaves some to the collector. */
const MOST_KEPT = 128 << 20;

/** What the memory in use is charged to. */
export interface Account {
  /** `bytes` more are in use; fewer where below zero. */
  charge(bytes: number): void;
  /** What is not needed at once is to be given back. */
  readonly pressure: boolean;
}

export class RingMemory {
  readonly #account: Account;
  /** By size: the power of two. */
  readonly #kept: Uint8Array[][] = [];
  #bytes = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  get pressure(): boolean {
    return this.#account.pressure;
  }

  /** At least `count` bytes, with whatever is in them. */
  take(count: number): Uint8Array {
    const power = 32 - Math.clz32(Math.max(SMALLEST, count) - 1);
    const found = this.#kept[power]?.pop();
    this.#account.charge(2 ** power);
    if (found === undefined) return new Uint8Array(2 ** power);
    this.#bytes -= found.length;
    return found;
  }

  /** What `take` gave, or nothing. */
  give(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#account.charge(-bytes.length);
    if (bytes.length < SMALLEST || this.#bytes + bytes.length > MOST_KEPT) return;
    this.#bytes += bytes.length;
    const power = 31 - Math.clz32(bytes.length);
    this.#kept[power] ??= [];
    this.#kept[power].push(bytes);
  }
}
