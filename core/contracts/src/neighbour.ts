// Neighbours: one state machine (RFC 4861 §7.3, as Linux applies it to both families), resolution protocols attached to it.
import type { CounterSpec, Counters } from './counters.js';
import type { Interface } from './interface.js';
import type { Packet } from './packet.js';
import { allPoint, mapPoint, service } from './token.js';

/** Neighbour states, Linux's NUD_* numbers. */
export const NUD_NONE = 0x00;
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

/** Flags of `Neighbours.update`, Linux's NEIGH_UPDATE_F_*. */
export const UPDATE_OVERRIDE = 0x1;
export const UPDATE_WEAK_OVERRIDE = 0x2;
export const UPDATE_ADMIN = 0x8000_0000 | 0;

/** A neighbour: the next hop to whom packets go out. */
export interface Neighbour {
  readonly iface: Interface;
  readonly family: number;
  /** Its network address, four words. */
  readonly words: Int32Array;
  /** NUD_*. */
  readonly state: number;
  /** Its link address; meaningless while it is not known. Replaced, never written into. */
  readonly linkAddress: Uint8Array;
  /** When its state or link address last changed, µs of the clock. */
  readonly updatedUs: number;
  /** True once it was collected or its interface went: look it up again. */
  readonly dead: boolean;
  /**
   * Sends a network packet to it: pushes the cached link header, or queues the packet (takes it) and resolves.
   */
  output(packet: Packet): undefined;
  /** A transport made forward progress through it (RFC 4861 §7.3.1). */
  confirm(): void;
}

/** Live values of `net.<family>.neigh.*` on one interface. */
export interface NeighbourParameters {
  readonly baseReachableTimeMs: number;
  readonly retransTimeMs: number;
  readonly gcStaleTime: number;
  readonly delayFirstProbeTime: number;
  readonly ucastSolicit: number;
  readonly mcastSolicit: number;
  readonly appSolicit: number;
  readonly mcastResolicit: number;
  readonly unresQlenBytes: number;
  readonly locktime: number;
}

/** Counters of one family's neighbours, as /proc/net/stat has them. `entries` is how many there are now. */
export type NeighbourCounters = Counters<ReturnType<typeof neighbourCounters<'arp_cache'>>>;

/** A resolution protocol: ARP for AF_INET, Neighbor Discovery for AF_INET6. */
export interface NeighbourFamily {
  readonly family: number;
  /** EtherType of the packets sent to its neighbours. */
  readonly etherType: number;
  parameters(iface: Interface): NeighbourParameters;
  /** `net.<family>.neigh.default.gc_thresh1..3` and gc_interval (s), live. */
  readonly thresholds: { readonly gcThresh1: number; readonly gcThresh2: number; readonly gcThresh3: number; readonly gcInterval: number };
  /** The set that `neighbourCounters` describes, moved by the machine (the two of received probes by the protocol). */
  readonly counters: NeighbourCounters;
  /** RTN_* of a neighbour's address on this interface: MULTICAST and BROADCAST need no resolution. */
  classify(iface: Interface, words: Int32Array, at: number): number;
  /** Whether the interface's neighbours are forgotten, permanent ones aside, when it loses its carrier. */
  evictsWithoutCarrier(iface: Interface): boolean;
  /**
   * Asks for the neighbour, to its link address where `unicast`, else to all. `packet` is the first that waits, for the source address to
   * ask from; undefined where none waits.
   */
  solicit(neighbour: Neighbour, packet: Packet | undefined, unicast: boolean): undefined;
  /** A packet that waited cannot be delivered: the resolution failed. The packet is released after the call. */
  unreachable(neighbour: Neighbour, packet: Packet): undefined;
}
/** Resolution protocols by AF_*. Owned by the neighbour machine. */
export const NEIGHBOUR_FAMILY = mapPoint<number, NeighbourFamily>('neighbour.family', 1);

export interface Neighbours {
  /**
   * The neighbour under this address, made where there is none (its resolution starts with the first packet). Where the table is full it
   * is `dead` from the start, and drops what it is given.
   * @throws Error where no resolution protocol of this family is plugged in.
   */
  lookup(iface: Interface, family: number, words: Int32Array, at: number): Neighbour;
  /** The neighbour, or undefined; makes none. */
  find(iface: Interface, family: number, words: Int32Array, at: number): Neighbour | undefined;
  /**
   * What a resolution protocol has learnt: the link address in `bytes` at `at` (`bytes` undefined: none was said) and the new NUD_* state.
   * @param flags UPDATE_*
   */
  update(neighbour: Neighbour, bytes: Uint8Array | undefined, at: number, state: number, flags: number): void;
  /** Asks once for a neighbour that is FAILED, without a packet for it: RFC 4191 §3.5. */
  probe(neighbour: Neighbour): void;
}
export const NEIGHBOURS = service<Neighbours>('neighbour.neighbours', 1);

/** Told after a neighbour's state or link address changed (RTM_NEWNEIGH), or it was removed (`dead`, RTM_DELNEIGH). */
export const NEIGHBOUR_EVENTS = allPoint<(neighbour: Neighbour) => undefined>('neighbour.events', 1);

/**
 * The sysctls of one family's neighbours: `net.<ipv4|ipv6>.neigh.*`, Linux's names and defaults. Whoever attaches to `NEIGHBOUR_FAMILY`
 * declares them, so that each family has its own.
 */
export const neighbourSysctls = (family: 'ipv4' | 'ipv6') =>
  ({
    baseReachableTimeMs: {
      path: `net.${family}.neigh.*.base_reachable_time_ms`,
      all: false,
      initial: 30_000,
      unit: 'ms',
      min: 1,
      rfc: 'RFC 4861 §6.3.2',
      doc: 'Mean of the random time for which a confirmed neighbour counts as reachable.',
    },
    retransTimeMs: {
      path: `net.${family}.neigh.*.retrans_time_ms`,
      all: false,
      initial: 1_000,
      unit: 'ms',
      min: 1,
      rfc: 'RFC 4861 §10',
      doc: 'Between two solicitations.',
    },
    gcStaleTime: {
      path: `net.${family}.neigh.*.gc_stale_time`,
      all: false,
      initial: 60,
      unit: 's',
      min: 0,
      doc: 'For how long an unused stale entry is kept from collection.',
    },
    delayFirstProbeTime: {
      path: `net.${family}.neigh.*.delay_first_probe_time`,
      all: false,
      initial: 5,
      unit: 's',
      min: 0,
      rfc: 'RFC 4861 §10',
      doc: 'From the first use of a stale entry to the first probe.',
    },
    ucastSolicit: {
      path: `net.${family}.neigh.*.ucast_solicit`,
      all: false,
      initial: 3,
      min: 0,
      rfc: 'RFC 4861 §10',
      doc: 'Unicast probes before an entry fails.',
    },
    mcastSolicit: {
      path: `net.${family}.neigh.*.mcast_solicit`,
      all: false,
      initial: 3,
      min: 0,
      rfc: 'RFC 4861 §10',
      doc: 'Multicast or broadcast solicitations before resolution fails.',
    },
    appSolicit: {
      path: `net.${family}.neigh.*.app_solicit`,
      all: false,
      initial: 0,
      min: 0,
      doc: 'Probes left to an application; none by default.',
    },
    mcastResolicit: {
      path: `net.${family}.neigh.*.mcast_resolicit`,
      all: false,
      initial: 0,
      min: 0,
      doc: 'Further multicast solicitations after unicast probes had no answer.',
    },
    unresQlenBytes: {
      path: `net.${family}.neigh.*.unres_qlen_bytes`,
      all: false,
      initial: 212_992,
      unit: 'bytes',
      min: 0,
      rfc: 'RFC 1122 §2.3.2.2',
      doc: 'Most memory of packets that wait for one neighbour.',
    },
    locktime: {
      path: `net.${family}.neigh.*.locktime`,
      all: false,
      initial: family === 'ipv4' ? 100 : 0,
      unit: 'jiffies of 10 ms',
      min: 0,
      doc: 'For how long a fresh entry is not overridden by another answer.',
    },
  }) as const;

/** `net.<family>.neigh.default.gc_*`, which are one for a stack. */
export const neighbourThresholds = (family: 'ipv4' | 'ipv6') =>
  ({
    gcThresh1: {
      path: `net.${family}.neigh.default.gc_thresh1`,
      initial: 128,
      min: 0,
      unit: 'entries',
      doc: 'Below so many entries nothing is collected.',
    },
    gcThresh2: {
      path: `net.${family}.neigh.default.gc_thresh2`,
      initial: 512,
      min: 0,
      unit: 'entries',
      doc: 'Above so many entries those unused for 5 s are collected.',
    },
    gcThresh3: { path: `net.${family}.neigh.default.gc_thresh3`, initial: 1024, min: 0, unit: 'entries', doc: 'Most entries.' },
    gcInterval: { path: `net.${family}.neigh.default.gc_interval`, initial: 30, min: 0, unit: 's', doc: 'Between two collections.' },
  }) as const;

/**
 * The counters of one family's neighbours under the names of /proc/net/stat. Declared by whoever attaches to `NEIGHBOUR_FAMILY`, as the
 * sysctls are. Packets on their way out have no fates.
 */
export const neighbourCounters = <const T extends 'arp_cache' | 'ndisc_cache'>(table: T) =>
  ({
    entries: { unit: 'entries', mib: `stat.${table}.entries`, doc: 'Neighbours in the table now.' },
    allocs: { unit: 'entries', mib: `stat.${table}.allocs`, doc: 'Neighbours made.' },
    destroys: { unit: 'entries', mib: `stat.${table}.destroys`, doc: 'Neighbours removed.' },
    lookups: { unit: 'events', mib: `stat.${table}.lookups`, doc: 'Look-ups.' },
    hits: { unit: 'events', mib: `stat.${table}.hits`, doc: 'Look-ups that found a neighbour.' },
    resFailed: { unit: 'events', mib: `stat.${table}.res_failed`, doc: 'Resolutions without answer.' },
    rcvProbesMcast: { unit: 'packets', mib: `stat.${table}.rcv_probes_mcast`, doc: 'Solicitations received by multicast.' },
    rcvProbesUcast: { unit: 'packets', mib: `stat.${table}.rcv_probes_ucast`, doc: 'Solicitations received by unicast.' },
    periodicGcRuns: { unit: 'events', mib: `stat.${table}.periodic_gc_runs`, doc: 'Collections by the clock.' },
    forcedGcRuns: { unit: 'events', mib: `stat.${table}.forced_gc_runs`, doc: 'Collections because the table was filling.' },
    unresolvedDiscards: {
      unit: 'packets',
      mib: `stat.${table}.unresolved_discards`,
      doc: 'Oldest waiting packets dropped for newer ones.',
    },
    tableFulls: { unit: 'events', mib: `stat.${table}.table_fulls`, doc: 'Neighbours refused because the table was full.' },
  }) as const satisfies CounterSpec;
