// Initial sequence numbers, RFC 6528; and where a connection's timestamps start, RFC 7323 §7.1.
import { type Chain, type Clock, DESTINATION, type Entropy, SOURCE } from '@protoloom/contracts';
import type { TcpOptionConnection } from '@protoloom/contracts/tcp';
import { isMappedWords, SipHash } from '@protoloom/wire';

/** M of RFC 6528 §3 ticks every 4 µs. */
const TICK_US = 4;

export class IsnGenerator {
  readonly #hash: SipHash;
  readonly #stamps: SipHash;
  readonly #clock: Clock;
  readonly #chain: Chain<(connection: TcpOptionConnection) => number | undefined>;
  readonly #bytes = new Uint8Array(36);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(entropy: Entropy, clock: Clock, chain: Chain<(connection: TcpOptionConnection) => number | undefined>) {
    const key = new Uint8Array(32);
    entropy.fill(key);
    this.#hash = new SipHash(key.subarray(0, 16));
    this.#stamps = new SipHash(key.subarray(16));
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
    const { localPort, remotePort } = connection;
    const at = this.#write(connection);
    this.#view.setUint16(at, localPort);
    this.#view.setUint16(at + 2, remotePort);
    this.#hash.hash(this.#bytes, 0, at + 4);
    return (Math.floor(this.#clock.nowUs / TICK_US) + this.#hash.low) | 0;
  }

  /** The same for all connections between two hosts, so that PAWS holds from one to the next. */
  timestampOffset(connection: TcpOptionConnection): number {
    this.#stamps.hash(this.#bytes, 0, this.#write(connection));
    return this.#stamps.low;
  }

  /** Both addresses, those of IPv4 in their own form, as Linux hashes them. @returns their octets. */
  #write({ addresses }: TcpOptionConnection): number {
    const view = this.#view;
    if (isMappedWords(addresses, SOURCE) && isMappedWords(addresses, DESTINATION)) {
      view.setInt32(0, addresses[SOURCE + 3] as number);
      view.setInt32(4, addresses[DESTINATION + 3] as number);
      return 8;
    }
    for (let i = 0; i < 4; i++) {
      view.setInt32(4 * i, addresses[SOURCE + i] as number);
      view.setInt32(16 + 4 * i, addresses[DESTINATION + i] as number);
    }
    return 32;
  }
}
