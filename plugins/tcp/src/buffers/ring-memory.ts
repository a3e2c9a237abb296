// Memory of rings that are empty, for use again: a connection that is idle holds none, and a busy one does not allocate. What has been given back
// is used again in a later turn: packets that refer to it may wait in their device until this one is over.
import type { Borrower, EgressRequest, Turns } from '@protoloom/contracts';

/** The smallest, bytes. */
const SMALLEST = 2048;
/**
 * Sizes up to this are powers of two: what grows need not be copied often. Beyond, there are eight between two of those: a buffer of Linux's largest
 * default holds 4 MiB and a packet, and 8 MiB would take more of the processor's caches and its table of pages.
 */
const DOUBLED = 4 << 20;
const STEPS = 8;
/** Kept in all, bytes: what ten connections take that grow to the largest send buffer. With less, each round of them leaves some to the collector. */
const MOST_KEPT = 128 << 20;

/** What the memory in use is charged to. */
export interface Account {
  /** `bytes` more are in use; fewer where below zero. */
  charge(bytes: number): void;
  /** What is not needed at once is to be given back. */
  readonly pressure: boolean;
}

export class RingMemory implements Borrower {
  readonly #account: Account;
  readonly #recall: EgressRequest;
  /** By size. */
  readonly #kept = new Map<number, Uint8Array[]>();
  /** Given back in this turn. */
  readonly #given: Uint8Array[] = [];
  /** In both. */
  #bytes = 0;

  constructor(account: Account, turns: Turns) {
    this.#account = account;
    this.#recall = turns.recall(this);
  }

  get pressure(): boolean {
    return this.#account.pressure;
  }

  /** At least `count` bytes, with whatever is in them. */
  take(count: number): Uint8Array {
    const size = sizeFor(count);
    const found = this.#kept.get(size)?.pop();
    this.#account.charge(size);
    if (found === undefined) return new Uint8Array(size);
    this.#bytes -= size;
    return found;
  }

  /** What `take` gave, or nothing. */
  give(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#account.charge(-bytes.length);
    if (bytes.length < SMALLEST || this.#bytes + bytes.length > MOST_KEPT) return;
    this.#bytes += bytes.length;
    this.#given.push(bytes);
    this.#recall.request();
  }

  /** What was sent out of it has left. */
  recalled(): void {
    for (let bytes = this.#given.pop(); bytes !== undefined; bytes = this.#given.pop()) {
      const alike = this.#kept.get(bytes.length);
      if (alike === undefined) this.#kept.set(bytes.length, [bytes]);
      else alike.push(bytes);
    }
  }
}

function sizeFor(count: number): number {
  const power = 2 ** (32 - Math.clz32(Math.max(SMALLEST, count) - 1));
  if (power <= DOUBLED) return power;
  const step = power / 2 / STEPS;
  return Math.ceil(count / step) * step;
}
