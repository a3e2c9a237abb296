// Header prediction (Jacobson 1990), as Linux counts it: which segments are the usual ones of a bulk transfer. Here they go no way of their own.
import { TCP_ESTABLISHED } from '@protoloom/contracts/tcp';
import type { Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';
import { ACK, PSH } from './wire.js';

/** Past the handshake, in order, with an unchanged window, nothing but ACK and PSH, and no options but those that every segment has. */
const isPredicted = (tcb: Tcb, seg: Segment): boolean =>
  tcb.state === TCP_ESTABLISHED &&
  tcb.sndUna !== tcb.iss &&
  (seg.flags & ~PSH) === ACK &&
  seg.seq === tcb.rcvNxt &&
  seg.wnd << tcb.sndWndScale === tcb.sndWnd &&
  seg.hasTimestamp === tcb.timestampsOk &&
  seg.sackCount === 0 &&
  seg.accEcnKind === 0 &&
  tcb.urgent === undefined &&
  (tcb.reassembly === undefined || tcb.reassembly.isEmpty);

/** Counts a segment whose acknowledgement is neither old nor of what was never sent; before anything has moved. */
export function countPrediction(tcb: Tcb, seg: Segment): void {
  const { counters } = tcb.tcp;
  const isPure = seg.length === 0;
  if (!isPredicted(tcb, seg)) {
    if (isPure) counters.pureAcks++;
    return;
  }
  if (!isPure) counters.hpHits++;
  if (((seg.ack - tcb.sndUna) | 0) > 0) counters.hpAcks++;
  else if (isPure) counters.pureAcks++;
}
