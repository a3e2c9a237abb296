// A device at the end of a virtual wire.
import {
  ARPHRD_ETHER,
  CSUM_NONE,
  CSUM_PARTIAL,
  type Device,
  type DeviceFeatures,
  type DeviceInput,
  type DevicePort,
  GSO_NONE,
  NO_OFFLOAD,
  type Packet,
} from '@protoloom/contracts';

/** A frame on a wire: its octets, and what offloads say about it. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly gsoKind: number;
  readonly gsoSize: number;
  readonly gsoSegments: number;
  readonly csum: number;
  /** From the frame's first octet. */
  readonly csumStart: number;
  readonly csumOffset: number;
}

export interface SimDeviceOptions {
  readonly name?: string;
  /** ARPHRD_*; Ethernet where left out. */
  readonly type?: number;
  readonly mtu?: number;
  /** Six octets; left out for a link without addresses. */
  readonly address?: Uint8Array;
  /** Super-segments and unfinished checksums cross the wire as they are. */
  readonly offload?: boolean;
}

/** Longest super-segment, bytes of network packet. */
const MOST_BYTES = 65_535;
/** Frames that wait to be read, as a NIC's ring. */
const RING = 4096;

const makeMemory = (size: number): { readonly bytes: Uint8Array; readonly view: DataView } => {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
};

/** A plain frame of these octets. */
export const plainFrame = (bytes: Uint8Array): Frame => ({
  bytes,
  gsoKind: GSO_NONE,
  gsoSize: 0,
  gsoSegments: 1,
  csum: CSUM_NONE,
  csumStart: 0,
  csumOffset: 0,
});

export class SimDevice implements Device {
  readonly name: string;
  readonly type: number;
  readonly address: Uint8Array | undefined;
  readonly features: DeviceFeatures;
  readonly headerBytes = 0;
  mtu: number;
  /** Which kinds of super-segments it cuts itself, where it has offloads at all. */
  cuts: (gsoKind: number) => boolean = () => true;
  /** Frames that found the ring full. */
  overruns = 0;
  /** Where frames go that it sends. */
  onFrame: ((frame: Frame) => void) | undefined;
  #port: DevicePort | undefined;
  #waiting: Frame[] = [];
  #at = 0;
  /** What is read into, as a real device does: the frames of one poll lie in it until the next overwrites them. */
  #memory = makeMemory(2048);

  constructor({ name = 'eth0', type = ARPHRD_ETHER, mtu = 1500, address, offload = false }: SimDeviceOptions) {
    this.name = name;
    this.type = type;
    this.mtu = mtu;
    this.address = address;
    this.features = offload ? { checksum: true, segments: (_, gsoKind) => this.cuts(gsoKind), maxSegmentBytes: MOST_BYTES } : NO_OFFLOAD;
  }

  open(port: DevicePort): void {
    this.#port = port;
  }

  /** A frame arrives from the wire. */
  arrive(frame: Frame): void {
    if (this.#port === undefined) return;
    if (this.#waiting.length - this.#at >= RING) {
      this.overruns++;
      return;
    }
    this.#waiting.push(frame);
    this.#port.readable();
  }

  /** The cable is pulled, or put back. */
  carrier(up: boolean): void {
    this.#port?.carrier(up);
  }

  /** The device is gone. */
  fail(error: Error): void {
    this.#port?.failed(error);
  }

  poll(budget: number, input: DeviceInput): number {
    let count = 0;
    let at = 0;
    while (count < budget && this.#at < this.#waiting.length) {
      const frame = this.#waiting[this.#at++] as Frame;
      count++;
      const { bytes } = frame;
      if (at + bytes.length > this.#memory.bytes.length) {
        this.#memory = makeMemory(Math.max(2 * this.#memory.bytes.length, bytes.length));
        at = 0;
      }
      const { bytes: memory, view } = this.#memory;
      memory.set(bytes, at);
      const packet = input.frame(memory, view, at, at + bytes.length);
      packet.gsoKind = frame.gsoKind;
      packet.gsoSize = frame.gsoSize;
      packet.gsoSegments = frame.gsoSegments;
      packet.csum = frame.csum;
      packet.csumStart = at + frame.csumStart;
      packet.csumOffset = frame.csumOffset;
      at += bytes.length;
      input.deliver(packet);
    }
    if (this.#at === this.#waiting.length) {
      this.#waiting = [];
      this.#at = 0;
    }
    return count;
  }

  transmit(packet: Packet): boolean {
    const bytes = new Uint8Array(packet.length);
    bytes.set(packet.bytes.subarray(packet.head, packet.tail));
    let at = packet.tail - packet.head;
    for (let i = 0; i < packet.fragmentCount; i++) {
      const fragment = packet.fragments[i];
      if (fragment === undefined) break;
      bytes.set(fragment.bytes.subarray(fragment.at, fragment.at + fragment.length), at);
      at += fragment.length;
    }
    this.onFrame?.({
      bytes,
      gsoKind: packet.gsoKind,
      gsoSize: packet.gsoSize,
      gsoSegments: packet.gsoSegments,
      csum: packet.csum === CSUM_PARTIAL ? CSUM_PARTIAL : CSUM_NONE,
      csumStart: packet.csumStart - packet.head,
      csumOffset: packet.csumOffset,
    });
    return true;
  }

  setMtu(mtu: number): number {
    this.mtu = mtu;
    return 0;
  }

  setAddress(): number {
    return 0;
  }

  close(): void {
    this.#port = undefined;
    this.#waiting = [];
    this.#at = 0;
  }
}
