// What every file of TCP shares within one stack: services, counters, sysctls, tables.
import type { Chain, Clock, Counters, Entropy, Log, Lookup, Packets, SysctlValues, Table, Timers, Turns } from '@protoloom/contracts';
import type { ErrorQueues, LocalPorts, RouteQuery, Routes, SocketNames } from '@protoloom/contracts/ip';
import type { CongestionControl, TcpOption, TcpOptionConnection } from '@protoloom/contracts/tcp';
import type { AddressBlocks } from './address-blocks.js';
import type { Loans } from './buffers/loans.js';
import type { Marks } from './buffers/marks.js';
import type { RingMemory } from './buffers/ring-memory.js';
import type { Shared } from './congestion.js';
import type { counters } from './counters.js';
import type { Demux } from './demux.js';
import type { BlackHole } from './fastopen/black-hole.js';
import type { HostKeys } from './fastopen/cookie.js';
import type { IsnGenerator } from './isn.js';
import type { Memory } from './memory.js';
import type { MetricsCache } from './metrics/cache.js';
import type { Ports } from './ports.js';
import type { AckState } from './recovery/ack-state.js';
import type { SentPool } from './recovery/scoreboard.js';
import type { Rest } from './rest.js';
import type { BarePeer } from './segment.js';
import type { Segment } from './segment-in.js';
import type { RateSample } from './sender-view.js';
import type { SynCookies } from './syn-cookies.js';
import type { sysctls } from './sysctls.js';
import type { Tcb } from './tcb.js';
import type { TimeWaits } from './time-wait.js';

export type TcpCounters = Counters<typeof counters>;
export type TcpSysctls = SysctlValues<typeof sysctls>;

/** A peer without a connection, filled in place. */
export type Stranger = { -readonly [K in keyof BarePeer]: BarePeer[K] };

export interface Tcp {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly turns: Turns;
  readonly packets: Packets;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly routes: Routes;
  /** Filled anew for each question. */
  readonly query: RouteQuery;
  readonly names: SocketNames;
  readonly localPorts: LocalPorts;
  readonly errorQueues: ErrorQueues;
  readonly counters: TcpCounters;
  readonly sysctls: TcpSysctls;
  readonly controllers: Lookup<string, CongestionControl>;
  // biome-ignore lint/suspicious/noExplicitAny: the state is the option's own affair.
  readonly options: Table<TcpOption<any>>;
  /** Kinds that somebody attached to `options`, ascending; replaced when one comes or goes. */
  optionKinds: readonly number[];
  readonly isnChain: Chain<(connection: TcpOptionConnection) => number | undefined>;
  readonly isn: IsnGenerator;
  readonly synCookies: SynCookies;
  /** Fast Open: the host's keys, what it remembers of servers, and whether it is left alone. */
  readonly hostKeys: HostKeys;
  readonly metrics: MetricsCache;
  readonly blackHole: BlackHole;
  readonly ports: Ports;
  readonly demux: Demux;
  readonly timeWaits: TimeWaits;
  readonly memory: Memory;
  /** The segment that is being processed: one record per stack. */
  readonly seg: Segment;
  /** The delivery-rate sample that it brings, and what controllers are told. */
  readonly sample: RateSample;
  readonly shared: Shared;
  /** What its acknowledgement brings. */
  readonly ack: AckState;
  readonly addressBlocks: AddressBlocks;
  /** Connections that rest, and those that do not. */
  readonly rest: Rest;
  /** Memory of rings, for use again. */
  readonly ringMemory: RingMemory;
  /** Text that stays in devices' frames. */
  readonly loans: Loans;
  /** Marks that nobody has in use: an idle connection has none. */
  readonly marks: Marks[];
  /** Records of what was sent, for use again. */
  readonly sentPool: SentPool;
  /** As stranger.ts has filled it last. */
  readonly stranger: Stranger;
  /** Challenge ACKs left in this second, of tcp_challenge_ack_limit (RFC 5961 §7), and when it began. */
  challengeLeft: number;
  challengeSinceUs: number;
  /** Connections without a user that have something to do still, of tcp_max_orphans. */
  orphans: number;
  /** A connection's turn to send: output.ts. */
  output(tcb: Tcb): void;
}
