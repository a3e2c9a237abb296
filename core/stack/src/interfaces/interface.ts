// An interface: a device within a stack, with its link type, filter, statistics and queue.
import {
  CSUM_PARTIAL,
  type Device,
  type DeviceFeatures,
  type DeviceInput,
  type DevicePort,
  type Everyone,
  GSO_NONE,
  IFF_RUNNING,
  IFF_UP,
  type Interface,
  type InterfaceStatistics,
  type LinkType,
  type Lookup,
  PACKET_LOOPBACK,
  PACKET_MULTICAST,
  PACKET_OUTGOING,
  type Packet,
  type Segmenter,
  type SegmentKey,
  type Table,
} from '@protoloom/contracts';
import { Fifo } from '@protoloom/mechanisms';
import type { PooledPacket } from '../packet/packet.js';
import type { PacketPool } from '../packet/pool.js';
import { segment } from '../packet/segmentation.js';
import type { IngressPort } from '../turn/loop.js';

/** Packets that wait for a device that is full, as Linux's txqueuelen. */
const TX_QUEUE_PACKETS = 1000;

const NO_ADDRESS = new Uint8Array(0);

/** What all interfaces of a stack share. */
export interface InterfaceContext {
  readonly pool: PacketPool;
  readonly taps: Everyone<(packet: Packet) => undefined>;
  /** Network protocols by EtherType. */
  readonly networks: Table<(packet: Packet) => undefined>;
  readonly segmenters: Lookup<SegmentKey, Segmenter>;
  readonly counters: { downDropped: number; txQueueDropped: number; unsegmentable: number };
  work(atOnce: boolean): void;
  /** A turn is running, which flushes devices when it ends. */
  inTurn(): boolean;
  failed(iface: NetInterface, error: Error): void;
  carrier(iface: NetInterface, up: boolean): void;
}

const zeroStatistics = (): InterfaceStatistics => ({
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
  multicast: 0,
});

/** Linux's GSO_MAX_SEGS. */
export const MOST_SEGMENTS = 65_535;

export class NetInterface implements Interface, IngressPort {
  readonly index: number;
  readonly slot: number;
  readonly name: string;
  readonly type: number;
  readonly link: LinkType;
  readonly device: Device;
  readonly features: DeviceFeatures;
  readonly statistics: InterfaceStatistics = zeroStatistics();
  /** Who supplies the link type: whose fault it is when reading a frame throws. */
  readonly plugin: string;
  mtu: number;
  maxSegments = MOST_SEGMENTS;
  address: Uint8Array;
  flags: number;
  readable = false;
  sent = false;
  #carrier = true;
  readonly #context: InterfaceContext;
  /** Group addresses that frames are accepted for, as numbers, with how many joined each. */
  readonly #groups = new Map<number, number>();
  /** Packets that wait for room in the device. */
  readonly #queue = new Fifo<Packet>();
  #full = false;

  constructor(context: InterfaceContext, index: number, slot: number, name: string, device: Device, link: LinkType, plugin: string) {
    this.#context = context;
    this.index = index;
    this.slot = slot;
    this.name = name;
    this.device = device;
    this.link = link;
    this.plugin = plugin;
    this.type = device.type;
    this.mtu = device.mtu;
    this.features = device.features;
    this.address = device.address?.slice() ?? NO_ADDRESS;
    this.flags = link.flags;
  }

  get running(): boolean {
    return (this.flags & (IFF_UP | IFF_RUNNING)) === (IFF_UP | IFF_RUNNING);
  }

  set up(up: boolean) {
    this.flags = up ? this.flags | IFF_UP : this.flags & ~IFF_UP;
    this.#running();
  }

  /** What the device says, between turns. */
  readonly port: DevicePort = {
    readable: () => {
      this.readable = true;
      // An event of the host's own: no call of ours is on its way.
      this.#context.work(true);
    },
    writable: () => this.#writable(),
    carrier: (up) => {
      this.#carrier = up;
      this.#running();
      this.#context.carrier(this, up);
    },
    failed: (error) => this.#context.failed(this, error),
  };

  // ---- the turn --------------------------------------------------------------------------------------------------------------------

  poll(budget: number, input: DeviceInput): number {
    return this.device.poll(budget, input);
  }

  receive(packet: PooledPacket): void {
    packet.iface = this;
    const { statistics } = this;
    // Our own, come back: the link has nothing to read.
    if (packet.kind === PACKET_LOOPBACK && (this.flags & IFF_UP) !== 0) {
      packet.l3 = packet.head;
      this.#context.networks.table[packet.protocol]?.(packet);
      return;
    }
    statistics.rxPackets += packet.gsoSegments;
    statistics.rxBytes += packet.length;
    if ((this.flags & IFF_UP) === 0) {
      statistics.rxDropped++;
      this.#context.counters.downDropped++;
      return;
    }
    packet.l2 = packet.head;
    const taps = this.#context.taps.list;
    if (taps.length > 0) this.#show(taps, packet);
    this.link.rx(packet);
    if (packet.kind === PACKET_MULTICAST) statistics.multicast++;
  }

  flush(): void {
    this.sent = false;
    this.device.flush?.();
  }

  // ---- sending ---------------------------------------------------------------------------------------------------------------------

  transmit(packet: Packet): undefined {
    if ((this.flags & IFF_UP) === 0) {
      this.statistics.txDropped++;
      return;
    }
    packet.iface = this;
    packet.witness?.scheduled(packet);
    const taps = this.#context.taps.list;
    if (taps.length > 0) {
      packet.completeChecksum();
      const { kind } = packet;
      packet.kind = PACKET_OUTGOING;
      this.#show(taps, packet);
      packet.kind = kind;
    }
    if (packet.gsoKind !== GSO_NONE && !this.#cuts(packet)) {
      if (segment(this.#context.pool, this.#context.segmenters, packet, this.#transmitOne)) return;
      this.statistics.txDropped++;
      this.#context.counters.unsegmentable++;
      return;
    }
    this.#transmitOne(packet);
  }

  joinGroup(linkAddress: Uint8Array): void {
    const key = addressKey(linkAddress, 0);
    this.#groups.set(key, (this.#groups.get(key) ?? 0) + 1);
  }

  leaveGroup(linkAddress: Uint8Array): void {
    const key = addressKey(linkAddress, 0);
    const count = this.#groups.get(key) ?? 0;
    if (count > 1) this.#groups.set(key, count - 1);
    else this.#groups.delete(key);
  }

  acceptsGroup(bytes: Uint8Array, at: number): boolean {
    return this.#groups.size > 0 && this.#groups.has(addressKey(bytes, at));
  }

  /** Lets go of what waits. */
  drain(): void {
    for (let packet = this.#queue.shift(); packet !== undefined; packet = this.#queue.shift()) packet.release();
    this.#full = false;
  }

  #writable(): void {
    this.#full = false;
    for (let packet = this.#queue.first; packet !== undefined; packet = this.#queue.first) {
      if (!this.device.transmit(packet)) {
        this.#full = true;
        break;
      }
      this.#sent(packet);
      this.#queue.shift();
      packet.release();
    }
    this.flush();
  }

  #running(): void {
    const running = this.#carrier && (this.flags & IFF_UP) !== 0;
    this.flags = running ? this.flags | IFF_RUNNING : this.flags & ~IFF_RUNNING;
  }

  #cuts(packet: Packet): boolean {
    return (
      this.features.segments(packet.protocol, packet.gsoKind) && packet.length <= this.features.maxSegmentBytes + this.link.headerBytes
    );
  }

  readonly #transmitOne = (packet: Packet): void => {
    if (packet.csum === CSUM_PARTIAL && !this.features.checksum) packet.completeChecksum();
    if (!this.#full && this.device.transmit(packet)) {
      this.#sent(packet);
      if (this.#context.inTurn()) this.sent = true;
      else this.flush();
      return;
    }
    this.#full = true;
    if (this.#queue.length >= TX_QUEUE_PACKETS) {
      this.statistics.txDropped++;
      this.#context.counters.txQueueDropped++;
      return;
    }
    this.#queue.push(packet.taken ? packet.copy() : packet.take());
  };

  #sent(packet: Packet): void {
    packet.witness?.sent(packet);
    this.statistics.txPackets += packet.gsoSegments;
    this.statistics.txBytes += packet.length;
  }

  #show(taps: readonly ((packet: Packet) => undefined)[], packet: Packet): void {
    for (let i = 0; i < taps.length; i++) taps[i]?.(packet);
  }
}

/** Six octets as a number below 2^48; other lengths as far as they go. */
function addressKey(bytes: Uint8Array, at: number): number {
  let key = 0;
  for (let i = 0; i < 6; i++) key = key * 256 + (bytes[at + i] ?? 0);
  return key;
}
