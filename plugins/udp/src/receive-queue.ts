// Datagrams that wait to be read, charged by the memory that they hold.
import type { Packet } from '@protoloom/contracts';

/** From so many that were read on, their places in the array are given back. */
const COMPACT_AT = 64;

export class ReceiveQueue {
  /** Those that wait, from `#at` on. */
  #packets: Packet[] = [];
  #at = 0;
  /** Memory of those, bytes. */
  #held = 0;

  get held(): number {
    return this.#held;
  }

  get empty(): boolean {
    return this.#at === this.#packets.length;
  }

  /** The oldest, or undefined. */
  get first(): Packet | undefined {
    return this.#packets[this.#at];
  }

  /** Whether there is room below `limit` bytes; a single datagram always fits, as on Linux. */
  fits(packet: Packet, limit: number): boolean {
    return this.#held === 0 || this.#held + packet.memory <= limit;
  }

  /** @param packet one that was taken. */
  push(packet: Packet): void {
    this.#held += packet.memory;
    this.#packets.push(packet);
  }

  /** Releases the oldest. */
  shift(): void {
    const packet = this.#packets[this.#at++] as Packet;
    this.#held -= packet.memory;
    packet.release();
    if (this.#at === this.#packets.length) {
      this.#packets.length = 0;
      this.#at = 0;
    } else if (this.#at > COMPACT_AT && this.#at * 2 > this.#packets.length) {
      this.#packets.splice(0, this.#at);
      this.#at = 0;
    }
  }
}
