// Prefixes (networks), masks, and an interface's address with its prefix length: RFC 4632, RFC 4291 §2.3, RFC 3021.
import { AddressError } from './address-error.js';
import { Ip4Address } from './ip4.js';
import { Ip6Address } from './ip6.js';

/** An address of either family. */
export type IpAddress = Ip4Address | Ip6Address;

/** Reads an address of either family. @throws AddressError BAD_ADDRESS. */
export function parseAddress(text: string): IpAddress {
  const found = Ip4Address.tryParse(text) ?? Ip6Address.tryParse(text);
  if (found === undefined) throw new AddressError('BAD_ADDRESS', `"${text}" is not an address such as 192.0.2.1 or 2001:db8::1`);
  return found;
}

const bitsOf = (address: IpAddress): number => (address.family === 2 ? 32 : 128);

const toNumber = (address: IpAddress): bigint => address.toBytes().reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);

function fromNumber(value: bigint, family: 2 | 10): IpAddress {
  const octets = family === 2 ? 4 : 16;
  const bytes = Uint8Array.from({ length: octets }, (_, i) => Number((value >> BigInt(8 * (octets - 1 - i))) & 0xffn));
  return family === 2 ? Ip4Address.fromBytes(bytes) : Ip6Address.fromBytes(bytes);
}

/** Reads `address/length`; without length a host's. @throws AddressError BAD_ADDRESS, BAD_PREFIX. */
function parseCidr(text: string): { address: IpAddress; length: number } {
  const [left, right, ...rest] = text.split('/') as [string, ...string[]];
  const address = parseAddress(left);
  const top = bitsOf(address);
  if (right === undefined) return { address, length: top };
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(right) || Number(right) > top) {
    throw new AddressError('BAD_PREFIX', `"${text}" has no prefix length from 0 to ${top} after its /`);
  }
  return { address, length: Number(right) };
}

/** A network: an address all of whose bits after the prefix are zero. */
export class Prefix {
  readonly address: IpAddress;
  readonly length: number;

  private constructor(address: IpAddress, length: number) {
    this.address = address;
    this.length = length;
  }

  /** CIDR text. @throws AddressError BAD_PREFIX where bits after the prefix are set. */
  static parse(text: string): Prefix {
    const { address, length } = parseCidr(text);
    const prefix = Prefix.of(address, length);
    if (!prefix.address.equals(address))
      throw new AddressError('BAD_PREFIX', `${text} has bits set after its prefix; the network is ${prefix}`);
    return prefix;
  }

  /** The network that an address is in. @throws AddressError BAD_PREFIX. */
  static of(address: IpAddress, length: number): Prefix {
    const bits = bitsOf(address);
    if (!Number.isInteger(length) || length < 0 || length > bits)
      throw new AddressError('BAD_PREFIX', `a prefix length is from 0 to ${bits}, not ${length}`);
    const host = BigInt(bits - length);
    return new Prefix(fromNumber((toNumber(address) >> host) << host, address.family), length);
  }

  /** The fewest networks that cover the same addresses. */
  static summarise(prefixes: readonly Prefix[]): Prefix[] {
    let left = [...prefixes].sort((a, b) => a.compare(b));
    for (let changed = true; changed; ) {
      changed = false;
      const kept: Prefix[] = [];
      for (const prefix of left) {
        const before = kept.at(-1);
        if (before?.contains(prefix)) changed = true;
        else if (
          before !== undefined &&
          before.length === prefix.length &&
          before.length > 0 &&
          before.supernet().equals(prefix.supernet())
        ) {
          kept[kept.length - 1] = before.supernet();
          changed = true;
        } else kept.push(prefix);
      }
      left = kept;
    }
    return left;
  }

  get family(): 2 | 10 {
    return this.address.family;
  }

  /** Bits of the 128 that count on the packet path: an IPv4 /24 is 120. */
  get wordBits(): number {
    return this.family === 2 ? this.length + 96 : this.length;
  }

  /** How many addresses there are. */
  get size(): bigint {
    return 1n << BigInt(bitsOf(this.address) - this.length);
  }

  /** The last address where that is a broadcast address: IPv4, and shorter than /31 (RFC 3021). */
  get broadcast(): Ip4Address | undefined {
    if (this.family !== 2 || this.length >= 31) return undefined;
    return this.nth(this.size - 1n) as Ip4Address;
  }

  /** The nth address, from 0. @throws AddressError BAD_PREFIX beyond the last. */
  nth(n: bigint | number): IpAddress {
    const index = BigInt(n);
    if (index < 0n || index >= this.size) throw new AddressError('BAD_PREFIX', `${this} has addresses 0 to ${this.size - 1n}, not ${n}`);
    return fromNumber(toNumber(this.address) + index, this.family);
  }

  contains(other: IpAddress | Prefix): boolean {
    const [address, length] = other instanceof Prefix ? [other.address, other.length] : [other, bitsOf(other)];
    if (address.family !== this.family || length < this.length) return false;
    return Prefix.of(address, this.length).address.equals(this.address);
  }

  overlaps(other: Prefix): boolean {
    return this.contains(other) || other.contains(this);
  }

  /** Its networks of a longer prefix, in order. @throws AddressError BAD_PREFIX for a shorter one, or for more than 65,536 of them. */
  subnets(length: number): Prefix[] {
    const bits = bitsOf(this.address);
    if (!Number.isInteger(length) || length < this.length || length > Math.min(bits, this.length + 16)) {
      throw new AddressError(
        'BAD_PREFIX',
        `subnets of ${this} have prefix lengths from ${this.length} to ${Math.min(bits, this.length + 16)}, not ${length}`,
      );
    }
    const step = 1n << BigInt(bits - length);
    return Array.from({ length: 2 ** (length - this.length) }, (_, i) => Prefix.of(this.nth(BigInt(i) * step), length));
  }

  /** The network one bit shorter. @throws AddressError BAD_PREFIX for /0. */
  supernet(): Prefix {
    return Prefix.of(this.address, this.length - 1);
  }

  /** What is left of it without `other`. */
  exclude(other: Prefix): Prefix[] {
    if (other.contains(this)) return [];
    if (!this.contains(other)) return [this];
    return this.subnets(this.length + 1).flatMap((half) => half.exclude(other));
  }

  equals(other: Prefix): boolean {
    return this.length === other.length && this.address.equals(other.address);
  }

  /** By address, shorter first. IPv4 stands before IPv6. */
  compare(other: Prefix): number {
    if (this.family !== other.family) return this.family - other.family;
    return this.address.compare(other.address as never) || this.length - other.length;
  }

  toString(): string {
    return `${this.address}/${this.length}`;
  }
}

/** An address and the prefix length of its subnet. A gateway has no place in it. */
export class InterfaceAddress {
  readonly address: IpAddress;
  readonly length: number;

  private constructor(address: IpAddress, length: number) {
    this.address = address;
    this.length = length;
  }

  /** `192.0.2.1/24`; without length a host's. @throws AddressError BAD_ADDRESS, BAD_PREFIX. */
  static parse(text: string): InterfaceAddress {
    const { address, length } = parseCidr(text);
    return new InterfaceAddress(address, length);
  }

  get family(): 2 | 10 {
    return this.address.family;
  }
  get network(): Prefix {
    return Prefix.of(this.address, this.length);
  }

  equals(other: InterfaceAddress): boolean {
    return this.length === other.length && this.address.equals(other.address);
  }

  toString(): string {
    return `${this.address}/${this.length}`;
  }
}

/** A contiguous IPv4 netmask. */
export class Mask {
  readonly length: number;

  private constructor(length: number) {
    this.length = length;
  }

  /** @throws AddressError BAD_MASK. */
  static of(length: number): Mask {
    if (!Number.isInteger(length) || length < 0 || length > 32)
      throw new AddressError('BAD_MASK', `a mask has 0 to 32 bits, not ${length}`);
    return new Mask(length);
  }

  /** Dotted decimal. @throws AddressError BAD_MASK where ones follow zeros. */
  static parse(text: string): Mask {
    const { word } = Ip4Address.parse(text);
    const length = Math.clz32(~word);
    if (Mask.of(length).word !== word) throw new AddressError('BAD_MASK', `${text} is not contiguous: ones, then zeros`);
    return new Mask(length);
  }

  /** int32. */
  get word(): number {
    return this.length === 0 ? 0 : -1 << (32 - this.length);
  }

  toString(): string {
    return Ip4Address.fromWord(this.word).toString();
  }
}

/** An access list's wildcard: bits that are one do not count, in whatever places. */
export class Wildcard {
  readonly address: Ip4Address;
  readonly wildcard: Ip4Address;

  private constructor(address: Ip4Address, wildcard: Ip4Address) {
    this.address = address;
    this.wildcard = wildcard;
  }

  /** Both dotted decimal. @throws AddressError BAD_IPV4. */
  static parse(address: string, wildcard: string): Wildcard {
    return new Wildcard(Ip4Address.parse(address), Ip4Address.parse(wildcard));
  }

  matches(address: Ip4Address): boolean {
    return ((address.word ^ this.address.word) & ~this.wildcard.word) === 0;
  }

  toString(): string {
    return `${this.address} ${this.wildcard}`;
  }
}
