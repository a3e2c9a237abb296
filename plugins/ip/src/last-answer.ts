// The last question about an address, and its answer: packets come in bursts, from one sender to one address of ours.
import { copyWords, equalWords } from '@protoloom/wire';

export class LastAnswer {
  answer = 0;
  readonly #words = new Int32Array(4);
  #family = 0;
  #asked = 0;
  #epoch = -1;
  readonly #remembers: boolean;

  /** @param remembers else no question has been asked before. */
  constructor(remembers: boolean) {
    this.#remembers = remembers;
  }

  /** Whether `answer` is to this question. @param epoch of the routing table. @param asked what is asked about the address. */
  holds(epoch: number, family: number, words: Int32Array, at: number, asked: number): boolean {
    return this.#epoch === epoch && this.#asked === asked && this.#family === family && equalWords(words, at, this.#words, 0);
  }

  /** @returns the answer. */
  keep(epoch: number, family: number, words: Int32Array, at: number, asked: number, answer: number): number {
    if (!this.#remembers) return answer;
    copyWords(words, at, this.#words, 0);
    this.#family = family;
    this.#asked = asked;
    this.#epoch = epoch;
    this.answer = answer;
    return answer;
  }
}
