// Octets that came in: those in order wait to be read; those out of order are in their places already, and which they are is kept beside: reassembly.ts.
import type { Views } from '@protoloom/contracts/socket';
import { Ring } from './ring.js';

/** How fast octets come and are read, of which autotuning makes the buffer's size: window.ts, receive-rtt.ts. */
export class Pace {
  /** The window that a round trip is measured by: where it ends, and when it began, µs; 0: none. */
  windowEnd = 0;
  windowAtUs = 0;
  /** The peer's echo that was seen last. */
  echo = 0;
  /** The round trip in which is counted what is read: when it began, µs, and after how many octets. */
  readSinceUs = 0;
  readSince = 0;
}

/** Its `length` counts the octets in order, to be read. */
export class ReceiveRing extends Ring {
  readonly pace = new Pace();

  /** Puts `bytes[from..to)` in its place, `offset` octets after RCV.NXT. */
  put(offset: number, bytes: Uint8Array, from: number, to: number): void {
    const at = this.length + offset;
    this.grow(at + to - from);
    this.store(at, bytes, from, to);
  }

  /** RCV.NXT has moved over `octets` that are in their places. */
  advance(octets: number): void {
    this.length += octets;
  }

  /** Shows `count` octets from the one at `at` on. */
  peek(at: number, count: number, views: Views): number {
    this.view(at, count, views);
    return count;
  }

  /** Copies up to `to - from` octets out and ends them. */
  read(bytes: Uint8Array, from: number, to: number): number {
    const count = this.copy(0, bytes, from, to);
    this.consume(count);
    return count;
  }

  /** Copies from the octet at `at` on, without ending them. */
  copy(at: number, bytes: Uint8Array, from: number, to: number): number {
    const count = Math.min(to - from, this.length - at);
    this.fetch(at, count, bytes, from);
    return count;
  }

  consume(count: number): void {
    if (count > 0) this.drop(count);
  }
}
