// A virtual wire: what happens to frames between two devices, or more. All chance is the simulation's seed.
import type { Frame } from './device.js';
import type { Random } from './random.js';

/** What one direction of a wire does to frames. Probabilities are from 0 to 1. */
export interface Impairment {
  /** Propagation delay, µs. */
  readonly delayUs?: number;
  /** Bits per second; left out: none is too many. */
  readonly rate?: number;
  /** Octets that wait for a rated wire, drop-tail; left out: any. */
  readonly queueBytes?: number;
  readonly loss?: number;
  readonly duplicate?: number;
  /** A frame is held back by up to `reorderUs`, so that later ones pass it. */
  readonly reorder?: number;
  readonly reorderUs?: number;
  /** One random bit of the frame is turned over. */
  readonly corrupt?: number;
}

/** What became of the frames of one direction. */
export interface WireStatistics {
  frames: number;
  bytes: number;
  lost: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  /** Found the queue full. */
  overflowed: number;
}

export interface WireClock {
  readonly nowUs: number;
  at(atUs: number, run: () => void): void;
}

/** Who is at the other end of a wire. */
export interface WireEnd {
  arrive(frame: Frame): void;
}

const REORDER_US = 10_000;

/** One way from a device to the others on its wire. */
export class WireDirection {
  impairment: Impairment;
  readonly statistics: WireStatistics = { frames: 0, bytes: 0, lost: 0, duplicated: 0, reordered: 0, corrupted: 0, overflowed: 0 };
  /** Sees each frame as it is sent; answering false loses it. */
  filter: ((frame: Frame) => boolean) | undefined;
  readonly #to: readonly WireEnd[];
  readonly #clock: WireClock;
  readonly #random: Random;
  /** When the last frame's last bit leaves, µs. */
  #busyUs = 0;
  #queued = 0;

  constructor(to: readonly WireEnd[], impairment: Impairment, clock: WireClock, random: Random) {
    this.#to = to;
    this.impairment = impairment;
    this.#clock = clock;
    this.#random = random;
  }

  send(frame: Frame): void {
    const { statistics: count, impairment } = this;
    const { loss = 0, duplicate = 0 } = impairment;
    count.frames++;
    count.bytes += frame.bytes.length;
    if (this.filter?.(frame) === false || this.#random.chance(loss)) {
      count.lost++;
      return;
    }
    this.#carry(frame);
    if (this.#random.chance(duplicate)) {
      count.duplicated++;
      this.#carry(frame);
    }
  }

  #carry(frame: Frame): void {
    const { statistics: count } = this;
    const { delayUs = 0, rate, queueBytes = Number.POSITIVE_INFINITY, reorder = 0, reorderUs = REORDER_US, corrupt = 0 } = this.impairment;
    const { nowUs } = this.#clock;
    const { length } = frame.bytes;
    let arrivesUs = nowUs + delayUs;
    if (rate !== undefined) {
      if (this.#queued + length > queueBytes && this.#queued > 0) {
        count.overflowed++;
        return;
      }
      this.#busyUs = Math.max(this.#busyUs, nowUs) + (length * 8 * 1_000_000) / rate;
      this.#queued += length;
      this.#clock.at(this.#busyUs, () => {
        this.#queued -= length;
      });
      arrivesUs = this.#busyUs + delayUs;
    }
    if (this.#random.chance(reorder)) {
      count.reordered++;
      arrivesUs += 1 + this.#random.below(reorderUs);
    }
    let carried = frame;
    if (this.#random.chance(corrupt)) {
      count.corrupted++;
      const bytes = frame.bytes.slice();
      const at = this.#random.below(length);
      bytes[at] = (bytes[at] as number) ^ (1 << this.#random.below(8));
      carried = { ...frame, bytes };
    }
    this.#clock.at(Math.ceil(arrivesUs), () => {
      // Each reader has octets of its own: what one does to them the others do not see.
      for (const device of this.#to) device.arrive(this.#to.length > 1 ? { ...carried, bytes: carried.bytes.slice() } : carried);
    });
  }
}
