// How large a super-segment is, and which waits to grow: Linux's TSO autosizing and deferral. Who cuts it, device or core, makes no difference.
import { pacingRate } from './congestion.js';
import { cwndPackets } from './recovery/cwnd.js';
import { maxPayload, segmentHeaderBytes } from './segment.js';
import type { Tcb } from './tcb.js';

/** Octets of about a millisecond leave together: 2 to the power of Linux's sk_pacing_shift. */
const PACING_DIVISOR = 1024;
/** Linux's gso_max_size of a connection: 64 KiB less the room for headers. */
const MOST_BYTES = 65_536 - 321;
/** What `MOST_BYTES` is halved by at most for the round trip: beyond, nothing is added. */
const MOST_HALVINGS = 32;
/** A write that is longer ago is not continued by another soon. */
const RECENT_US = 1000;
/** Where tcp_tso_win_divisor is 0: segments for which a peer acknowledges for certain. */
const MOST_DEFERRED = 3;

/**
 * Most segments of one packet now (Linux's tcp_tso_segs): what the pacing rate comes to in a millisecond, and more on short paths, whose queues
 * it cannot hurt; or the burst that the controller asks for.
 */
export function mostSegments(tcb: Tcb, mss: number): number {
  const { route, minRttUs, tcp, control } = tcb;
  if (route === undefined) return 1;
  const { minTsoSegs, tsoRttLog } = tcp.sysctls;
  const halvings = minRttUs < 0 ? MOST_HALVINGS : minRttUs >>> Math.min(tsoRttLog, 31);
  const near = halvings < MOST_HALVINGS ? MOST_BYTES >>> halvings : 0;
  const bytes = Math.min(Math.max(pacingRate(tcb) / PACING_DIVISOR + near, control.quantum), MOST_BYTES);
  const fits = Math.floor(maxPayload(route, segmentHeaderBytes(tcb), mss) / mss);
  return Math.max(1, Math.min(Math.max(Math.floor(bytes / mss), minTsoSegs), fits));
}

/** Segments that cwnd lets out as one packet: no more than half of it, so that two are in flight (Linux's tcp_cwnd_test). */
export function windowSegments(tcb: Tcb): number {
  const cwnd = cwndPackets(tcb);
  return Math.min(Math.max(cwnd >> 1, 1), Math.max(0, cwnd - tcb.recovery.board.inFlight));
}

/**
 * Whether a packet of more than one segment waits for more window or more data (Linux's tcp_tso_should_defer). @param length octets that are written
 * of it. @param window octets that the peer's window has left. @param most segments that it may grow to. @param isLast nothing is written
 * behind it. @param isComplete nothing will be: a FIN or the end of a record.
 */
export function mayGrow(tcb: Tcb, length: number, window: number, most: number, isLast: boolean, isComplete: boolean): boolean {
  const { recovery, tcp, mss, srttUs } = tcb;
  const { phase, board } = recovery;
  const { nowUs } = tcp.clock;
  if (phase === 'recovery' || phase === 'loss' || nowUs - recovery.flight.lastSentUs >= RECENT_US) return false;
  const cwnd = cwndPackets(tcb);
  const congestion = (cwnd - board.inFlight) * mss;
  const room = Math.min(window, congestion);
  if (room >= most * mss || (!isLast && room >= length)) return false;
  const { tsoWinDivisor } = tcp.sysctls;
  if (tsoWinDivisor > 0 ? room >= Math.floor(Math.min(tcb.sndWnd, cwnd * mss) / tsoWinDivisor) : room > MOST_DEFERRED * mss) return false;
  const { head } = board;
  if (head === undefined) return false;
  // An acknowledgement that is far off is not waited for.
  if (head.sentUs + srttUs - nowUs > Math.min(srttUs / 2, RECENT_US)) return false;
  if (room <= length) return true;
  return !isComplete;
}

/** `mayGrow` said so, and cwnd is why. */
export const isHeldByCwnd = (tcb: Tcb, length: number, window: number): boolean => {
  const congestion = (cwndPackets(tcb) - tcb.recovery.board.inFlight) * tcb.mss;
  return congestion < window && congestion <= length;
};
