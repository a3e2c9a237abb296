// IPv6 packets of a peer's, for tests: nothing here is computed by the stack that is tested.

export const address = (first: readonly number[], ...last: readonly number[]): number[] => [
  ...first,
  ...new Array<number>(16 - first.length - last.length).fill(0),
  ...last,
];
export const OURS = address([0x20, 1, 0x0d, 0xb8], 2);
export const THEIRS = address([0x20, 1, 0x0d, 0xb8], 1);

export const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i & 0xff);
const u16 = (n: number): number[] => [(n >> 8) & 0xff, n & 0xff];

/** RFC 1071, with the pseudo-header of RFC 8200 §8.1. */
export function checksum(next: number, payload: readonly number[], source: readonly number[], destination: readonly number[]): number {
  const octets = [...source, ...destination, 0, 0, ...u16(payload.length), 0, 0, 0, next, ...payload];
  let total = 0;
  for (let i = 0; i < octets.length; i += 2) total += ((octets[i] as number) << 8) + (octets[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

export interface Header {
  readonly next?: number;
  readonly hops?: number;
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  readonly trafficClass?: number;
}

/** RFC 8200 §3. */
export function ip6(payload: readonly number[], header: Header = {}): number[] {
  const { next = 253, hops = 64, source = THEIRS, destination = OURS, trafficClass = 0 } = header;
  return [
    0x60 | (trafficClass >> 4),
    (trafficClass & 0xf) << 4,
    0,
    0,
    ...u16(payload.length),
    next,
    hops,
    ...source,
    ...destination,
    ...payload,
  ];
}

const patched = (octets: readonly number[], at: number, value: number): number[] =>
  octets.map((octet, i) => (i === at ? value >> 8 : i === at + 1 ? value & 0xff : octet));

/** RFC 4443 §2.1. @param rest the four octets behind the checksum, and what follows them. */
export function icmp6(type: number, code: number, rest: readonly number[], header: Header = {}): number[] {
  const { source = THEIRS, destination = OURS } = header;
  const message = [type, code, 0, 0, ...rest];
  return ip6(patched(message, 2, checksum(58, message, source, destination)), { ...header, next: 58 });
}

/** RFC 768. */
export function udp6(from: number, to: number, data: readonly number[], header: Header = {}): number[] {
  const { source = THEIRS, destination = OURS } = header;
  const datagram = [...u16(from), ...u16(to), ...u16(8 + data.length), 0, 0, ...data];
  return ip6(patched(datagram, 6, checksum(17, datagram, source, destination) || 0xffff), { ...header, next: 17 });
}
