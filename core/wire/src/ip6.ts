// IPv6 addresses: text RFC 4291 §2.2 and RFC 4007 §11 in, RFC 5952 out.
import { AddressError } from './address-error.js';
import { Ip4Address } from './ip4.js';
import { MacAddress } from './mac.js';

const GROUP = /^[0-9a-f]{1,4}$/i;

/** The 16-bit groups of one side of `::`, or undefined. An embedded IPv4 address counts for two, and only at the very end. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const embedded = Ip4Address.tryParse(part);
      if (embedded === undefined) return undefined;
      groups.push(embedded.word >>> 16, embedded.word & 0xffff);
    } else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function parseGroups(text: string): number[] | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const [left, right] = sides;
  const head = groupsOf(left as string, right === undefined);
  if (head === undefined) return undefined;
  if (right === undefined) return head.length === 8 ? head : undefined;
  const tail = groupsOf(right, true);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

export class Ip6Address {
  readonly family = 10 as const;
  /** Zone after `%`, or empty: RFC 4007. */
  readonly zone: string;
  readonly #words: Int32Array;

  private constructor(words: Int32Array, zone: string) {
    this.#words = words;
    this.zone = zone;
  }

  /** @throws AddressError BAD_IPV6. */
  static parse(text: string): Ip6Address {
    const found = Ip6Address.tryParse(text);
    if (found === undefined)
      throw new AddressError('BAD_IPV6', `"${text}" is not an IPv6 address such as 2001:db8::1, ::ffff:192.0.2.1 or fe80::1%eth0`);
    return found;
  }

  static tryParse(text: string): Ip6Address | undefined {
    const [address, zone, ...rest] = text.split('%') as [string, ...string[]];
    if (rest.length > 0 || zone === '') return undefined;
    const groups = parseGroups(address);
    if (groups === undefined) return undefined;
    const words = Int32Array.from({ length: 4 }, (_, i) => ((groups[2 * i] as number) << 16) | (groups[2 * i + 1] as number));
    return new Ip6Address(words, zone ?? '');
  }

  /** @throws AddressError BAD_IPV6 where there are not 16 octets. */
  static fromBytes(bytes: Uint8Array, at = 0): Ip6Address {
    if (bytes.length - at < 16) throw new AddressError('BAD_IPV6', `an IPv6 address has 16 octets, not ${bytes.length - at}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
    return new Ip6Address(
      Int32Array.from({ length: 4 }, (_, i) => view.getInt32(4 * i)),
      '',
    );
  }

  static fromWords(words: Int32Array, at: number, zone = ''): Ip6Address {
    return new Ip6Address(words.slice(at, at + 4), zone);
  }

  toWords(words: Int32Array = new Int32Array(4), at = 0): Int32Array {
    words.set(this.#words, at);
    return words;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < 4; i++) view.setInt32(4 * i, this.#word(i));
    return bytes;
  }

  get isUnspecified(): boolean {
    return this.#words.every((word) => word === 0);
  }
  get isLoopback(): boolean {
    return this.#word(0) === 0 && this.#word(1) === 0 && this.#word(2) === 0 && this.#word(3) === 1;
  }
  get isMulticast(): boolean {
    return this.#word(0) >>> 24 === 0xff;
  }
  /** fe80::/10. */
  get isLinkLocal(): boolean {
    return this.#word(0) >>> 22 === 0x3fa;
  }
  /** fc00::/7, RFC 4193. */
  get isUniqueLocal(): boolean {
    return this.#word(0) >>> 25 === 0x7e;
  }
  /** 2001:db8::/32 (RFC 3849), 3fff::/20 (RFC 9637). */
  get isDocumentation(): boolean {
    return this.#word(0) === 0x20010db8 || this.#word(0) >>> 12 === 0x3fff0;
  }
  get isMapped(): boolean {
    return this.#word(0) === 0 && this.#word(1) === 0 && this.#word(2) === 0xffff;
  }
  /** Globally reachable unicast: in 2000::/3, but for documentation and benchmarking. */
  get isGlobal(): boolean {
    return this.#word(0) >>> 29 === 1 && !this.isDocumentation && !(this.#word(0) === 0x20010002 && this.#word(1) >>> 16 === 0);
  }

  /** The IPv4 address in a mapped one, in 6to4 (RFC 3056), or a Teredo client's (RFC 4380 §4). */
  get embeddedIp4(): Ip4Address | undefined {
    if (this.isMapped) return Ip4Address.fromWord(this.#word(3));
    if (this.#word(0) >>> 16 === 0x2002) return Ip4Address.fromWord((this.#word(0) << 16) | (this.#word(1) >>> 16));
    if (this.#word(0) === 0x20010000) return Ip4Address.fromWord(~this.#word(3));
    return undefined;
  }

  /** RFC 4291 §2.7.1. */
  toSolicitedNode(): Ip6Address {
    return new Ip6Address(Int32Array.of(0xff020000 | 0, 0, 1, 0xff000000 | (this.#word(3) & 0xffffff)), '');
  }

  /** The MAC address of a group: RFC 2464 §7. */
  toGroupMac(): MacAddress {
    const low = this.#word(3);
    return MacAddress.fromBytes(Uint8Array.of(0x33, 0x33, low >>> 24, low >>> 16, low >>> 8, low));
  }

  /** Name for reverse look-up: RFC 3596 §2.5. */
  toReverseName(): string {
    const nibbles = Array.from(this.toBytes(), (octet) => octet.toString(16).padStart(2, '0')).join('');
    return `${[...nibbles].reverse().join('.')}.ip6.arpa`;
  }

  equals(other: { readonly family: number }): boolean {
    return other instanceof Ip6Address && other.compare(this) === 0;
  }

  /** Order within the family: by address, then by zone. */
  compare(other: Ip6Address): number {
    for (let i = 0; i < 4; i++) {
      const difference = (this.#word(i) >>> 0) - (other.#word(i) >>> 0);
      if (difference !== 0) return Math.sign(difference);
    }
    return this.zone < other.zone ? -1 : this.zone > other.zone ? 1 : 0;
  }

  /** Canonical text, RFC 5952: mapped addresses with their IPv4 part in dotted decimal (§5). */
  toString(): string {
    const zone = this.zone === '' ? '' : `%${this.zone}`;
    if (this.isMapped) return `::ffff:${Ip4Address.fromWord(this.#word(3))}${zone}`;
    const groups = Array.from(this.#words).flatMap((word) => [word >>> 16, word & 0xffff]);
    // The longest run of two zero groups or more, the first of equals (§4.2).
    let start = -1;
    let length = 1;
    for (let from = 0; from < 8; from++) {
      let to = from;
      while (to < 8 && groups[to] === 0) to++;
      if (to - from > length) {
        start = from;
        length = to - from;
      }
      from = Math.max(from, to - 1);
    }
    const text = groups.map((group) => group.toString(16));
    if (start < 0) return `${text.join(':')}${zone}`;
    return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}${zone}`;
  }

  #word(index: number): number {
    return this.#words[index] as number;
  }
}
