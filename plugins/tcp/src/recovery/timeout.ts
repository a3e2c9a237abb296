// After a retransmission timeout: RFC 5681 §3.1, RFC 6298 §5, RFC 8985 §6.3; and whether it was spurious: F-RTO, RFC 5682 §3.1.
import { congested } from '../congestion.js';
import { reduced } from '../ecn.js';
import { isSending } from '../state.js';
import { type Tcb, writeEnd } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { cwndPackets, isUnreduced, setCwndPackets } from './cwnd.js';
import { markLost } from './mark.js';
import { addDuplicates } from './newreno.js';
import { enterPhase } from './phase.js';
import { lossDelayUs } from './rack.js';
import { REPAIR_LOST, REPAIR_NEW } from './recovery.js';
import { SACKED } from './scoreboard.js';
import { beginUndo, rememberWindow, undoLoss, undoRecovery } from './undo.js';

/** The timer has expired: what is outstanding counts as lost, and cwnd is what is in flight and one more. */
export function enterLoss(tcb: Tcb): void {
  const { recovery } = tcb;
  const { board, phase } = recovery;
  const { sysctls, counters } = tcb.tcp;
  const isNew = phase !== 'recovery' && phase !== 'loss';
  if (tcb.retransmits === 0) countFailure(tcb);
  const { sackedOut } = board;
  markAll(tcb);
  // RFC 5681 §3.1: one reduction for a window, however often its packets time out.
  if (isUnreduced(phase) || ((recovery.highSeq - tcb.sndUna) | 0) <= 0 || (phase === 'loss' && tcb.retransmits === 0)) {
    rememberWindow(tcb);
    recovery.prrPrior = cwndPackets(tcb);
    congested(tcb, 'rto');
    beginUndo(tcb);
  }
  if (!tcb.view.rateDriven) setCwndPackets(tcb, board.inFlight + 1);
  // So many duplicates, and a timeout all the same: the degree of reordering was taken to be too high.
  if (isUnreduced(phase) && sackedOut >= sysctls.reordering) recovery.reordering = Math.min(recovery.reordering, sysctls.reordering);
  enterPhase(tcb, 'loss');
  recovery.highSeq = tcb.sndNxt;
  recovery.hasProbe = false;
  // RFC 5682 §3.1 step 1: not where a recovery was under way.
  recovery.frto = sysctls.frto !== 0 && (isNew || tcb.retransmits > 0);
  recovery.repair = REPAIR_LOST;
  reduced(tcb);
  counters.timeouts++;
}

function countFailure(tcb: Tcb): void {
  const { counters } = tcb.tcp;
  const { phase, board } = tcb.recovery;
  if (phase === 'recovery') counters[tcb.sackOk ? 'sackRecoveryFail' : 'renoRecoveryFail']++;
  else if (phase === 'loss') counters.lossFailures++;
  else if (phase === 'disorder' || board.sackedOut > 0) counters[tcb.sackOk ? 'sackFailures' : 'renoFailures']++;
}

/** RFC 8985 §6.3: but for what left too lately. Where the first packet is SACKed, the peer has forgotten what it had (RFC 2018 §8). */
function markAll(tcb: Tcb): void {
  const { recovery } = tcb;
  const { board } = recovery;
  const { head } = board;
  const reneged = tcb.sackOk && head !== undefined && (head.marks & SACKED) !== 0;
  if (reneged) {
    tcb.tcp.counters.sackReneging++;
    board.sackedOut = 0;
  } else if (!tcb.sackOk) board.sackedOut = 0;
  for (let sent = head; sent !== undefined; sent = sent.next) {
    if (reneged) sent.marks &= ~SACKED;
    else if (sent !== head && lossDelayUs(tcb, sent, 0) > 0) continue;
    markLost(tcb, sent);
  }
}

/** An acknowledgement in the loss phase. */
export function lossAcknowledged(tcb: Tcb, ack: AckState, duplicates: number): void {
  const { recovery } = tcb;
  const isOver = ((tcb.sndUna - recovery.highSeq) | 0) >= 0;
  if (ack.advanced && undoLoss(tcb, false)) return;
  if (recovery.frto) {
    // Step 3b: what was never sent again has arrived.
    if (ack.originalArrived && undoLoss(tcb, true)) return;
    if (((tcb.sndNxt - recovery.highSeq) | 0) > 0) {
      // Step 3a: new data has left, and duplicates come: the loss was real.
      if (ack.sacked || duplicates > 0) recovery.frto = false;
    } else if (ack.advanced && !isOver) {
      recovery.highSeq = tcb.sndNxt;
      // Step 2b: new data tells; where there is none, or no window for it, the lost is repaired.
      if (hasNew(tcb)) {
        recovery.repair = REPAIR_NEW;
        return;
      }
      recovery.frto = false;
    }
  }
  if (isOver) {
    undoRecovery(tcb);
    return;
  }
  if (!tcb.sackOk) {
    if (((tcb.sndNxt - recovery.highSeq) | 0) > 0 && duplicates > 0) addDuplicates(tcb, duplicates);
    else if (ack.advanced) recovery.board.sackedOut = 0;
  }
  recovery.repair = REPAIR_LOST;
}

const hasNew = (tcb: Tcb): boolean =>
  isSending(tcb) && ((writeEnd(tcb) - tcb.sndNxt) | 0) > 0 && ((tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0) > 0;
