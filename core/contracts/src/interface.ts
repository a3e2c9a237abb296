// Interfaces: a device within a stack, under an index and a name.
import type { Device, DeviceFeatures } from './device.js';
import type { LinkType } from './link.js';
import type { Packet } from './packet.js';
import { allPoint, service } from './token.js';

/** `iface.flags`, Linux's IFF_* numbers. */
export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_LOOPBACK = 0x8;
export const IFF_POINTOPOINT = 0x10;
export const IFF_RUNNING = 0x40;
export const IFF_NOARP = 0x80;
export const IFF_PROMISC = 0x100;
export const IFF_ALLMULTI = 0x200;
export const IFF_MULTICAST = 0x1000;

/** /proc/net/dev and RTM_GETLINK statistics of one interface. */
export interface InterfaceStatistics {
  rxPackets: number;
  rxBytes: number;
  rxErrors: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  txErrors: number;
  txDropped: number;
  multicast: number;
}

export interface Interface {
  /** Linux's ifindex: from 1, never used twice in a stack's life. */
  readonly index: number;
  /** Dense and used again: where per-interface state lives in arrays. */
  readonly slot: number;
  readonly name: string;
  /** ARPHRD_*. */
  readonly type: number;
  readonly link: LinkType;
  readonly device: Device;
  /** Largest network packet, bytes. */
  readonly mtu: number;
  /** Link address; empty where the link has none. Replaced, never written into. */
  readonly address: Uint8Array;
  /** IFF_*. */
  readonly flags: number;
  /** Administratively up, with carrier. */
  readonly running: boolean;
  readonly features: DeviceFeatures;
  /** Most segments of a super-segment, whoever cuts it: Linux's gso_max_segs. */
  readonly maxSegments: number;
  readonly statistics: InterfaceStatistics;
  /**
   * Sends a packet whose link header is in place: taps see it, offloads that the device lacks are done in software, then the queue
   * discipline and the device have it. Borrows the packet.
   */
  transmit(packet: Packet): undefined;
  /** Opens the link's filter for a group address; counted, since several groups may share one. */
  joinGroup(linkAddress: Uint8Array): void;
  leaveGroup(linkAddress: Uint8Array): void;
  /** Whether the filter lets frames to this group in; the address stands in `bytes` at `at`. */
  acceptsGroup(bytes: Uint8Array, at: number): boolean;
}

/** The stack's interfaces. */
export interface Interfaces {
  /** In order of index. Replaced, never changed, when one comes or goes. */
  readonly list: readonly Interface[];
  byIndex(index: number): Interface | undefined;
  byName(name: string): Interface | undefined;
}
export const INTERFACES = service<Interfaces>('core.interfaces', 1);

/** Told of what happens to interfaces; `down` and `gone` in the opposite order of `added` and `up`. */
export interface InterfaceEvents {
  added?(iface: Interface): void;
  up?(iface: Interface): void;
  /** MTU, link address or flags are others now. */
  changed?(iface: Interface): void;
  down?(iface: Interface): void;
  gone?(iface: Interface): void;
}
export const INTERFACE_EVENTS = allPoint<InterfaceEvents>('core.interface-events', 1);
