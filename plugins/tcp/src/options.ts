// TCP options: RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 2883; and those from outside, by the point TCP_OPTION.
import type { Packet } from '@protoloom/contracts';
import type { TcpOptionConnection } from '@protoloom/contracts/tcp';
import {
  blocksOf,
  countersOf,
  FULL_BYTES,
  KIND_ORDER_0,
  KIND_ORDER_1,
  layout,
  MOST_COUNTERS,
  optionBytes,
  optionSent,
  parseOption,
  writeOption,
} from './accecn/option.js';
import type { Tcp } from './context.js';
import { EXPERIMENT, FAST_OPEN, readFastOpen } from './fastopen/option.js';
import { MAX_SACK_BLOCKS, type Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';

const EOL = 0;
const NOP = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMP = 8;

/** Timestamps with the two NOPs before them (RFC 7323 appendix A). */
export const TIMESTAMP_BYTES = 12;
/** The same four octets in every segment that has nothing but timestamps. */
const ALIGNED_TIMESTAMP = (NOP << 24) | (NOP << 16) | (TIMESTAMP << 8) | 10;
/** Most octets of options. */
export const MAX_OPTION_BYTES = 40;
/** RFC 7323 §2.3. */
const MAX_SCALE = 14;

/** TSval: a clock of milliseconds, moved by a random offset per connection (RFC 7323 §5.4 and §7.1). */
export const timestamp = (nowUs: number, tsOffset: number): number => (Math.floor(nowUs / 1000) + tsOffset) | 0;

/** Reads the options between the fixed header and its end into `seg`. False: the list breaks off; what came before it stands. */
export function parseOptions(view: DataView, from: number, to: number, seg: Segment): boolean {
  seg.mss = 0;
  seg.wndScale = -1;
  seg.sackPermitted = false;
  seg.hasTimestamp = false;
  seg.sackCount = 0;
  seg.accEcnKind = 0;
  seg.accEcnCount = 0;
  seg.fastOpen.length = -1;
  if (to - from === seg.atOnce && view.getInt32(from) === ALIGNED_TIMESTAMP) {
    seg.hasTimestamp = true;
    seg.tsVal = view.getInt32(from + 4);
    seg.tsEcr = view.getInt32(from + 8);
    return true;
  }
  for (let at = from; at < to; ) {
    const kind = view.getUint8(at);
    if (kind === EOL) return true;
    if (kind === NOP) {
      at++;
      continue;
    }
    const length = at + 1 < to ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > to) return false;
    parseOne(view, at, kind, length, seg);
    at += length;
  }
  return true;
}

/** An option of another length than its own is passed over, as on Linux. */
function parseOne(view: DataView, at: number, kind: number, length: number, seg: Segment): void {
  switch (kind) {
    case MSS:
      if (length === 4 && seg.syn) seg.mss = view.getUint16(at + 2);
      break;
    case WINDOW_SCALE:
      if (length === 3 && seg.syn) seg.wndScale = Math.min(view.getUint8(at + 2), MAX_SCALE);
      break;
    case SACK_PERMITTED:
      if (length === 2 && seg.syn) seg.sackPermitted = true;
      break;
    case TIMESTAMP:
      if (length !== 10) break;
      seg.hasTimestamp = true;
      seg.tsVal = view.getInt32(at + 2);
      seg.tsEcr = view.getInt32(at + 6);
      break;
    case SACK:
      if (length < 10 || (length - 2) % 8 !== 0) break;
      seg.sackCount = Math.min((length - 2) / 8, MAX_SACK_BLOCKS);
      for (let i = 0; i < 2 * seg.sackCount; i++) seg.sack[i] = view.getInt32(at + 2 + 4 * i);
      break;
    case KIND_ORDER_0:
    case KIND_ORDER_1:
      parseOption(view, at, kind, length, seg);
      break;
    case FAST_OPEN:
    case EXPERIMENT:
      if (seg.syn) readFastOpen(view, at, kind, length, seg.fastOpen);
      break;
    default:
      break;
  }
}

// ---- SYN and SYN-ACK -------------------------------------------------------------------------------------------------------------

/** What a SYN tells: a connection's, or a half-open one's. */
export interface SynOptions {
  readonly advertisedMss: number;
  readonly windowScalingOk: boolean;
  readonly rcvWndScale: number;
  readonly sackOk: boolean;
  readonly timestampsOk: boolean;
  readonly tsOffset: number;
  readonly tsRecent: number;
}

/** MSS, then SACK-permitted in the place of the timestamps' NOPs, then the scale, as Linux lays them out. */
export const synOptionBytes = (c: SynOptions, accEcn = false): number =>
  4 + (c.timestampsOk ? 12 : c.sackOk ? 4 : 0) + (c.windowScalingOk ? 4 : 0) + (accEcn ? FULL_BYTES : 0);

/** @param accEcn whether there is room for an AccECN option, and it is wanted. */
export function writeSynOptions(c: SynOptions, view: DataView, at: number, nowUs: number, accEcn = false): void {
  view.setInt32(at, (MSS << 24) | (4 << 16) | c.advertisedMss);
  let next = at + 4;
  if (c.timestampsOk) {
    view.setUint16(next, c.sackOk ? (SACK_PERMITTED << 8) | 2 : (NOP << 8) | NOP);
    view.setUint16(next + 2, (TIMESTAMP << 8) | 10);
    view.setInt32(next + 4, timestamp(nowUs, c.tsOffset));
    view.setInt32(next + 8, c.tsRecent);
    next += 12;
  }
  if (accEcn) {
    writeOption(view, next, MOST_COUNTERS, undefined);
    next += FULL_BYTES;
  }
  if (c.sackOk && !c.timestampsOk) {
    view.setInt32(next, (NOP << 24) | (NOP << 16) | (SACK_PERMITTED << 8) | 2);
    next += 4;
  }
  if (c.windowScalingOk) view.setInt32(next, (NOP << 24) | (WINDOW_SCALE << 16) | (3 << 8) | c.rcvWndScale);
}

// ---- all other segments ----------------------------------------------------------------------------------------------------------

export function writeTimestamp(view: DataView, at: number, tsVal: number, tsEcr: number): void {
  view.setInt32(at, ALIGNED_TIMESTAMP);
  view.setInt32(at + 4, tsVal);
  view.setInt32(at + 8, tsEcr);
}

/** A segment that left now would tell of timestamps alone, as nearly all do. */
const isPlain = (tcb: Tcb): boolean =>
  tcb.dsackFrom === tcb.dsackTo && (tcb.sack === undefined || tcb.sack.count === 0) && tcb.ecn?.accurate === undefined;

/** SACK blocks that the next segment tells of: a D-SACK and as many stretches as there is room for. */
function sackBlocks(tcb: Tcb): number {
  if (!tcb.sackOk) return 0;
  const duplicate = tcb.dsackFrom === tcb.dsackTo ? 0 : 1;
  const held = duplicate + (tcb.sack?.count ?? 0);
  if (held === 0) return 0;
  const room = MAX_OPTION_BYTES - (tcb.timestampsOk ? TIMESTAMP_BYTES : 0) - 4;
  return Math.min(held, room >> 3, MAX_SACK_BLOCKS);
}

/** SACK blocks, and counters of AccECN, which share what timestamps leave: `blocksOf` and `countersOf`. */
function shares(tcb: Tcb): number {
  const blocks = sackBlocks(tcb);
  const accurate = tcb.ecn?.accurate;
  return accurate === undefined ? blocks : layout(tcb, accurate, blocks, MAX_OPTION_BYTES - (tcb.timestampsOk ? TIMESTAMP_BYTES : 0));
}

/** Octets of our own options in a segment that left now. */
export function segmentOptionBytes(tcb: Tcb): number {
  if (isPlain(tcb)) return tcb.timestampsOk ? TIMESTAMP_BYTES : 0;
  const both = shares(tcb);
  const blocks = blocksOf(both);
  return (tcb.timestampsOk ? TIMESTAMP_BYTES : 0) + (blocks > 0 ? 4 + 8 * blocks : 0) + optionBytes(countersOf(both));
}

/** Writes them; a D-SACK has been told then. */
export function writeSegmentOptions(tcb: Tcb, packet: Packet, at: number, nowUs: number): void {
  const { view } = packet;
  let next = at;
  if (tcb.timestampsOk) {
    writeTimestamp(view, next, timestamp(nowUs, tcb.tsOffset), tcb.tsRecent);
    next += TIMESTAMP_BYTES;
  }
  if (isPlain(tcb)) return;
  const both = shares(tcb);
  const blocks = blocksOf(both);
  const counters = countersOf(both);
  if (counters > 0 && tcb.ecn?.accurate !== undefined) {
    writeOption(view, next, counters, tcb.ecn.accurate.receivedBytes);
    optionSent(tcb, tcb.ecn.accurate);
    next += optionBytes(counters);
  }
  if (blocks === 0) return;
  view.setInt32(next, (NOP << 24) | (NOP << 16) | (SACK << 8) | (2 + 8 * blocks));
  next += 4;
  let left = blocks;
  if (tcb.dsackFrom !== tcb.dsackTo) {
    // RFC 2883 §4: the duplicate stands first.
    view.setInt32(next, tcb.dsackFrom);
    view.setInt32(next + 4, tcb.dsackTo);
    tcb.dsackFrom = 0;
    tcb.dsackTo = 0;
    next += 8;
    left--;
  }
  const edges = tcb.sack?.edges;
  for (let i = 0; i < 2 * left; i++) {
    view.setInt32(next, edges?.[i] ?? 0);
    next += 4;
  }
}

// ---- options from outside ----------------------------------------------------------------------------------------------------------

/** Who carries them: a connection, or a half-open one, whose states it takes over. */
export interface Carrier extends TcpOptionConnection {
  readonly tcp: Tcp;
  /** States by kind; undefined where none opened. */
  outside: unknown[] | undefined;
}

/** The connection begins: every attached option may open a state in it. */
export function openOutside(flow: Carrier): void {
  const { optionKinds, options } = flow.tcp;
  for (let i = 0; i < optionKinds.length; i++) {
    const kind = optionKinds[i] as number;
    const state: unknown = options.table[kind]?.open(flow);
    if (state === undefined) continue;
    flow.outside ??= [];
    flow.outside[kind] = state;
  }
}

/** Octets that they want, padded to four. */
export function outsideBytes(flow: Carrier, phase: number): number {
  const { outside } = flow;
  if (outside === undefined) return 0;
  const { optionKinds, options } = flow.tcp;
  let bytes = 0;
  for (let i = 0; i < optionKinds.length; i++) {
    const kind = optionKinds[i] as number;
    if (outside[kind] !== undefined) bytes += options.table[kind]?.bytes(outside[kind], flow, phase) ?? 0;
  }
  return (bytes + 3) & ~3;
}

export function writeOutside(flow: Carrier, packet: Packet, at: number, phase: number): void {
  const { outside } = flow;
  if (outside === undefined) return;
  const { optionKinds, options } = flow.tcp;
  let next = at;
  for (let i = 0; i < optionKinds.length; i++) {
    const kind = optionKinds[i] as number;
    const option = options.table[kind];
    const state = outside[kind];
    if (option === undefined || state === undefined) continue;
    const bytes = option.bytes(state, flow, phase);
    if (bytes > 0) option.write(state, flow, packet.bytes, next, phase);
    next += bytes;
  }
  while (((next - at) & 3) !== 0) packet.bytes[next++] = NOP;
}

/** Shows each its option where it came in. Below zero: the segment is to be dropped. */
export function parseOutside(flow: Carrier, packet: Packet, from: number, to: number, phase: number): number {
  const { outside } = flow;
  if (outside === undefined) return 0;
  const { optionKinds, options } = flow.tcp;
  const { view, bytes } = packet;
  for (let i = 0; i < optionKinds.length; i++) {
    const kind = optionKinds[i] as number;
    const option = options.table[kind];
    const state = outside[kind];
    if (option === undefined || state === undefined) continue;
    const at = find(view, from, to, kind);
    if (option.check !== undefined && option.check(state, flow, packet, at >= 0) < 0) return -1;
    if (at >= 0 && option.parse(state, flow, bytes, at + 2, at + view.getUint8(at + 1), phase) < 0) return -1;
  }
  return 0;
}

/** Where an option of this kind stands, or -1. */
function find(view: DataView, from: number, to: number, wanted: number): number {
  for (let at = from; at < to; ) {
    const kind = view.getUint8(at);
    if (kind === EOL) return -1;
    if (kind === NOP) {
      at++;
      continue;
    }
    const length = at + 1 < to ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > to) return -1;
    if (kind === wanted) return at;
    at += length;
  }
  return -1;
}

/** The segment is complete but for its checksum. */
export function sealOutside(flow: Carrier, packet: Packet): void {
  const { outside } = flow;
  if (outside === undefined) return;
  const { optionKinds, options } = flow.tcp;
  packet.l4 = packet.head;
  for (let i = 0; i < optionKinds.length; i++) {
    const kind = optionKinds[i] as number;
    if (outside[kind] !== undefined) options.table[kind]?.seal?.(outside[kind], flow, packet);
  }
}
