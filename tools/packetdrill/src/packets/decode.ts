// Octets to packets. What leaves a stack is read with more trust than it deserves: each length is checked once, and nothing throws.
import { readIp4, readIp6, sum } from '@protoloom/wire';
import { icmpProtocol, transportSum } from './encode.js';
import { type Fragment, IPPROTO_FRAGMENT, type Other, type Packet } from './packet.js';
import { decodeOptions } from './tcp-options.js';

const TCP = 6;
const UDP = 17;
const IP4_HEADER = 20;
const IP6_HEADER = 40;
const FRAGMENT_HEADER = 8;
const TCP_HEADER = 20;
const EIGHT = 8;

/** The fields of a packet, or what is wrong with it. */
export function decodePacket(bytes: Uint8Array): Packet | string {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4) return decodeIp4(bytes);
  if (version === 6) return decodeIp6(bytes);
  return `no IP packet: its version is ${version}`;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function decodeIp4(bytes: Uint8Array): Packet | string {
  const view = viewOf(bytes);
  const header = ((bytes[0] as number) & 0xf) * 4;
  if (bytes.length < IP4_HEADER || header < IP4_HEADER || bytes.length < header) return 'an IPv4 header cut short';
  const total = view.getUint16(2);
  if (total < header || total > bytes.length) return `an IPv4 packet of ${bytes.length} octets that says ${total}`;
  const source = new Int32Array(4);
  const destination = new Int32Array(4);
  readIp4(view, 12, source, 0);
  readIp4(view, 16, destination, 0);
  const word = view.getUint16(6);
  const fragment: Fragment = { offset: (word & 0x1fff) * 8, more: (word & 0x2000) !== 0, id: view.getUint16(4) };
  return decodeTransport(bytes.subarray(header, total), {
    family: 4,
    source,
    destination,
    tos: bytes[1] as number,
    ttl: bytes[8] as number,
    flowLabel: 0,
    extraHeaders: (header - IP4_HEADER) / 4,
    fragment: fragment.offset === 0 && !fragment.more ? undefined : fragment,
    protocol: bytes[9] as number,
    badChecksums: sum(bytes, 0, header, 0) === 0xffff ? [] : ['IPv4'],
  });
}

function decodeIp6(bytes: Uint8Array): Packet | string {
  const view = viewOf(bytes);
  if (bytes.length < IP6_HEADER) return 'an IPv6 header cut short';
  const end = IP6_HEADER + view.getUint16(4);
  if (end > bytes.length) return `an IPv6 packet of ${bytes.length} octets that says ${end}`;
  const source = new Int32Array(4);
  const destination = new Int32Array(4);
  readIp6(view, 8, source, 0);
  readIp6(view, 24, destination, 0);
  const first = view.getUint32(0);
  let protocol = bytes[6] as number;
  let at = IP6_HEADER;
  let fragment: Fragment | undefined;
  if (protocol === IPPROTO_FRAGMENT && end - at >= FRAGMENT_HEADER) {
    protocol = bytes[at] as number;
    const word = view.getUint16(at + 2);
    fragment = { offset: word & 0xfff8, more: (word & 1) !== 0, id: view.getUint32(at + 4) };
    at += FRAGMENT_HEADER;
  }
  return decodeTransport(bytes.subarray(at, end), {
    family: 6,
    source,
    destination,
    tos: (first >>> 20) & 0xff,
    ttl: bytes[7] as number,
    flowLabel: first & 0xf_ffff,
    extraHeaders: 0,
    fragment,
    protocol,
    badChecksums: [],
  });
}

/** A fragment is not looked into. */
function decodeTransport(bytes: Uint8Array, ip: Omit<Packet, 'transport' | 'payload'>): Packet {
  const other: Other = { protocol: 'other' };
  if (ip.fragment !== undefined) return { ...ip, transport: other, payload: bytes };
  const view = viewOf(bytes);
  if (ip.protocol === TCP && bytes.length >= TCP_HEADER) {
    const header = ((bytes[12] as number) >> 4) * 4;
    if (header < TCP_HEADER || header > bytes.length) return { ...ip, transport: other, payload: bytes };
    const top = bytes[12] as number;
    return {
      ...ip,
      transport: {
        protocol: 'tcp',
        sourcePort: view.getUint16(0),
        destinationPort: view.getUint16(2),
        seq: view.getUint32(4),
        ack: view.getUint32(8),
        flags: (bytes[13] as number) | ((top & 1) << 8),
        reserved: (top >> 1) & 7,
        window: view.getUint16(14),
        urgent: view.getUint16(18),
        options: decodeOptions(bytes.subarray(TCP_HEADER, header)),
      },
      payload: bytes.subarray(header),
      badChecksums: checked(ip, 'TCP', transportSum(ip, bytes) === 0xffff),
    };
  }
  if (ip.protocol === UDP && bytes.length >= EIGHT) {
    return {
      ...ip,
      transport: {
        protocol: 'udp',
        sourcePort: view.getUint16(0),
        destinationPort: view.getUint16(2),
        length: view.getUint16(4),
      },
      payload: bytes.subarray(EIGHT),
      badChecksums: checked(ip, 'UDP', view.getUint16(6) === 0 ? ip.family === 4 : transportSum(ip, bytes) === 0xffff),
    };
  }
  if (ip.protocol === icmpProtocol(ip.family) && bytes.length >= EIGHT) {
    const total = ip.family === 4 ? sum(bytes, 0, bytes.length, 0) : transportSum(ip, bytes);
    return {
      ...ip,
      transport: { protocol: 'icmp', type: bytes[0] as number, code: bytes[1] as number, rest: view.getUint32(4) },
      payload: bytes.subarray(EIGHT),
      badChecksums: checked(ip, 'ICMP', total === 0xffff),
    };
  }
  return { ...ip, transport: other, payload: bytes };
}

const checked = ({ badChecksums }: Pick<Packet, 'badChecksums'>, name: string, holds: boolean): readonly string[] =>
  holds ? badChecksums : [...badChecksums, name];
