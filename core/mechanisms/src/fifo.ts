// A queue, first in, first out.

const SMALLEST = 8;
/** One that once held more gives its room back when it is empty. */
const MOST_KEPT = 4096;

/** In a ring that keeps its room: an array that is emptied gives it back, and takes it anew with the next that comes. */
export class Fifo<T> {
  #ring: (T | undefined)[] = emptied(SMALLEST);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The oldest; undefined where there is none. */
  get first(): T | undefined {
    return this.#ring[this.#first];
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#length++) & (this.#ring.length - 1)] = item;
  }

  /** Takes the oldest out; undefined where there is none. */
  shift(): T | undefined {
    const item = this.#ring[this.#first];
    if (item === undefined) return undefined;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    if (--this.#length === 0 && this.#ring.length > MOST_KEPT) this.#ring = emptied(SMALLEST);
    if (this.#length === 0) this.#first = 0;
    return item;
  }

  #grow(): void {
    const ring = this.#ring;
    this.#ring = emptied(2 * ring.length);
    for (let i = 0; i < this.#length; i++) this.#ring[i] = ring[(this.#first + i) & (ring.length - 1)];
    this.#first = 0;
  }
}

const emptied = (room: number): undefined[] => new Array<undefined>(room).fill(undefined);
