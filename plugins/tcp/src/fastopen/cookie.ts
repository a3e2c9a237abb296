// Cookies that a server gives, RFC 7413 §4.1.2: SipHash-2-4 over the client's address and ours, by a secret key, as Linux makes them.
import { DESTINATION, type Entropy, SOURCE } from '@protoloom/contracts';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { SipHash } from '@protoloom/wire';
import type { Peer } from '../route.js';
import type { FastOpenOption } from './option.js';

/** Octets of a key. */
export const KEY_BYTES = 16;
const COOKIE_BYTES = 8;
const KEY_WORDS = 4;

/** What no key was ever made for reads so. */
export const NO_KEY = '00000000-00000000-00000000-00000000';

/** One key, or two while the second is given up: the first makes cookies, each is good for those that come (RFC 7413 §4.1.2, key rotation). */
export class CookieKeys {
  readonly bytes: Uint8Array;
  readonly #hashes: readonly SipHash[];
  readonly #addresses = new Uint8Array(32);
  readonly #view = new DataView(this.#addresses.buffer);

  /** @param bytes 16 octets, or 32. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
    const second = bytes.length > KEY_BYTES ? [new SipHash(bytes.subarray(KEY_BYTES))] : [];
    this.#hashes = [new SipHash(bytes.subarray(0, KEY_BYTES)), ...second];
  }

  /** The cookie for a peer. */
  issue(peer: Peer, into: FastOpenOption): void {
    const view = new DataView(into.cookie.buffer, into.cookie.byteOffset);
    const hash = this.#hash(0, peer);
    view.setInt32(0, hash.low, true);
    view.setInt32(4, hash.high, true);
    into.length = COOKIE_BYTES;
  }

  /** Which key a peer's cookie was made by: 0 the first, 1 the other; -1: none. */
  check(peer: Peer, { length, cookie }: FastOpenOption): number {
    if (length !== COOKIE_BYTES) return -1;
    const view = new DataView(cookie.buffer, cookie.byteOffset);
    for (let i = 0; i < this.#hashes.length; i++) {
      const hash = this.#hash(i, peer);
      if (view.getInt32(0, true) === hash.low && view.getInt32(4, true) === hash.high) return i;
    }
    return -1;
  }

  #hash(i: number, { family, addresses }: Peer): SipHash {
    const hash = this.#hashes[i] as SipHash;
    const words = family === AF_INET6 ? 4 : 1;
    for (let w = 0; w < words; w++) {
      this.#view.setInt32(4 * w, addresses[DESTINATION + 4 - words + w] as number);
      this.#view.setInt32(4 * (words + w), addresses[SOURCE + 4 - words + w] as number);
    }
    hash.hash(this.#addresses, 0, 8 * words);
    return hash;
  }
}

/** Keys as tcp_fastopen_key tells them: four hexadecimal words each, little-endian, two keys with a comma between. */
export function formatKeys(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const keys: string[] = [];
  for (let at = 0; at < bytes.length; at += KEY_BYTES)
    keys.push(
      Array.from({ length: KEY_WORDS }, (_, i) =>
        view
          .getUint32(at + 4 * i, true)
          .toString(16)
          .padStart(8, '0'),
      ).join('-'),
    );
  return keys.join(',');
}

/** Reads them. @throws RangeError, which says what is allowed. */
export function parseKeys(text: string): Uint8Array {
  const keys = text.trim().split(',');
  const words = keys.flatMap((key) => key.trim().split('-'));
  if (keys.length > 2 || words.length !== KEY_WORDS * keys.length || !words.every((word) => /^[0-9a-fA-F]{1,8}$/.test(word)))
    throw new RangeError('takes one key or two with a comma, each of four hexadecimal words: 00000001-00000002-00000003-00000004');
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 * i, Number.parseInt(word, 16), true);
  });
  return bytes;
}

/** The host's keys: made when the first listener may use them, or set by tcp_fastopen_key. */
export class HostKeys {
  readonly #entropy: Entropy;
  keys: CookieKeys | undefined = undefined;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  make(): void {
    if (this.keys !== undefined) return;
    const bytes = new Uint8Array(KEY_BYTES);
    this.#entropy.fill(bytes);
    this.keys = new CookieKeys(bytes);
  }

  get text(): string {
    return this.keys === undefined ? NO_KEY : formatKeys(this.keys.bytes);
  }
}
