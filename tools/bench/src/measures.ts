// What is measured: each between the kernel's sockets and a contender, over one TAP, in network namespaces of the run's own.

/** What the contender does, as native/peer.c has it too. */
export type Mode = 'receive' | 'send' | 'udp-echo' | 'echo' | 'close-first' | 'close-last' | 'idle' | 'http';

/**
 * `limit`: the device without a stack. `protoloom`: the whole host. `kernel`: the kernel itself, over veth. `node-net`, `node-http`: Node's
 * servers on the kernel's sockets, over veth, with the answer of our http service.
 */
export type Contender = 'limit' | 'protoloom' | 'kernel' | 'node-net' | 'node-http';

export interface Measure {
  /** As the table and `--only` have it. */
  readonly name: string;
  readonly unit: string;
  readonly mode: Mode;
  /** Connections, datagrams in flight, connections being opened. */
  readonly count: number;
  /** Super-segments and checksums by the kernel; else frames of the MTU's size with checksums. */
  readonly offload: boolean;
  /** Both ends on one processor: between two, waking up takes 10 µs or 100 µs, as it happens. */
  readonly pinned: boolean;
  readonly contenders: readonly Contender[];
  /** What the client counted, in the unit; of memory: octets, and of how many connections. */
  readonly value: (counted: number, us: number) => number;
}

const BESIDE_KERNEL: readonly Contender[] = ['limit', 'protoloom', 'kernel'];
const perSecond = (counted: number, us: number): number => (counted * 1e6) / us;
const gbits = (counted: number, us: number): number => (counted * 8) / us / 1000;

const bulk = (mode: 'receive' | 'send', count: number, offload: boolean): Measure => ({
  name: `bulk ${mode === 'receive' ? 'in' : 'out'}, ${count} connection${count === 1 ? '' : 's'}, ${offload ? 'offload' : 'plain'}`,
  unit: 'Gbit/s',
  mode,
  count,
  offload,
  pinned: false,
  contenders: offload ? BESIDE_KERNEL : ['limit', 'protoloom'],
  value: gbits,
});
const rate = (name: string, mode: Mode, count: number, pinned = false): Measure => ({
  name,
  unit: '/s',
  mode,
  count,
  offload: true,
  pinned,
  contenders: BESIDE_KERNEL,
  value: perSecond,
});

export const MEASURES: readonly Measure[] = [
  ...[true, false].flatMap((offload) => (['receive', 'send'] as const).map((mode) => bulk(mode, 1, offload))),
  ...(['receive', 'send'] as const).flatMap((mode) => [10, 100].map((count) => bulk(mode, count, true))),
  rate('UDP echo, 64 octets, 64 in flight', 'udp-echo', 64),
  rate('UDP echo, 64 octets, one at a time, one CPU', 'udp-echo', 1, true),
  rate('TCP ping-pong, one CPU', 'echo', 1, true),
  rate('connections, 16 in flight, we close first', 'close-first', 16),
  rate('connections, 16 in flight, the peer closes first', 'close-last', 16),
  { ...rate('HTTP requests, 64 connections', 'http', 64), contenders: ['protoloom', 'node-net', 'node-http'] },
  {
    name: 'memory of an idle connection, 10,000 of them',
    unit: 'KB',
    mode: 'idle',
    count: 10_000,
    offload: true,
    pinned: false,
    contenders: ['protoloom'],
    value: (octets, count) => octets / count / 1024,
  },
];
