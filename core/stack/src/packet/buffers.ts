// Buffers in a few sizes, kept for use again: what packets that outlive a call are made of.

/** One buffer and the two views over it. */
export interface Buffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Sizes, octets: a small datagram, an Ethernet frame, a jumbo frame, a 64 KiB super-segment, each with headers. */
const SIZES = [512, 2048, 10_240, 67_584] as const;
/** Most free buffers kept of each size: about 4 MB of each. */
const KEPT = SIZES.map((size) => Math.max(64, Math.floor(4_194_304 / size)));

const allocate = (size: number): Buffer => {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
};

/** Free lists by size. What is larger than the largest is allocated each time. */
export class Buffers {
  readonly #free: Buffer[][] = SIZES.map(() => []);
  /** Overwrite what comes back, so that its use after release shows: for tests. */
  readonly #poison: boolean;

  constructor(poison: boolean) {
    this.#poison = poison;
  }

  /** A buffer of at least `size` octets, with whatever was in it. */
  get(size: number): Buffer {
    for (let i = 0; i < SIZES.length; i++) {
      const limit = SIZES[i] as number;
      if (size <= limit) return (this.#free[i] as Buffer[]).pop() ?? allocate(limit);
    }
    return allocate(size);
  }

  put(buffer: Buffer): void {
    if (this.#poison) buffer.bytes.fill(0xdb);
    const index = SIZES.indexOf(buffer.bytes.length as (typeof SIZES)[number]);
    if (index < 0) return;
    const free = this.#free[index] as Buffer[];
    if (free.length < (KEPT[index] as number)) free.push(buffer);
  }
}
