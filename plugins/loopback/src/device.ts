// The device of `lo`: what it is given to send comes in on the same interface, in a later turn.
import { ARPHRD_LOOPBACK, type Counters, type Device, type DeviceFeatures, type LinkInput, type Packet } from '@protoloom/contracts';
import type { counters } from './counters.js';

/** Linux's MTU of `lo`: a network packet of the largest size, and one more octet. */
const MTU = 65_536;
const ADDRESS_BYTES = 6;

/** Nothing is cut or completed: a super-segment loops whole, and its checksum, which no wire can harm, stays partial. */
const FEATURES: DeviceFeatures = Object.freeze({ checksum: true, segments: () => true, maxSegmentBytes: MTU });

export class LoopbackDevice implements Device {
  readonly name = 'lo';
  readonly type = ARPHRD_LOOPBACK;
  readonly mtu = MTU;
  readonly address = new Uint8Array(ADDRESS_BYTES);
  readonly features = FEATURES;
  readonly headerBytes = 0;
  readonly #input: LinkInput;
  readonly #counters: Counters<typeof counters>;

  constructor(input: LinkInput, values: Counters<typeof counters>) {
    this.#input = input;
    this.#counters = values;
  }

  open(): void {}

  /** Frames come through `LINK_INPUT`, so there are never any here. */
  poll(): number {
    return 0;
  }

  transmit(packet: Packet): boolean {
    this.#counters.looped++;
    this.#input.enqueue(packet);
    return true;
  }

  setMtu(): number {
    return 0;
  }

  close(): void {}
}
