// UDP's part of cutting a super-segment in software (UDP_SEGMENT), and of one that came in.
import type { Packet, Packets, Segmenter } from '@protoloom/contracts';
import { add, finish } from '@protoloom/wire';
import * as wire from './wire.js';

export const segmenter: Segmenter = {
  headerBytes: () => wire.HEADER_BYTES,
  mend(segment: Packet, whole: Packet): undefined {
    const { view, l4 } = segment;
    const wholeBytes = whole.tail - whole.l4 + whole.fragmentBytes;
    const bytes = segment.tail - l4;
    view.setUint16(l4 + 4, bytes);
    // The field holds the pseudo-header's sum with the whole's length: each piece has its own.
    view.setUint16(l4 + wire.CHECKSUM_OFFSET, add(add(wire.checksum(whole.view, whole.l4), finish(wholeBytes)), bytes));
  },
};

/** A datagram of `count` octets of payload out of a coalesced one that came in, from `offset` on; the caller is its maker. */
export function cut(packets: Packets, whole: Packet, offset: number, count: number): Packet {
  const networkBytes = whole.l4 - whole.l3;
  const headers = networkBytes + wire.HEADER_BYTES;
  const payload = whole.l4 + wire.HEADER_BYTES + offset;
  const piece = packets.make(headers + count);
  const at = piece.put(headers + count);
  piece.bytes.set(whole.bytes.subarray(whole.l3, whole.l3 + headers), at);
  piece.bytes.set(whole.bytes.subarray(payload, payload + count), at + headers);
  piece.l2 = at;
  piece.l3 = at;
  piece.l4 = piece.pull(networkBytes);
  piece.view.setUint16(piece.l4 + 4, wire.HEADER_BYTES + count);
  piece.addresses.set(whole.addresses);
  piece.iface = whole.iface;
  piece.family = whole.family;
  piece.protocol = whole.protocol;
  piece.transport = whole.transport;
  piece.kind = whole.kind;
  piece.destinationType = whole.destinationType;
  piece.hopLimit = whole.hopLimit;
  piece.trafficClass = whole.trafficClass;
  piece.flowLabel = whole.flowLabel;
  piece.mark = whole.mark;
  piece.rxUs = whole.rxUs;
  return piece;
}
