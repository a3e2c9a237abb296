// Reassembly: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 3168 §5.3; overlaps end a datagram (RFC 5722, and Linux for IPv4 too).
import type { Clock, Counters, Packet, Packets, Timer, Timers } from '@protoloom/contracts';
import { type IpErrors, PROBLEM_REASSEMBLY_TIME } from '@protoloom/contracts/ip';
import { type PartialDatagram, ReassemblyStore } from '@protoloom/mechanisms';
import { counters as spec } from './counters.js';
import * as wire from './wire.js';

const MAX_PACKET_BYTES = 65_535;
const SECOND_US = 1_000_000;

export interface ReassemblyContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly packets: Packets;
  readonly errors: IpErrors;
  readonly counters: Counters<typeof spec>;
  readonly sysctls: { readonly ipfragHighThresh: number; readonly ipfragLowThresh: number; readonly ipfragTime: number };
  readonly seed0: number;
  readonly seed1: number;
}

type Datagram = PartialDatagram<Packet>;

/** ECN codepoints seen, one bit each; what the whole has, or -1 where it is to be dropped: RFC 3168 §5.3. */
function mergeEcn(seen: number): number {
  const notEct = (seen & 1) !== 0;
  if (notEct) return seen === 1 ? 0 : -1;
  if ((seen & 8) !== 0) return 3;
  // ECT(0) and ECT(1) mixed: as Linux, ECT(0).
  return (seen & 4) !== 0 ? 2 : 1;
}

const sweep = (reassembly: Reassembly): void => reassembly.sweep();

export class Reassembly {
  readonly #context: ReassemblyContext;
  readonly #store: ReassemblyStore<Packet>;
  readonly #timer: Timer;

  constructor(context: ReassemblyContext) {
    this.#context = context;
    this.#store = new ReassemblyStore(context.seed0, context.seed1);
    this.#timer = context.timers.timer<Reassembly>(this, sweep);
  }

  /** Datagrams that wait, and what they are charged. */
  get held(): { readonly datagrams: number; readonly bytes: number } {
    return { datagrams: this.#store.size, bytes: this.#store.memory };
  }

  /** Takes a fragment. Where it makes its datagram whole, that: `head` at the transport, owed a `done`. */
  add(packet: Packet, header: number): Packet | undefined {
    const { counters, clock, sysctls } = this.#context;
    const { view, l3 } = packet;
    const from = wire.offsetBytes(view, l3);
    const more = (wire.fragment(view, l3) & wire.MF) !== 0;
    const length = packet.length - header;
    // RFC 791: all but the last are multiples of eight octets; none reaches beyond the largest datagram.
    if (length <= 0 || (more && (length & 7) !== 0) || header + from + length > MAX_PACKET_BYTES) return this.#refuse(packet);
    this.#makeRoom(sysctls.ipfragHighThresh);
    const id = wire.identification(view, l3);
    const dueUs = clock.nowUs + sysctls.ipfragTime * SECOND_US;
    const datagram = this.#store.open(packet.addresses, id, packet.transport, dueUs);
    // Taken first: what it is charged is what it keeps in memory, not the bytes that it was lent.
    packet.take();
    const insertion = this.#store.insert(datagram, from, from + length, more, packet, packet.memory);
    if (insertion === 'duplicate') {
      counters.fragmentDuplicate++;
      packet.reason = spec.fragmentDuplicate.fate;
      packet.release();
      return undefined;
    }
    if (insertion === 'overlap' || insertion === 'invalid') {
      this.#giveUp(datagram);
      this.#refuse(packet);
      packet.release();
      return undefined;
    }
    datagram.marks |= 1 << (packet.trafficClass & 3);
    counters.fragmentHeld++;
    if (insertion === 'complete') return this.#rebuild(datagram);
    if (!this.#timer.armed) this.#timer.armAt(datagram.dueUs);
    return undefined;
  }

  /** The caller's last word on what `add` gave. */
  done(whole: Packet): void {
    this.#context.packets.done(whole);
  }

  /** Gives up datagrams whose time is over. */
  sweep(): void {
    const { clock, counters, errors } = this.#context;
    for (let oldest = this.#store.oldest; oldest !== undefined && oldest.dueUs <= clock.nowUs; oldest = this.#store.oldest) {
      counters.reasmTimeout++;
      // Code 1, only where the first fragment is there to be quoted: RFC 792, RFC 1122 §3.3.2.
      const { first } = oldest;
      if (first !== undefined) errors.report(first, PROBLEM_REASSEMBLY_TIME, 0);
      this.#giveUp(oldest);
    }
    const next = this.#store.oldest;
    if (next !== undefined) this.#timer.armAt(next.dueUs);
  }

  /** Lets go of everything. */
  clear(): void {
    for (let oldest = this.#store.oldest; oldest !== undefined; oldest = this.#store.oldest) this.#release(oldest);
  }

  #makeRoom(high: number): void {
    if (this.#store.memory < high) return;
    const low = Math.min(high, this.#context.sysctls.ipfragLowThresh);
    for (let oldest = this.#store.oldest; oldest !== undefined && this.#store.memory > low; oldest = this.#store.oldest)
      this.#giveUp(oldest);
  }

  #rebuild(datagram: Datagram): Packet | undefined {
    const { packets, counters } = this.#context;
    const first = datagram.first as Packet;
    const ecn = mergeEcn(datagram.marks);
    const header = first.l4 - first.l3;
    if (ecn < 0 || header + datagram.total > MAX_PACKET_BYTES) {
      this.#giveUp(datagram);
      return undefined;
    }
    const whole = packets.make(header + datagram.total);
    const at = whole.put(header + datagram.total);
    whole.bytes.set(first.bytes.subarray(first.l3, first.l4), at);
    for (const { from, payload } of datagram.pieces) {
      // A fragment's bytes stand as they came: `l4` is where its payload starts.
      whole.bytes.set(payload.bytes.subarray(payload.l4, payload.tail), at + header + from);
    }
    whole.view.setUint8(at + 1, (first.trafficClass & ~3) | ecn);
    whole.view.setUint16(at + 2, header + datagram.total);
    whole.view.setUint16(at + 6, 0);
    wire.writeChecksum(whole.bytes, whole.view, at, header);
    whole.l3 = at;
    whole.l4 = at + header;
    whole.iface = first.iface;
    whole.family = first.family;
    whole.protocol = first.protocol;
    whole.transport = first.transport;
    whole.kind = first.kind;
    whole.destinationType = first.destinationType;
    whole.addresses.set(first.addresses);
    whole.hopLimit = first.hopLimit;
    whole.trafficClass = (first.trafficClass & ~3) | ecn;
    whole.rxUs = this.#context.clock.nowUs;
    whole.pull(header);
    counters.reassembled++;
    this.#release(datagram);
    return whole;
  }

  #giveUp(datagram: Datagram): void {
    this.#context.counters.reasmFails++;
    this.#release(datagram);
  }

  #release(datagram: Datagram): void {
    this.#store.remove(datagram);
    for (const { payload } of datagram.pieces) payload.release();
  }

  #refuse(packet: Packet): undefined {
    this.#context.counters.fragmentRefused++;
    packet.reason = spec.fragmentRefused.fate;
  }
}
