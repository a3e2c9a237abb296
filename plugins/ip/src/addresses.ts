// Addresses of interfaces: `ip address`, and the routes that follow them (connected, local, broadcast), as Linux's fib_frontend keeps them.
import {
  type Everyone,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_UP,
  type Interface,
  type InterfaceSlots,
  type Interfaces,
} from '@protoloom/contracts';
import type { Addresses, AddressInfo } from '@protoloom/contracts/control';
import {
  type AddressEvents,
  type LocalAddress,
  type LocalAddresses,
  type NetworkFamily,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_UNICAST,
  RTPROT_KERNEL,
} from '@protoloom/contracts/ip';
import { AddressError, equalWords, InterfaceAddress, matchWords, parseAddress } from '@protoloom/wire';
import { IpControlError } from './control-error.js';
import type { Fib, FibRoute, TableName } from './fib.js';
import { maskWords } from './prefix-table.js';

/** One address, with how it is written. */
class AssignedAddress implements LocalAddress {
  readonly iface: Interface;
  readonly family: number;
  readonly words: Int32Array;
  readonly prefixLength: number;
  readonly broadcast: Int32Array | undefined;
  readonly peer: Int32Array | undefined;
  readonly scope: number;
  readonly secondary: boolean;
  readonly usable = true;
  readonly text: string;

  constructor(
    iface: Interface,
    parsed: InterfaceAddress,
    scope: number,
    secondary: boolean,
    broadcast: Int32Array | undefined,
    peer: Int32Array | undefined,
  ) {
    this.iface = iface;
    this.family = parsed.family;
    this.words = parsed.address.toWords();
    this.prefixLength = parsed.length;
    this.scope = scope;
    this.secondary = secondary;
    this.broadcast = broadcast;
    this.peer = peer;
    this.text = parsed.toString();
  }

  /** Prefix length in the 128-bit form. */
  get bits(): number {
    return this.family === 2 ? this.prefixLength + 96 : this.prefixLength;
  }
}

export interface AddressesContext {
  readonly fib: Fib;
  readonly interfaces: Interfaces;
  readonly events: Everyone<AddressEvents>;
  family(number: number): NetworkFamily | undefined;
}

interface InterfaceAddresses {
  readonly byFamily: Map<number, readonly AssignedAddress[]>;
}

const NONE: readonly AssignedAddress[] = [];

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

  constructor(context: AddressesContext, slots: (make: () => InterfaceAddresses) => InterfaceSlots<InterfaceAddresses>) {
    this.#context = context;
    this.#slots = slots(() => ({ byFamily: new Map() }));
  }

  of(iface: Interface, family: number): readonly LocalAddress[] {
    return this.#of(iface, family);
  }

  add(name: string, text: string, options: { readonly broadcast?: string; readonly peer?: string } = {}): void {
    const iface = this.#iface(name);
    const parsed = readAddress(() => InterfaceAddress.parse(text));
    const network = this.#context.family(parsed.family);
    if (network === undefined) throw new IpControlError('EAFNOSUPPORT', `nobody speaks the family of ${text}: plug in its network layer`);
    const words = parsed.address.toWords();
    if (network.destinationType(words, 0) !== RTN_UNICAST || parsed.address.isUnspecified) {
      throw new IpControlError('EINVAL', `${parsed.address} cannot be an interface's address: it is no unicast address`);
    }
    const own = this.#of(iface, parsed.family);
    if (own.some((one) => equalWords(one.words, 0, words, 0) && one.prefixLength === parsed.length))
      throw new IpControlError('EEXIST', `${name} has ${text} already`);
    const secondary = own.some((one) => one.prefixLength === parsed.length && matchWords(one.words, 0, words, 0, one.bits));
    const read = (one: string | undefined): Int32Array | undefined =>
      one === undefined ? undefined : readAddress(() => parseAddress(one)).toWords();
    const broadcast = read(options.broadcast) ?? this.#broadcastOf(iface, parsed);
    const address = new AssignedAddress(iface, parsed, network.scope(words, 0), secondary, broadcast, read(options.peer));
    this.#slots.of(iface).byFamily.set(parsed.family, [...own, address]);
    if ((iface.flags & IFF_UP) !== 0) this.#addRoutes(address);
    // Sources may be chosen otherwise now, even where no route is another.
    this.#context.fib.epoch++;
    for (const events of this.#context.events.list) events.added?.(address);
  }

  remove(name: string, text: string): void {
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
    this.#drop(address);
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
    for (const addresses of this.#slots.of(iface).byFamily.values()) for (const address of addresses) this.#addRoutes(address);
  }

  /** The interface is down: nothing is reached through it. */
  down(iface: Interface): void {
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
    this.#removeRoutes(address);
    // Routes that others of the subnet need are theirs again.
    if ((iface.flags & IFF_UP) !== 0) for (const other of left) this.#addRoutes(other);
    this.#context.fib.epoch++;
    for (const events of this.#context.events.list) events.removed?.(address);
  }

  #of(iface: Interface, family: number): readonly AssignedAddress[] {
    return this.#slots.of(iface).byFamily.get(family) ?? NONE;
  }

  #broadcastOf(iface: Interface, { network }: InterfaceAddress): Int32Array | undefined {
    return (iface.flags & IFF_BROADCAST) === 0 ? undefined : network.broadcast?.toWords();
  }

  #addRoutes(address: AssignedAddress): void {
    for (const route of this.#routesOf(address)) this.#context.fib.add(route);
  }

  #removeRoutes(address: AssignedAddress): void {
    const { words, iface } = address;
    const own = this.#routesOf(address);
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

  /** As fib_add_ifaddr: the address itself, its subnet, and the subnet's broadcast address. */
  #routesOf(address: AssignedAddress): FibRoute[] {
    const { iface, family, words, bits } = address;
    const loopback = (iface.flags & IFF_LOOPBACK) !== 0;
    const route = (table: TableName, type: number, scope: number, to: Int32Array, toBits: number): FibRoute => ({
      family,
      words: to,
      bits: toBits,
      gateway: undefined,
      iface,
      source: words,
      metric: 0,
      scope,
      protocol: RTPROT_KERNEL,
      type,
      table,
      mtu: 0,
      hopLimit: 0,
      advertisedMss: 0,
      initialCwnd: 0,
      initialRwnd: 0,
      congestionControl: '',
      ecn: false,
    });
    const routes = [route('local', RTN_LOCAL, RT_SCOPE_HOST, words, 128)];
    if (address.peer !== undefined) routes.push(route('main', RTN_UNICAST, RT_SCOPE_LINK, address.peer, 128));
    else if (bits < 128) {
      const prefix = new Int32Array(4);
      maskWords(words, 0, bits, prefix, 0);
      routes.push(
        loopback ? route('local', RTN_LOCAL, RT_SCOPE_HOST, prefix, bits) : route('main', RTN_UNICAST, RT_SCOPE_LINK, prefix, bits),
      );
    }
    if (address.broadcast !== undefined) routes.push(route('local', RTN_BROADCAST, RT_SCOPE_LINK, address.broadcast, 128));
    return routes;
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
    };
  }
}
