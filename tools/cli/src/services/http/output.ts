// What a connection has to send: octets that found no room, and octets of the pattern, made as they are sent.

import { ERRNO } from '@protoloom/contracts';
import type { Endpoint } from '@protoloom/contracts/socket';

const PERIOD = 251;
/** Octets of the pattern that are sent at once, at most. */
const PART = PERIOD * 261;
/** Octet i is i mod 251, from wherever in the period one begins. */
const PATTERN = Uint8Array.from({ length: PART + PERIOD }, (_, i) => i % PERIOD);

export class Output {
  readonly #endpoint: Endpoint;
  readonly #waiting: Uint8Array[] = [];
  /** The pattern: how much of it has been sent, of how much. */
  #sent = 0;
  #count = 0;
  #hasFailed = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Something waits for room. */
  get isPending(): boolean {
    return this.#waiting.length > 0 || this.#sent < this.#count;
  }
  /** The connection takes nothing any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Sends the first `length` octets, or keeps what of them has no room. Nothing of the pattern waits. */
  write(octets: Uint8Array, length: number): void {
    const sent = this.#waiting.length === 0 ? this.#send(octets, length) : 0;
    // A copy: an answer's Date may change before it has left.
    if (sent < length) this.#waiting.push(new Uint8Array(octets.subarray(sent, length)));
  }

  /** Sends the first `count` octets of the pattern, after what waits. */
  writePattern(count: number): void {
    this.#sent = 0;
    this.#count = count;
    this.flush();
  }

  /** Sends what there is room for. */
  flush(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const sent = this.#send(first, first.length);
      if (sent < first.length) {
        this.#waiting[0] = first.subarray(sent);
        return;
      }
      this.#waiting.shift();
    }
    while (this.#sent < this.#count) {
      const from = this.#sent % PERIOD;
      const length = Math.min(PART, this.#count - this.#sent);
      const sent = this.#endpoint.send(PATTERN, from, from + length, undefined);
      if (sent < 0) {
        this.#failed(sent);
        return;
      }
      this.#sent += sent;
    }
  }

  #send(octets: Uint8Array, length: number): number {
    const sent = this.#endpoint.send(octets, 0, length, undefined);
    if (sent >= 0) return sent;
    this.#failed(sent);
    return 0;
  }

  #failed(result: number): void {
    if (result !== -ERRNO.EAGAIN) this.#hasFailed = true;
  }
}
