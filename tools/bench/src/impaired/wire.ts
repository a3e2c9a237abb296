// An impaired wire in real time: what the simulator does to frames, between a TAP and a stack, or between two TAPs.
import type { Device, DeviceInput } from '@protoloom/contracts';
import {
  Events,
  type Frame,
  type Impairment,
  plainFrame,
  Random,
  SimDevice,
  type WireClock,
  WireDirection,
  type WireEnd,
} from '@protoloom/sim';
import { TimerFd } from '@protoloom/tun-tap';
import { barePacket } from '../bare-packet.js';

/** Frames read at once: of more than one the device joins what belongs together, and each is to meet its own fate. */
const AT_ONCE = 1;

/** Real time, and what is due in it. */
class RealTime implements WireClock {
  readonly #events = new Events();
  readonly #timer = new TimerFd(() => this.#run());
  #armedUs = Number.POSITIVE_INFINITY;

  get nowUs(): number {
    return Math.floor(performance.now() * 1000);
  }

  at(atUs: number, run: () => void): void {
    if (atUs <= this.nowUs) {
      run();
      return;
    }
    this.#events.at(atUs, run);
    this.#arm();
  }

  #run(): void {
    this.#armedUs = Number.POSITIVE_INFINITY;
    while (this.#events.nextUs <= this.nowUs) this.#events.run();
    this.#arm();
  }

  #arm(): void {
    const { nextUs } = this.#events;
    if (nextUs === this.#armedUs || nextUs === Number.POSITIVE_INFINITY) return;
    this.#armedUs = nextUs;
    this.#timer.arm(nextUs - this.nowUs);
  }
}

/** The end of the wire that is a device: what the device reads goes out, what arrives it sends. A full device loses frames, as a switch's port. */
class DeviceEnd implements WireEnd {
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  arrive(frame: Frame): void {
    this.#device.transmit(barePacket(frame.bytes));
    this.#device.flush?.();
  }

  /** Begins to read. */
  open(out: WireDirection): void {
    const packet = barePacket(new Uint8Array(0));
    const input: DeviceInput = {
      frame(bytes, view, from, to) {
        packet.bytes = bytes;
        packet.view = view;
        packet.head = from;
        packet.tail = to;
        return packet;
      },
      deliver: ({ bytes, head, tail }) => out.send(plainFrame(bytes.slice(head, tail))),
    };
    this.#device.open({
      readable: () => {
        while (this.#device.poll(AT_ONCE, input) >= AT_ONCE);
      },
      writable: () => undefined,
      carrier: () => undefined,
      failed: () => process.exit(0),
    });
  }
}

/** Both ends' directions share one seed. The two devices are without offloads: a frame is a packet. */
export function joinDevices(left: Device, right: Device, impairment: Impairment, seed: number): void {
  const [clock, random] = [new RealTime(), new Random(seed)];
  const ends = [new DeviceEnd(left), new DeviceEnd(right)] as const;
  ends[0].open(new WireDirection([ends[1]], impairment, clock, random));
  ends[1].open(new WireDirection([ends[0]], impairment, clock, random));
}

/** @returns the device for a stack, across an impaired wire from `device`. */
export function stackDevice(device: Device, impairment: Impairment, seed: number): SimDevice {
  const [clock, random] = [new RealTime(), new Random(seed)];
  const end = new DeviceEnd(device);
  const own = new SimDevice({ name: 'eth0', address: Uint8Array.of(0x02, 0x53, 0, 0, 0, 1) });
  const out = new WireDirection([end], impairment, clock, random);
  own.onFrame = (frame) => out.send(frame);
  end.open(new WireDirection([own], impairment, clock, random));
  return own;
}
