// Two devices joined in memory: what one sends the other reads. Nothing is allocated for a frame, so that what is measured is the stack.
import {
  ARPHRD_ETHER,
  CSUM_VERIFIED,
  type Device,
  type DeviceFeatures,
  type DeviceInput,
  type DevicePort,
  type Packet,
} from '@protoloom/contracts';

const SLOTS = 1024;
const SLOT_BYTES = 2048;

/** Checksums as a network card does them. */
const FEATURES: DeviceFeatures = Object.freeze({ checksum: true, segments: () => false, maxSegmentBytes: 0 });

export class CableEnd implements Device {
  readonly name = 'eth0';
  readonly type = ARPHRD_ETHER;
  readonly address: Uint8Array;
  readonly features = FEATURES;
  readonly headerBytes = 0;
  readonly mtu = 1500;
  /** Frames that it has sent. */
  frames = 0;
  /** Frames that the other end had no room for. */
  lost = 0;
  other: CableEnd | undefined;
  #port: DevicePort | undefined;
  readonly #slots = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly #view = new DataView(this.#slots.buffer);
  readonly #lengths = new Int32Array(SLOTS);
  #first = 0;
  #waiting = 0;

  constructor(number: number) {
    this.address = Uint8Array.of(0x02, 0x43, 0, 0, 0, number);
  }

  open(port: DevicePort): void {
    this.#port = port;
  }

  poll(budget: number, input: DeviceInput): number {
    const count = Math.min(budget, this.#waiting);
    for (let i = 0; i < count; i++) {
      const slot = this.#first;
      const at = slot * SLOT_BYTES;
      const packet = input.frame(this.#slots, this.#view, at, at + (this.#lengths[slot] as number));
      packet.csum = CSUM_VERIFIED;
      this.#first = (slot + 1) % SLOTS;
      this.#waiting--;
      input.deliver(packet);
    }
    return count;
  }

  transmit(packet: Packet): boolean {
    this.frames++;
    this.other?.arrive(packet);
    return true;
  }

  arrive({ bytes, head, tail, fragments, fragmentCount }: Packet): void {
    if (this.#waiting === SLOTS) {
      this.lost++;
      return;
    }
    const slots = this.#slots;
    const slot = (this.#first + this.#waiting) % SLOTS;
    let to = slot * SLOT_BYTES;
    for (let i = head; i < tail; i++) slots[to++] = bytes[i] as number;
    for (let f = 0; f < fragmentCount; f++) {
      const fragment = fragments[f];
      if (fragment === undefined) break;
      for (let i = 0; i < fragment.length; i++) slots[to++] = fragment.bytes[fragment.at + i] as number;
    }
    this.#lengths[slot] = to - slot * SLOT_BYTES;
    this.#waiting++;
    this.#port?.readable();
  }

  setMtu(): number {
    return 0;
  }

  setAddress(): number {
    return 0;
  }

  close(): void {
    this.#port = undefined;
    this.#waiting = 0;
  }
}
