// The retransmission timeout: RFC 6298, with Linux's floor, ceiling and its finer RTTVAR.
import { nowMs, sinceUs } from '../coarse-time.js';
import type { Tcb } from '../tcb.js';

/** RFC 6298 §2.1. */
const INITIAL_RTO_US = 1_000_000;
const SECOND_US = 1_000_000;
/** Longer than any round trip that counts, µs; eight times it is still an int32. */
export const MOST_US = 2 ** 27;
/** G, the granularity that the timeout is counted by (RFC 6298 §2.1): Linux's tick at 250 Hz. */
const TICK_US = 4_000;

/** What a timer of ticks makes of a time: never less. */
const ticks = (us: number): number => (Math.floor(us / TICK_US) + 1) * TICK_US;

/** RFC 6298 §2.1: nothing is known yet. */
export function initialRto(tcb: Tcb): void {
  tcb.srtt8 = 0;
  tcb.rttVar4 = 0;
  tcb.mdev4 = 0;
  tcb.mdevMax4 = 0;
  tcb.minRttUs = -1;
  tcb.rtoUs = INITIAL_RTO_US;
  tcb.backoff = 0;
}

/**
 * A round trip was measured, µs: RFC 6298 §2.2, §2.3.
 * @param leastUs for the least round trip, where another packet tells it better; below zero: none.
 */
export function sampleRtt(tcb: Tcb, sampleUs: number, leastUs: number = sampleUs): void {
  const { sysctls } = tcb.tcp;
  const rttUs = Math.min(Math.max(1, sampleUs), MOST_US);
  if (leastUs >= 0 || tcb.minRttUs < 0) windowedMin(tcb, Math.max(1, leastUs < 0 ? rttUs : leastUs), sysctls.minRttWlen * SECOND_US);
  // RTTVAR's floor stands for the RTO's: 4 * RTTVAR is never below it, however steady the path.
  const floor4 = sysctls.rtoMinUs;
  if (tcb.srtt8 === 0) {
    tcb.srtt8 = 8 * rttUs;
    tcb.mdev4 = 2 * rttUs;
    tcb.rttVar4 = Math.max(tcb.mdev4, floor4);
    tcb.mdevMax4 = tcb.rttVar4;
    tcb.rttSeq = tcb.sndNxt;
  } else {
    const difference = rttUs - (tcb.srtt8 >> 3);
    tcb.srtt8 += difference;
    const deviation = Math.abs(difference) - (tcb.mdev4 >> 2);
    // A sample below the mean is no reason to wait longer: it counts an eighth.
    tcb.mdev4 += difference < 0 && deviation > 0 ? deviation >> 3 : deviation;
    if (tcb.mdev4 > tcb.mdevMax4) {
      tcb.mdevMax4 = tcb.mdev4;
      if (tcb.mdevMax4 > tcb.rttVar4) tcb.rttVar4 = tcb.mdevMax4;
    }
    if (((tcb.sndUna - tcb.rttSeq) | 0) > 0) {
      // A round is over: RTTVAR follows its largest deviation down by a quarter.
      if (tcb.mdevMax4 < tcb.rttVar4) tcb.rttVar4 -= (tcb.rttVar4 - tcb.mdevMax4) >> 2;
      tcb.rttSeq = tcb.sndNxt;
      tcb.mdevMax4 = floor4;
    }
  }
  tcb.rtoUs = Math.min(ticks((tcb.srtt8 >> 3) + tcb.rttVar4), sysctls.rtoMaxMs * 1000);
}

/** RTO for a round trip that an earlier connection has left, of which no deviation is known: RFC 6298 §2.2 with K · RTTVAR = 2 · RTT. */
export function rtoFromRtt(tcb: Tcb, rttUs: number): void {
  tcb.rtoUs = Math.min(ticks(rttUs + Math.max(2 * rttUs, tcb.tcp.sysctls.rtoMinUs)), rtoMaxUs(tcb));
}

export const rtoMaxUs = (tcb: Tcb): number => tcb.tcp.sysctls.rtoMaxMs * 1000;

/** RTO with its backoff, RFC 6298 §5.5, under tcp_rto_max_ms. Nearly always there is none, and a power is a call. */
export const retransmitDelayUs = ({ rtoUs, backoff, tcp }: Tcb): number =>
  Math.min(backoff === 0 ? rtoUs : rtoUs * 2 ** backoff, tcp.sysctls.rtoMaxMs * 1000);

/** Least RTT of the last `window` µs. */
function windowedMin(tcb: Tcb, rttUs: number, window: number): void {
  if (tcb.minRttUs >= 0 && rttUs > tcb.minRttUs && sinceUs(tcb.tcp, tcb.minRttAtMs) <= window) return;
  tcb.minRttUs = rttUs;
  tcb.minRttAtMs = nowMs(tcb.tcp);
}
