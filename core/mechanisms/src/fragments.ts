// Fragments that wait for the others of their packet, in bounded memory and for a bounded time: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5.
import type { Clock, Packet, Timer, Timers } from '@protoloom/contracts';
import { type IpErrors, PROBLEM_REASSEMBLY_TIME } from '@protoloom/contracts/ip';
import { type Insertion, type PartialDatagram, ReassemblyStore } from './reassembly.js';

const SECOND_US = 1_000_000;

export interface FragmentsContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly errors: IpErrors;
  /** Moved: packets given up, and those of them whose time was over. */
  readonly counters: { reasmFails: number; reasmTimeout: number };
  /** Live: bytes from which on the oldest are given up, bytes down to which they are, and seconds that a packet has. */
  readonly limits: { readonly highThresh: number; readonly lowThresh: number; readonly time: number };
  readonly seed0: number;
  readonly seed1: number;
}

/** ECN codepoints seen, one bit each; what the whole has, or -1 where it is to be dropped: RFC 3168 §5.3. */
export function mergeEcn(seen: number): number {
  const notEct = (seen & 1) !== 0;
  if (notEct) return seen === 1 ? 0 : -1;
  if ((seen & 8) !== 0) return 3;
  // ECT(0) and ECT(1) mixed: as Linux, ECT(0).
  return (seen & 4) !== 0 ? 2 : 1;
}

const sweep = (fragments: Fragments): void => fragments.sweep();

export class Fragments {
  readonly #context: FragmentsContext;
  readonly #store: ReassemblyStore<Packet>;
  readonly #timer: Timer;

  constructor(context: FragmentsContext) {
    this.#context = context;
    this.#store = new ReassemblyStore(context.seed0, context.seed1);
    this.#timer = context.timers.timer<Fragments>(this, sweep);
  }

  /** Packets that wait, and what they are charged. */
  get held(): { readonly datagrams: number; readonly bytes: number } {
    return { datagrams: this.#store.size, bytes: this.#store.memory };
  }

  /** The packet that a fragment belongs to, made where it is the first to come; room is made for it by giving up the oldest. */
  open(addresses: Int32Array, high: number, low: number): PartialDatagram<Packet> {
    const { clock, limits } = this.#context;
    if (this.#store.memory >= limits.highThresh) {
      const floor = Math.min(limits.highThresh, limits.lowThresh);
      for (let oldest = this.#store.oldest; oldest !== undefined && this.#store.memory > floor; oldest = this.#store.oldest)
        this.giveUp(oldest);
    }
    return this.#store.open(addresses, high, low, clock.nowUs + limits.time * SECOND_US);
  }

  /**
   * Octets `from` to `to` of a packet; `fragment` is taken and kept where it tells something new. An overlap and what is `invalid` end the
   * packet (RFC 5722, RFC 8200 §4.5). What is `complete` is the caller's to release.
   */
  add(datagram: PartialDatagram<Packet>, from: number, to: number, more: boolean, fragment: Packet): Insertion {
    // Taken first: what it is charged is what it keeps in memory, not the bytes that it was lent.
    fragment.take();
    const insertion = this.#store.insert(datagram, from, to, more, fragment, fragment.memory);
    if (insertion === 'inserted' || insertion === 'complete') {
      datagram.marks |= 1 << (fragment.trafficClass & 3);
      if (insertion === 'inserted' && !this.#timer.armed) this.#timer.armAt(datagram.dueUs);
      return insertion;
    }
    if (insertion !== 'duplicate') this.giveUp(datagram);
    fragment.release();
    return insertion;
  }

  giveUp(datagram: PartialDatagram<Packet>): void {
    this.#context.counters.reasmFails++;
    this.release(datagram);
  }

  release(datagram: PartialDatagram<Packet>): void {
    this.#store.remove(datagram);
    for (const { payload } of datagram.pieces) payload.release();
  }

  /** Gives up packets whose time is over. */
  sweep(): void {
    const { clock, counters, errors } = this.#context;
    for (let oldest = this.#store.oldest; oldest !== undefined && oldest.dueUs <= clock.nowUs; oldest = this.#store.oldest) {
      counters.reasmTimeout++;
      // Told only where the first fragment is there to be quoted: RFC 792, RFC 1122 §3.3.2, RFC 8200 §4.5.
      const { first } = oldest;
      if (first !== undefined) errors.report(first, PROBLEM_REASSEMBLY_TIME, 0);
      this.giveUp(oldest);
    }
    const next = this.#store.oldest;
    if (next !== undefined) this.#timer.armAt(next.dueUs);
  }

  /** Lets go of everything. */
  clear(): void {
    for (let oldest = this.#store.oldest; oldest !== undefined; oldest = this.#store.oldest) this.release(oldest);
  }
}
