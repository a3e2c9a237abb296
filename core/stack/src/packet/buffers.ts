// Buffers in a few sizes, kept for use again: what packets that outlive a call are made of.

/** One buffer and the two views over it. */
export interface Buffer {
  /** Octets. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where it goes back to; undefined where it is larger than all that are kept. */
  readonly shelf: Shelf | undefined;
  /** The next on the shelf. */
  next: Buffer | undefined;
}

/** Free buffers of one size, octets. */
interface Shelf {
  readonly size: number;
  /** Most that are kept. */
  readonly most: number;
  count: number;
  first: Buffer | undefined;
}

/** Sizes, octets: a small datagram, an Ethernet frame, a jumbo frame, a 64 KiB super-segment, each with headers. */
const SIZES = [512, 2048, 10_240, 67_584] as const;
/** Octets kept free of each size, about; and buffers at least. */
const KEPT_BYTES = 4_194_304;
const KEPT = 64;

const makeShelf = (size: number): Shelf => ({ size, most: Math.max(KEPT, Math.floor(KEPT_BYTES / size)), count: 0, first: undefined });

function allocate(size: number, shelf: Shelf | undefined): Buffer {
  const bytes = new Uint8Array(size);
  return { size, bytes, view: new DataView(bytes.buffer), shelf, next: undefined };
}

/** Free lists by size. What is larger than the largest is allocated each time. */
export class Buffers {
  readonly #shelves: readonly Shelf[] = SIZES.map(makeShelf);
  /** Overwrite what comes back, so that its use after release shows: for tests. */
  readonly #poison: boolean;

  constructor(poison: boolean) {
    this.#poison = poison;
  }

  /** A buffer of at least `size` octets, with whatever was in it. */
  get(size: number): Buffer {
    const shelf = this.#shelfFor(size);
    if (shelf === undefined) return allocate(size, undefined);
    const buffer = shelf.first;
    if (buffer === undefined) return allocate(shelf.size, shelf);
    shelf.first = buffer.next;
    shelf.count--;
    buffer.next = undefined;
    return buffer;
  }

  /** Octets of the buffer that `get` gives for so many. */
  sizeFor(size: number): number {
    return this.#shelfFor(size)?.size ?? size;
  }

  #shelfFor(size: number): Shelf | undefined {
    for (let i = 0; i < this.#shelves.length; i++) {
      const shelf = this.#shelves[i] as Shelf;
      if (size <= shelf.size) return shelf;
    }
    return undefined;
  }

  put(buffer: Buffer): void {
    if (this.#poison) buffer.bytes.fill(0xdb);
    const { shelf } = buffer;
    if (shelf === undefined || shelf.count >= shelf.most) return;
    buffer.next = shelf.first;
    shelf.first = buffer;
    shelf.count++;
  }
}
