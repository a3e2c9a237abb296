// Keyed hashes of who talks to whom: what sequence numbers, timestamps, cookies and port numbers are made of (RFC 6528, RFC 7323 §7.1, RFC 6056).
import { DESTINATION, type Entropy, SOURCE } from '@protoloom/contracts';
import { isMappedWords, SipHash } from '@protoloom/wire';

const KEY_BYTES = 16;
/** Both addresses, and two words. */
const MOST_BYTES = 40;

export class TupleHash {
  readonly #hash: SipHash;
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(entropy: Entropy) {
    const key = new Uint8Array(KEY_BYTES);
    entropy.fill(key);
    this.#hash = new SipHash(key);
  }

  /** Of two addresses, us at SOURCE, and of up to two words besides: an int32. */
  of(addresses: Int32Array, first?: number, second?: number): number {
    let end = this.#write(addresses);
    if (first !== undefined) {
      this.#view.setInt32(end, first);
      end += 4;
    }
    if (second !== undefined) {
      this.#view.setInt32(end, second);
      end += 4;
    }
    this.#hash.hash(this.#bytes, 0, end);
    return this.#hash.low;
  }

  /** Addresses of IPv4 in their own form, as Linux hashes them. @returns their octets. */
  #write(addresses: Int32Array): number {
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
