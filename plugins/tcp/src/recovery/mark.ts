// Marking a packet lost, and how far packets are seen to be reordered.
import { lostPackets } from '../congestion.js';
import type { Tcb } from '../tcb.js';
import { LOST, RETRANSMITTED, SACKED, type Sent } from './scoreboard.js';

/** A packet is lost; or its retransmission is. */
export function markLost(tcb: Tcb, sent: Sent): void {
  const { board } = tcb.recovery;
  const { marks, packets } = sent;
  if ((marks & SACKED) !== 0) return;
  const { hint } = board;
  if (hint !== undefined && ((sent.seq - hint.seq) | 0) < 0) board.hint = sent;
  if ((marks & LOST) === 0) {
    board.lostOut += packets;
    sent.marks |= LOST;
  } else if ((marks & RETRANSMITTED) !== 0) {
    sent.marks &= ~RETRANSMITTED;
    board.retransOut -= packets;
    tcb.tcp.counters.lostRetransmit += packets;
  } else return;
  lostPackets(tcb, sent);
}

/** One past the highest octet SACKed; SND.UNA where none is. */
export const fack = (tcb: Tcb): number => (tcb.recovery.board.sackedOut > 0 ? tcb.recovery.board.highestSacked : tcb.sndUna);

/** Something arrived after what was sent later: how far apart they were is how far packets are reordered (RFC 6675 §4's DupThresh, adapted as Linux). */
export function sawReordering(tcb: Tcb, lowest: number, counter: 'sackReorder' | 'tsReorder'): void {
  const { recovery, mss } = tcb;
  const { counters, sysctls } = tcb.tcp;
  const distance = (fack(tcb) - lowest) | 0;
  if (distance <= 0) return;
  if (distance > recovery.reordering * mss) recovery.reordering = Math.min(Math.ceil(distance / mss), sysctls.maxReordering);
  recovery.reorderSeen++;
  counters[counter]++;
}
