// The sanctioned control surfaces: link, address, route, neighbour. What `ip` is to a kernel. Every list is a copy.
import type { Device } from './device.js';
import type { Interface, InterfaceStatistics } from './interface.js';
import { service } from './token.js';

/** A refused control call: Linux's errno code and a message that says what is allowed. */
export interface ControlErrorShape extends Error {
  readonly code: string;
}

export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  /** The link type's name. */
  readonly type: string;
  readonly mtu: number;
  /** Colon form, empty where the link has none. */
  readonly address: string;
  /** Names without IFF_: `UP`, `RUNNING`, … */
  readonly flags: readonly string[];
  readonly up: boolean;
  readonly running: boolean;
  readonly statistics: Readonly<InterfaceStatistics>;
}
/** `ip link`. Interfaces are named by name; errors are thrown with a `code` (ENODEV, EEXIST, EINVAL, EBUSY). */
export interface Links {
  /** Attaches a device as a new interface, down. @param name the device's own where left out. */
  add(device: Device, options?: { readonly name?: string }): Interface;
  remove(name: string): void;
  up(name: string): void;
  down(name: string): void;
  /** 68 to 65535, as far as the device takes it. */
  setMtu(name: string, mtu: number): void;
  /** `gso_max_segs`: most segments of a super-segment, 1 to 65535. */
  setMaxSegments(name: string, segments: number): void;
  /** Only while down, and unicast only. @param address colon form. */
  setAddress(name: string, address: string): void;
  list(): readonly LinkInfo[];
}
export const LINKS = service<Links>('core.links', 1);

export interface AddressOptions {
  readonly broadcast?: string | undefined;
  readonly peer?: string | undefined;
  /** s; left out: for ever. */
  readonly validLifetime?: number | undefined;
  readonly preferredLifetime?: number | undefined;
  /** `nodad`: it is not checked whether another host has it. */
  readonly noDad?: boolean | undefined;
  /** RFC 4429: in use while it is checked; as a source `avoided`, as if it were deprecated, or `used`. */
  readonly optimistic?: 'avoided' | 'used' | undefined;
  /** `noprefixroute`: its subnet has no route for its sake. */
  readonly noPrefixRoute?: boolean | undefined;
  /** RFC 8981: preferred or not as sources by use_tempaddr. */
  readonly temporary?: boolean | undefined;
  /** `mngtmpaddr`: temporary addresses are made of its prefix, which has 64 bits. */
  readonly manageTemporary?: boolean | undefined;
}
export interface AddressInfo {
  readonly iface: string;
  readonly family: 'inet' | 'inet6';
  /** Address and prefix length: `192.0.2.1/24`. */
  readonly address: string;
  readonly broadcast: string | undefined;
  readonly peer: string | undefined;
  readonly scope: 'global' | 'link' | 'host';
  readonly secondary: boolean;
  /** As `ip address` names them: `permanent`, `temporary`, `mngtmpaddr`, `tentative`, `optimistic`, `dadfailed`, `deprecated`, `noprefixroute`. */
  readonly flags: readonly string[];
  /** s left, undefined: for ever. */
  readonly validLifetime: number | undefined;
  readonly preferredLifetime: number | undefined;
}
/** `ip address`. Errors are thrown with a `code` (ENODEV, EEXIST, EADDRNOTAVAIL, EINVAL). */
export interface Addresses {
  /** @param address CIDR text, `192.0.2.1/24`; without length a host address. Adds the connected and local routes. */
  add(iface: string, address: string, options?: AddressOptions): void;
  /** New lifetimes of an address that is there. */
  change(iface: string, address: string, options: Pick<AddressOptions, 'validLifetime' | 'preferredLifetime'>): void;
  /** Resets connections bound to it, removes its routes. */
  remove(iface: string, address: string): void;
  list(filter?: { readonly iface?: string; readonly family?: 'inet' | 'inet6' }): readonly AddressInfo[];
}
export const ADDRESSES = service<Addresses>('ip.addresses-control', 1);

export type RoutePreference = 'low' | 'medium' | 'high';
export interface RouteSpec {
  /** CIDR text, or `default`. */
  readonly destination: string;
  readonly gateway?: string | undefined;
  /** The interface's name; may be left out where the gateway tells it. */
  readonly iface?: string | undefined;
  readonly source?: string | undefined;
  readonly metric?: number | undefined;
  readonly scope?: number | undefined;
  readonly protocol?: number | undefined;
  /** RTN_UNICAST, RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT. */
  readonly type?: number | undefined;
  readonly mtu?: number | undefined;
  readonly hopLimit?: number | undefined;
  readonly advertisedMss?: number | undefined;
  readonly initialCwnd?: number | undefined;
  readonly initialRwnd?: number | undefined;
  readonly congestionControl?: string | undefined;
  /** `features ecn`: connections over it use ECN. */
  readonly ecn?: boolean | undefined;
  /** RFC 4191 §2.1: which of several with one metric goes first; default `medium`. Of equals, one whose gateway answers. */
  readonly preference?: RoutePreference | undefined;
  /** s until it is removed, left out: never. */
  readonly expires?: number | undefined;
  /** Needed only where destination and gateway do not tell: `default` on a device. */
  readonly family?: 'inet' | 'inet6' | undefined;
}
export interface RouteInfo extends RouteSpec {
  readonly type: number;
  readonly scope: number;
  readonly protocol: number;
  readonly metric: number;
  /** `main` or `local`. */
  readonly table: 'main' | 'local';
}
/** `ip route`. Errors are thrown with a `code` (EEXIST, ENETUNREACH, ENODEV, ESRCH, EINVAL). */
export interface RoutesControl {
  add(route: RouteSpec): void;
  /** In place of the one that `add` would refuse it for; what stays the same but for `expires` goes on undisturbed. */
  replace(route: RouteSpec): void;
  remove(route: RouteSpec): void;
  list(): readonly RouteInfo[];
}
export const ROUTES_CONTROL = service<RoutesControl>('ip.routes-control', 1);

export interface NeighbourInfo {
  readonly iface: string;
  readonly address: string;
  readonly linkAddress: string | undefined;
  /** `REACHABLE`, … */
  readonly state: string;
}
/** `ip neighbour`. Errors are thrown with a `code`. */
export interface NeighboursControl {
  /** A permanent entry. */
  add(iface: string, address: string, linkAddress: string): void;
  remove(iface: string, address: string): void;
  flush(filter?: { readonly iface?: string; readonly family?: 'inet' | 'inet6' }): void;
  list(filter?: { readonly iface?: string; readonly family?: 'inet' | 'inet6' }): readonly NeighbourInfo[];
}
export const NEIGHBOURS_CONTROL = service<NeighboursControl>('neighbour.control', 1);

export interface AddressLabelSpec {
  /** CIDR text of IPv6. */
  readonly prefix: string;
  readonly label: number;
  /** Only for addresses of this interface, by name; left out: for all. */
  readonly iface?: string | undefined;
}
export type AddressLabelInfo = AddressLabelSpec;
/**
 * `ip addrlabel`: labels that make addresses belong together, for source selection (RFC 6724 §2.1). Errors are thrown with a `code` (EEXIST,
 * ESRCH, EINVAL, ENODEV).
 */
export interface AddressLabels {
  add(label: AddressLabelSpec): void;
  remove(label: Omit<AddressLabelSpec, 'label'>): void;
  list(): readonly AddressLabelInfo[];
}
export const ADDRESS_LABELS = service<AddressLabels>('ipv6.address-labels', 1);
