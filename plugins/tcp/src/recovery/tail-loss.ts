// Tail loss probe: the last packet is sent again, or a new one, before a timeout would be. RFC 8985 §7; numbers as Linux.
import { requestEgress } from '../egress.js';
import { armLossProbe, rearmRetransmit, retransmitLeftUs } from '../events/timeouts.js';
import { probeNew, retransmit } from '../output.js';
import type { Tcb } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { enterPhase } from './phase.js';
import { beginReduction, endReduction } from './prr.js';
import { TIMER_SLACK_US } from './rack.js';
import { retransmitDelayUs } from './rto.js';
import { keepOpen } from './undo.js';

/** RFC 8985 §7.2: before there is any sample. */
const INITIAL_US = 1_000_000;
/** Least value of tcp_early_retrans with which probes are sent. */
const PROBING = 3;

/** Arms the probe, RFC 8985 §7.2. @param advancing the RTO starts anew. @returns false: there is to be none. */
export function scheduleProbe(tcb: Tcb, advancing: boolean): boolean {
  const { recovery, tcp } = tcb;
  const { packetsOut } = recovery.board;
  const isCalm = recovery.phase === 'open' || recovery.phase === 'cwr';
  if (tcp.sysctls.earlyRetrans < PROBING || packetsOut === 0 || !tcb.sackOk || !isCalm || tcb.fastOpen?.request !== undefined) return false;
  let delayUs = INITIAL_US;
  // The peer's delayed acknowledgement of a lone packet is waited for.
  if (tcb.srttUs > 0) delayUs = 2 * tcb.srttUs + (packetsOut === 1 ? tcp.sysctls.rtoMinUs : TIMER_SLACK_US);
  const leftUs = advancing ? retransmitDelayUs(tcb) : retransmitLeftUs(tcb);
  if (leftUs > 0) delayUs = Math.min(delayUs, leftUs);
  armLossProbe(tcb, Math.ceil(delayUs));
  return true;
}

/** The probe's time has come: RFC 8985 §7.3. */
export function sendProbe(tcb: Tcb): void {
  const { recovery } = tcb;
  const { board } = recovery;
  let sent = false;
  // One probe at a time.
  if (!recovery.hasProbe) {
    recovery.probeAgain = false;
    sent = probeNew(tcb);
    if (!sent) {
      const { tail } = board;
      if (tail !== undefined) {
        if (tail.packets > 1) board.split(tail, (tail.packets - 1) * tail.segmentBytes);
        recovery.probeAgain = true;
        sent = board.tail !== undefined && retransmit(tcb, board.tail, 1, false) >= 0;
      }
    }
  }
  if (sent) {
    recovery.hasProbe = true;
    recovery.probeEnd = tcb.sndNxt;
    tcb.tcp.counters.lossProbes++;
  }
  rearmRetransmit(tcb, sent);
  requestEgress(tcb);
}

/** An acknowledgement while a probe is out: RFC 8985 §7.4. */
export function probeAcknowledged(tcb: Tcb, ackSeq: number, ack: AckState): void {
  const { recovery } = tcb;
  const past = (ackSeq - recovery.probeEnd) | 0;
  if (past < 0) return;
  ack.probeAcked = recovery.probeAgain;
  if (!recovery.probeAgain || ack.dsackOfProbe) recovery.hasProbe = false;
  else if (past > 0) {
    // Acknowledged without a duplicate: the probe has repaired a loss.
    beginReduction(tcb, 'fast-loss');
    enterPhase(tcb, 'cwr');
    endReduction(tcb);
    keepOpen(tcb);
    tcb.tcp.counters.lossProbeRecovery++;
  } else if (!ack.advanced && !ack.isNoDuplicate && !ack.sacked) recovery.hasProbe = false;
}
