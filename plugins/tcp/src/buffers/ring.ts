// A ring of octets that grows on demand: what both buffers of a connection are.
import type { Views } from '@protoloom/contracts/socket';
import { copyOctets } from '@protoloom/wire';
import type { RingMemory } from './ring-memory.js';

const NO_BYTES = new Uint8Array(0);

/** Where an octet stands that is no more than the ring's size behind its beginning. */
export const wrapped = (place: number, size: number): number => (place < size ? place : place - size);

export class Ring {
  readonly #memory: RingMemory;
  bytes: Uint8Array = NO_BYTES;
  /** Where the first octet stands. */
  start = 0;
  /** Octets from `start` on that are to stay. */
  length = 0;

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  /** Bytes held. */
  get memory(): number {
    return this.bytes.length;
  }

  /** Makes room for `count` octets in all, those there are unmoved towards each other. */
  grow(count: number): void {
    if (count <= this.bytes.length) return;
    const grown = this.#memory.take(count);
    // Everything moves, since octets out of order lie beyond `length`.
    const first = this.bytes.subarray(this.start);
    grown.set(first);
    grown.set(this.bytes.subarray(0, this.start), first.length);
    this.#memory.give(this.bytes);
    this.bytes = grown;
    this.start = 0;
  }

  /** Copies in, `at` octets after `start`; there is room. */
  store(at: number, from: Uint8Array, begin: number, end: number): void {
    const size = this.bytes.length;
    const place = wrapped(this.start + at, size);
    const first = Math.min(end - begin, size - place);
    copyOctets(from, begin, begin + first, this.bytes, place);
    if (first < end - begin) copyOctets(from, begin + first, end, this.bytes, 0);
  }

  /** Copies out. */
  fetch(at: number, count: number, into: Uint8Array, to: number): void {
    const size = this.bytes.length;
    const place = wrapped(this.start + at, size);
    const first = Math.min(count, size - place);
    copyOctets(this.bytes, place, place + first, into, to);
    if (first < count) copyOctets(this.bytes, 0, count - first, into, to + first);
  }

  /** Shows `count` octets from `at` on. */
  view(at: number, count: number, views: Views): void {
    const size = this.bytes.length;
    const place = wrapped(this.start + at, size);
    const first = Math.min(count, size - place);
    views.first = this.bytes;
    views.firstAt = place;
    views.firstLength = first;
    views.second = this.bytes;
    views.secondAt = 0;
    views.secondLength = count - first;
  }

  /** The first `count` octets are over. */
  drop(count: number): void {
    this.start = wrapped(this.start + count, this.bytes.length);
    this.length -= count;
  }

  /** Nothing is in it, nor beyond its end: it begins anew with memory that was just used, or under pressure gives it back. */
  rewind(): void {
    if (this.#memory.pressure) this.clear();
    else this.start = 0;
  }

  /** What is in it is forgotten, and its memory given back. */
  clear(): void {
    if (this.bytes.length === 0) return;
    this.#memory.give(this.bytes);
    this.bytes = NO_BYTES;
    this.start = 0;
    this.length = 0;
  }
}
