// Frames that leave together: one call of the addon writes them at the end of the turn. The kernel receives each within its write; with nothing of
// that between two frames, the processor's caches keep what makes the next. Short ones are copied; of longer ones whose payload stays as it is, the
// headers alone.
import type { Fragment, Packet } from '@protoloom/contracts';
import { copyOctets, copyView } from '@protoloom/wire';
import * as vnet from './vnet.js';

/** Frames that are gathered, at most. */
const FRAMES = 64;
/** Octets of one that are copied, and those of its payload that rides behind, at most: copying more costs what it saves. */
const MOST_OCTETS = 256;
const MOST_FRAGMENTS = 128;
/** Stretches of a frame's payload that are left where they are, at most: a ring's. */
const MOST_STRETCHES = 2;
/** Ways of a packet: alone and at once; copied as a whole; its headers copied, and its payload left where it is. */
export const APART = 0;
const COPIED = 1;
const LEFT = 2;
/** Each begins at a multiple of this. */
const ALIGNMENT = 8;
const SLOT = (vnet.HEADER_BYTES + MOST_OCTETS + ALIGNMENT - 1) & -ALIGNMENT;
/** Numbers in `places` for each frame. */
const PLACE = 2 + 2 * MOST_STRETCHES;

export class Outbox {
  /** What is copied of the frames, each behind its virtio-net header. */
  readonly slab = new Uint8Array(FRAMES * SLOT);
  /**
   * Where each begins in the slab, and how many octets of it are there: once written, what write(2) answered. Then where each of its stretches
   * begins in `payload`, and its octets, 0 of one that is not there.
   */
  readonly places = new Int32Array(PLACE * FRAMES);
  /** What all payload lies in that was left where it is. */
  payload: Uint8Array | undefined = undefined;
  /** Frames in it, and how many of them are dealt with. */
  count = 0;
  done = 0;
  readonly #view = new DataView(this.slab.buffer);
  #end = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Whether there is room for a packet that is gathered in this way: payload that is left must lie where the others' does. */
  hasRoom(way: number, packet: Packet): boolean {
    if (this.count === FRAMES) return false;
    return way === COPIED || this.payload === undefined || this.payload === packet.fragments[0]?.bytes;
  }

  /** Copies in what is copied; there is room. */
  add(way: number, packet: Packet): void {
    const { places } = this;
    const { view, head, tail, fragments, fragmentCount } = packet;
    const begin = this.#end;
    vnet.writeHeader(this.#view, begin, packet);
    let at = begin + vnet.HEADER_BYTES;
    copyView(view, head, tail, this.#view, at);
    at += tail - head;
    const place = PLACE * this.count;
    for (let i = 3; i < PLACE; i += 2) places[place + i] = 0;
    for (let i = 0; i < fragmentCount; i++) {
      const { bytes, at: from, length } = fragments[i] as Fragment;
      if (way === COPIED) {
        copyOctets(bytes, from, from + length, this.slab, at);
        at += length;
      } else {
        this.payload = bytes;
        places[place + 2 + 2 * i] = from;
        places[place + 3 + 2 * i] = length;
      }
    }
    places[place] = begin;
    places[place + 1] = at - begin;
    this.count++;
    this.#end = (at + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** What became of a frame that is dealt with: octets, or -errno. */
  outcome(frame: number): number {
    return this.places[PLACE * frame + 1] as number;
  }

  clear(): void {
    this.payload = undefined;
    this.count = 0;
    this.done = 0;
    this.#end = 0;
  }
}

/** How a packet is gathered. */
export function wayOf(packet: Packet): number {
  const { head, tail, length, fragmentBytes, fragmentCount, fragments } = packet;
  if (length <= MOST_OCTETS && fragmentBytes <= MOST_FRAGMENTS) return COPIED;
  if (!packet.steady || tail - head > MOST_OCTETS) return APART;
  const isOne = fragmentCount === 1 || (fragmentCount === MOST_STRETCHES && fragments[0]?.bytes === fragments[1]?.bytes);
  return isOne ? LEFT : APART;
}
