// One good frame of each kind that a host meets on an Ethernet. Nothing here is computed by the stack that is tested.

/** Addresses of the conversation: a peer, and the host that is tested. */
export const PEER_MAC = [0x02, 0, 0, 0, 0, 0x99] as const;
export const PEER = [10, 0, 0, 1] as const;
export const HOST = [10, 0, 0, 2] as const;

type Octets = readonly number[];
const u16 = (n: number): Octets => [(n >> 8) & 0xff, n & 0xff];
const u32 = (n: number): Octets => [...u16(n >>> 16), ...u16(n)];

/** Next header of the test transport, RFC 3692's. */
export const TEST_TRANSPORT = 253;
const address6 = (last: number): Octets => [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), last];
/** And over IPv6. */
export const PEER6: Octets = address6(1);
export const HOST6: Octets = address6(2);
export const ALL_NODES: Octets = [0xff, 2, ...new Array<number>(13).fill(0), 1];

/** RFC 1071, a word at a time. */
function checksum(octets: Octets): number {
  let total = 0;
  for (let i = 0; i < octets.length; i += 2) {
    total += ((octets[i] as number) << 8) + (octets[i + 1] ?? 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return ~total & 0xffff;
}

const patched = (octets: Octets, at: number, value: number): Octets =>
  octets.map((octet, i) => (i === at ? value >> 8 : i === at + 1 ? value & 0xff : octet));

/** Ethernet II, RFC 894; padded to the least length. */
export function ethernet(to: Octets, etherType: number, payload: Octets, pad = true): Uint8Array {
  const frame = [...to, ...PEER_MAC, ...u16(etherType), ...payload];
  while (pad && frame.length < 60) frame.push(0);
  return Uint8Array.from(frame);
}

export interface Ip4Fields {
  readonly source?: Octets;
  readonly destination?: Octets;
  readonly id?: number;
  /** Flags and offset as they stand. */
  readonly fragment?: number;
  readonly ttl?: number;
  readonly options?: Octets;
  readonly tos?: number;
}

/** RFC 791 §3.1. */
export function ip4(protocol: number, payload: Octets, fields: Ip4Fields = {}): Octets {
  const { source = PEER, destination = HOST, id = 1, fragment = 0, ttl = 64, options = [], tos = 0 } = fields;
  const header = 20 + options.length;
  const octets = [
    0x40 | (header / 4),
    tos,
    ...u16(header + payload.length),
    ...u16(id),
    ...u16(fragment),
    ttl,
    protocol,
    0,
    0,
    ...source,
    ...destination,
    ...options,
  ];
  return [...patched(octets, 10, checksum(octets)), ...payload];
}

export interface Ip6Fields {
  readonly length?: number;
  readonly next?: number;
  readonly source?: Octets;
  readonly destination?: Octets;
  readonly trafficClass?: number;
  readonly hops?: number;
}

/** RFC 8200 §3. */
export function ip6(payload: Octets, fields: Ip6Fields = {}): Octets {
  const { length = payload.length, next = TEST_TRANSPORT, source = PEER6, destination = HOST6, trafficClass = 0, hops = 64 } = fields;
  return [0x60 | (trafficClass >> 4), (trafficClass & 15) << 4, 0, 0, ...u16(length), next, hops, ...source, ...destination, ...payload];
}

function transport(protocol: number, segment: Octets, at: number, { source = PEER, destination = HOST }: Ip4Fields): Octets {
  const pseudo = [...source, ...destination, 0, protocol, ...u16(segment.length)];
  return patched(segment, at, checksum([...pseudo, ...segment]) || 0xffff);
}

/** RFC 768. */
export const udp = (from: number, to: number, data: Octets, fields: Ip4Fields = {}): Octets =>
  ip4(17, transport(17, [...u16(from), ...u16(to), ...u16(8 + data.length), 0, 0, ...data], 6, fields), fields);

/** RFC 9293 §3.1. @param options a multiple of four octets. */
export function tcp(
  from: number,
  to: number,
  seq: number,
  ack: number,
  flags: number,
  data: Octets = [],
  options: Octets = [],
  fields: Ip4Fields = {},
): Octets {
  const segment = [
    ...u16(from),
    ...u16(to),
    ...u32(seq),
    ...u32(ack),
    (20 + options.length) << 2,
    flags,
    ...u16(65_535),
    0,
    0,
    0,
    0,
    ...options,
    ...data,
  ];
  return ip4(6, transport(6, segment, 16, fields), fields);
}

/** RFC 792. */
export function icmp(type: number, code: number, rest: Octets, data: Octets, fields: Ip4Fields = {}): Octets {
  const octets = [type, code, 0, 0, ...rest, ...data];
  return ip4(1, patched(octets, 2, checksum(octets)), fields);
}

const count = (n: number): Octets => Array.from({ length: n }, (_, i) => i & 0xff);
const SYN_OPTIONS = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7] as const;

/** Version 3, about 239.1.2.3 and two sources: RFC 3376 §4.1. */
const IGMP_QUERY = [0x11, 10, 0, 0, 239, 1, 2, 3, 2, 125, 0, 2, 10, 0, 0, 7, 10, 0, 0, 8];

/** Version 2, about everything, with a router alert: RFC 3810 §5.1. */
function mldQuery(): Octets {
  const source = [0xfe, 0x80, ...new Array<number>(13).fill(0), 1];
  const query = [130, 0, 0, 0, ...u16(1000), 0, 0, ...new Array<number>(16).fill(0), 2, 125, 0, 0];
  const summed = patched(query, 2, checksum([...source, ...ALL_NODES, ...u32(query.length), ...u32(58), ...query]));
  return ip6([58, 0, 5, 2, 0, 0, 1, 0, ...summed], { next: 0, hops: 1, source, destination: ALL_NODES });
}

/** By name, for a host with the link address `mac`. */
export function goldenFrames(mac: Octets): Readonly<Record<string, Uint8Array>> {
  const all = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const;
  const toHost = (payload: Octets) => ethernet(mac, 0x0800, payload);
  const toHost6 = (payload: Octets, next: number) => ethernet(mac, 0x86dd, ip6(payload, { next }));
  const inner = udp(7000, 7, [1, 2, 3]);
  const echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1, ...count(32)];
  const echoed = patched(echo, 2, checksum(echo));
  return {
    'ARP request': ethernet(all, 0x0806, [0, 1, 8, 0, 6, 4, 0, 1, ...PEER_MAC, ...PEER, 0, 0, 0, 0, 0, 0, ...HOST]),
    'ARP reply': ethernet(mac, 0x0806, [0, 1, 8, 0, 6, 4, 0, 2, ...PEER_MAC, ...PEER, ...mac, ...HOST]),
    'ICMP echo': toHost(icmp(8, 0, [0x12, 0x34, 0, 1], count(32))),
    'ICMP echo with options': toHost(icmp(8, 0, [0x12, 0x34, 0, 2], count(8), { options: [7, 7, 4, 0, 0, 0, 0, 1, 0x94, 4, 0, 0] })),
    'ICMP port unreachable': toHost(icmp(3, 3, [0, 0, 0, 0], inner.slice(0, 28), {})),
    'ICMP fragmentation needed': toHost(icmp(3, 4, [0, 0, ...u16(1400)], tcp(80, 7000, 1, 1, 0x10).slice(0, 28))),
    'first fragment': toHost(ip4(1, echoed.slice(0, 24), { id: 77, fragment: 0x2000 })),
    'last fragment': toHost(ip4(1, echoed.slice(24), { id: 77, fragment: 3 })),
    'UDP to a socket': toHost(udp(7000, 7, count(20))),
    'UDP to nobody': toHost(udp(7000, 9999, count(5))),
    'UDP broadcast': ethernet(all, 0x0800, udp(68, 67, count(12), { destination: [255, 255, 255, 255] })),
    'TCP SYN': toHost(tcp(7000, 80, 1000, 0, 0x02, [], SYN_OPTIONS)),
    'TCP data to nobody': toHost(tcp(7000, 81, 1000, 5, 0x18, count(40))),
    'TCP with SACK': toHost(tcp(7001, 80, 1, 1, 0x10, [], [1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 20])),
    'unknown protocol': toHost(ip4(253, count(16))),
    'IPv6 with extension headers': toHost6(
      [60, 0, 5, 2, 0, 0, 1, 0, 43, 0, 0x1e, 2, 0, 0, 1, 0, 44, 0, 0, 0, 0, 0, 0, 0, TEST_TRANSPORT, 0, 0, 0, ...u32(1), ...count(9)],
      0,
    ),
    'IPv6 first fragment': toHost6([TEST_TRANSPORT, 0, 0, 1, ...u32(2), ...count(16)], 44),
    'IPv6 last fragment': toHost6([TEST_TRANSPORT, 0, 0, 16, ...u32(2), ...count(7)], 44),
    'IGMP query': ethernet(
      [1, 0, 0x5e, 0, 0, 1],
      0x0800,
      ip4(2, patched(IGMP_QUERY, 2, checksum(IGMP_QUERY)), { destination: [224, 0, 0, 1], ttl: 1, options: [0x94, 4, 0, 0] }),
    ),
    'MLD query': ethernet([0x33, 0x33, 0, 0, 0, 1], 0x86dd, mldQuery()),
    'unknown EtherType': ethernet(mac, 0x88b5, count(50)),
    '802.3 with LLC': Uint8Array.from([...[0x01, 0x80, 0xc2, 0, 0, 0], ...PEER_MAC, ...u16(38), 0x42, 0x42, 3, ...count(35), ...count(8)]),
    '802.3 with SNAP': Uint8Array.from([
      ...mac,
      ...PEER_MAC,
      ...u16(8 + 36),
      0xaa,
      0xaa,
      3,
      0,
      0,
      0,
      8,
      0,
      ...icmp(8, 0, [0, 1, 0, 1], count(8)),
      ...count(2),
    ]),
    'from a group': Uint8Array.from([...mac, 0x03, 0, 0, 0, 0, 1, 8, 0, ...inner]),
    'to another station': ethernet([0x02, 1, 2, 3, 4, 5], 0x0800, inner),
  };
}
