// Initial sequence numbers, RFC 6528; and where a connection's timestamps start, RFC 7323 §7.1.
import type { Chain, Clock, Entropy } from '@protoloom/contracts';
import type { TcpOptionConnection } from '@protoloom/contracts/tcp';
import { TupleHash } from './tuple-hash.js';

/** M of RFC 6528 §3 ticks every 4 µs. */
const TICK_US = 4;

export class IsnGenerator {
  readonly #hash: TupleHash;
  readonly #stamps: TupleHash;
  readonly #clock: Clock;
  readonly #chain: Chain<(connection: TcpOptionConnection) => number | undefined>;

  constructor(entropy: Entropy, clock: Clock, chain: Chain<(connection: TcpOptionConnection) => number | undefined>) {
    this.#hash = new TupleHash(entropy);
    this.#stamps = new TupleHash(entropy);
    this.#clock = clock;
    this.#chain = chain;
  }

  /** ISN = M + F(localip, localport, remoteip, remoteport, secretkey); or what an attachment to TCP_ISN says. */
  next(connection: TcpOptionConnection): number {
    const { list } = this.#chain;
    for (let i = 0; i < list.length; i++) {
      const isn = list[i]?.(connection);
      if (isn !== undefined) return isn | 0;
    }
    const { addresses, localPort, remotePort } = connection;
    return (Math.floor(this.#clock.nowUs / TICK_US) + this.#hash.of(addresses, (localPort << 16) | remotePort)) | 0;
  }

  /** The same for all connections between two hosts, so that PAWS holds from one to the next. */
  timestampOffset({ addresses }: TcpOptionConnection): number {
    return this.#stamps.of(addresses);
  }
}
