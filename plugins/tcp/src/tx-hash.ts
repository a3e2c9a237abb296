// The hash by which the network may tell a connection's packets from others', and by which their flow label is made: RFC 6437 §3. Another hash
// may be another path, which is tried where this one seems broken: Linux's sk_rethink_txhash.
import type { Tcp } from './context.js';
import type { Tcb } from './tcb.js';

/** One at random, an int32 that is not 0. */
export const randomHash = ({ entropy }: Tcp): number => entropy.word() | 0 || 1;

/** Takes another hash, where net.core.txrehash allows it. */
export function rehash(tcb: Tcb): boolean {
  if (tcb.tcp.sysctls.txRehash === 0) return false;
  tcb.txHash = randomHash(tcb.tcp);
  return true;
}

/** A retransmission timeout: data do not arrive, or their acknowledgements. */
export function rehashOnTimeout(tcb: Tcb): void {
  if (!rehash(tcb)) return;
  if (tcb.timeouts !== undefined) tcb.timeouts.rehashes++;
  tcb.tcp.counters.timeoutRehash++;
}

/**
 * Data came again that is here already. With another flow label its sender has timed out, so that our acknowledgements seem not to reach it:
 * Linux's tcp_rcv_spurious_retrans.
 */
export function rehashOnDuplicate(tcb: Tcb, flowLabel: number): void {
  if (tcb.recovery.phase !== 'loss' && tcb.peerFlowLabel !== flowLabel && rehash(tcb)) tcb.tcp.counters.duplicateDataRehash++;
  tcb.peerFlowLabel = flowLabel;
}
