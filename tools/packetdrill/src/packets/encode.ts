// Packets to octets: RFC 791, RFC 8200, RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443.
import { finish, pseudoSum, sum, writeIp4, writeIp6 } from '@protoloom/wire';
import { IPPROTO_FRAGMENT, type Packet } from './packet.js';
import { encodeOptions } from './tcp-options.js';

const IP4_HEADER = 20;
const IP6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const TCP_HEADER = 20;
const EIGHT = 8;
const ICMPV6 = 58;

/** The packet's octets, with lengths and checksums. A fragment has its header, and `payload` as it is. */
export function encodePacket(packet: Packet): Uint8Array {
  const body = packet.fragment !== undefined && packet.transport.protocol === 'other' ? packet.payload : encodeTransport(packet);
  return packet.family === 4 ? encodeIp4(packet, body) : encodeIp6(packet, body);
}

function encodeIp4({ tos, ttl, protocol, fragment, source, destination }: Packet, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IP4_HEADER + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  bytes[1] = tos;
  view.setUint16(2, bytes.length);
  view.setUint16(4, fragment?.id ?? 0);
  view.setUint16(6, fragment === undefined ? 0 : fragment.offset / 8 + (fragment.more ? 0x2000 : 0));
  bytes[8] = ttl;
  bytes[9] = protocol;
  writeIp4(source, 0, view, 12);
  writeIp4(destination, 0, view, 16);
  view.setUint16(10, finish(sum(bytes, 0, IP4_HEADER, 0)));
  bytes.set(body, IP4_HEADER);
  return bytes;
}

function encodeIp6({ tos, ttl, flowLabel, protocol, fragment, source, destination }: Packet, body: Uint8Array): Uint8Array {
  const extension = fragment === undefined ? 0 : FRAGMENT_HEADER;
  const bytes = new Uint8Array(IP6_HEADER + extension + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ((6 << 28) | (tos << 20) | flowLabel) >>> 0);
  view.setUint16(4, extension + body.length);
  bytes[6] = fragment === undefined ? protocol : IPPROTO_FRAGMENT;
  bytes[7] = ttl;
  writeIp6(source, 0, view, 8);
  writeIp6(destination, 0, view, 24);
  if (fragment !== undefined) {
    bytes[IP6_HEADER] = protocol;
    view.setUint16(IP6_HEADER + 2, fragment.offset | (fragment.more ? 1 : 0));
    view.setUint32(IP6_HEADER + 4, fragment.id);
  }
  bytes.set(body, IP6_HEADER + extension);
  return bytes;
}

/** Header and payload of the transport, its checksum filled in. */
export function encodeTransport(packet: Packet): Uint8Array {
  const { transport, payload } = packet;
  if (transport.protocol === 'other') return payload;
  const options = transport.protocol === 'tcp' ? encodeOptions(transport.options) : [];
  const header = transport.protocol === 'tcp' ? TCP_HEADER + options.length : EIGHT;
  const bytes = new Uint8Array(header + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(payload, header);
  switch (transport.protocol) {
    case 'tcp':
      view.setUint16(0, transport.sourcePort);
      view.setUint16(2, transport.destinationPort);
      view.setUint32(4, transport.seq);
      view.setUint32(8, transport.ack);
      bytes[12] = ((header / 4) << 4) | (transport.reserved << 1) | (transport.flags >> 8);
      bytes[13] = transport.flags & 0xff;
      view.setUint16(14, transport.window);
      view.setUint16(18, transport.urgent);
      bytes.set(options, TCP_HEADER);
      view.setUint16(16, checksum(packet, bytes));
      break;
    case 'udp':
      view.setUint16(0, transport.sourcePort);
      view.setUint16(2, transport.destinationPort);
      view.setUint16(4, transport.length);
      view.setUint16(6, checksum(packet, bytes) || 0xffff);
      break;
    case 'icmp':
      bytes[0] = transport.type;
      bytes[1] = transport.code;
      view.setUint32(4, transport.rest);
      view.setUint16(2, packet.family === 4 ? finish(sum(bytes, 0, bytes.length, 0)) : checksum(packet, bytes));
      break;
  }
  return bytes;
}

/** The field's value for a transport's octets, over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1). */
const checksum = (packet: Packet, bytes: Uint8Array): number => finish(transportSum(packet, bytes));

/** The folded sum of pseudo-header and octets: 0xffff where the checksum in them holds. */
export function transportSum(
  { source, destination, protocol }: Pick<Packet, 'source' | 'destination' | 'protocol'>,
  bytes: Uint8Array,
): number {
  const words = Int32Array.of(...source, ...destination);
  return sum(bytes, 0, bytes.length, sum(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), 0, 2, pseudoSum(words, 0, 4, protocol)));
}

/** Whether this family's ICMP is that protocol. */
export const icmpProtocol = (family: 4 | 6): number => (family === 4 ? 1 : ICMPV6);
