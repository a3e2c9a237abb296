// Devices: where frames enter and leave. Supplied by hosts.
import type { Packet } from './packet.js';

/** What a device can do so that the stack need not. */
export interface DeviceFeatures {
  /** Completes CSUM_PARTIAL on sending. */
  readonly checksum: boolean;
  /** Whether it cuts super-segments of this EtherType and `gsoKind` itself. */
  segments(etherType: number, gsoKind: number): boolean;
  /** Largest super-segment that it takes, bytes of network packet; 0 where it cuts none. */
  readonly maxSegmentBytes: number;
}

export const NO_OFFLOAD: DeviceFeatures = Object.freeze({ checksum: false, segments: () => false, maxSegmentBytes: 0 });

/** How a device tells the stack that something happened. Called from the host's events, never from within `poll` or `transmit`. */
export interface DevicePort {
  /** Frames wait: the next turn polls. */
  readable(): void;
  /** There is room again after `transmit` answered false. */
  writable(): void;
  /** The link came up or went down. */
  carrier(up: boolean): void;
  /** The device is gone: its interface goes too. */
  failed(error: Error): void;
}

/** What a device hands frames to while it is polled. */
export interface DeviceInput {
  /**
   * A borrowed packet over the device's own buffer, `bytes[from..to)`, which stays as it is until the next `poll`; nothing is copied. The
   * device fills gso and csum fields where it knows them and then calls `deliver`.
   */
  frame(bytes: Uint8Array, view: DataView, from: number, to: number): Packet;
  deliver(packet: Packet): void;
}

/** A device. Every call is synchronous and none throws. */
export interface Device {
  readonly name: string;
  /** ARPHRD_*: which link type speaks on it. */
  readonly type: number;
  /** Largest network packet, bytes. */
  readonly mtu: number;
  /** Link address, or undefined where the link has none. */
  readonly address: Uint8Array | undefined;
  readonly features: DeviceFeatures;
  /** Room that the device wants in front of the link header (a virtio header), bytes. */
  readonly headerBytes: number;
  open(port: DevicePort): void;
  /**
   * Hands up at most `budget` frames. Returns how many there were; fewer than `budget` says that nothing waits any more, and that the
   * device will call `readable()` when something does.
   */
  poll(budget: number, input: DeviceInput): number;
  /**
   * Sends, borrowing the packet for the call, and the fragments of a steady one until `flush`. False: full; `writable()` follows, and the packet is
   * still the caller's.
   */
  transmit(packet: Packet): boolean;
  /** The turn's sending is over, or a packet has left between two turns: a device that gathers frames sends them now. */
  flush?(): void;
  /** Takes another MTU. Returns 0 or a negative errno. */
  setMtu?(mtu: number): number;
  /** Takes another link address. Returns 0 or a negative errno. */
  setAddress?(address: Uint8Array): number;
  close(): void;
}
