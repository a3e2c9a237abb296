// When what is outstanding was sent, and what had been delivered by then: for round-trip and delivery-rate samples.

/** Numbers of one record. */
const WIDTH = 7;
const END = 0;
const SENT = 1;
const DELIVERED = 2;
const DELIVERED_AT = 3;
const FIRST_SENT = 4;
const IN_FLIGHT = 5;
const AGAIN = 6;
const SMALLEST = 4;

const NONE = new Float64Array(0);

/** One record a packet, in the order of sequence numbers; a queue in an array that grows on demand. */
export class SentLog {
  #data = NONE;
  #head = 0;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  // What `oldest` found.
  end = 0;
  sentUs = 0;
  delivered = 0;
  deliveredUs = 0;
  firstSentUs = 0;
  inFlight = 0;
  again = false;

  push(end: number, sentUs: number, delivered: number, deliveredUs: number, firstSentUs: number, inFlight: number): void {
    const capacity = this.#data.length / WIDTH;
    if (this.#count === capacity) this.#grow(Math.max(SMALLEST, capacity * 2));
    const at = this.#at(this.#count++);
    const data = this.#data;
    data[at + END] = end;
    data[at + SENT] = sentUs;
    data[at + DELIVERED] = delivered;
    data[at + DELIVERED_AT] = deliveredUs;
    data[at + FIRST_SENT] = firstSentUs;
    data[at + IN_FLIGHT] = inFlight;
    data[at + AGAIN] = 0;
  }

  /** Reads the oldest record into the fields above. False: there is none. */
  oldest(): boolean {
    if (this.#count === 0) return false;
    const at = this.#at(0);
    const data = this.#data;
    this.end = data[at + END] as number;
    this.sentUs = data[at + SENT] as number;
    this.delivered = data[at + DELIVERED] as number;
    this.deliveredUs = data[at + DELIVERED_AT] as number;
    this.firstSentUs = data[at + FIRST_SENT] as number;
    this.inFlight = data[at + IN_FLIGHT] as number;
    this.again = data[at + AGAIN] === 1;
    return true;
  }

  shift(): void {
    this.#head = (this.#head + 1) % (this.#data.length / WIDTH);
    this.#count--;
  }

  /** What ends after `from` and begins before `to` was sent again: Karn's algorithm takes no sample from it. */
  markAgain(from: number, to: number, sentUs: number): void {
    for (let i = 0; i < this.#count; i++) {
      const at = this.#at(i);
      const end = this.#data[at + END] as number;
      if (((end - from) | 0) <= 0) continue;
      this.#data[at + AGAIN] = 1;
      this.#data[at + SENT] = sentUs;
      if (((end - to) | 0) >= 0) return;
    }
  }

  clear(): void {
    this.#data = NONE;
    this.#head = 0;
    this.#count = 0;
  }

  #at(index: number): number {
    return ((this.#head + index) % (this.#data.length / WIDTH)) * WIDTH;
  }

  #grow(capacity: number): void {
    const grown = new Float64Array(capacity * WIDTH);
    for (let i = 0; i < this.#count; i++) {
      const at = this.#at(i);
      grown.set(this.#data.subarray(at, at + WIDTH), i * WIDTH);
    }
    this.#data = grown;
    this.#head = 0;
  }
}
