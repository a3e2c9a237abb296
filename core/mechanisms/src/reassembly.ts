// The store of datagrams that are being put together: RFC 791 §3.2, RFC 8200 §4.5; overlaps end a datagram, RFC 5722.
import { FlowTable } from '@protoloom/wire';

/** What became of a piece. */
export type Insertion = 'inserted' | 'complete' | 'duplicate' | 'overlap' | 'invalid';

interface Piece<P> {
  readonly from: number;
  readonly to: number;
  readonly payload: P;
}

/** One datagram of which pieces have come. */
export class PartialDatagram<P> {
  /** Source at 0, destination at 4. */
  readonly addresses: Int32Array;
  readonly high: number;
  readonly low: number;
  /** When its time is over, µs. */
  readonly dueUs: number;
  /** In the order of their offsets, without overlap. */
  readonly pieces: Piece<P>[] = [];
  /** Octets in all; -1 while the last piece has not come. */
  total = -1;
  /** Octets that have come. */
  received = 0;
  /** Charged for its pieces, bytes. */
  memory = 0;
  /** The owner's own: ECN codepoints seen. */
  marks = 0;
  older: PartialDatagram<P> | undefined;
  younger: PartialDatagram<P> | undefined;

  constructor(addresses: Int32Array, high: number, low: number, dueUs: number) {
    this.addresses = addresses;
    this.high = high;
    this.low = low;
    this.dueUs = dueUs;
  }

  /** The piece at the very start, or undefined. */
  get first(): P | undefined {
    const [piece] = this.pieces;
    return piece?.from === 0 ? piece.payload : undefined;
  }
}

/** Datagrams by source, destination and 32 bits of identification; oldest first. The owner keeps the limits. */
export class ReassemblyStore<P> {
  /** Charged for all pieces, bytes. */
  memory = 0;
  readonly #table: FlowTable<PartialDatagram<P>>;
  #oldest: PartialDatagram<P> | undefined;
  #youngest: PartialDatagram<P> | undefined;

  constructor(seed0: number, seed1: number) {
    this.#table = new FlowTable(seed0, seed1);
  }

  get size(): number {
    return this.#table.size;
  }

  /** The one whose time is over first. */
  get oldest(): PartialDatagram<P> | undefined {
    return this.#oldest;
  }

  /**
   * The datagram that a piece belongs to, made where it is the first to come.
   * @param addresses source at 0, destination at 4. @param high and low: 16 bits each of what identifies it besides.
   */
  open(addresses: Int32Array, high: number, low: number, dueUs: number): PartialDatagram<P> {
    const known = this.#table.get(addresses, 0, 4, high, low);
    if (known !== undefined) return known;
    const datagram = new PartialDatagram<P>(addresses.slice(0, 8), high, low, dueUs);
    this.#table.set(addresses, 0, 4, high, low, datagram);
    datagram.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = datagram;
    else this.#youngest.younger = datagram;
    this.#youngest = datagram;
    return datagram;
  }

  /**
   * Puts a piece in its place: octets `from` to `to`. `duplicate`: nothing new, and it is not kept; `overlap`: partly known already;
   * `invalid`: beyond the end, or an end that moved.
   */
  insert(datagram: PartialDatagram<P>, from: number, to: number, more: boolean, payload: P, memory: number): Insertion {
    const { pieces } = datagram;
    const last = pieces.at(-1)?.to ?? 0;
    if (more ? datagram.total >= 0 && to > datagram.total : datagram.total >= 0 ? to !== datagram.total : to < last) return 'invalid';
    // Most come in order.
    let at = pieces.length;
    while (at > 0 && (pieces[at - 1] as Piece<P>).from > from) at--;
    const before = pieces[at - 1];
    const after = pieces[at];
    if (to > from) {
      if ((before !== undefined && before.to >= to) || (after !== undefined && after.from === from && after.to >= to)) return 'duplicate';
      if ((before !== undefined && before.to > from) || (after !== undefined && after.from < to)) return 'overlap';
    } else if (more || from !== 0) return 'invalid';
    if (!more) datagram.total = to;
    pieces.splice(at, 0, { from, to, payload });
    datagram.received += to - from;
    datagram.memory += memory;
    this.memory += memory;
    return datagram.received === datagram.total ? 'complete' : 'inserted';
  }

  /** Takes a datagram out; its pieces are the caller's to release. */
  remove(datagram: PartialDatagram<P>): void {
    if (!this.#table.delete(datagram.addresses, 0, 4, datagram.high, datagram.low)) return;
    this.memory -= datagram.memory;
    if (datagram.older === undefined) this.#oldest = datagram.younger;
    else datagram.older.younger = datagram.younger;
    if (datagram.younger === undefined) this.#youngest = datagram.older;
    else datagram.younger.older = datagram.older;
  }
}
