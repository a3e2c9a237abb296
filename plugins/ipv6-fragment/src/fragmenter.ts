// Sending in fragments, which only a source does: RFC 8200 §4.5.
import { type Counters, type Entropy, ERRNO, ETH_P_IPV6, type Packet, type Packets } from '@protoloom/contracts';
import type { NextHop } from '@protoloom/contracts/ip';
import { type Ip6Fragmenter, NEXTHDR_FRAGMENT } from '@protoloom/contracts/ipv6';
import { AF_INET6 } from '@protoloom/contracts/socket';
import type { counters as spec } from './counters.js';
import * as wire from './wire.js';

const PAYLOAD_LENGTH = 4;
/** Smallest piece of payload. */
const UNIT_BYTES = 8;

export interface FragmenterContext {
  readonly packets: Packets;
  readonly entropy: Entropy;
  readonly counters: Counters<typeof spec>;
}

export class Fragmenter implements Ip6Fragmenter {
  readonly #context: FragmenterContext;
  readonly #place: wire.Place = { at: 0, nextHeaderAt: 0 };

  constructor(context: FragmenterContext) {
    this.#context = context;
  }

  fragment(packet: Packet, mtu: number, hop: NextHop): number {
    const { packets, counters } = this.#context;
    packet.completeChecksum();
    packet.linearize();
    const { bytes, view, head, tail } = packet;
    const place = this.#place;
    wire.unfragmentable(view, head, tail, place);
    const repeated = place.at - head;
    const nextHeaderAt = place.nextHeaderAt - head;
    const room = mtu - repeated - wire.HEADER_BYTES;
    if (room < UNIT_BYTES) {
      counters.fragFails++;
      return -ERRNO.EMSGSIZE;
    }
    counters.fragOks++;
    const next = view.getUint8(head + nextHeaderAt);
    const id = this.#identification();
    const headers = repeated + wire.HEADER_BYTES;
    const payload = tail - head - repeated;
    for (let offset = 0, count = 0; offset < payload; offset += count) {
      // All but the last are multiples of eight octets.
      count = payload - offset <= room ? payload - offset : room & ~(UNIT_BYTES - 1);
      const piece = packets.make(headers + count);
      const at = piece.put(headers + count);
      piece.bytes.set(bytes.subarray(head, head + repeated), at);
      piece.bytes.set(bytes.subarray(head + repeated + offset, head + repeated + offset + count), at + headers);
      piece.view.setUint16(at + PAYLOAD_LENGTH, headers + count - wire.IP6_HEADER_BYTES);
      piece.view.setUint8(at + nextHeaderAt, NEXTHDR_FRAGMENT);
      wire.writeHeader(piece.view, at + repeated, next, offset, offset + count < payload, id);
      piece.l3 = at;
      piece.l4 = at + headers;
      piece.iface = packet.iface;
      piece.family = AF_INET6;
      piece.protocol = ETH_P_IPV6;
      piece.transport = packet.transport;
      piece.destinationType = packet.destinationType;
      piece.socket = packet.socket;
      piece.priority = packet.priority;
      piece.mark = packet.mark;
      counters.fragCreates++;
      counters.fragOctets += headers + count;
      hop.output(piece);
      packets.done(piece);
    }
    return 0;
  }

  /** Not to be predicted (RFC 7739 §5.3): as Linux, random and not zero. */
  #identification(): number {
    const { entropy } = this.#context;
    for (;;) {
      const id = entropy.word();
      if (id !== 0) return id;
    }
  }
}
