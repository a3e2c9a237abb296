// How much is parsed without content: of a head, of a chunk's extensions, of trailers. RFC 9112 §3 and §7.1.1 leave it to us; Node's bound.

export const MOST_BARE = 16_384;

export class Bound {
  /** Octets of earlier input. */
  #before = 0;
  /** Where this input's are counted from, and as far as is known. */
  #from = 0;
  #seen = 0;

  /** Another input begins at `at`. */
  begin(at: number): void {
    this.#from = at;
    this.#seen = at;
  }

  /** Octets up to `to` were without content. @returns whether that is too many. */
  passes(to: number): boolean {
    this.#seen = to;
    return this.#before + to - this.#from > MOST_BARE;
  }

  /** A message or its head has ended, or content has, at `to` where that is known: what follows is counted anew. */
  restart(to = this.#seen): void {
    this.#before = 0;
    this.#from = to;
    this.#seen = to;
  }

  /** The input ends at `to`. @returns whether it was too much. */
  end(to: number): boolean {
    this.#before += to - this.#from;
    return this.#before > MOST_BARE;
  }
}
