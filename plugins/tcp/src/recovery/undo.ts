// Taking a reduction back that nothing was lost for: by timestamps (Eifel, RFC 3522), D-SACK (RFC 3708), F-RTO (RFC 5682).
import { undone } from '../congestion.js';
import { timestamp } from '../options.js';
import type { Tcb } from '../tcb.js';
import { currentSsthresh } from './cwnd.js';
import { sawReordering } from './mark.js';
import { enterPhase } from './phase.js';
import { WIDE_RECOVERIES } from './rack.js';
import { EVER_RETRANSMITTED, LOST } from './scoreboard.js';

/** An episode begins in which everything that is sent again is counted, until D-SACKs have told of all of it. */
export function beginUndo(tcb: Tcb): void {
  const { recovery } = tcb;
  recovery.hasUndo = true;
  recovery.undoMarker = tcb.sndUna;
  recovery.undoRetrans = recovery.board.retransOut + (recovery.hasProbe && recovery.probeAgain ? 1 : 0) || -1;
}

/** What undo would bring back. */
export function rememberWindow(tcb: Tcb): void {
  tcb.recovery.mayRestore = true;
  tcb.recovery.flight.priorCwnd = tcb.control.cwnd;
  tcb.recovery.flight.priorSsthresh = currentSsthresh(tcb);
}

export const anyRetransmitted = (tcb: Tcb): boolean => {
  const { board } = tcb.recovery;
  return board.retransOut > 0 || (board.head !== undefined && (board.head.marks & EVER_RETRANSMITTED) !== 0);
};

/** RFC 3522: what is acknowledged was sent before the first retransmission; or there was none yet. */
function wasDelayed(tcb: Tcb): boolean {
  const { recovery, tcp } = tcb;
  if (recovery.firstAgainUs >= 0) {
    const { seg } = tcp;
    const first = timestamp(recovery.firstAgainUs, tcb.tsOffset);
    return tcb.timestampsOk && seg.hasTimestamp && seg.tsEcr !== 0 && ((seg.tsEcr - first) | 0) < 0;
  }
  return tcb.sackOk || ((tcb.sndUna - recovery.highSeq) | 0) < 0;
}

const mayUndo = (tcb: Tcb): boolean => tcb.recovery.hasUndo && (tcb.recovery.undoRetrans === 0 || wasDelayed(tcb));

function undo(tcb: Tcb, unmarkLost: boolean): void {
  const { recovery } = tcb;
  const { board } = recovery;
  if (unmarkLost) {
    for (let sent = board.head; sent !== undefined; sent = sent.next) sent.marks &= ~LOST;
    board.lostOut = 0;
    board.hint = undefined;
  }
  if (recovery.mayRestore) undone(tcb);
  recovery.hasUndo = false;
  recovery.rackAdvanced = true; // losses are looked for anew
}

/** RFC 6582 §3.2: without SACK the state stays until something beyond RECOVER is acknowledged, lest old duplicates start it again. */
function staysUntilBeyond(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (tcb.sackOk || tcb.sndUna !== recovery.highSeq) return false;
  if (!anyRetransmitted(tcb)) recovery.firstAgainUs = -1;
  return true;
}

/** Everything of the episode is acknowledged. @returns true: the state stays for now. */
export function undoRecovery(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (mayUndo(tcb)) {
    tcb.tcp.counters[recovery.phase === 'loss' ? 'lossUndo' : 'fullUndo']++;
    undo(tcb, false);
  } else if (recovery.reorderPersist > 0) recovery.reorderPersist--;
  if (staysUntilBeyond(tcb)) return true;
  enterPhase(tcb, 'open');
  return false;
}

/** D-SACKs have told of every retransmission. */
export function undoByDsack(tcb: Tcb): boolean {
  const { recovery } = tcb;
  if (!recovery.hasUndo || recovery.undoRetrans !== 0) return false;
  recovery.reorderPersist = Math.min(WIDE_RECOVERIES, recovery.reorderPersist + 1);
  tcb.tcp.counters.dsackUndo++;
  undo(tcb, false);
  return true;
}

/** The timeout was spurious. @param byFrto F-RTO says so. */
export function undoLoss(tcb: Tcb, byFrto: boolean): boolean {
  const { counters } = tcb.tcp;
  if (!byFrto && !mayUndo(tcb)) return false;
  undo(tcb, true);
  counters.lossUndo++;
  if (byFrto) counters.spuriousRtos++;
  tcb.retransmits = 0;
  if (staysUntilBeyond(tcb)) return true;
  if (byFrto || tcb.sackOk) {
    enterPhase(tcb, 'open');
  }
  return true;
}

/** A hole was filled by what was merely late. @returns true: nothing more is marked or sent again for now. */
export function undoPartial(tcb: Tcb, priorUna: number): boolean {
  const { recovery } = tcb;
  if (!recovery.hasUndo || !wasDelayed(tcb)) return false;
  sawReordering(tcb, priorUna, 'tsReorder');
  if (recovery.board.retransOut > 0) return true;
  if (!anyRetransmitted(tcb)) recovery.firstAgainUs = -1;
  undo(tcb, true);
  tcb.tcp.counters.partialUndo++;
  keepOpen(tcb);
  return false;
}

/** Open, or disorder where something is still out of order. */
export function keepOpen(tcb: Tcb): void {
  const { recovery } = tcb;
  const phase = recovery.board.leftOut > 0 || anyRetransmitted(tcb) ? 'disorder' : 'open';
  if (recovery.phase === phase) return;
  enterPhase(tcb, phase);
  recovery.highSeq = tcb.sndNxt;
}
