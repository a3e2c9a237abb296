// From duplicates to recovery and back: the phases open, disorder, cwr, recovery and loss, RFC 5681 §3.2, RFC 6675 §5, as Linux orders the cases.
import { rearmForReneging } from '../events/timeouts.js';
import { mtuProbeFailed } from '../mtu-probe.js';
import type { Tcb } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { inReduction, isUnreduced } from './cwnd.js';
import { addDuplicates, newRenoLosses } from './newreno.js';
import { enterPhase } from './phase.js';
import { beginReduction, endReduction } from './prr.js';
import { rackLosses } from './rack.js';
import { REPAIR_LOST } from './recovery.js';
import { lossAcknowledged } from './timeout.js';
import { anyRetransmitted, beginUndo, keepOpen, rememberWindow, undoByDsack, undoPartial, undoRecovery } from './undo.js';

/** Whether an acknowledgement may change the phase. */
export const isDubious = (tcb: Tcb, ack: AckState): boolean =>
  !ack.isNoDuplicate || ack.sacked || ack.dsack || ack.ece || tcb.recovery.phase !== 'open';

/** @param duplicates duplicate ACKs that it stands for. */
export function consider(tcb: Tcb, ack: AckState, duplicates: number): void {
  const { recovery } = tcb;
  const { board } = recovery;
  // RFC 3168 §6.1.2: what congestion was told for is not taken back.
  if (ack.ece) recovery.mayRestore = false;
  if (board.packetsOut === 0) board.sackedOut = 0;
  if (ack.reneging && ack.advanced) {
    // Perhaps only for a moment: RFC 2018 §8's timeout comes a little sooner.
    rearmForReneging(tcb);
    ack.setTimer = false;
    return;
  }
  if (leaves(tcb)) return;
  switch (recovery.phase) {
    case 'recovery':
      if (!ack.advanced) {
        if (!tcb.sackOk) addDuplicates(tcb, duplicates);
      } else if (undoPartial(tcb, ack.priorUna)) return;
      if (undoByDsack(tcb)) tryToOpen(tcb, ack);
      findLosses(tcb, ack);
      if (!stillRecovering(tcb)) {
        if (board.lostOut === 0) return;
        enterRecovery(tcb, ack.ece);
      }
      break;
    case 'loss':
      lossAcknowledged(tcb, ack, duplicates);
      findLosses(tcb, ack);
      if (!isOpen(tcb) && !ack.lostRetransmit) return;
      fromOpen(tcb, ack, duplicates);
      return;
    default:
      fromOpen(tcb, ack, duplicates);
      return;
  }
  recovery.repair = REPAIR_LOST;
}

// The phase is read anew: a step before may have written it.
const stillRecovering = (tcb: Tcb): boolean => tcb.recovery.phase === 'recovery';
const isOpen = (tcb: Tcb): boolean => tcb.recovery.phase === 'open';

/** What the episode began with is acknowledged. @returns true: nothing more to do. */
function leaves(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (recovery.phase === 'open') {
    recovery.firstAgainUs = -1;
    return false;
  }
  const past = (tcb.sndUna - recovery.highSeq) | 0;
  if (past < 0) {
    // RFC 5681 §3.2 step 6, where the controller is Reno's: any new acknowledgement ends it.
    if (recovery.phase === 'recovery' && !tcb.sackOk && !tcb.view.partialAcks && recovery.ack.advanced) return endRecovery(tcb);
    return false;
  }
  if (recovery.phase === 'cwr' && past > 0) {
    endReduction(tcb);
    enterPhase(tcb, 'open');
  } else if (recovery.phase === 'recovery') return endRecovery(tcb);
  return false;
}

function endRecovery(tcb: Tcb): boolean {
  if (!tcb.sackOk) tcb.recovery.board.sackedOut = 0;
  if (undoRecovery(tcb)) return true;
  endReduction(tcb);
  return false;
}

function fromOpen(tcb: Tcb, ack: AckState, duplicates: number): void {
  const { recovery } = tcb;
  const { board } = recovery;
  if (!tcb.sackOk) {
    if (ack.advanced) board.sackedOut = 0;
    addDuplicates(tcb, duplicates);
  }
  if (isUnreduced(recovery.phase)) undoByDsack(tcb);
  findLosses(tcb, ack);
  if (board.lostOut === 0) {
    tryToOpen(tcb, ack);
    return;
  }
  if (isUnreduced(recovery.phase) && mtuProbeFailed(tcb)) return;
  enterRecovery(tcb, ack.ece);
  recovery.repair = REPAIR_LOST;
}

function findLosses(tcb: Tcb, ack: AckState): void {
  if (tcb.recovery.board.packetsOut === 0) return;
  if (!tcb.sackOk) {
    newRenoLosses(tcb, ack.advanced);
    return;
  }
  const before = tcb.recovery.board.retransOut;
  if (rackLosses(tcb)) ack.setTimer = false;
  if (before > tcb.recovery.board.retransOut) ack.lostRetransmit = true;
}

function tryToOpen(tcb: Tcb, ack: AckState): void {
  if (!anyRetransmitted(tcb)) tcb.recovery.firstAgainUs = -1;
  if (ack.ece) enterCwr(tcb);
  if (tcb.recovery.phase !== 'cwr') keepOpen(tcb);
}

/** Congestion was told, and nothing is lost: the window comes down once in a round trip (RFC 3168 §6.1.2). */
function enterCwr(tcb: Tcb): void {
  const { recovery } = tcb;
  recovery.mayRestore = false;
  if (!isUnreduced(recovery.phase)) return;
  recovery.hasUndo = false;
  beginReduction(tcb, 'ecn');
  enterPhase(tcb, 'cwr');
}

/** RFC 5681 §3.2 step 2, RFC 6675 §5 (4): losses are repaired, and the window comes down. @param ece congestion was told as well. */
export function enterRecovery(tcb: Tcb, ece: boolean): void {
  const { recovery } = tcb;
  if (!anyRetransmitted(tcb)) recovery.firstAgainUs = -1;
  tcb.tcp.counters[tcb.sackOk ? 'sackRecovery' : 'renoRecovery']++;
  const wasReducing = inReduction(tcb);
  recovery.mayRestore = false;
  beginUndo(tcb);
  if (!wasReducing) {
    if (!ece) rememberWindow(tcb);
    beginReduction(tcb, 'fast-loss');
  }
  enterPhase(tcb, 'recovery');
}
