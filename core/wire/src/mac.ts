// MAC addresses (EUI-48), IEEE 802.
import { AddressError } from './address-error.js';

const FORMS = [
  /^([0-9a-f]{2})(?::([0-9a-f]{2})){5}$/i,
  /^([0-9a-f]{2})(?:-([0-9a-f]{2})){5}$/i,
  /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i,
];

export class MacAddress {
  static readonly BROADCAST: MacAddress = new MacAddress(Uint8Array.of(255, 255, 255, 255, 255, 255));
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Colon, hyphen or Cisco (`0011.2233.4455`) form. @throws AddressError BAD_MAC. */
  static parse(text: string): MacAddress {
    const found = MacAddress.tryParse(text);
    if (found === undefined)
      throw new AddressError('BAD_MAC', `"${text}" is not a MAC address such as 02:00:5e:10:00:01, 02-00-5e-10-00-01 or 0200.5e10.0001`);
    return found;
  }

  static tryParse(text: string): MacAddress | undefined {
    if (!FORMS.some((form) => form.test(text))) return undefined;
    const digits = text.replace(/[:.-]/g, '');
    return new MacAddress(Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)));
  }

  /** A copy of six octets. @throws AddressError BAD_MAC. */
  static fromBytes(bytes: Uint8Array, at = 0): MacAddress {
    if (bytes.length - at < 6) throw new AddressError('BAD_MAC', `a MAC address has 6 octets, not ${bytes.length - at}`);
    return new MacAddress(bytes.slice(at, at + 6));
  }

  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** The group bit. */
  get isMulticast(): boolean {
    return ((this.#bytes[0] as number) & 1) === 1;
  }
  get isUnicast(): boolean {
    return !this.isMulticast;
  }
  get isBroadcast(): boolean {
    return this.#bytes.every((octet) => octet === 255);
  }
  get isZero(): boolean {
    return this.#bytes.every((octet) => octet === 0);
  }
  get isLocallyAdministered(): boolean {
    return ((this.#bytes[0] as number) & 2) === 2;
  }

  /** Modified EUI-64 interface identifier, 8 octets: RFC 4291 appendix A. */
  toEui64(): Uint8Array {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = this.#bytes;
    return Uint8Array.of(a ^ 2, b, c, 0xff, 0xfe, d, e, f);
  }

  equals(other: MacAddress): boolean {
    return this.compare(other) === 0;
  }

  compare(other: MacAddress): number {
    for (let i = 0; i < 6; i++) {
      const difference = (this.#bytes[i] as number) - (other.#bytes[i] as number);
      if (difference !== 0) return Math.sign(difference);
    }
    return 0;
  }

  toString(): string {
    return Array.from(this.#bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
  }
}
