// Octets that came in: those in order wait to be read; those out of order are in their places already, and only their stretches are kept.
import type { Views } from '@protoloom/contracts/socket';
import { Ring } from './ring.js';

/** Most stretches out of order; more are not kept, and the peer sends them again. */
const MOST_STRETCHES = 1024;

/** [from, to), counted from the first octet that was ever read; `age` grows with each octet that comes. */
interface Stretch {
  from: number;
  to: number;
  age: number;
}

export class ReceiveRing {
  readonly #ring = new Ring();
  /** Octets that have been read. */
  #read = 0;
  /** Sorted, apart from each other. */
  #stretches: Stretch[] = [];
  #age = 0;
  /** What `gap` found, counted from RCV.NXT. */
  gapFrom = 0;
  gapTo = 0;

  /** Octets in order, to be read. */
  get length(): number {
    return this.#ring.length;
  }
  /** Stretches out of order. */
  get gaps(): number {
    return this.#stretches.length;
  }
  get hasGaps(): boolean {
    return this.#stretches.length > 0;
  }
  get outOfOrderBytes(): number {
    let bytes = 0;
    for (const { from, to } of this.#stretches) bytes += to - from;
    return bytes;
  }
  /** Bytes held. */
  get memory(): number {
    return this.#ring.bytes.length;
  }

  /** Puts `bytes[from..to)` in its place, `offset` octets after RCV.NXT. @returns by how many octets RCV.NXT advances; 0: out of order. */
  insert(offset: number, bytes: Uint8Array, from: number, to: number): number {
    const ring = this.#ring;
    const count = to - from;
    if (count === 0) return 0;
    const at = ring.length + offset;
    ring.grow(at + count);
    if (offset > 0) {
      if (!this.#keep(this.#read + at, this.#read + at + count)) return 0;
      ring.put(at, bytes, from, to);
      return 0;
    }
    ring.put(at, bytes, from, to);
    let next = this.#read + ring.length + count;
    while (this.#stretches.length > 0 && (this.#stretches[0] as Stretch).from <= next) {
      next = Math.max(next, (this.#stretches.shift() as Stretch).to);
    }
    const advanced = next - this.#read - ring.length;
    ring.length += advanced;
    return advanced;
  }

  /** Whether all of it, `offset` octets after RCV.NXT, is held out of order already. */
  duplicate(offset: number, length: number): boolean {
    const from = this.#read + this.#ring.length + offset;
    return this.#stretches.some((stretch) => stretch.from <= from && stretch.to >= from + length);
  }

  /** The nth stretch, that which grew last first, into `gapFrom` and `gapTo`. */
  gap(n: number): void {
    let below = Number.POSITIVE_INFINITY;
    let found = this.#stretches[0] as Stretch;
    for (let i = 0; i <= n; i++) {
      let best: Stretch | undefined;
      for (let k = 0; k < this.#stretches.length; k++) {
        const stretch = this.#stretches[k] as Stretch;
        if (stretch.age < below && (best === undefined || stretch.age > best.age)) best = stretch;
      }
      if (best === undefined) break;
      found = best;
      below = best.age;
    }
    const next = this.#read + this.#ring.length;
    this.gapFrom = found.from - next;
    this.gapTo = found.to - next;
  }

  peek(views: Views): number {
    this.#ring.view(0, this.#ring.length, views);
    return this.#ring.length;
  }

  /** Copies up to `to - from` octets out and ends them. */
  read(bytes: Uint8Array, from: number, to: number): number {
    const count = this.copy(bytes, from, to);
    this.consume(count);
    return count;
  }

  /** Copies without ending them. */
  copy(bytes: Uint8Array, from: number, to: number): number {
    const count = Math.min(to - from, this.#ring.length);
    this.#ring.get(0, count, bytes, from);
    return count;
  }

  consume(count: number): void {
    if (count === 0) return;
    this.#ring.drop(count);
    this.#read += count;
  }

  clear(): void {
    this.#read += this.#ring.length;
    this.#ring.clear();
    this.#stretches = [];
  }

  /** Notes a stretch, merged with those that it touches. False where there are too many. */
  #keep(from: number, to: number): boolean {
    const stretches = this.#stretches;
    let first = stretches.length;
    while (first > 0 && (stretches[first - 1] as Stretch).to >= from) first--;
    let last = first;
    let low = from;
    let high = to;
    while (last < stretches.length && (stretches[last] as Stretch).from <= to) {
      low = Math.min(low, (stretches[last] as Stretch).from);
      high = Math.max(high, (stretches[last] as Stretch).to);
      last++;
    }
    if (first === last) {
      if (stretches.length >= MOST_STRETCHES) return false;
      stretches.splice(first, 0, { from, to, age: ++this.#age });
      return true;
    }
    const kept = stretches[first] as Stretch;
    kept.from = low;
    kept.to = high;
    kept.age = ++this.#age;
    if (last - first > 1) stretches.splice(first + 1, last - first - 1);
    return true;
  }
}
