// Octets that the user has written and the peer has not acknowledged.
import type { Packet } from '@protoloom/contracts';
import type { Views } from '@protoloom/contracts/socket';
import { Ring } from './ring.js';
import type { RingMemory } from './ring-memory.js';

export class SendRing {
  readonly #ring: Ring;

  constructor(memory: RingMemory) {
    this.#ring = new Ring(memory);
  }

  get length(): number {
    return this.#ring.length;
  }
  /** Bytes held. */
  get memory(): number {
    return this.#ring.bytes.length;
  }

  /** Appends; the caller has looked at the limits. */
  write(bytes: Uint8Array, from: number, to: number): void {
    const ring = this.#ring;
    ring.grow(ring.length + to - from);
    ring.put(ring.length, bytes, from, to);
    ring.length += to - from;
  }

  /** Room for `count` octets to be written in place. */
  reserve(count: number, views: Views): number {
    const ring = this.#ring;
    ring.grow(ring.length + count);
    ring.view(ring.length, count, views);
    return count;
  }

  /** The first `count` octets of what was reserved are there. */
  commit(count: number): void {
    this.#ring.length += count;
  }

  /** The first `count` octets are acknowledged. An empty ring holds no memory. */
  discard(count: number): void {
    if (count > 0) this.#ring.drop(count);
    if (this.#ring.length === 0) this.#ring.clear();
  }

  /** Hangs octets behind a packet's header by reference, in one stretch or two. */
  appendTo(packet: Packet, offset: number, length: number): void {
    const { bytes, start } = this.#ring;
    const place = (start + offset) & (bytes.length - 1);
    const first = Math.min(length, bytes.length - place);
    packet.append(bytes, place, first);
    if (first < length) packet.append(bytes, 0, length - first);
  }

  /** A copy of `count` octets, from `offset` on. */
  copy(offset: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.#ring.get(offset, count, bytes, 0);
    return bytes;
  }

  clear(): void {
    this.#ring.clear();
  }
}
