// Octets that came in: those in order wait to be read; those out of order are in their places already, and which they are is kept beside: reassembly.ts.
import type { Views } from '@protoloom/contracts/socket';
import { copyOctets } from '@protoloom/wire';
import { type Loans, NONE } from './loans.js';
import { Ring } from './ring.js';
import type { RingMemory } from './ring-memory.js';

/** How fast octets come and are read, of which autotuning makes the buffer's size: window.ts, receive-rtt.ts. */
export class Pace {
  /** The window that a round trip is measured by: where it ends, and when it began, µs; 0: none. */
  windowEnd = 0;
  windowAtUs = 0;
  /** The peer's echo that was seen last. */
  echo = 0;
  /** The round trip in which is counted what is read: when it began, µs, and after how many octets. */
  readSinceUs = 0;
  readSince = 0;
}

/** Its `length` counts the octets in order, to be read: all in the ring, or all in the frames they came in, which are lent for a while. */
export class ReceiveRing extends Ring {
  readonly pace = new Pace();
  readonly #loans: Loans;
  /** The first and the last piece that is lent; NONE: all is in the ring. */
  #first = NONE;
  #last = NONE;
  /** The reader has been shown a part of what is lent, and has not taken it. */
  #shown = false;

  constructor(memory: RingMemory, loans: Loans) {
    super(memory);
    this.#loans = loans;
  }

  /**
   * Leaves the text that goes on at RCV.NXT where it is, in a frame that is its device's. Nothing is held out of order.
   * @returns false where it has to be `put`: what comes before it is in the ring.
   */
  lend(bytes: Uint8Array, from: number, to: number): boolean {
    const loans = this.#loans;
    const isFirst = this.#first === NONE;
    if (isFirst && this.length > 0) return false;
    const piece = loans.add(bytes, from, to - from);
    if (piece === NONE) return false;
    if (isFirst) {
      this.#first = piece;
      loans.borrowedBy(this);
    } else loans.next[this.#last] = piece;
    this.#last = piece;
    return true;
  }

  /** What is lent goes into the ring. @returns whether anything was. */
  settle(): boolean {
    const { bytes, at, length, next } = this.#loans;
    let piece = this.#first;
    if (piece === NONE) return false;
    this.#giveBack();
    const total = this.length;
    // What it held has been read: nothing has to move.
    if (total > this.memory) super.clear();
    this.length = 0;
    this.grow(total);
    for (; piece !== NONE; piece = next[piece] as number) {
      const from = at[piece] as number;
      const count = length[piece] as number;
      this.store(this.length, bytes[piece] as Uint8Array, from, from + count);
      this.length += count;
    }
    return true;
  }

  /** Puts `bytes[from..to)` in its place, `offset` octets after RCV.NXT. */
  put(offset: number, bytes: Uint8Array, from: number, to: number): void {
    this.settle();
    const at = this.length + offset;
    this.grow(at + to - from);
    this.store(at, bytes, from, to);
  }

  /** RCV.NXT has moved over `octets` that are in their places. */
  advance(octets: number): void {
    this.length += octets;
  }

  /** Shows up to `count` octets from the one at `at` on. @returns how many: all, or where they are lent those of two pieces; who asks again is shown all. */
  peek(at: number, count: number, views: Views): number {
    if (this.#first === NONE || at > 0 || this.#shown) {
      this.settle();
      this.view(at, count, views);
      return count;
    }
    const loans = this.#loans;
    const first = this.#first;
    views.first = loans.bytes[first] as Uint8Array;
    views.firstAt = loans.at[first] as number;
    views.firstLength = Math.min(count, loans.length[first] as number);
    const second = loans.next[first] as number;
    if (second === NONE || views.firstLength === count) {
      views.second = views.first;
      views.secondLength = 0;
      return views.firstLength;
    }
    views.second = loans.bytes[second] as Uint8Array;
    views.secondAt = loans.at[second] as number;
    views.secondLength = Math.min(count - views.firstLength, loans.length[second] as number);
    const shown = views.firstLength + views.secondLength;
    this.#shown = shown < count;
    return shown;
  }

  /** Copies up to `to - from` octets out and ends them. */
  read(bytes: Uint8Array, from: number, to: number): number {
    const count = this.copy(0, bytes, from, to);
    this.consume(count);
    return count;
  }

  /** Copies from the octet at `at` on, without ending them. */
  copy(at: number, bytes: Uint8Array, from: number, to: number): number {
    const count = Math.min(to - from, this.length - at);
    if (at > 0) this.settle();
    if (this.#first === NONE) this.fetch(at, count, bytes, from);
    else this.#fetchLent(bytes, from, from + count);
    return count;
  }

  #fetchLent(into: Uint8Array, from: number, to: number): void {
    const { bytes, at, length, next } = this.#loans;
    for (let piece = this.#first, place = from; place < to; piece = next[piece] as number) {
      const begin = at[piece] as number;
      const count = Math.min(length[piece] as number, to - place);
      copyOctets(bytes[piece] as Uint8Array, begin, begin + count, into, place);
      place += count;
    }
  }

  consume(count: number): void {
    if (count <= 0) return;
    if (this.#first === NONE) this.drop(count);
    else this.#consumeLent(count);
  }

  #consumeLent(count: number): void {
    const { at, length, next } = this.#loans;
    this.#shown = false;
    this.length -= count;
    let left = count;
    while (left > 0 && left >= (length[this.#first] as number)) {
      left -= length[this.#first] as number;
      this.#first = next[this.#first] as number;
    }
    if (left === 0) return;
    at[this.#first] = (at[this.#first] as number) + left;
    length[this.#first] = (length[this.#first] as number) - left;
  }

  override clear(): void {
    if (this.#first !== NONE) {
      this.#giveBack();
      this.length = 0;
    }
    super.clear();
  }

  #giveBack(): void {
    this.#first = NONE;
    this.#shown = false;
  }
}
