// The retransmission timeout: RFC 6298, with Linux's floor, ceiling and its finer RTTVAR.
import type { Tcb } from '../tcb.js';

/** RFC 6298 §2.1. */
const INITIAL_RTO_US = 1_000_000;
const SECOND_US = 1_000_000;
/** G, the granularity that the timeout is counted by (RFC 6298 §2.1): Linux's tick at 250 Hz. */
const TICK_US = 4_000;

/** What a timer of ticks makes of a time: never less. */
const ticks = (us: number): number => (Math.floor(us / TICK_US) + 1) * TICK_US;

/** RFC 6298 §2.1: nothing is known yet. */
export function initialRto(tcb: Tcb): void {
  tcb.srttUs = 0;
  tcb.rttVarUs = 0;
  tcb.mdevUs = 0;
  tcb.mdevMaxUs = 0;
  tcb.minRttUs = -1;
  tcb.rtoUs = INITIAL_RTO_US;
  tcb.backoff = 0;
}

/**
 * A round trip was measured, µs: RFC 6298 §2.2, §2.3.
 * @param leastUs for the least round trip, where another packet tells it better; below zero: none.
 */
export function sampleRtt(tcb: Tcb, sampleUs: number, leastUs: number = sampleUs): void {
  const { sysctls, clock } = tcb.tcp;
  const rttUs = Math.max(1, sampleUs);
  if (leastUs >= 0 || tcb.minRttUs < 0)
    windowedMin(tcb, Math.max(1, leastUs < 0 ? rttUs : leastUs), clock.nowUs, sysctls.minRttWlen * SECOND_US);
  // RTTVAR's floor stands for the RTO's: 4 * RTTVAR is never below it, however steady the path.
  const floor = sysctls.rtoMinUs / 4;
  if (tcb.srttUs === 0) {
    tcb.srttUs = rttUs;
    tcb.mdevUs = rttUs / 2;
    tcb.rttVarUs = Math.max(tcb.mdevUs, floor);
    tcb.mdevMaxUs = tcb.rttVarUs;
    tcb.rttSeq = tcb.sndNxt;
  } else {
    const difference = rttUs - tcb.srttUs;
    tcb.srttUs += difference / 8;
    let deviation = Math.abs(difference) - tcb.mdevUs;
    // A sample below the mean is no reason to wait longer: it counts an eighth.
    if (difference < 0 && deviation > 0) deviation /= 8;
    tcb.mdevUs += deviation / 4;
    if (tcb.mdevUs > tcb.mdevMaxUs) {
      tcb.mdevMaxUs = tcb.mdevUs;
      if (tcb.mdevMaxUs > tcb.rttVarUs) tcb.rttVarUs = tcb.mdevMaxUs;
    }
    if (((tcb.sndUna - tcb.rttSeq) | 0) > 0) {
      // A round is over: RTTVAR follows its largest deviation down by a quarter.
      if (tcb.mdevMaxUs < tcb.rttVarUs) tcb.rttVarUs -= (tcb.rttVarUs - tcb.mdevMaxUs) / 4;
      tcb.rttSeq = tcb.sndNxt;
      tcb.mdevMaxUs = floor;
    }
  }
  tcb.rtoUs = Math.min(ticks(tcb.srttUs + 4 * tcb.rttVarUs), sysctls.rtoMaxMs * 1000);
}

export const rtoMaxUs = (tcb: Tcb): number => tcb.tcp.sysctls.rtoMaxMs * 1000;

/** RTO with its backoff, RFC 6298 §5.5, under tcp_rto_max_ms. */
export const retransmitDelayUs = (tcb: Tcb): number => Math.min(tcb.rtoUs * 2 ** tcb.backoff, rtoMaxUs(tcb));

/** Least RTT of the last `window` µs. */
function windowedMin(tcb: Tcb, rttUs: number, nowUs: number, window: number): void {
  if (tcb.minRttUs >= 0 && rttUs > tcb.minRttUs && nowUs - tcb.minRttAtUs <= window) return;
  tcb.minRttUs = rttUs;
  tcb.minRttAtUs = nowUs;
}
