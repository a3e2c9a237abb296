// The packet of contracts/packet.ts: pooled, over a device's frame while borrowed, and over a buffer of its own soon after it was taken.
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  CSUM_VERIFIED,
  type Fragment,
  GSO_NONE,
  type Interface,
  MAX_FRAGMENTS,
  PACKET_HOST,
  type Packet,
  type PacketOwner,
  type PacketWitness,
} from '@protoloom/contracts';
import type { SocketState } from '@protoloom/contracts/socket';
import { add, finish, sum, swap } from '@protoloom/wire';
import type { Buffer } from './buffers.js';
import type { PacketPool } from './pool.js';

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

const makeFragment = (): Fragment => ({ bytes: NO_BYTES, at: 0, length: 0 });

export class PooledPacket implements Packet {
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  head = 0;
  tail = 0;
  l2 = 0;
  l3 = 0;
  l4 = 0;
  // Undefined only before the first use: whoever makes a packet sets it, or the route does.
  iface: Interface = undefined as unknown as Interface;
  family = 0;
  protocol = 0;
  transport = 0;
  kind = PACKET_HOST;
  destinationType = 0;
  readonly addresses = new Int32Array(8);
  hopLimit = -1;
  trafficClass = -1;
  ecn = 0;
  flowLabel = 0;
  options: Uint8Array | undefined = undefined;
  dontFragment = false;
  socket: SocketState | undefined = undefined;
  owner: PacketOwner | undefined = undefined;
  charge = 0;
  witness: PacketWitness | undefined = undefined;
  priority = 0;
  mark = 0;
  hash = 0;
  rxUs = 0;
  txTimeUs = 0;
  vlanTci = -1;
  fragmented = false;
  reason: string | undefined = undefined;
  gsoKind = GSO_NONE;
  gsoSize = 0;
  gsoSegments = 1;
  csum = CSUM_NONE;
  csumStart = 0;
  csumOffset = 0;
  readonly fragments: readonly Fragment[] = Array.from({ length: MAX_FRAGMENTS }, makeFragment);
  fragmentCount = 0;
  fragmentBytes = 0;
  steady = false;
  readonly slots: unknown[];
  taken = false;
  /** Its own buffer; undefined while it borrows a device's. */
  buffer: Buffer | undefined = undefined;
  /** Octets of the buffer that it will have, while it is taken and still borrows. */
  owed = 0;
  /** Its maker's call still runs: whoever releases it now leaves it to the maker's `done`. */
  lent = false;
  /** In the pool's free list: anything done with it now is a mistake of the caller. */
  free = false;
  nextFree: PooledPacket | undefined = undefined;
  readonly #pool: PacketPool;

  constructor(pool: PacketPool, slots: number) {
    this.#pool = pool;
    this.slots = Array.from({ length: slots }, () => undefined);
  }

  get borrowed(): boolean {
    return this.buffer === undefined;
  }

  get length(): number {
    return this.tail - this.head + this.fragmentBytes;
  }

  get memory(): number {
    const { buffer } = this;
    return (buffer !== undefined ? buffer.size : this.taken ? this.owed : this.tail - this.head) + this.fragmentBytes;
  }

  pull(n: number): number {
    this.head += n;
    return this.head;
  }

  push(n: number): number {
    // What is in front of it in a device's frame is the device's, once the call that lent it is over.
    if (n > this.head || (this.taken && this.buffer === undefined)) this.#pool.grow(this, n, 0);
    this.head -= n;
    return this.head;
  }

  put(n: number): number {
    if (this.tail + n > this.bytes.length || this.buffer === undefined) this.#pool.grow(this, 0, n);
    const at = this.tail;
    this.tail += n;
    return at;
  }

  trim(length: number): void {
    const linear = this.tail - this.head;
    if (length <= linear) {
      this.tail = this.head + length;
      this.#dropFragments(0);
      return;
    }
    let left = length - linear;
    for (let i = 0; i < this.fragmentCount; i++) {
      const fragment = this.fragments[i] as Fragment;
      if (fragment.length > left) {
        this.fragmentBytes -= fragment.length - left;
        fragment.length = left;
      }
      left -= fragment.length;
      if (left > 0) continue;
      this.#dropFragments(i + 1);
      return;
    }
  }

  append(bytes: Uint8Array, at: number, length: number): boolean {
    if (this.fragmentCount === MAX_FRAGMENTS) return false;
    const fragment = this.fragments[this.fragmentCount] as Fragment;
    fragment.bytes = bytes;
    fragment.at = at;
    fragment.length = length;
    this.fragmentCount++;
    this.fragmentBytes += length;
    return true;
  }

  linearize(): void {
    if (this.fragmentCount > 0) this.#pool.own(this);
  }

  completeChecksum(): void {
    if (this.csum !== CSUM_PARTIAL) return;
    let total = sum(this.bytes, this.csumStart, this.tail, 0);
    let odd = ((this.tail - this.csumStart) & 1) === 1;
    for (let i = 0; i < this.fragmentCount; i++) {
      const fragment = this.fragments[i] as Fragment;
      const part = sum(fragment.bytes, fragment.at, fragment.at + fragment.length, 0);
      total = add(total, odd ? swap(part) : part);
      if ((fragment.length & 1) === 1) odd = !odd;
    }
    // A computed zero is sent as its other form, which means the same to a verifier and is never "no checksum" (RFC 768).
    this.view.setUint16(this.csumStart + this.csumOffset, finish(total) || 0xffff);
    this.csum = CSUM_VERIFIED;
  }

  take(): this {
    if (this.taken || this.free)
      throw new Error(this.free ? 'take() of a released packet' : 'take() of a packet that somebody has taken: copy() it');
    if (this.buffer === undefined || this.fragmentCount > 0) this.#pool.keep(this);
    this.taken = true;
    this.#pool.inHand++;
    return this;
  }

  copy(): Packet {
    return this.#pool.copy(this);
  }

  release(): void {
    if (!this.taken || this.free) throw new Error('release() of a packet that was not taken');
    this.#pool.inHand--;
    this.taken = false;
    if (!this.lent) this.#pool.recycle(this);
  }

  /** Leaves its sender behind: it is received next, as if a device had delivered it. */
  orphan(): void {
    const { owner } = this;
    if (owner !== undefined) {
      this.owner = undefined;
      owner.packetReleased(this.charge);
    }
    this.family = 0;
    this.protocol = 0;
    this.transport = 0;
    this.kind = PACKET_HOST;
    this.destinationType = 0;
    this.hopLimit = -1;
    this.trafficClass = -1;
    this.flowLabel = 0;
    this.ecn = 0;
    this.options = undefined;
    this.dontFragment = false;
    this.socket = undefined;
    this.charge = 0;
    this.witness = undefined;
    this.priority = 0;
    this.mark = 0;
    this.hash = 0;
    this.txTimeUs = 0;
    this.vlanTci = -1;
    this.fragmented = false;
    this.reason = undefined;
    for (let i = 0; i < this.slots.length; i++) this.slots[i] = undefined;
  }

  /** Back to how a new one is. */
  reset(): void {
    this.orphan();
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.buffer = undefined;
    this.gsoKind = GSO_NONE;
    this.gsoSize = 0;
    this.gsoSegments = 1;
    this.csum = CSUM_NONE;
    this.steady = false;
    if (this.fragmentCount > 0) this.#dropFragments(0);
  }

  #dropFragments(from: number): void {
    for (let i = from; i < this.fragmentCount; i++) {
      const fragment = this.fragments[i] as Fragment;
      this.fragmentBytes -= fragment.length;
      fragment.bytes = NO_BYTES;
      fragment.length = 0;
    }
    if (from < this.fragmentCount) this.fragmentCount = from;
  }
}
