// Protection against wrapped sequence numbers, RFC 7323 §5.
import type { Segment } from '../../segment-in.js';
import { type Tcb } from '../../tcb.js';

/** RFC 7323 §5.5: a timestamp this old says nothing any more. */
const TWENTY_FOUR_DAYS_US = 24 * 86_400 * 1_000_000;

interface TimestampState {
  readonly tsRecent: number;
  readonly tsRecentUs: number;
}

/** R1 of RFC 7323 §5.3: SEG.TSval < TS.Recent, less `slack`. A peer that began with zero is let off, as on Linux. */
const isOlder = (state: TimestampState, seg: Segment, nowUs: number, slack: number): boolean =>
  ((state.tsRecent - seg.tsVal) | 0) > slack &&
  state.tsRecentUs >= 0 &&
  nowUs - state.tsRecentUs < TWENTY_FOUR_DAYS_US &&
  state.tsRecent !== 0;

/** For what is not synchronized: half-open connections, TIME-WAIT. A RST passes once TS.Recent is a minute old. */
export function pawsRejects(state: TimestampState, seg: Segment, nowUs: number): boolean {
  if (!isOlder(state, seg, nowUs, 0)) return false;
  return !(seg.rst && nowUs - state.tsRecentUs >= 60_000_000);
}

/**
 * For a synchronized connection; one tick of slack, and pure acknowledgements that were merely overtaken within an RTO pass (Linux's
 * tcp_disordered_ack).
 */
export function pawsDiscards(tcb: Tcb, seg: Segment): boolean {
  const { nowUs } = tcb.tcp.clock;
  return isOlder(tcb, seg, nowUs, 1) && !isDisorderedAck(tcb, seg);
}

const isDisorderedAck = (tcb: Tcb, seg: Segment): boolean =>
  seg.ackFlag &&
  seg.length === 0 &&
  seg.seq === tcb.rcvNxt &&
  seg.ack === tcb.sndUna &&
  seg.wnd << tcb.sndWndScale === tcb.sndWnd &&
  ((tcb.tsRecent - seg.tsVal) | 0) <= tcb.rtoUs / 1000;

/** RFC 7323 §4.3: TS.Recent comes from the segment that covers Last.ACK.sent, and never goes back. */
export function updateTsRecent(tcb: Tcb, seg: Segment): void {
  if (!seg.hasTimestamp || !tcb.timestampsOk || ((seg.seq - tcb.rcvWup) | 0) > 0) return;
  const { nowUs } = tcb.tcp.clock;
  if (isOlder(tcb, seg, nowUs, 0)) return;
  tcb.tsRecent = seg.tsVal;
  tcb.tsRecentUs = nowUs;
}
