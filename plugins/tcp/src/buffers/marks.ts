// Places among what is written and not sent, in order of sequence numbers: where it is pushed (RFC 9293 §3.9.1.2), where records end (MSG_EOR).

const SMALLEST = 4;

export class Marks {
  #places = new Int32Array(SMALLEST);
  #first = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }
  /** The first place, and the last; there is one. */
  get first(): number {
    return this.#places[this.#first] as number;
  }
  get last(): number {
    return this.#places[this.#at(this.#count - 1)] as number;
  }

  /** @param seq behind every other. */
  push(seq: number): void {
    if (this.#count === this.#places.length) this.#grow();
    this.#places[this.#at(this.#count++)] = seq;
  }

  /** @param seq before every other. */
  unshift(seq: number): void {
    if (this.#count === this.#places.length) this.#grow();
    this.#first = this.#at(this.#places.length - 1);
    this.#places[this.#first] = seq;
    this.#count++;
  }

  dropFirst(): void {
    this.#first = this.#at(1);
    this.#count--;
  }

  dropLast(): void {
    this.#count--;
  }

  #at(index: number): number {
    return (this.#first + index) & (this.#places.length - 1);
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#places.length);
    for (let i = 0; i < this.#count; i++) grown[i] = this.#places[this.#at(i)] as number;
    this.#places = grown;
    this.#first = 0;
  }
}
