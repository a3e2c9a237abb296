// The software fallback of segmentation offload: cuts a super-segment and copies its headers; each protocol mends its own.
import { GSO_NONE, type Lookup, type Packet, type Segmenter, type SegmentKey } from '@protoloom/contracts';
import { copyOctets } from '@protoloom/wire';
import type { PacketPool } from './pool.js';

/** Written anew for each look-up: none is made for each packet. */
const networkKey = { layer: 3 as const, kind: 0 };
const transportKey = { layer: 4 as const, kind: 0 };

/** Copies `length` octets of the whole packet, counted from its `head`, linear part and fragments alike, to `into` at `at`. */
function copyOut(whole: Packet, from: number, length: number, into: Uint8Array, at: number): void {
  let position = from;
  let left = length;
  let to = at;
  const linear = whole.tail - whole.head;
  if (position < linear) {
    const count = Math.min(left, linear - position);
    copyOctets(whole.bytes, whole.head + position, whole.head + position + count, into, to);
    position += count;
    left -= count;
    to += count;
  }
  let start = linear;
  for (let i = 0; i < whole.fragmentCount && left > 0; i++) {
    const fragment = whole.fragments[i];
    if (fragment === undefined) break;
    if (position < start + fragment.length) {
      const count = Math.min(left, start + fragment.length - position);
      const at0 = fragment.at + position - start;
      copyOctets(fragment.bytes, at0, at0 + count, into, to);
      position += count;
      left -= count;
      to += count;
    }
    start += fragment.length;
  }
}

/**
 * Hands each piece of `whole` (its link header at `head`) to `send`, which borrows it. False: nobody mends a layer of it, and nothing was
 * sent.
 */
export function segment(
  pool: PacketPool,
  segmenters: Lookup<SegmentKey, Segmenter>,
  whole: Packet,
  send: (piece: Packet) => void,
): boolean {
  networkKey.kind = whole.protocol;
  transportKey.kind = whole.gsoKind;
  const network = segmenters.get(networkKey);
  const transport = segmenters.get(transportKey);
  if (network === undefined || transport === undefined) return false;
  const headers = whole.l4 - whole.head + transport.headerBytes(whole);
  const payload = whole.length - headers;
  for (let offset = 0, index = 0; offset < payload; offset += whole.gsoSize, index++) {
    const count = Math.min(whole.gsoSize, payload - offset);
    const last = offset + count === payload;
    const piece = pool.make(headers + count);
    const at = piece.put(headers + count);
    copyOut(whole, 0, headers, piece.bytes, at);
    copyOut(whole, headers + offset, count, piece.bytes, at + headers);
    const shift = at - whole.head;
    piece.l2 = whole.l2 + shift;
    piece.l3 = whole.l3 + shift;
    piece.l4 = whole.l4 + shift;
    piece.iface = whole.iface;
    piece.family = whole.family;
    piece.protocol = whole.protocol;
    piece.transport = whole.transport;
    piece.kind = whole.kind;
    piece.socket = whole.socket;
    // What it is asked about is the whole's last octet.
    if (last) piece.witness = whole.witness;
    piece.priority = whole.priority;
    piece.mark = whole.mark;
    piece.gsoKind = GSO_NONE;
    piece.csum = whole.csum;
    piece.csumStart = whole.csumStart + shift;
    piece.csumOffset = whole.csumOffset;
    piece.hash = whole.hash;
    network.mend(piece, whole, index, offset, last);
    transport.mend(piece, whole, index, offset, last);
    send(piece);
    pool.done(piece);
  }
  return true;
}
