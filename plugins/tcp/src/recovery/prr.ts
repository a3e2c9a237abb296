// Proportional rate reduction: how cwnd comes down to ssthresh while a loss is repaired. RFC 9937 (PRR-SSRB).
import { congested } from '../congestion.js';
import type { Tcb } from '../tcb.js';
import { cwndPackets, setCwndPackets, thresholdPackets } from './cwnd.js';

/** A reduction begins. */
export function beginReduction(tcb: Tcb, why: 'fast-loss' | 'ecn'): void {
  const { recovery } = tcb;
  recovery.highSeq = tcb.sndNxt;
  recovery.hasProbe = false;
  recovery.prrDelivered = 0;
  recovery.prrOut = 0;
  recovery.prrPrior = cwndPackets(tcb);
  congested(tcb, why);
}

/** An acknowledgement during it. @param delivered packets. @param lost packets newly found lost. */
export function reduce(tcb: Tcb, delivered: number, lost: number, advanced: boolean): void {
  const { recovery } = tcb;
  if (delivered <= 0 || recovery.prrPrior === 0 || tcb.view.rateDriven) return;
  const ssthresh = thresholdPackets(tcb);
  const { inFlight } = recovery.board;
  const room = ssthresh - inFlight;
  recovery.prrDelivered += delivered;
  let send: number;
  if (room < 0) send = Math.ceil((ssthresh * recovery.prrDelivered) / recovery.prrPrior) - recovery.prrOut;
  else {
    // Below ssthresh: as in slow start while the acknowledgements show progress, one for one else.
    send = Math.max(recovery.prrDelivered - recovery.prrOut, delivered);
    if (advanced && lost === 0) send++;
    send = Math.min(room, send);
  }
  // The first retransmission leaves at once.
  send = Math.max(send, recovery.prrOut > 0 ? 0 : 1);
  setCwndPackets(tcb, inFlight + send);
}

/** It is over: cwnd is ssthresh, unless the reduction has been undone. */
export function endReduction(tcb: Tcb): void {
  const { recovery, control } = tcb;
  if (tcb.view.rateDriven || !Number.isFinite(control.ssthresh)) return;
  if (recovery.phase === 'cwr' || recovery.hasUndo) control.cwnd = Math.max(control.ssthresh, tcb.mss);
}
