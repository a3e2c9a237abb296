// The stack's interfaces, and `ip link` over them.
import {
  type Device,
  type Everyone,
  IFF_ALLMULTI,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_UP,
  type Interface,
  type InterfaceEvents,
  type Interfaces,
  type LinkType,
  type Log,
} from '@protoloom/contracts';
import type { LinkInfo, Links } from '@protoloom/contracts/control';

import { MacAddress } from '@protoloom/wire';
import { ControlError } from '../control-error.js';
import type { CounterRegistry } from '../counters.js';
import type { SlotRegistry } from '../slots.js';
import type { SysctlRegistry } from '../sysctls.js';
import { type InterfaceContext, MOST_SEGMENTS, NetInterface } from './interface.js';

const MIN_MTU = 68;
const MAX_MTU = 65_536;
/** Longest name, as Linux's IFNAMSIZ less the end. */
const MAX_NAME = 15;

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [IFF_LOOPBACK, 'LOOPBACK'],
  [IFF_BROADCAST, 'BROADCAST'],
  [IFF_POINTOPOINT, 'POINTOPOINT'],
  [IFF_MULTICAST, 'MULTICAST'],
  [IFF_NOARP, 'NOARP'],
  [IFF_PROMISC, 'PROMISC'],
  [IFF_ALLMULTI, 'ALLMULTI'],
  [IFF_UP, 'UP'],
  [IFF_RUNNING, 'RUNNING'],
];

export interface LinkControlContext extends Omit<InterfaceContext, 'failed' | 'carrier'> {
  readonly log: Log;
  readonly linkTypes: { get(type: number): LinkType | undefined; ownerOf(type: number): string };
  readonly events: Everyone<InterfaceEvents>;
  readonly counterRegistry: CounterRegistry;
  readonly sysctlRegistry: SysctlRegistry;
  readonly slotRegistry: SlotRegistry;
  /** The rotation of devices is another now. */
  portsChanged(ports: readonly NetInterface[]): void;
}

export class LinkControl implements Links {
  #list: readonly NetInterface[] = [];
  #nextIndex = 1;
  readonly #context: LinkControlContext;

  constructor(context: LinkControlContext) {
    this.#context = context;
    const control = this;
    this.interfaces = {
      get list() {
        return control.#list;
      },
      byIndex: (index) => control.#list.find((iface) => iface.index === index),
      byName: (name) => control.byName(name),
    };
  }

  /** What plugins see. */
  readonly interfaces: Interfaces;

  // ---- LINKS -----------------------------------------------------------------------------------------------------------------------

  add(device: Device, options: { readonly name?: string } = {}): Interface {
    const name = options.name ?? device.name;
    if (name.length === 0 || name.length > MAX_NAME || /[\s/:*]/.test(name) || name === 'all' || name === 'default') {
      throw new ControlError(
        'EINVAL',
        `an interface cannot be named "${name}": 1 to ${MAX_NAME} characters without space, / : or *, not all or default`,
      );
    }
    if (this.byName(name) !== undefined) throw new ControlError('EEXIST', `there is an interface ${name} already`);
    const { linkTypes } = this.#context;
    const link = linkTypes.get(device.type);
    if (link === undefined)
      throw new ControlError('EINVAL', `nobody speaks the link type ${device.type} of ${name}: plug one in that attaches to link.type`);
    const taken = new Set(this.#list.map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    const context: InterfaceContext = {
      ...this.#context,
      failed: (iface, error) => this.#failed(iface, error),
      carrier: (iface) => this.#carrier(iface),
    };
    const iface = new NetInterface(context, this.#nextIndex++, slot, name, device, link, linkTypes.ownerOf(device.type));
    this.#context.counterRegistry.interfaceAdded(iface);
    this.#context.sysctlRegistry.interfaceAdded(iface);
    this.#context.slotRegistry.added(iface);
    this.#replace([...this.#list, iface]);
    for (const events of this.#context.events.list) events.added?.(iface);
    device.open(iface.port);
    return iface;
  }

  remove(name: string): void {
    this.#remove(this.#named(name));
  }

  up(name: string): void {
    const iface = this.#named(name);
    if ((iface.flags & IFF_UP) !== 0) return;
    iface.up = true;
    this.#tellUp(iface);
  }

  down(name: string): void {
    const iface = this.#named(name);
    if ((iface.flags & IFF_UP) === 0) return;
    this.#tellDown(iface);
    iface.up = false;
    iface.drain();
  }

  setMtu(name: string, mtu: number): void {
    const iface = this.#named(name);
    if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > MAX_MTU)
      throw new ControlError('EINVAL', `an MTU is a whole number from ${MIN_MTU} to ${MAX_MTU}, not ${mtu}`);
    if ((iface.device.setMtu?.(mtu) ?? 0) < 0) throw new ControlError('EINVAL', `the device of ${name} does not take an MTU of ${mtu}`);
    iface.mtu = mtu;
    this.#tellChanged(iface);
  }

  setMaxSegments(name: string, segments: number): void {
    const iface = this.#named(name);
    if (!Number.isInteger(segments) || segments < 1 || segments > MOST_SEGMENTS)
      throw new ControlError('EINVAL', `gso_max_segs is a whole number from 1 to ${MOST_SEGMENTS}, not ${segments}`);
    iface.maxSegments = segments;
  }

  setAddress(name: string, address: string): void {
    const iface = this.#named(name);
    if ((iface.flags & IFF_UP) !== 0) throw new ControlError('EBUSY', `the address of ${name} can be set only while it is down`);
    const bytes = MacAddress.parse(address).toBytes();
    if (bytes.length !== iface.link.addressBytes)
      throw new ControlError('EINVAL', `addresses of ${name} have ${iface.link.addressBytes} octets`);
    if (((bytes[0] as number) & 1) === 1)
      throw new ControlError('EADDRNOTAVAIL', `${address} is a group address; an interface's is unicast`);
    if ((iface.device.setAddress?.(bytes) ?? 0) < 0) throw new ControlError('EOPNOTSUPP', `the device of ${name} does not take an address`);
    iface.address = bytes;
    this.#tellChanged(iface);
  }

  list(): readonly LinkInfo[] {
    return this.#list.map((iface) => ({
      index: iface.index,
      name: iface.name,
      type: iface.link.name,
      mtu: iface.mtu,
      address: Array.from(iface.address, (octet) => octet.toString(16).padStart(2, '0')).join(':'),
      flags: FLAG_NAMES.filter(([bit]) => (iface.flags & bit) !== 0).map(([, flag]) => flag),
      up: (iface.flags & IFF_UP) !== 0,
      running: iface.running,
      statistics: { ...iface.statistics },
    }));
  }

  byName(name: string): NetInterface | undefined {
    return this.#list.find((iface) => iface.name === name);
  }

  /** All interfaces down and gone, the youngest first. */
  removeAll(): void {
    for (const iface of this.#list.toReversed()) this.#remove(iface);
  }

  #named(name: string): NetInterface {
    const iface = this.byName(name);
    if (iface !== undefined) return iface;
    const names = this.#list.map((one) => one.name).join(', ');
    throw new ControlError('ENODEV', `there is no interface ${name}; there ${names === '' ? 'are none' : `is ${names}`}`);
  }

  #remove(iface: NetInterface): void {
    if ((iface.flags & IFF_UP) !== 0) this.down(iface.name);
    for (const events of this.#context.events.list.toReversed()) events.gone?.(iface);
    this.#context.slotRegistry.gone(iface);
    this.#replace(this.#list.filter((other) => other !== iface));
    this.#context.counterRegistry.interfaceGone(iface);
    this.#context.sysctlRegistry.interfaceGone(iface);
    iface.device.close();
  }

  #failed(iface: NetInterface, error: Error): void {
    if (!this.#list.includes(iface)) return;
    this.#context.log.warn(`${iface.name}: its device is gone`, { error: error.message });
    this.#remove(iface);
  }

  /** Carrier came or went while the interface is up. */
  #carrier(iface: NetInterface): void {
    if ((iface.flags & IFF_UP) !== 0) this.#tellChanged(iface);
  }

  #replace(list: readonly NetInterface[]): void {
    this.#list = list;
    this.#context.portsChanged(list);
  }

  #tellUp(iface: NetInterface): void {
    this.#context.slotRegistry.up(iface);
    for (const events of this.#context.events.list) events.up?.(iface);
  }

  #tellDown(iface: NetInterface): void {
    for (const events of this.#context.events.list.toReversed()) events.down?.(iface);
    this.#context.slotRegistry.down(iface);
  }

  #tellChanged(iface: NetInterface): void {
    for (const events of this.#context.events.list) events.changed?.(iface);
  }
}
