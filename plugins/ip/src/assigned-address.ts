// One address of an interface, with what it is good for now.
import type { Interface } from '@protoloom/contracts';
import type { AddressOptions } from '@protoloom/contracts/control';
import type { LocalAddress } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import type { InterfaceAddress } from '@protoloom/wire';

const SECOND_US = 1_000_000;
/** RFC 4861 §4.6.2: all bits one is for ever. */
const FOREVER_S = 0xffff_ffff;

const untilUs = (nowUs: number, seconds: number | undefined): number =>
  seconds === undefined || seconds >= FOREVER_S ? Number.POSITIVE_INFINITY : nowUs + seconds * SECOND_US;

/** Seconds left, undefined: for ever. */
const left = (nowUs: number, us: number): number | undefined =>
  us === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.round((us - nowUs) / SECOND_US));

export class AssignedAddress implements LocalAddress {
  readonly iface: Interface;
  readonly family: number;
  readonly words: Int32Array;
  readonly prefixLength: number;
  readonly broadcast: Int32Array | undefined;
  readonly peer: Int32Array | undefined;
  readonly scope: number;
  readonly secondary: boolean;
  readonly temporary: boolean;
  readonly managesTemporary: boolean;
  readonly noPrefixRoute: boolean;
  readonly mayCheck: boolean;
  readonly #optimism: AddressOptions['optimistic'];
  readonly text: string;
  /** It is being checked, or was found to be another host's. */
  tentative = false;
  duplicate = false;
  /** Its preferred lifetime is over. */
  unpreferred = false;
  preferredUntilUs = Number.POSITIVE_INFINITY;
  validUntilUs = Number.POSITIVE_INFINITY;

  constructor(
    iface: Interface,
    parsed: InterfaceAddress,
    scope: number,
    secondary: boolean,
    broadcast: Int32Array | undefined,
    peer: Int32Array | undefined,
    options: AddressOptions,
  ) {
    this.iface = iface;
    this.family = parsed.family;
    this.words = parsed.address.toWords();
    this.prefixLength = parsed.length;
    this.scope = scope;
    this.secondary = secondary;
    this.broadcast = broadcast;
    this.peer = peer;
    this.temporary = options.temporary === true;
    this.managesTemporary = options.manageTemporary === true;
    this.noPrefixRoute = options.noPrefixRoute === true;
    this.mayCheck = options.noDad !== true;
    this.#optimism = options.optimistic;
    this.text = parsed.toString();
  }

  get usable(): boolean {
    return !this.tentative || this.optimistic;
  }

  get optimistic(): boolean {
    return this.tentative && !this.duplicate && this.#optimism !== undefined;
  }

  get deprecated(): boolean {
    return this.unpreferred || (this.optimistic && this.#optimism === 'avoided');
  }

  /** Prefix length in the 128-bit form. */
  get bits(): number {
    return this.family === AF_INET ? this.prefixLength + 96 : this.prefixLength;
  }

  /** RFC 4862 §5.5.4. */
  setLifetimes(nowUs: number, { validLifetime, preferredLifetime }: AddressOptions): void {
    this.validUntilUs = untilUs(nowUs, validLifetime);
    this.preferredUntilUs = Math.min(untilUs(nowUs, preferredLifetime), this.validUntilUs);
    this.unpreferred = this.preferredUntilUs <= nowUs;
  }

  validLifetime(nowUs: number): number | undefined {
    return left(nowUs, this.validUntilUs);
  }

  preferredLifetime(nowUs: number): number | undefined {
    return left(nowUs, this.preferredUntilUs);
  }

  /** Names of Linux's `ip address`. */
  get flags(): readonly string[] {
    const { tentative, optimistic, temporary, noPrefixRoute: noprefixroute, validUntilUs } = this;
    const { duplicate: dadfailed, unpreferred: deprecated, managesTemporary: mngtmpaddr } = this;
    const permanent = validUntilUs === Number.POSITIVE_INFINITY;
    return Object.entries({ temporary, permanent, tentative, optimistic, dadfailed, deprecated, mngtmpaddr, noprefixroute })
      .filter(([, set]) => set)
      .map(([name]) => name);
  }
}
