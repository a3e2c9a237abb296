// What is measured: each between the kernel's sockets and a contender, over one device, in network namespaces of the run's own.
import type { ContenderName } from './contenders/contender.js';

/** What the contender does, as native/peer.c and the programs under peers/ have it too; `soak`: several of them, on ports of their own. */
export type Mode = 'receive' | 'send' | 'udp-echo' | 'echo' | 'close-first' | 'close-last' | 'idle' | 'http' | 'rest' | 'soak';

/** What one run has counted. */
export interface Sample {
  /** In the client's unit: octets, echoes, connections, requests. */
  readonly counted: number;
  readonly us: number;
  /** User and system time of the contender's process meanwhile, µs. */
  readonly cpuUs: number;
  /** Of idle connections: growth of the process, octets; and of what its heap and buffers hold, where it can say so. */
  readonly residentBytes?: number;
  readonly heapBytes?: number;
}

/** One column of numbers that samples give. */
export interface Figure {
  readonly unit: string;
  readonly of: (sample: Sample) => number;
}

export interface Measure {
  /** As the table and `--only` have it. */
  readonly name: string;
  readonly mode: Mode;
  /** Connections, datagrams in flight, connections being opened. */
  readonly count: number;
  /** Super-segments and checksums by the kernel; else frames of the MTU's size with checksums. */
  readonly offload: boolean;
  /** Both ends on one processor: between two, waking up takes 10 µs or 100 µs, as it happens. */
  readonly pinned: boolean;
  readonly family: 4 | 6;
  readonly mtu: number;
  /** Connections that are open meanwhile, and idle. */
  readonly idle: number;
  readonly contenders: readonly ContenderName[];
  readonly figures: readonly Figure[];
  /** Those of them that `--quick` measures. */
  readonly quick: readonly ContenderName[];
}

const MTU = 1500;
const LARGE_MTU = 65_520;

const PER_SECOND: Figure = { unit: '/s', of: ({ counted, us }) => (counted * 1e6) / us };
const GBITS: Figure = { unit: 'Gbit/s', of: ({ counted, us }) => (counted * 8) / us / 1000 };
const CPU_PER_GB: Figure = { unit: 'CPU s/GB', of: ({ counted, cpuUs }) => (cpuUs * 1000) / counted };
const ROUND_TRIP: Figure = { unit: 'µs', of: ({ counted, us }) => us / counted };
/** Each echo is a packet in and a packet out. */
const PACKETS_PER_CORE: Figure = { unit: 'packets/s per core', of: ({ counted, cpuUs }) => (2 * counted * 1e6) / cpuUs };
const CPU_SHARE: Figure = { unit: '% of a CPU', of: ({ us, cpuUs }) => (100 * cpuUs) / us };
const RESIDENT: Figure = { unit: 'KB resident', of: ({ counted, residentBytes = Number.NaN }) => residentBytes / counted / 1024 };
const HEAP: Figure = { unit: 'KB of heap', of: ({ counted, heapBytes = Number.NaN }) => heapBytes / counted / 1024 };

const USUAL = { count: 1, offload: true, pinned: false, family: 4, mtu: MTU, idle: 0, quick: [] } as const;
const BESIDE: readonly ContenderName[] = ['limit', 'kernel', 'protoloom'];
const OFFLOADING: readonly ContenderName[] = [...BESIDE, 'gvisor'];
const EVERYONE: readonly ContenderName[] = [...OFFLOADING, 'lwip', 'smoltcp'];
const FAMILIES: readonly ContenderName[] = ['protoloom', 'protoloom-ipv4'];
/** Beside the limit and the peer that comes closest. */
const QUICK_OFFLOAD: readonly ContenderName[] = ['limit', 'protoloom', 'gvisor'];
const QUICK_PLAIN: readonly ContenderName[] = ['limit', 'protoloom', 'lwip'];
const BULK = [GBITS, CPU_PER_GB];

type Way = 'receive' | 'send';
const WAYS: readonly Way[] = ['receive', 'send'];
const connections = (count: number): string => (count === 1 ? '' : `, ${count} connections`);

/** The name tells what differs from the usual. */
const bulk = (way: Way, own: Partial<Measure> & Pick<Measure, 'contenders'>): Measure => {
  const measure = { ...USUAL, ...own };
  const { offload, family, mtu, count } = measure;
  const where = `${offload ? 'offload' : 'plain'}${family === 6 ? ', IPv6' : ''}${mtu === MTU ? '' : `, MTU ${mtu}`}`;
  return { ...measure, name: `bulk ${way === 'receive' ? 'in' : 'out'}, ${where}${connections(count)}`, mode: way, figures: BULK };
};

export const MEASURES: readonly Measure[] = [
  ...WAYS.flatMap((way) => [
    bulk(way, { quick: QUICK_OFFLOAD, contenders: [...OFFLOADING, 'slirp4netns'] }),
    bulk(way, { quick: QUICK_PLAIN, offload: false, contenders: ['limit', 'protoloom', 'gvisor', 'lwip', 'smoltcp'] }),
  ]),
  ...WAYS.flatMap((way) => [10, 100].map((count) => bulk(way, { count, contenders: OFFLOADING }))),
  ...WAYS.flatMap((way) => [
    bulk(way, { family: 6, contenders: ['kernel', ...FAMILIES, 'gvisor'] }),
    bulk(way, { family: 6, offload: false, contenders: [...FAMILIES, 'gvisor', 'lwip', 'smoltcp'] }),
    bulk(way, { mtu: LARGE_MTU, contenders: OFFLOADING }),
    bulk(way, { mtu: LARGE_MTU, offload: false, contenders: ['limit', 'protoloom', 'gvisor'] }),
  ]),
  {
    ...USUAL,
    name: 'UDP echo, 64 octets, 64 in flight',
    mode: 'udp-echo',
    count: 64,
    quick: BESIDE,
    contenders: EVERYONE,
    figures: [PER_SECOND, PACKETS_PER_CORE],
  },
  {
    ...USUAL,
    name: 'UDP echo, 64 octets, 64 in flight, IPv6',
    mode: 'udp-echo',
    count: 64,
    family: 6,
    contenders: ['kernel', ...FAMILIES, 'gvisor', 'lwip', 'smoltcp'],
    figures: [PER_SECOND, PACKETS_PER_CORE],
  },
  {
    ...USUAL,
    name: 'UDP echo, 64 octets, one at a time, one CPU',
    mode: 'udp-echo',
    pinned: true,
    contenders: EVERYONE,
    figures: [PER_SECOND, ROUND_TRIP],
  },
  { ...USUAL, name: 'TCP ping-pong, one CPU', mode: 'echo', pinned: true, quick: BESIDE, contenders: EVERYONE, figures: [PER_SECOND] },
  {
    ...USUAL,
    name: 'TCP ping-pong, one CPU, 10,000 connections open',
    mode: 'echo',
    pinned: true,
    idle: 10_000,
    contenders: [...OFFLOADING, 'lwip'],
    figures: [PER_SECOND],
  },
  ...(['close-first', 'close-last'] as const).map(
    (mode): Measure => ({
      ...USUAL,
      name: `connections, 16 in flight, ${mode === 'close-first' ? 'we close' : 'the peer closes'} first`,
      mode,
      count: 16,
      quick: mode === 'close-first' ? BESIDE : [],
      contenders: EVERYONE,
      figures: [PER_SECOND],
    }),
  ),
  {
    ...USUAL,
    name: 'HTTP requests, 64 connections',
    mode: 'http',
    count: 64,
    quick: ['protoloom', 'node-net'],
    contenders: ['limit', 'protoloom', 'protoloom-http', 'node-net', 'node-http', 'gvisor', 'lwip', 'smoltcp'],
    figures: [PER_SECOND],
  },
  {
    ...USUAL,
    name: 'memory of an idle connection, 10,000 of them',
    mode: 'idle',
    count: 10_000,
    contenders: ['protoloom', 'gvisor', 'lwip', 'smoltcp'],
    figures: [HEAP, RESIDENT],
  },
  { ...USUAL, name: 'an idle stack', mode: 'rest', contenders: ['protoloom', 'gvisor', 'lwip', 'smoltcp'], figures: [CPU_SHARE] },
];

const NAMES: ReadonlySet<string> = new Set(MEASURES.map(({ name }) => name));

/** Those whose names contain one of the texts; a whole name means that measure alone. */
export const named = (measures: readonly Measure[], only: readonly string[]): Measure[] =>
  measures.filter(({ name }) => only.some((text) => (NAMES.has(text) ? name === text : name.includes(text))));
