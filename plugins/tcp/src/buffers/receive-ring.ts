// Octets that came in: those in order wait to be read; those out of order are in their places already, and which they are is kept beside: reassembly.ts.
import type { Views } from '@protoloom/contracts/socket';
import { Ring } from './ring.js';

/** Its `length` counts the octets in order, to be read. */
export class ReceiveRing extends Ring {
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
