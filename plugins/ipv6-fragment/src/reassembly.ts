// Reassembly: RFC 8200 §4.5, RFC 5722, RFC 6946, in the order of Linux's ipv6_frag_rcv.
import type { Counters, Packet, Packets } from '@protoloom/contracts';
import { type IpErrors, PROBLEM_INCOMPLETE_HEADERS, PROBLEM_PARAMETER } from '@protoloom/contracts/ip';
import { Fragments, type FragmentsContext, mergeEcn, type PartialDatagram } from '@protoloom/mechanisms';
import { copyWords, isLinkLocalWords, isMulticastWords, nextHeaderAt } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import { holdsHeaderChain } from './header-chain.js';
import * as wire from './wire.js';

const MAX_PAYLOAD_BYTES = 65_535;
/** From the IPv6 header's start. */
const TRAFFIC_CLASS = 1;
const PAYLOAD_LENGTH = 4;

export interface ReassemblyContext extends FragmentsContext {
  readonly packets: Packets;
  readonly errors: IpErrors;
  readonly counters: Counters<typeof spec>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

export class Reassembly {
  readonly #context: ReassemblyContext;
  readonly #fragments: Fragments;
  readonly #key = new Int32Array(8);

  constructor(context: ReassemblyContext) {
    this.#context = context;
    this.#fragments = new Fragments(context);
  }

  get held(): { readonly datagrams: number; readonly bytes: number } {
    return this.#fragments.held;
  }

  clear(): void {
    this.#fragments.clear();
  }

  /** The header's handler. */
  receive(packet: Packet): Packet | undefined {
    const { counters } = this.#context;
    if (packet.fragmentCount > 0) packet.linearize();
    const { view, l3, l4, tail } = packet;
    if (packet.fragmented) return this.#refuse(packet, 'nested', PROBLEM_PARAMETER, l4 - l3);
    if (tail - l4 < wire.HEADER_BYTES) return this.#refuse(packet, 'truncated', PROBLEM_PARAMETER, l4 - l3);
    const from = wire.offsetBytes(view, l4);
    const more = wire.more(view, l4);
    const next = wire.nextHeader(view, l4);
    const start = l4 + wire.HEADER_BYTES;
    packet.fragmented = true;
    if (from === 0 && !more) {
      counters.atomic++;
      packet.transport = next;
      packet.l4 = start;
      return packet;
    }
    if (from === 0 && !holdsHeaderChain(view, next, start, tail))
      return this.#refuse(packet, 'incompleteHeaders', PROBLEM_INCOMPLETE_HEADERS, 0);
    const to = from + tail - start;
    if (l4 - l3 - wire.IP6_HEADER_BYTES + to > MAX_PAYLOAD_BYTES) return this.#refuse(packet, 'tooLong', PROBLEM_PARAMETER, l4 + 2 - l3);
    if (more && (to & 7) !== 0) return this.#refuse(packet, 'badLength', PROBLEM_PARAMETER, PAYLOAD_LENGTH);
    const id = wire.identification(view, l4);
    const packetOf = this.#fragments.open(this.#keyOf(packet), id >>> 16, id & 0xffff);
    const insertion = this.#fragments.add(packetOf, from, to, more, packet);
    if (insertion === 'duplicate' || insertion === 'overlap' || insertion === 'invalid') return this.#drop(packet, insertion);
    counters.held++;
    return insertion === 'complete' ? this.#rebuild(packetOf) : undefined;
  }

  /** Source and destination; where the destination means the same on one link alone, together with the link: RFC 4007 §6. */
  #keyOf({ addresses, iface }: Packet): Int32Array {
    const key = this.#key;
    key.set(addresses);
    // The second word of fe80::/64 is zero, and in groups of a link as good as always.
    if (isLinkLocalWords(addresses, 4) || isMulticastWords(addresses, 4)) key[5] = (key[5] as number) ^ iface.index;
    return key;
  }

  #rebuild(whole: PartialDatagram<Packet>): Packet | undefined {
    const { packets, counters, clock } = this.#context;
    const first = whole.first as Packet;
    const ecn = mergeEcn(whole.marks);
    const headers = first.l4 - first.l3;
    const payload = headers - wire.IP6_HEADER_BYTES + whole.total;
    if (ecn < 0 || payload > MAX_PAYLOAD_BYTES) {
      this.#fragments.giveUp(whole);
      return undefined;
    }
    const packet = packets.make(headers + whole.total);
    const at = packet.put(headers + whole.total);
    packet.bytes.set(first.bytes.subarray(first.l3, first.l4), at);
    for (const { from, payload: piece } of whole.pieces)
      packet.bytes.set(piece.bytes.subarray(piece.l4 + wire.HEADER_BYTES, piece.tail), at + headers + from);
    const { view } = packet;
    const next = wire.nextHeader(first.view, first.l4);
    view.setUint8(nextHeaderAt(view, at, at + headers), next);
    view.setUint16(at + PAYLOAD_LENGTH, payload);
    packet.trafficClass = (first.trafficClass & ~3) | ecn;
    view.setUint8(at + TRAFFIC_CLASS, (view.getUint8(at + TRAFFIC_CLASS) & 0xcf) | (ecn << 4));
    packet.l2 = at;
    packet.l3 = at;
    packet.l4 = packet.pull(headers);
    packet.iface = first.iface;
    packet.family = first.family;
    packet.protocol = first.protocol;
    packet.transport = next;
    packet.kind = first.kind;
    packet.destinationType = first.destinationType;
    copyWords(first.addresses, 0, packet.addresses, 0);
    copyWords(first.addresses, 4, packet.addresses, 4);
    packet.hopLimit = first.hopLimit;
    packet.fragmented = true;
    packet.mark = first.mark;
    packet.rxUs = clock.nowUs;
    counters.reassembled++;
    this.#fragments.release(whole);
    return packet;
  }

  #refuse(packet: Packet, fate: Fate, problem: number, info: number): undefined {
    this.#context.errors.report(packet, problem, info);
    return this.#drop(packet, fate);
  }

  #drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}
