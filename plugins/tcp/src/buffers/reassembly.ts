// Which segments are held out of order: RFC 9293 §3.10.7.4, seventh; what came twice among them is told as RFC 2883 §4 asks. Their octets
// lie in the receive ring already. The cases are those of Linux's tcp_data_queue_ofo and tcp_ofo_queue.
import { seqGeq, seqGt, seqLeq, seqLt } from '@protoloom/wire';

/** What a piece costs besides its octets: about as much as Linux charges for a small segment, so that a peer cannot make many for nothing. */
const PIECE_BYTES = 768;

/** [from, to), sequence numbers; a FIN at its end has one of them. */
interface Piece {
  from: number;
  to: number;
  fin: boolean;
}

export class Reassembly {
  /** By `from`, none within another; those that overlap stay apart, so that each octet that came twice is told once. */
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  /** What the last call found to have come twice: [twiceFrom, twiceTo), nothing where equal. */
  twiceFrom = 0;
  twiceTo = 0;
  /** Pieces that the last `insert` made superfluous. */
  merged = 0;
  /** The last `advance` came to the FIN. */
  fin = false;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }
  /** One past the furthest sequence number that is held; something is. */
  get end(): number {
    return (this.#pieces.at(-1) as Piece).to;
  }
  /** One piece is held, with a FIN at its end. */
  get isLoneFin(): boolean {
    return this.#pieces.length === 1 && (this.#pieces[0] as Piece).fin;
  }
  /** Memory that the pieces stand for, bytes. */
  get charge(): number {
    return this.#bytes + this.#pieces.length * PIECE_BYTES;
  }

  /** Takes [from, to), all of it after RCV.NXT. @returns false where all of it is held already. */
  insert(from: number, to: number, fin: boolean): boolean {
    const pieces = this.#pieces;
    this.#forget();
    const at = this.#after(from);
    const before = pieces[at - 1];
    if (before !== undefined && seqLt(from, before.to)) {
      if (seqLeq(to, before.to)) {
        this.#twice(from, to);
        this.merged++;
        return false;
      }
      if (before.from === from) {
        this.#extendTwice(before.from, before.to);
        this.merged++;
        this.#put(at - 1, 1, from, to, fin);
        return true;
      }
      this.#twice(from, before.to);
    } else if (before !== undefined && from === before.to && !before.fin) {
      // It continues the piece before: one of them is enough.
      const start = before.from;
      this.#put(at - 1, 1, start, to, fin);
      return true;
    }
    this.#put(at, 0, from, to, fin);
    return true;
  }

  /** RCV.NXT has come to `rcvNxt`. @returns how far it goes on with what is held. */
  advance(rcvNxt: number): number {
    const pieces = this.#pieces;
    this.#forget();
    this.fin = false;
    let next = rcvNxt;
    let count = 0;
    for (; count < pieces.length && !this.fin; count++) {
      const { from, to, fin } = pieces[count] as Piece;
      if (seqGt(from, next)) break;
      if (seqLt(from, rcvNxt)) this.#extendTwice(from, seqLt(to, rcvNxt) ? to : rcvNxt);
      this.#bytes -= (to - from) | 0;
      if (seqLeq(to, next)) continue;
      next = to;
      this.fin = fin;
    }
    pieces.splice(0, count);
    return next;
  }

  /** Gives up pieces behind `seq`, the furthest first, until `bytes` are free. @returns whether any was. */
  prune(seq: number, bytes: number): boolean {
    const pieces = this.#pieces;
    const most = this.charge - bytes;
    let pruned = false;
    for (let last = pieces.at(-1); last !== undefined && this.charge > most && seqGeq(last.from, seq); last = pieces.at(-1)) {
      this.#bytes -= (last.to - last.from) | 0;
      pieces.pop();
      pruned = true;
    }
    return pruned;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#bytes = 0;
  }

  /** A piece in place of `instead` others from `at` on, and of those behind that lie within it. */
  #put(at: number, instead: number, from: number, to: number, fin: boolean): void {
    const pieces = this.#pieces;
    let end = at + instead;
    for (; end < pieces.length; end++) {
      const next = pieces[end] as Piece;
      if (seqLeq(to, next.from)) break;
      if (seqLt(to, next.to)) {
        this.#extendTwice(next.from, to);
        break;
      }
      this.#extendTwice(next.from, next.to);
      this.merged++;
    }
    for (let i = at; i < end; i++) this.#bytes -= ((pieces[i] as Piece).to - (pieces[i] as Piece).from) | 0;
    this.#bytes += (to - from) | 0;
    pieces.splice(at, end - at, { from, to, fin });
  }

  /** The first place whose piece begins after `seq`. */
  #after(seq: number): number {
    const pieces = this.#pieces;
    let low = 0;
    let high = pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt((pieces[middle] as Piece).from, seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #forget(): void {
    this.twiceFrom = 0;
    this.twiceTo = 0;
    this.merged = 0;
  }

  #twice(from: number, to: number): void {
    this.twiceFrom = from;
    this.twiceTo = to;
  }

  /** More came twice: told with the rest where they touch, for there is one block. */
  #extendTwice(from: number, to: number): void {
    if (this.twiceFrom === this.twiceTo) {
      this.#twice(from, to);
      return;
    }
    if (seqGt(from, this.twiceTo) || seqGt(this.twiceFrom, to)) return;
    if (seqLt(from, this.twiceFrom)) this.twiceFrom = from;
    if (seqGt(to, this.twiceTo)) this.twiceTo = to;
  }
}
