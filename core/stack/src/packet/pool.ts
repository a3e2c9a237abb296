// The pool that packets come from and go back to.
import type { Fragment, Packet, Packets } from '@protoloom/contracts';
import { Fifo } from '@protoloom/mechanisms';
import { copyOctets, copyViewed } from '@protoloom/wire';
import { Buffers } from './buffers.js';
import { PooledPacket } from './packet.js';

/** Most free packet records kept. */
const KEPT = 4096;
/** Headroom is a multiple of this, with as much to spare for the device's own header. */
const ALIGNMENT = 32;

export interface PoolCounters {
  headroomMoves: number;
}

export class PacketPool implements Packets {
  /** Room in front of every packet that is made, bytes; the assembler sets it from the plugins' headers. */
  headroom = 64;
  inHand = 0;
  #free: PooledPacket | undefined;
  #kept = 0;
  readonly #buffers: Buffers;
  readonly #counters: PoolCounters;
  readonly #defers: boolean;
  /** Taken, and still in their device's frames. */
  readonly #deferred = new Fifo<PooledPacket>();
  #slots = 0;

  /**
   * @param poison overwrites released buffers, so that their use shows: for tests. @param defers what is taken stays in its device's frame until
   * that is polled again: a fast path.
   */
  constructor(counters: PoolCounters, poison = false, defers = true) {
    this.#counters = counters;
    this.#buffers = new Buffers(poison);
    this.#defers = defers;
  }

  /** What packets made from now on are like. @param headers bytes that the assembled headers need. @param slots that plugins declared. */
  shape(headers: number, slots: number): void {
    this.headroom = (headers + ALIGNMENT) & ~(ALIGNMENT - 1);
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.#free = undefined;
    this.#kept = 0;
  }

  make(bytes: number): PooledPacket {
    const packet = this.#record();
    const buffer = this.#buffers.get(this.headroom + bytes);
    packet.buffer = buffer;
    packet.bytes = buffer.bytes;
    packet.view = buffer.view;
    packet.head = this.headroom;
    packet.tail = this.headroom;
    packet.l2 = this.headroom;
    packet.l3 = this.headroom;
    packet.l4 = this.headroom;
    return packet;
  }

  done(packet: Packet): void {
    (packet as PooledPacket).lent = false;
    if (!packet.taken) this.recycle(packet as PooledPacket);
  }

  /** A packet over a device's own buffer, borrowed for the call. */
  borrow(bytes: Uint8Array, view: DataView, from: number, to: number): PooledPacket {
    const packet = this.#record();
    packet.bytes = bytes;
    packet.view = view;
    packet.head = from;
    packet.tail = to;
    packet.l2 = from;
    packet.l3 = from;
    packet.l4 = from;
    return packet;
  }

  recycle(packet: PooledPacket): void {
    if (packet.free) throw new Error('a packet was given back twice');
    const { buffer } = packet;
    packet.reset();
    if (buffer !== undefined) this.#buffers.put(buffer);
    packet.free = true;
    if (this.#kept >= KEPT || packet.slots.length !== this.#slots) return;
    packet.nextFree = this.#free;
    this.#free = packet;
    this.#kept++;
  }

  /** Moves it to a buffer of its own, fragments and all. */
  own(packet: PooledPacket): void {
    this.#move(packet, this.#frontOf(packet), packet.fragmentBytes);
  }

  /** It outlives the call, over a device's frame or with fragments of others: by the time that devices are polled again all of it is its own. */
  keep(packet: PooledPacket): void {
    if (!this.#defers || packet.fragmentCount > 0) {
      this.own(packet);
      return;
    }
    packet.owed = this.#buffers.sizeFor(this.#frontOf(packet) + packet.tail - packet.head);
    this.#deferred.push(packet);
  }

  /** Devices are about to overwrite their frames. */
  settle(): void {
    for (let packet = this.#deferred.shift(); packet !== undefined; packet = this.#deferred.shift()) {
      if (!packet.taken || !packet.borrowed) continue;
      const front = this.#frontOf(packet);
      const { head, tail, owed, fragmentBytes } = packet;
      // As large as it was charged for, though it may have become shorter.
      this.#move(packet, front, Math.max(fragmentBytes, owed - front - (tail - head)));
    }
  }

  #frontOf({ head, l2 }: PooledPacket): number {
    return Math.max(this.headroom, head - l2);
  }

  /** Makes room of `front` bytes before `head` and `back` bytes after `tail`. */
  grow(packet: PooledPacket, front: number, back: number): void {
    if (front > 0) this.#counters.headroomMoves++;
    this.#move(packet, Math.max(packet.head, this.headroom, front), back, back > 0);
  }

  copy(from: PooledPacket): PooledPacket {
    const { bytes, view, head, tail } = from;
    const to = this.#record();
    to.bytes = bytes;
    to.view = view;
    to.head = head;
    to.tail = tail;
    to.l2 = from.l2;
    to.l3 = from.l3;
    to.l4 = from.l4;
    to.iface = from.iface;
    to.family = from.family;
    to.protocol = from.protocol;
    to.transport = from.transport;
    to.kind = from.kind;
    to.destinationType = from.destinationType;
    to.addresses.set(from.addresses);
    to.hopLimit = from.hopLimit;
    to.trafficClass = from.trafficClass;
    to.flowLabel = from.flowLabel;
    to.ecn = from.ecn;
    to.options = from.options;
    to.dontFragment = from.dontFragment;
    to.socket = from.socket;
    to.witness = from.witness;
    to.priority = from.priority;
    to.mark = from.mark;
    to.hash = from.hash;
    to.rxUs = from.rxUs;
    to.txTimeUs = from.txTimeUs;
    to.vlanTci = from.vlanTci;
    to.fragmented = from.fragmented;
    to.gsoKind = from.gsoKind;
    to.gsoSize = from.gsoSize;
    to.gsoSegments = from.gsoSegments;
    to.csum = from.csum;
    to.csumStart = from.csumStart;
    to.csumOffset = from.csumOffset;
    for (let i = 0; i < from.fragmentCount; i++) {
      const { bytes: part, at, length } = from.fragments[i] as Fragment;
      to.append(part, at, length);
    }
    for (let i = 0; i < from.slots.length; i++) to.slots[i] = from.slots[i];
    to.lent = false;
    this.own(to);
    return to.take();
  }

  /** To another buffer: everything from the lowest header on keeps its distance to `head`, fragments end up behind it unless `room`. */
  #move(packet: PooledPacket, front: number, back: number, room = false): void {
    const { head, tail, buffer: old } = packet;
    const start = Math.min(packet.l2, packet.l3, packet.l4, head);
    const keepFrom = head - start <= front ? start : head;
    const buffer = this.#buffers.get(front + (tail - head) + back);
    const shift = front - head;
    copyViewed(packet, keepFrom, tail, buffer, keepFrom + shift);
    packet.bytes = buffer.bytes;
    packet.view = buffer.view;
    packet.buffer = buffer;
    packet.head = front;
    packet.tail = tail + shift;
    packet.l2 += shift;
    packet.l3 += shift;
    packet.l4 += shift;
    packet.csumStart += shift;
    if (old !== undefined) this.#buffers.put(old);
    const count = packet.fragmentCount;
    if (room || count === 0) return;
    for (let i = 0; i < count; i++) {
      const { bytes: part, at, length } = packet.fragments[i] as Fragment;
      if (packet.tail + length > buffer.bytes.length) throw new Error('fragments longer than their sum');
      copyOctets(part, at, at + length, buffer.bytes, packet.tail);
      packet.tail += length;
    }
    packet.trim(packet.tail - packet.head);
  }

  #record(): PooledPacket {
    let packet = this.#free;
    if (packet === undefined) packet = new PooledPacket(this, this.#slots);
    else {
      this.#free = packet.nextFree;
      packet.nextFree = undefined;
      this.#kept--;
    }
    packet.free = false;
    packet.taken = false;
    packet.lent = true;
    return packet;
  }
}
