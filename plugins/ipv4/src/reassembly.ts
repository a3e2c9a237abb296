// Reassembly: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 3168 §5.3; overlaps end a datagram (RFC 5722, and Linux for IPv4 too).
import type { Clock, Counters, Packet, Packets, Timers } from '@protoloom/contracts';
import type { IpErrors } from '@protoloom/contracts/ip';
import { Fragments, mergeEcn, type PartialDatagram } from '@protoloom/mechanisms';
import { counters as spec } from './counters.js';
import * as wire from './wire.js';

const MAX_PACKET_BYTES = 65_535;

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

export class Reassembly {
  readonly #context: ReassemblyContext;
  readonly #fragments: Fragments;

  constructor(context: ReassemblyContext) {
    const { clock, timers, errors, counters, sysctls, seed0, seed1 } = context;
    this.#context = context;
    this.#fragments = new Fragments({
      clock,
      timers,
      errors,
      counters,
      limits: {
        get highThresh() {
          return sysctls.ipfragHighThresh;
        },
        get lowThresh() {
          return sysctls.ipfragLowThresh;
        },
        get time() {
          return sysctls.ipfragTime;
        },
      },
      seed0,
      seed1,
    });
  }

  /** Datagrams that wait, and what they are charged. */
  get held(): { readonly datagrams: number; readonly bytes: number } {
    return this.#fragments.held;
  }

  /** Takes a fragment. Where it makes its datagram whole, that: `head` at the transport, owed a `done`. */
  add(packet: Packet, header: number): Packet | undefined {
    const { counters } = this.#context;
    const { view, l3 } = packet;
    const from = wire.offsetBytes(view, l3);
    const more = (wire.fragment(view, l3) & wire.MF) !== 0;
    const length = packet.length - header;
    // RFC 791: all but the last are multiples of eight octets; none reaches beyond the largest datagram.
    if (length <= 0 || (more && (length & 7) !== 0) || header + from + length > MAX_PACKET_BYTES) return this.#refuse(packet);
    const datagram = this.#fragments.open(packet.addresses, wire.identification(view, l3), packet.transport);
    const insertion = this.#fragments.add(datagram, from, from + length, more, packet);
    if (insertion === 'duplicate') {
      counters.fragmentDuplicate++;
      packet.reason = spec.fragmentDuplicate.fate;
      return undefined;
    }
    if (insertion === 'overlap' || insertion === 'invalid') return this.#refuse(packet);
    counters.fragmentHeld++;
    return insertion === 'complete' ? this.#rebuild(datagram) : undefined;
  }

  /** The caller's last word on what `add` gave. */
  done(whole: Packet): void {
    this.#context.packets.done(whole);
  }

  /** Lets go of everything. */
  clear(): void {
    this.#fragments.clear();
  }

  #rebuild(datagram: PartialDatagram<Packet>): Packet | undefined {
    const { packets, counters } = this.#context;
    const first = datagram.first as Packet;
    const ecn = mergeEcn(datagram.marks);
    const header = first.l4 - first.l3;
    if (ecn < 0 || header + datagram.total > MAX_PACKET_BYTES) {
      this.#fragments.giveUp(datagram);
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
    wire.writeChecksum(whole.view, at, header);
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
    this.#fragments.release(datagram);
    return whole;
  }

  #refuse(packet: Packet): undefined {
    this.#context.counters.fragmentRefused++;
    packet.reason = spec.fragmentRefused.fate;
  }
}
