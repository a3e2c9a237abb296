// Duplicate ACKs in a row: the first few leave at once, since the sender's fast retransmit counts them (RFC 5681 §3.2); of those that follow
// one stands for many, as on Linux (tcp_comp_sack_nr).
import { sendAck } from './segment.js';
import type { Tcb } from './tcb.js';

/** Linux's TCP_FASTRETRANS_THRESH: duplicate ACKs that a sender may wait for. */
const AT_ONCE = 3;
/** They wait for 5 % of the round trip at most. */
const RTT_SHARE = 20;

/** Whether the acknowledgement of a segment out of order is held back, for a later one to stand for it. */
export function compresses(tcb: Tcb): boolean {
  const { sack, tcp } = tcb;
  if (sack === undefined || sack.held >= tcp.sysctls.compSackNr) return false;
  if (sack.dupAcksAt !== tcb.rcvNxt) {
    sack.dupAcksAt = tcb.rcvNxt;
    sack.dupAcks = 0;
  }
  if (sack.dupAcks < AT_ONCE) {
    sack.dupAcks++;
    return false;
  }
  const rttUs = tcb.srttUs > 0 ? Math.min(tcb.srttUs, tcb.receiveRttUs) : tcb.receiveRttUs;
  const delayUs = Math.floor(Math.min(tcp.sysctls.compSackDelayNs / 1000, rttUs / RTT_SHARE));
  if (delayUs <= 0) return false;
  sack.held++;
  sack.timer ??= tcp.timers.timer(tcb, flushCompressed);
  if (!sack.timer.armed) sack.timer.arm(delayUs);
  return true;
}

/** Sends the one that stands for those held back. @returns whether there were any. */
export function flushCompressed(tcb: Tcb): boolean {
  const { sack } = tcb;
  if (sack === undefined || sack.held === 0) return false;
  sack.held--;
  sendAck(tcb);
  return true;
}

/** An acknowledgement leaves, and stands for all that were held back. */
export function compressionOver(tcb: Tcb): void {
  const { sack } = tcb;
  if (sack === undefined || sack.held + (sack.timer?.armed ? 1 : 0) === 0) return;
  tcb.tcp.counters.ackCompressed += sack.held;
  sack.held = 0;
  sack.timer?.cancel();
}
