// Identification: RFC 6864. As Linux, counters shared by hashed (source, destination, protocol), which run ahead by the time unused.
import type { Clock, Entropy } from '@protoloom/contracts';
import type { SocketState } from '@protoloom/contracts/socket';
import { halfSipHash } from '@protoloom/wire';

const COUNTERS = 2048;
/** Linux's jiffy, which idle counters advance with. */
const TICK_US = 4000;

export class Identification {
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #seed0: number;
  readonly #seed1: number;
  readonly #counters = new Int32Array(COUNTERS);
  readonly #usedTicks = new Float64Array(COUNTERS);
  readonly #key = new Int32Array(3);

  constructor(clock: Clock, entropy: Entropy) {
    this.#clock = clock;
    this.#entropy = entropy;
    this.#seed0 = entropy.word();
    this.#seed1 = entropy.word();
    for (let i = 0; i < COUNTERS; i++) this.#counters[i] = entropy.word();
  }

  /** For a socket's datagrams that nobody may fragment (RFC 6864 §4): takes `count` of a series of its own, as Linux; answers the first. */
  ofSocket(socket: SocketState, count: number): number {
    const id = socket.nextId4 < 0 ? this.#entropy.word() & 0xffff : socket.nextId4;
    socket.nextId4 = (id + count) & 0xffff;
    return id;
  }

  /** Takes `count` numbers in a row; answers the first, 16 bits. */
  next(source: number, destination: number, protocol: number, count: number): number {
    const key = this.#key;
    key[0] = source;
    key[1] = destination;
    key[2] = protocol;
    const index = halfSipHash(this.#seed0, this.#seed1, key, 0, 3) & (COUNTERS - 1);
    const tick = Math.floor(this.#clock.nowUs / TICK_US);
    const idle = Math.min(tick - (this.#usedTicks[index] as number), 0xffff);
    this.#usedTicks[index] = tick;
    // A random step of up to the idle time keeps an observer from counting packets to others.
    const first = (this.#counters[index] as number) + (idle > 0 ? this.#entropy.below(idle + 1) : 0);
    this.#counters[index] = first + count;
    return first & 0xffff;
  }
}
