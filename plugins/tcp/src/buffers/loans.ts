// Text that stays in the frames it came in: who reads before the device is polled again reads it there, and what is left goes into its ring then.
import type { Borrower, EgressEntry, EgressRequest, Turns } from '@protoloom/contracts';
import type { ReceiveRing } from './receive-ring.js';

/** Most pieces that stay at a time: more than one turn brings. */
const MOST = 512;
/** No piece. */
export const NONE = -1;

/** Who has been shown a part of what there is. */
interface Reader {
  readonly receive: ReceiveRing;
  readonly user: { wake(): void } | undefined;
}

export class Loans implements Borrower, EgressEntry {
  /** Where each piece lies, how long it is, and which is the next of its ring. */
  readonly bytes: Uint8Array[] = [];
  readonly at: Int32Array;
  readonly length: Int32Array;
  readonly next: Int32Array;
  readonly #recall: EgressRequest;
  readonly #egress: EgressRequest;
  readonly #rings: ReceiveRing[] = [];
  readonly #readers: Reader[] = [];

  /** @param lends whether anything stays where it came in; else all is copied at once. */
  constructor(turns: Turns, lends: boolean) {
    const places = lends ? MOST : 0;
    this.at = new Int32Array(places);
    this.length = new Int32Array(places);
    this.next = new Int32Array(places);
    this.#recall = turns.recall(this);
    this.#egress = turns.egress(this);
  }

  /** A piece that follows none. @returns NONE where there is no place for one. */
  add(bytes: Uint8Array, at: number, length: number): number {
    const piece = this.bytes.length;
    if (piece === this.at.length) return NONE;
    this.bytes.push(bytes);
    this.at[piece] = at;
    this.length[piece] = length;
    this.next[piece] = NONE;
    return piece;
  }

  /** A ring has pieces now. */
  borrowedBy(ring: ReceiveRing): void {
    this.#rings.push(ring);
    this.#recall.request();
  }

  /** All that is lent goes into its ring. */
  recalled(): void {
    const rings = this.#rings;
    for (let ring = rings.pop(); ring !== undefined; ring = rings.pop()) ring.settle();
    while (this.bytes.length > 0) this.bytes.pop();
  }

  /** A reader has been shown a part: it is called again with all of it, unless it reads on by itself. */
  shownInPart(reader: Reader): void {
    this.#readers.push(reader);
    this.#egress.request();
  }

  egress(): void {
    const readers = this.#readers;
    for (let reader = readers.pop(); reader !== undefined; reader = readers.pop()) if (reader.receive.settle()) reader.user?.wake();
  }
}
