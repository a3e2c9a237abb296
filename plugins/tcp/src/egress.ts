// A connection's entry in the turn's egress.
import type { Tcb } from './tcb.js';

/** Output runs in this turn, once, however often it was asked for. */
export function requestEgress(tcb: Tcb): void {
  tcb.egressRequest ??= tcb.tcp.turns.egress(tcb);
  tcb.egressRequest.request();
}
