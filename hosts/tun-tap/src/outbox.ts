// Short frames that leave together: one call of the addon writes them at the end of the turn. The kernel receives each within its write; with
// nothing of that between two frames, the processor's caches keep what makes the next.
import type { Fragment, Packet } from '@protoloom/contracts';
import { copyOctets, copyView } from '@protoloom/wire';
import * as vnet from './vnet.js';

/** Frames that are gathered, at most. */
const FRAMES = 64;
/** Octets of such a frame, and of its payload that rides behind, at most: copying more costs what it saves. */
const MOST_OCTETS = 256;
const MOST_FRAGMENTS = 128;
/** Each begins at a multiple of this. */
const ALIGNMENT = 8;
const SLOT = (vnet.HEADER_BYTES + MOST_OCTETS + ALIGNMENT - 1) & -ALIGNMENT;

export class Outbox {
  /** The frames, each behind its virtio-net header; where each begins, and how long it is with that: once written, what write(2) answered. */
  readonly slab = new Uint8Array(FRAMES * SLOT);
  readonly places = new Int32Array(2 * FRAMES);
  /** Frames in it, and how many of them are dealt with. */
  count = 0;
  done = 0;
  readonly #view = new DataView(this.slab.buffer);
  #end = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  get isFull(): boolean {
    return this.count === FRAMES;
  }

  /** Whether a packet is one to gather. */
  takes({ length, fragmentBytes }: Packet): boolean {
    return length <= MOST_OCTETS && fragmentBytes <= MOST_FRAGMENTS;
  }

  /** Copies a packet in; there is room. */
  add(packet: Packet): void {
    const { view, head, tail } = packet;
    const begin = this.#end;
    vnet.writeHeader(this.#view, begin, packet);
    let at = begin + vnet.HEADER_BYTES;
    copyView(view, head, tail, this.#view, at);
    at += tail - head;
    for (let i = 0; i < packet.fragmentCount; i++) {
      const { bytes, at: from, length } = packet.fragments[i] as Fragment;
      copyOctets(bytes, from, from + length, this.slab, at);
      at += length;
    }
    this.places[2 * this.count] = begin;
    this.places[2 * this.count + 1] = at - begin;
    this.count++;
    this.#end = (at + ALIGNMENT - 1) & -ALIGNMENT;
  }

  clear(): void {
    this.count = 0;
    this.done = 0;
    this.#end = 0;
  }
}
