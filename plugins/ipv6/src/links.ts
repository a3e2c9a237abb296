// IPv6 on each interface: whether it is spoken there, with which MTU and hop limit, and the addresses that come and go with the interface.
import { type Everyone, IFF_LOOPBACK, IFF_UP, type Interface, type InterfaceSysctlValues } from '@protoloom/contracts';
import type { Addresses } from '@protoloom/contracts/control';
import type { Routes } from '@protoloom/contracts/ip';
import type { Ip6LinkEvents, Ip6Links } from '@protoloom/contracts/ipv6';
import { interfaceSysctls } from './sysctls.js';

/** What Linux gives the loopback interface when it comes up. */
const LOOPBACK_ADDRESS = '::1/128';

export interface LinksContext {
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly sysctls: InterfaceSysctlValues<typeof interfaceSysctls>;
  readonly events: Everyone<Ip6LinkEvents>;
}

export class Links implements Ip6Links {
  readonly #context: LinksContext;

  constructor(context: LinksContext) {
    this.#context = context;
  }

  isEnabled(iface: Interface): boolean {
    return this.#context.sysctls.of(iface).disableIpv6 === 0;
  }

  mtu(iface: Interface): number {
    return Math.min(this.#context.sysctls.of(iface).mtu, iface.mtu);
  }

  setHopLimit(iface: Interface, hops: number): void {
    this.#context.sysctls.set(iface, 'hopLimit', hops);
  }

  setMtu(iface: Interface, mtu: number): void {
    const { sysctls } = this.#context;
    if (sysctls.of(iface).mtu !== mtu) sysctls.set(iface, 'mtu', mtu);
  }

  disable(iface: Interface): void {
    this.#context.sysctls.set(iface, 'disableIpv6', 1);
  }

  /** The interface is new, or its MTU is. */
  resized(iface: Interface): void {
    this.setMtu(iface, Math.max(iface.mtu, interfaceSysctls.mtu.min));
  }

  up(iface: Interface): void {
    this.resized(iface);
    const { addresses } = this.#context;
    if ((iface.flags & IFF_LOOPBACK) === 0 || !this.isEnabled(iface)) return;
    const there = addresses.list({ iface: iface.name, family: 'inet6' }).some(({ address }) => address === LOOPBACK_ADDRESS);
    if (!there) addresses.add(iface.name, LOOPBACK_ADDRESS);
  }

  /** As Linux's addrconf_ifdown: addresses go with the interface, but for what `keep_addr_on_down` keeps. */
  down(iface: Interface): void {
    const keeps = this.#context.sysctls.of(iface).keepAddrOnDown > 0;
    this.#removeAddresses(iface, ({ flags, scope }) => keeps && flags.includes('permanent') && scope === 'global');
  }

  /** `disable_ipv6` was set, to whatever. @param iface undefined: for interfaces to come. */
  readonly switched = (iface: Interface | undefined): void => {
    if (iface === undefined) return;
    const enabled = this.isEnabled(iface);
    if (!enabled) this.#removeAddresses(iface, () => false);
    if ((iface.flags & IFF_UP) === 0) return;
    if (enabled) this.up(iface);
    for (const events of this.#context.events.list) events[enabled ? 'enabled' : 'disabled'](iface);
  };

  readonly mtuSet = (): void => this.#context.routes.invalidate();

  #removeAddresses(iface: Interface, keeps: (address: ReturnType<Addresses['list']>[number]) => boolean): void {
    const { addresses } = this.#context;
    for (const one of addresses.list({ iface: iface.name, family: 'inet6' })) if (!keeps(one)) addresses.remove(iface.name, one.address);
  }
}
