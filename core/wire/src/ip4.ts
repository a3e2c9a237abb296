// IPv4 addresses: strict dotted decimal, RFC 1123 §2.1; special-purpose ranges, RFC 6890 and RFC 8190.
import { AddressError } from './address-error.js';
import { MacAddress } from './mac.js';

const OCTET = '(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const FORM = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

const within = (word: number, network: string, bits: number): boolean => {
  const base = Ip4Address.parse(network).word;
  return bits === 0 || (word ^ base) >>> (32 - bits) === 0;
};

/** Each range is named after what RFC 6890's registry calls it. */
const PRIVATE = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const;
const DOCUMENTATION = [
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const;
const NOT_GLOBAL = [
  ['0.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['198.18.0.0', 15],
  ['240.0.0.0', 4],
] as const;

const anyOf = (word: number, ranges: readonly (readonly [string, number])[]): boolean =>
  ranges.some(([network, bits]) => within(word, network, bits));

export class Ip4Address {
  readonly family = 2 as const;
  /** The address as an int32, network order. */
  readonly word: number;

  private constructor(word: number) {
    this.word = word | 0;
  }

  /** Four decimal numbers without leading zeros. @throws AddressError BAD_IPV4. */
  static parse(text: string): Ip4Address {
    const found = Ip4Address.tryParse(text);
    if (found === undefined)
      throw new AddressError(
        'BAD_IPV4',
        `"${text}" is not an IPv4 address: four decimal numbers from 0 to 255 without leading zeros, such as 192.0.2.1`,
      );
    return found;
  }

  static tryParse(text: string): Ip4Address | undefined {
    const match = FORM.exec(text);
    if (match === null) return undefined;
    const [, a, b, c, d] = match.map(Number) as [number, number, number, number, number];
    return new Ip4Address((a << 24) | (b << 16) | (c << 8) | d);
  }

  static fromWord(word: number): Ip4Address {
    return new Ip4Address(word);
  }

  /** @throws AddressError BAD_IPV4 where there are not four octets. */
  static fromBytes(bytes: Uint8Array, at = 0): Ip4Address {
    if (bytes.length - at < 4) throw new AddressError('BAD_IPV4', `an IPv4 address has 4 octets, not ${bytes.length - at}`);
    return new Ip4Address(new DataView(bytes.buffer, bytes.byteOffset + at, 4).getInt32(0));
  }

  /** From mapped form. */
  static fromWords(words: Int32Array, at: number): Ip4Address {
    return new Ip4Address(words[at + 3] as number);
  }

  /** Into mapped form. */
  toWords(words: Int32Array = new Int32Array(4), at = 0): Int32Array {
    words[at] = 0;
    words[at + 1] = 0;
    words[at + 2] = 0xffff;
    words[at + 3] = this.word;
    return words;
  }

  toBytes(): Uint8Array {
    return Uint8Array.of(this.word >>> 24, this.word >>> 16, this.word >>> 8, this.word);
  }

  get isUnspecified(): boolean {
    return this.word === 0;
  }
  get isLoopback(): boolean {
    return within(this.word, '127.0.0.0', 8);
  }
  get isMulticast(): boolean {
    return within(this.word, '224.0.0.0', 4);
  }
  get isLinkLocal(): boolean {
    return within(this.word, '169.254.0.0', 16);
  }
  get isLimitedBroadcast(): boolean {
    return this.word === -1;
  }
  /** RFC 1918. */
  get isPrivate(): boolean {
    return anyOf(this.word, PRIVATE);
  }
  /** RFC 5737. */
  get isDocumentation(): boolean {
    return anyOf(this.word, DOCUMENTATION);
  }
  /** 240.0.0.0/4 but for the limited broadcast address. */
  get isReserved(): boolean {
    return within(this.word, '240.0.0.0', 4) && this.word !== -1;
  }
  /** Globally reachable unicast. */
  get isGlobal(): boolean {
    return !(this.isMulticast || this.isPrivate || this.isDocumentation || anyOf(this.word, NOT_GLOBAL));
  }

  /** The MAC address of a group: RFC 1112 §6.4. */
  toGroupMac(): MacAddress {
    return MacAddress.fromBytes(Uint8Array.of(0x01, 0x00, 0x5e, (this.word >>> 16) & 0x7f, this.word >>> 8, this.word));
  }

  /** Name for reverse look-up: RFC 1035 §3.5. */
  toReverseName(): string {
    return `${[...this.toBytes()].reverse().join('.')}.in-addr.arpa`;
  }

  equals(other: { readonly family: number }): boolean {
    return other instanceof Ip4Address && other.word === this.word;
  }

  /** Order within the family. */
  compare(other: Ip4Address): number {
    return Math.sign((this.word >>> 0) - (other.word >>> 0));
  }

  toString(): string {
    return this.toBytes().join('.');
  }
}
