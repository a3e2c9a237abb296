// Questions about addresses that were asked lately, and their answers: packets come again and again from the same few, to the same few.
import { copyWords, equalWords } from '@protoloom/wire';

/** Answers that are remembered, a power of two: one for each place. */
const PLACES = 128;
/** Words of each: the address, then */
const FAMILY = 4;
const ASKED = 5;
const EPOCH = 6;
const ANSWER = 7;
const WORDS = 8;

export class RecentAnswers {
  /** What `holds` has found. */
  answer = 0;
  /** A family of 0 is nobody's: at first no place holds anything. */
  readonly #places = new Int32Array(PLACES * WORDS);
  readonly #remembers: boolean;

  /** @param remembers else no question has been asked before. */
  constructor(remembers: boolean) {
    this.#remembers = remembers;
  }

  /** Whether `answer` is to this question now. @param epoch of the routing table. @param asked what is asked about the address. */
  holds(epoch: number, family: number, words: Int32Array, at: number, asked: number): boolean {
    const places = this.#places;
    const place = placeOf(words, at);
    if (!equalWords(words, at, places, place) || places[place + FAMILY] !== family) return false;
    if (places[place + EPOCH] !== epoch || places[place + ASKED] !== asked) return false;
    this.answer = places[place + ANSWER] as number;
    return true;
  }

  /** @returns the answer. */
  keep(epoch: number, family: number, words: Int32Array, at: number, asked: number, answer: number): number {
    if (!this.#remembers) return answer;
    const places = this.#places;
    const place = placeOf(words, at);
    copyWords(words, at, places, place);
    places[place + FAMILY] = family;
    places[place + ASKED] = asked;
    places[place + EPOCH] = epoch;
    places[place + ANSWER] = answer;
    return answer;
  }
}

/** Where an address has its place: of IPv4's, and of interface identifiers, the last octets differ most. */
function placeOf(words: Int32Array, at: number): number {
  const folded = (words[at + 3] as number) ^ (words[at + 1] as number);
  return ((folded ^ (folded >>> 7) ^ (folded >>> 14)) & (PLACES - 1)) * WORDS;
}
