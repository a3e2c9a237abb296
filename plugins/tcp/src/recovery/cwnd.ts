// cwnd and ssthresh counted in packets, as Linux counts them, and the phases in which they have come down.
import type { Phase } from '@protoloom/contracts/tcp';
import type { Tcb } from '../tcb.js';

/** The window is on its way down to ssthresh. */
export const inReduction = (tcb: Tcb): boolean => tcb.recovery.phase === 'recovery' || tcb.recovery.phase === 'cwr';

/** No reduction is under way, nor a timeout. */
export const isUnreduced = (phase: Phase): boolean => phase === 'open' || phase === 'disorder';

/** Packets that may be in flight. */
export const cwndPackets = (tcb: Tcb): number => Math.max(1, Math.floor(tcb.control.cwnd / tcb.mss));

/** ssthresh in packets. */
export const thresholdPackets = (tcb: Tcb): number => Math.floor(tcb.control.ssthresh / tcb.mss);

export function setCwndPackets(tcb: Tcb, packets: number): void {
  tcb.control.cwnd = Math.max(1, packets) * tcb.mss;
}

/** ssthresh as it would be told: what a window that is not reduced has proved counts for it (RFC 5681 §4.1's discussion, Linux's tcp_current_ssthresh). */
export function currentSsthresh(tcb: Tcb): number {
  const { ssthresh, cwnd } = tcb.control;
  return inReduction(tcb) ? ssthresh : Math.max(ssthresh, (cwnd * 3) / 4);
}

/** The segment size has changed: as many packets as before may be in flight. */
export function mssScaled(tcb: Tcb, was: number): void {
  const { control, mss } = tcb;
  const scale = (bytes: number): number => (Number.isFinite(bytes) ? Math.floor(bytes / was) * mss : bytes);
  control.cwnd = scale(control.cwnd);
  control.ssthresh = scale(control.ssthresh);
}
