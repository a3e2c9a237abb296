// The AccECN option: RFC 9768 §3.2.3. Ours is of order 1, ECT(1) first, and shorter where there is no room for all of it.
import type { Tcp } from '../context.js';
import { CE, ECT_0, ECT_1 } from '../ecn-field.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import {
  type AccEcn,
  OPTION_COUNTER_SEEN,
  OPTION_EMPTY_SEEN,
  OPTION_FAIL_RECV,
  OPTION_FAIL_SEEN,
  OPTION_FAIL_SEND,
  OPTION_NOT_SEEN,
} from './state.js';

export const KIND_ORDER_0 = 172;
export const KIND_ORDER_1 = 174;
/** Byte counters of an option, three octets each. */
export const MOST_COUNTERS = 3;
const COUNTER_BYTES = 3;
const COUNTER_MASK = 0xff_ffff;
/** The three with kind, length and a NOP. */
export const FULL_BYTES = 12;

/** Counters in the order of the option: of order 1; the other is this one backwards. */
const FIELDS: readonly number[] = [ECT_1, CE, ECT_0];
/** Where the counters start, by ECN field: not at zero, so that a network that clears them shows (§3.2.1). */
export const INITIAL: readonly number[] = [0, 1, 1, 0];

/** tcp_ecn_option. */
const OPTION_OFF = 0;
const OPTION_FULL = 2;
const OPTION_PERSIST = 3;

/** What the counter at a place of the peer's option counts. */
export const fieldAt = (kind: number, place: number): number => FIELDS[kind === KIND_ORDER_1 ? place : MOST_COUNTERS - 1 - place] as number;

// ---- ours ------------------------------------------------------------------------------------------------------------------------

/** Whether a SYN-ACK has the option: the first, and not one that is sent again, lest it be the option that does not come through. */
export const synAckHasOption = (tcp: Tcp, again: boolean): boolean => !again && tcp.sysctls.ecnOption !== OPTION_OFF;

/** Whether the next segment has one, if there is room for it. */
function isDue(tcb: Tcb, accurate: AccEcn): boolean {
  const { sysctls, clock } = tcb.tcp;
  const { ecnOption, ecnOptionBeacon } = sysctls;
  if (ecnOption === OPTION_OFF || accurate.optionSeen === OPTION_NOT_SEEN) return false;
  if (ecnOption < OPTION_PERSIST && (accurate.failMode & OPTION_FAIL_SEND) !== 0) return false;
  if (ecnOption >= OPTION_FULL || accurate.optionsDue > 0) return true;
  // §3.2.3.3: so often in a round trip at least.
  return ecnOptionBeacon > 0 && (clock.nowUs - accurate.optionSentUs) * ecnOptionBeacon >= tcb.srttUs;
}

const BLOCKS_MASK = 7;
const COUNTERS_SHIFT = 3;
export const blocksOf = (layout: number): number => layout & BLOCKS_MASK;
export const countersOf = (layout: number): number => layout >> COUNTERS_SHIFT;
/** Octets of an option with so many counters, with the NOPs that fill it up; 0: there is none. */
export const optionBytes = (counters: number): number => (counters > 0 ? (2 + COUNTER_BYTES * counters + 3) & ~3 : 0);
const sackBytes = (blocks: number): number => (blocks > 0 ? 4 + 8 * blocks : 0);

/**
 * What goes into the next segment: SACK blocks, see `blocksOf`, and counters. Where a counter has changed that would not fit, SACK gives up
 * blocks down to two, as on Linux. @param blocks that SACK would tell. @param room octets for both.
 */
export function layout(tcb: Tcb, accurate: AccEcn, blocks: number, room: number): number {
  if (!isDue(tcb, accurate)) return blocks;
  const { countersDue } = accurate;
  for (let kept = blocks; ; kept--) {
    const counters = Math.min(MOST_COUNTERS, Math.floor((room - sackBytes(kept) - 2) / COUNTER_BYTES));
    if (counters >= Math.max(countersDue, 1)) return kept | (counters << COUNTERS_SHIFT);
    if (kept <= 2 || countersDue === 0) return blocks;
  }
}

/** Writes the option and what fills it up. @param received octets by ECN field; undefined: none has come yet. */
export function writeOption(view: DataView, at: number, counters: number, received: readonly number[] | undefined): void {
  const length = 2 + COUNTER_BYTES * counters;
  view.setUint8(at, KIND_ORDER_1);
  view.setUint8(at + 1, length);
  let next = at + 2;
  for (let i = 0; i < counters; i++) {
    const field = FIELDS[i] as number;
    const count = ((received?.[field] ?? 0) + (INITIAL[field] as number)) & COUNTER_MASK;
    view.setUint8(next, count >> 16);
    view.setUint16(next + 1, count & 0xffff);
    next += COUNTER_BYTES;
  }
  const end = at + optionBytes(counters);
  while (next < end) view.setUint8(next++, 1);
}

/** One has left: what was new has been told. */
export function optionSent(tcb: Tcb, accurate: AccEcn): void {
  accurate.countersDue = 0;
  accurate.optionSentUs = tcb.tcp.clock.nowUs;
  if (accurate.optionsDue > 0) accurate.optionsDue--;
}

/** The peer sends a segment again that it has sent again before: it may be the option that keeps our answers from it (§3.2.3.2.2). */
export function repeated(accurate: AccEcn, from: number): void {
  if (accurate.repeatedFrom === from) accurate.failMode |= OPTION_FAIL_SEND;
  accurate.repeatedFrom = from;
}

// ---- the peer's ------------------------------------------------------------------------------------------------------------------

/** Reads an option into the segment; one whose length is no whole number of counters is passed over. */
export function parseOption(view: DataView, at: number, kind: number, length: number, seg: Segment): void {
  const counters = (length - 2) / COUNTER_BYTES;
  if (!Number.isInteger(counters) || counters > MOST_COUNTERS) return;
  seg.accEcnKind = kind;
  seg.accEcnCount = counters;
  for (let i = 0; i < counters; i++) {
    const from = at + 2 + COUNTER_BYTES * i;
    seg.accEcn[i] = (view.getUint8(from) << 16) | view.getUint16(from + 1);
  }
}

/** Whether the peer sends options, and whether the network leaves the first of them as it was (§3.2.3.2.4). */
export function optionArrived(tcb: Tcb, accurate: AccEcn, seg: Segment): void {
  if (seg.accEcnKind === 0 || accurate.optionSeen >= OPTION_COUNTER_SEEN) return;
  if (seg.accEcnCount === 0) accurate.optionSeen = OPTION_EMPTY_SEEN;
  else if (seg.accEcn[0] === 0 || (seg.accEcnCount === MOST_COUNTERS && seg.accEcn[2] === 0) || tcb.bytesSent > COUNTER_MASK >> 1) {
    // Or it comes too late to tell how often the counters have wrapped.
    accurate.optionSeen = OPTION_FAIL_SEEN;
    accurate.failMode |= OPTION_FAIL_RECV;
  } else accurate.optionSeen = OPTION_COUNTER_SEEN;
  // Options come through: ours are wanted.
  accurate.optionsDue = 2;
}
