// Without SACK: duplicate ACKs stand for packets that have left the network, as if SACKed. RFC 5681 §3.2, RFC 6582, RFC 3042.
import type { Tcb } from '../tcb.js';
import { markLost } from './mark.js';
import { LOST } from './scoreboard.js';

/** Duplicates have come: each is a packet delivered, as far as that can be. */
export function addDuplicates(tcb: Tcb, count: number): void {
  if (count === 0) return;
  const { recovery } = tcb;
  const { board } = recovery;
  const was = board.sackedOut;
  board.sackedOut += count;
  limitDuplicates(tcb, 0);
  const delivered = Math.max(0, board.sackedOut - was);
  tcb.delivered += delivered;
  recovery.ack.deliveredBytes += delivered * tcb.mss;
}

/** A new acknowledgement fills a hole: one of its packets did, the others had been told of by duplicates. */
export function acknowledgeDuplicates(tcb: Tcb, packets: number): void {
  const { recovery } = tcb;
  const { board } = recovery;
  if (packets > 0) {
    const delivered = Math.max(packets - board.sackedOut, 1);
    tcb.delivered += delivered;
    recovery.ack.deliveredBytes += delivered * tcb.mss;
    board.sackedOut = Math.max(0, board.sackedOut - (packets - 1));
  }
  limitDuplicates(tcb, packets);
}

/** More duplicates than packets could have arrived: they were reordered. */
function limitDuplicates(tcb: Tcb, acked: number): void {
  const { recovery } = tcb;
  const { board } = recovery;
  if (!boundDuplicates(tcb)) return;
  recovery.reordering = Math.min(board.packetsOut + acked, tcb.tcp.sysctls.maxReordering);
  recovery.reorderSeen++;
  tcb.tcp.counters.renoReorder++;
}

/** At least one packet, the missing one, has not arrived. @returns whether there were more. */
export function boundDuplicates(tcb: Tcb): boolean {
  const { board } = tcb.recovery;
  const holes = Math.min(Math.max(board.lostOut, 1), board.packetsOut);
  if (board.sackedOut + holes <= board.packetsOut) return false;
  board.sackedOut = board.packetsOut - holes;
  return true;
}

/** RFC 6582 §3.2: the first packet is lost at the third duplicate, and the next one at each partial acknowledgement. */
export function newRenoLosses(tcb: Tcb, advanced: boolean): void {
  const { recovery } = tcb;
  const { board, phase } = recovery;
  const { head } = board;
  if (head === undefined || (head.marks & LOST) !== 0) return;
  const isRecovering = phase === 'recovery';
  const begins = !isRecovering && phase !== 'loss' && board.sackedOut >= recovery.reordering;
  if (!begins && !(isRecovering && advanced)) return;
  if (head.packets > 1) board.split(head, head.segmentBytes);
  markLost(tcb, head);
}
