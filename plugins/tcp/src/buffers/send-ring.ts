// Octets that the user has written and the peer has not acknowledged.
import type { Packet } from '@protoloom/contracts';
import type { Views } from '@protoloom/contracts/socket';
import { Ring, wrapped } from './ring.js';

export class SendRing extends Ring {
  /** Puts octets behind the end, to be committed; the caller has looked at the limits. */
  write(bytes: Uint8Array, from: number, to: number): void {
    this.grow(this.length + to - from);
    this.store(this.length, bytes, from, to);
  }

  /** Room for `count` octets to be written in place. */
  reserve(count: number, views: Views): number {
    this.grow(this.length + count);
    this.view(this.length, count, views);
    return count;
  }

  /** The first `count` octets of what was reserved, or written, are there. */
  commit(count: number): void {
    if (count > 0) this.length += count;
  }

  /** The first `count` octets are acknowledged. */
  discard(count: number): void {
    if (count > 0) this.drop(count);
    if (this.length === 0) this.rewind();
  }

  /** Hangs octets behind a packet's header by reference, in one stretch or two. */
  appendTo(packet: Packet, offset: number, length: number): void {
    const { bytes, start } = this;
    const place = wrapped(start + offset, bytes.length);
    const first = Math.min(length, bytes.length - place);
    packet.append(bytes, place, first);
    if (first < length) packet.append(bytes, 0, length - first);
  }

  /** A copy of `count` octets, from `offset` on. */
  copy(offset: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.fetch(offset, count, bytes, 0);
    return bytes;
  }
}
