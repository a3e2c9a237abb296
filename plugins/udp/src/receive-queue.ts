// Datagrams that wait to be read, charged by the memory that they hold.
import type { Packet } from '@protoloom/contracts';
import { Fifo } from '@protoloom/mechanisms';

export class ReceiveQueue {
  readonly #packets = new Fifo<Packet>();
  /** Memory of those, bytes. */
  #held = 0;

  get held(): number {
    return this.#held;
  }

  get empty(): boolean {
    return this.#packets.length === 0;
  }

  /** The oldest, or undefined. */
  get first(): Packet | undefined {
    return this.#packets.first;
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
    const packet = this.#packets.shift() as Packet;
    this.#held -= packet.memory;
    packet.release();
  }
}
