// TAP and TUN devices as the stack sees devices.

import { randomBytes } from 'node:crypto';
import {
  ARPHRD_ETHER,
  ARPHRD_NONE,
  type Device,
  type DeviceFeatures,
  type DeviceInput,
  type DevicePort,
  ERRNO,
  type Fragment,
  type Packet,
} from '@protoloom/contracts';
import { GSO_TCP } from '@protoloom/contracts/tcp';
import { GSO_UDP } from '@protoloom/contracts/udp';
import { MacAddress } from '@protoloom/wire';
import { KernelInterface } from './kernel.js';
import { type NativeHandle, native, READ_FAILED, systemError } from './native.js';
import { APART, Outbox, wayOf } from './outbox.js';
import * as vnet from './vnet.js';

/** Frames read by one call. */
const BATCH = 64;
/** Room for the largest super-segment with every header. */
const OFFLOAD_ROOM = 65_536 + 64;
const LINK_HEADER_BYTES = 18;
/** What a device queues where it is made here: of the kernel's 1000 frames windows that are larger, or those of many connections, lose the rest. */
export const QUEUE_FRAMES = 4096;

/** What the kernel does not do, the addon does; but for UDP's super-segments, which the stack cuts then. */
const features = (datagrams: boolean): DeviceFeatures =>
  Object.freeze({
    checksum: true,
    segments: (_: number, gsoKind: number) => gsoKind === GSO_TCP || (datagrams && gsoKind === GSO_UDP),
    maxSegmentBytes: 65_535,
  });

export interface DeviceOptions {
  /** Of the kernel's interface; left out, the kernel chooses. `%d` in it becomes a number. */
  readonly name?: string;
  /** Bytes of network packet; the kernel's end is set to it. Left out: what that has. */
  readonly mtu?: number;
  /** The stack's own link address, colon form (TAP alone); left out: a random one. */
  readonly address?: string;
  /**
   * Super-segments and checksums as the kernel has them, through the virtio-net header. Default true; else the kernel has frames of the MTU's
   * size with checksums, and the addon segments and joins.
   */
  readonly offload?: boolean;
  /**
   * Frames that wait to be read, at most (the kernel's `txqueuelen`). Left out: of a device that is made here 4096, as many as large windows of the
   * kernel's TCP have; else what it has.
   */
  readonly queueFrames?: number;
  /** IFF_MULTI_QUEUE: further devices may be opened on the same interface. */
  readonly multiQueue?: boolean;
}

const advice = (result: number): string => {
  switch (-result) {
    case ERRNO.EPERM:
    case ERRNO.EACCES:
      return 'it needs CAP_NET_ADMIN: run as root, or `sudo ip tuntap add mode tap user $USER name NAME` once, or in a namespace of your own, `unshare -Urn`';
    case ERRNO.ENOENT:
    case ERRNO.ENODEV:
    case ERRNO.ENXIO:
      return 'there is no /dev/net/tun: load the module tun (`modprobe tun`), or give the container the device';
    case ERRNO.EBUSY:
      return 'somebody else has it open';
    case ERRNO.EINVAL:
      return 'it is a device of another kind, or its name is too long (15 characters)';
    default:
      return '';
  }
};

/** A TAP: Ethernet frames. @throws a system error (EPERM says what is missing), ERR_NO_ADDON, AddressError. */
export const openTap = (options: DeviceOptions = {}): TunTapDevice => new TunTapDevice('tap', options);

/** A TUN: bare IP packets. @throws as `openTap`. */
export const openTun = (options: DeviceOptions = {}): TunTapDevice => new TunTapDevice('tun', options);

export class TunTapDevice implements Device {
  readonly name: string;
  readonly type: number;
  readonly address: Uint8Array | undefined;
  readonly features: DeviceFeatures;
  readonly headerBytes = 0;
  /** The kernel's end. */
  readonly kernel: KernelInterface;
  /** It was not there before, and goes with us. */
  readonly created: boolean;
  /** Frames that the kernel did not take, but for those that wait since its queue is full. */
  writeErrors = 0;
  mtu: number;
  readonly #handle: NativeHandle;
  readonly #native = native();
  readonly #offload: boolean;
  readonly #slab: Uint8Array;
  readonly #view: DataView;
  readonly #places = new Int32Array(2 * BATCH);
  readonly #vnet = new Uint8Array(vnet.HEADER_BYTES);
  readonly #vnetView = new DataView(this.#vnet.buffer);
  readonly #outbox = new Outbox();
  readonly #room: number;
  #port: DevicePort | undefined;
  #reading = true;
  #writing = false;
  /** The stack knows that frames wait, and has not read since. */
  #told = false;
  #closed = false;

  constructor(kind: 'tap' | 'tun', options: DeviceOptions) {
    const { name = `${kind}%d`, mtu, address, offload = true, multiQueue = false } = options;
    const own = kind === 'tap' ? (address === undefined ? randomAddress() : MacAddress.parse(address).toBytes()) : undefined;
    this.created = !new KernelInterface(name).exists;
    const handle = this.#native.open(
      name,
      kind === 'tap',
      offload,
      multiQueue,
      () => this.#readable(),
      () => this.#writable(),
    );
    if (typeof handle === 'number') throw systemError(handle, 'open', `${kind} ${name}`, advice(handle));
    this.#handle = handle;
    this.name = String(this.#native.nameOf(handle));
    this.type = kind === 'tap' ? ARPHRD_ETHER : ARPHRD_NONE;
    this.address = own;
    this.kernel = new KernelInterface(this.name);
    this.#offload = offload;
    this.features = features(this.#native.cutsDatagrams(handle));
    try {
      if (mtu !== undefined) this.kernel.setMtu(mtu);
      const queueFrames = options.queueFrames ?? (this.created ? QUEUE_FRAMES : undefined);
      if (queueFrames !== undefined) this.kernel.setQueueFrames(queueFrames);
      this.mtu = this.kernel.mtu;
    } catch (error) {
      this.#native.close(handle);
      throw error;
    }
    this.#room = vnet.HEADER_BYTES + (offload ? OFFLOAD_ROOM : this.mtu + LINK_HEADER_BYTES);
    this.#slab = new Uint8Array(this.#room * BATCH);
    this.#view = new DataView(this.#slab.buffer);
    this.#native.bind(handle, this.#slab, this.#places, this.#vnet, this.#outbox.slab, this.#outbox.places);
    // Nothing is read before the stack asks.
    this.#watch(false, false);
  }

  open(port: DevicePort): void {
    this.#port = port;
    this.#watch(true, this.#writing);
  }

  poll(budget: number, input: DeviceInput): number {
    if (this.#closed) return 0;
    this.#told = false;
    const most = Math.min(budget, BATCH);
    const result = this.#native.read(this.#handle, most, this.#room);
    if (result < READ_FAILED / 2) {
      this.#fail(systemError(READ_FAILED - result, 'read', this.name));
      return 0;
    }
    const count = result < 0 ? -1 - result : result;
    for (let i = 0; i < count; i++) {
      const at = this.#places[2 * i] as number;
      const length = this.#places[2 * i + 1] as number;
      if (length <= vnet.HEADER_BYTES) continue;
      const packet = input.frame(this.#slab, this.#view, at + vnet.HEADER_BYTES, at + length);
      vnet.readHeader(this.#view, at, packet);
      input.deliver(packet);
    }
    if (result < 0) return budget;
    if (!this.#reading) this.#watch(true, this.#writing);
    return count;
  }

  transmit(packet: Packet): boolean {
    if (this.#closed) return true;
    const outbox = this.#outbox;
    const way = wayOf(packet);
    // What was gathered leaves first.
    if (way === APART ? !outbox.isEmpty : !outbox.hasRoom(way, packet)) {
      this.flush();
      if (!outbox.isEmpty) return false;
    }
    if (way !== APART) {
      outbox.add(way, packet);
      return true;
    }
    vnet.writeHeader(this.#vnetView, 0, packet);
    const result =
      packet.fragmentCount === 0 ? this.#native.write(this.#handle, packet.bytes, packet.head, packet.tail) : this.#gather(packet);
    if (result >= 0) return true;
    if (result === -ERRNO.EAGAIN || result === -ERRNO.ENOBUFS) {
      this.#watch(this.#reading, true);
      return false;
    }
    // The kernel's end is down (EIO), or the frame is none: it is gone, as from any wire.
    this.writeErrors++;
    return true;
  }

  /** Writes what was gathered; what finds the device full waits until it is not, unless payload was left where it is, which does not stay there. */
  flush(): void {
    const outbox = this.#outbox;
    if (outbox.isEmpty || this.#closed) return;
    const from = outbox.done;
    outbox.done += this.#native.flush(this.#handle, from, outbox.count, outbox.payload);
    for (let i = from; i < outbox.done; i++) if (outbox.outcome(i) < 0) this.writeErrors++;
    if (outbox.done === outbox.count) outbox.clear();
    else this.#watch(this.#reading, true);
  }

  setMtu(mtu: number): number {
    try {
      this.kernel.setMtu(mtu);
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? -ERRNO.EINVAL;
    }
    if (!this.#offload && vnet.HEADER_BYTES + mtu + LINK_HEADER_BYTES > this.#room) return -ERRNO.EINVAL;
    this.mtu = mtu;
    return 0;
  }

  setAddress(): number {
    return 0;
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.close(this.#handle);
  }

  /** The packet's fragments behind its head, without an array. */
  #gather({ bytes, head, tail, fragments, fragmentCount }: Packet): number {
    const [a, b, c, d] = fragments as readonly [Fragment, Fragment, Fragment, Fragment];
    const write = this.#native.write;
    switch (fragmentCount) {
      case 1:
        return write(this.#handle, bytes, head, tail, a.bytes, a.at, a.length);
      case 2:
        return write(this.#handle, bytes, head, tail, a.bytes, a.at, a.length, b.bytes, b.at, b.length);
      case 3:
        return write(this.#handle, bytes, head, tail, a.bytes, a.at, a.length, b.bytes, b.at, b.length, c.bytes, c.at, c.length);
      default:
        return write(
          this.#handle,
          bytes,
          head,
          tail,
          a.bytes,
          a.at,
          a.length,
          b.bytes,
          b.at,
          b.length,
          c.bytes,
          c.at,
          c.length,
          d.bytes,
          d.at,
          d.length,
        );
    }
  }

  /** Frames wait. A stack that reads in the same round of the loop costs nothing more; for one that does not, the loop would say it for ever. */
  #readable(): void {
    if (this.#told) {
      this.#watch(false, this.#writing);
      return;
    }
    this.#told = true;
    this.#port?.readable();
  }

  #writable(): void {
    this.#watch(this.#reading, false);
    this.flush();
    if (this.#outbox.isEmpty) this.#port?.writable();
  }

  #watch(reading: boolean, writing: boolean): void {
    if (this.#closed || (reading === this.#reading && writing === this.#writing)) return;
    this.#reading = reading;
    this.#writing = writing;
    this.#native.watch(this.#handle, reading, writing);
  }

  #fail(error: Error): void {
    const port = this.#port;
    this.close();
    // Not within the poll that found it.
    queueMicrotask(() => port?.failed(error));
  }
}

/** Locally administered, unicast. */
function randomAddress(): Uint8Array {
  const octets = new Uint8Array(randomBytes(6));
  octets[0] = ((octets[0] as number) & 0xfc) | 0x02;
  return octets;
}
