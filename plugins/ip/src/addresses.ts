// Addresses of interfaces: `ip address`, and the routes that follow them (connected, local, broadcast), as Linux's fib_frontend keeps them.
import {
  type Clock,
  type Everyone,
  IFF_BROADCAST,
  IFF_UP,
  type Interface,
  type InterfaceSlots,
  type Interfaces,
  type Lookup,
  type Timer,
  type Timers,
} from '@protoloom/contracts';
import type { Addresses, AddressInfo, AddressOptions } from '@protoloom/contracts/control';
import {
  type AddressDetection,
  type AddressEvents,
  type LocalAddress,
  type LocalAddresses,
  type NetworkFamily,
  RT_SCOPE_HOST,
  RT_SCOPE_UNIVERSE,
  RTN_UNICAST,
  RTPROT_KERNEL,
} from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { AddressError, equalWords, InterfaceAddress, matchWords, parseAddress } from '@protoloom/wire';
import { routesOf } from './address-routes.js';
import { AssignedAddress } from './assigned-address.js';
import { IpControlError } from './control-error.js';
import type { Fib } from './fib.js';

export interface AddressesContext {
  readonly fib: Fib;
  readonly interfaces: Interfaces;
  readonly events: Everyone<AddressEvents>;
  readonly detection: Lookup<number, AddressDetection>;
  readonly clock: Clock;
  readonly timers: Timers;
  family(number: number): NetworkFamily | undefined;
}

interface InterfaceAddresses {
  readonly byFamily: Map<number, readonly AssignedAddress[]>;
}

const NONE: readonly AssignedAddress[] = [];

const expire = (table: AddressTable): void => table.expire();

/** A user's text as an address, or EINVAL with what is allowed. */
export function readAddress<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw AddressError.is(error) ? new IpControlError('EINVAL', error.message) : error;
  }
}

export class AddressTable implements LocalAddresses, Addresses {
  readonly #context: AddressesContext;
  readonly #slots: InterfaceSlots<InterfaceAddresses>;
  /** When the next lifetime is over. */
  readonly #lifetimes: Timer;

  constructor(context: AddressesContext, slots: (make: () => InterfaceAddresses) => InterfaceSlots<InterfaceAddresses>) {
    this.#context = context;
    this.#slots = slots(() => ({ byFamily: new Map() }));
    this.#lifetimes = context.timers.timer<AddressTable>(this, expire);
  }

  of(iface: Interface, family: number): readonly LocalAddress[] {
    return this.#of(iface, family);
  }

  add(name: string, text: string, options: AddressOptions = {}): void {
    const iface = this.#iface(name);
    const parsed = readAddress(() => InterfaceAddress.parse(text));
    const network = this.#context.family(parsed.family);
    if (network === undefined) throw new IpControlError('EAFNOSUPPORT', `nobody speaks the family of ${text}: plug in its network layer`);
    if (network.isEnabled?.(iface) === false)
      throw new IpControlError('EACCES', `${text} cannot be ${name}’s: its family is disabled there`);
    const words = parsed.address.toWords();
    if (network.destinationType(words, 0) !== RTN_UNICAST || parsed.address.isUnspecified) {
      throw new IpControlError('EINVAL', `${parsed.address} cannot be an interface's address: it is no unicast address`);
    }
    if (options.manageTemporary === true && (parsed.family === AF_INET || parsed.length !== 64))
      throw new IpControlError('EINVAL', `${text} cannot manage temporary addresses: that takes an IPv6 prefix of 64 bits`);
    const own = this.#of(iface, parsed.family);
    if (own.some((one) => equalWords(one.words, 0, words, 0) && one.prefixLength === parsed.length))
      throw new IpControlError('EEXIST', `${name} has ${text} already`);
    const secondary =
      parsed.family === AF_INET && own.some((one) => one.prefixLength === parsed.length && matchWords(one.words, 0, words, 0, one.bits));
    const read = (one: string | undefined): Int32Array | undefined =>
      one === undefined ? undefined : readAddress(() => parseAddress(one)).toWords();
    const broadcast = read(options.broadcast) ?? this.#broadcastOf(iface, parsed);
    const address = new AssignedAddress(iface, parsed, network.scope(words, 0), secondary, broadcast, read(options.peer), options);
    this.#setLifetimes(address, options);
    this.#slots.of(iface).byFamily.set(parsed.family, [...own, address]);
    if ((iface.flags & IFF_UP) !== 0) this.#begin(address);
    this.#added(address);
  }

  change(name: string, text: string, options: Pick<AddressOptions, 'validLifetime' | 'preferredLifetime'>): void {
    this.#setLifetimes(this.#find(name, text), options);
    this.#context.fib.epoch++;
  }

  settle(local: LocalAddress, unique: boolean): void {
    const address = this.#of(local.iface, local.family).find((one) => one === local);
    if (address === undefined) return;
    const { usable } = address;
    if (usable && !unique) this.#removeRoutes(address);
    address.tentative = !unique;
    address.duplicate = !unique;
    this.#context.fib.epoch++;
    if (unique) {
      this.#addRoutes(address);
      if (!usable) this.#added(address);
    } else if (usable) {
      this.#restoreRoutes(address);
      for (const events of this.#context.events.list) events.removed?.(address);
    }
  }

  remove(name: string, text: string): void {
    this.#drop(this.#find(name, text));
  }

  /** @throws ControlError EADDRNOTAVAIL. */
  #find(name: string, text: string): AssignedAddress {
    const iface = this.#iface(name);
    const parsed = readAddress(() => InterfaceAddress.parse(text));
    const words = parsed.address.toWords();
    const whole = text.includes('/');
    const own = this.#of(iface, parsed.family);
    const address = own.find((one) => equalWords(one.words, 0, words, 0) && (!whole || one.prefixLength === parsed.length));
    if (address === undefined)
      throw new IpControlError(
        'EADDRNOTAVAIL',
        `${name} has no address ${text}; it has ${own.map((one) => one.text).join(', ') || 'none'}`,
      );
    return address;
  }

  list(filter: { readonly iface?: string; readonly family?: 'inet' | 'inet6' } = {}): readonly AddressInfo[] {
    const infos: AddressInfo[] = [];
    for (const iface of this.#context.interfaces.list) {
      if (filter.iface !== undefined && filter.iface !== iface.name) continue;
      for (const [family, addresses] of this.#slots.of(iface).byFamily) {
        const name = family === 2 ? 'inet' : 'inet6';
        if (filter.family !== undefined && filter.family !== name) continue;
        for (const address of addresses) infos.push(this.#info(address, name));
      }
    }
    return infos;
  }

  /** The interface is up: its addresses have routes. */
  up(iface: Interface): void {
    for (const addresses of this.#slots.of(iface).byFamily.values()) for (const address of addresses) this.#begin(address);
  }

  /** The interface is down: nothing is reached through it. */
  down(iface: Interface): void {
    for (const addresses of this.#slots.of(iface).byFamily.values()) for (const address of addresses) this.#end(address);
    this.#context.fib.remove((route) => route.iface === iface);
  }

  /** The interface goes: its addresses go first. */
  gone(iface: Interface): void {
    for (const addresses of this.#slots.of(iface).byFamily.values()) for (const address of addresses) this.#drop(address);
  }

  #drop(address: AssignedAddress): void {
    const { iface, family } = address;
    const { byFamily } = this.#slots.of(iface);
    const left = this.#of(iface, family).filter((one) => one !== address);
    byFamily.set(family, left);
    if ((iface.flags & IFF_UP) !== 0) this.#end(address);
    this.#removeRoutes(address);
    this.#restoreRoutes(address);
    this.#context.fib.epoch++;
    for (const events of this.#context.events.list) events.removed?.(address);
  }

  /** What was removed with an address, and others of the subnet need, is theirs again. */
  #restoreRoutes({ iface, family }: AssignedAddress): void {
    if ((iface.flags & IFF_UP) !== 0) for (const other of this.#of(iface, family)) this.#addRoutes(other);
  }

  /** The address comes into use on an interface that is up, or is first checked. */
  #begin(address: AssignedAddress): void {
    // Whoever checks it sees it as it is while it is checked.
    address.tentative = true;
    address.tentative = this.#context.detection.get(address.family)?.begin(address, address.mayCheck) ?? false;
    this.#addRoutes(address);
  }

  #end(address: AssignedAddress): void {
    this.#context.detection.get(address.family)?.end(address);
    address.tentative = false;
    address.duplicate = false;
  }

  #added(address: AssignedAddress): void {
    // Sources may be chosen otherwise now, even where no route is another.
    this.#context.fib.epoch++;
    if (!address.usable) return;
    for (const events of this.#context.events.list) events.added?.(address);
  }

  #setLifetimes(address: AssignedAddress, options: AddressOptions): void {
    const { nowUs } = this.#context.clock;
    address.setLifetimes(nowUs, options);
    const dueUs = Math.min(address.unpreferred ? address.validUntilUs : address.preferredUntilUs, address.validUntilUs);
    if (dueUs < (this.#lifetimes.armed ? this.#lifetimes.dueUs : Number.POSITIVE_INFINITY)) this.#lifetimes.armAt(dueUs);
  }

  /** RFC 4862 §5.5.4: addresses that are no longer preferred, or no longer valid. */
  expire(): void {
    const { nowUs } = this.#context.clock;
    let nextUs = Number.POSITIVE_INFINITY;
    for (const iface of this.#context.interfaces.list) {
      for (const address of [...this.#slots.of(iface).byFamily.values()].flat()) {
        if (address.validUntilUs <= nowUs) {
          this.#drop(address);
          continue;
        }
        if (address.preferredUntilUs <= nowUs && !address.unpreferred) {
          address.unpreferred = true;
          this.#context.fib.epoch++;
        }
        nextUs = Math.min(nextUs, address.unpreferred ? address.validUntilUs : address.preferredUntilUs);
      }
    }
    if (nextUs < Number.POSITIVE_INFINITY) this.#lifetimes.armAt(nextUs);
  }

  #of(iface: Interface, family: number): readonly AssignedAddress[] {
    return this.#slots.of(iface).byFamily.get(family) ?? NONE;
  }

  #broadcastOf(iface: Interface, { network }: InterfaceAddress): Int32Array | undefined {
    return (iface.flags & IFF_BROADCAST) === 0 ? undefined : network.broadcast?.toWords();
  }

  #addRoutes(address: AssignedAddress): void {
    for (const route of routesOf(address)) this.#context.fib.add(route);
  }

  #removeRoutes(address: AssignedAddress): void {
    const { words, iface } = address;
    const own = routesOf(address);
    this.#context.fib.remove(
      (route) =>
        route.protocol === RTPROT_KERNEL &&
        route.iface === iface &&
        own.some(
          (one) =>
            one.table === route.table && one.bits === route.bits && one.type === route.type && equalWords(one.words, 0, route.words, 0),
        ),
    );
    // Routes that prefer it as their source have none any more: as Linux's fib_sync_down_addr.
    this.#context.fib.remove((route) => route.source !== undefined && equalWords(route.source, 0, words, 0) && route.table === 'main');
  }

  #iface(name: string): Interface {
    const iface = this.#context.interfaces.byName(name);
    if (iface !== undefined) return iface;
    const names = this.#context.interfaces.list.map((one) => one.name).join(', ');
    throw new IpControlError('ENODEV', `there is no interface ${name}; there ${names === '' ? 'are none' : `is ${names}`}`);
  }

  #info(address: AssignedAddress, family: 'inet' | 'inet6'): AddressInfo {
    const network = this.#context.family(address.family);
    const text = (words: Int32Array | undefined): string | undefined => (words === undefined ? undefined : network?.format(words, 0));
    return {
      iface: address.iface.name,
      family,
      address: address.text,
      broadcast: text(address.broadcast),
      peer: text(address.peer),
      scope: address.scope === RT_SCOPE_HOST ? 'host' : address.scope === RT_SCOPE_UNIVERSE ? 'global' : 'link',
      secondary: address.secondary,
      flags: address.flags,
      validLifetime: address.validLifetime(this.#context.clock.nowUs),
      preferredLifetime: address.preferredLifetime(this.#context.clock.nowUs),
    };
  }
}
