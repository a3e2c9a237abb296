// Received SACK blocks: RFC 2018 §3, RFC 6675 §4 (Update), D-SACK RFC 2883 and what it undoes, RFC 3708.
import type { Segment } from '../segment-in.js';
import { MAX_SACK_BLOCKS } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { fack, sawReordering } from './mark.js';
import { arrived } from './rack.js';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED, type Sent } from './scoreboard.js';

/** The blocks of the segment at hand that are worth looking at, ascending; which of them is a D-SACK. */
const froms = new Int32Array(MAX_SACK_BLOCKS);
const tos = new Int32Array(MAX_SACK_BLOCKS);
const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** Marks what the blocks tell of. */
export function blocksArrived(tcb: Tcb, seg: Segment, ack: AckState): void {
  const { recovery } = tcb;
  const { counters } = tcb.tcp;
  const { board } = recovery;
  const hasDuplicate = isDuplicate(tcb, seg, ack);
  // Of an ACK that is long past nothing is believed.
  if (before(seg.ack, (ack.priorUna - tcb.maxSndWnd) | 0) || board.packetsOut === 0) return;
  let count = 0;
  let duplicateFrom = 0;
  let duplicateTo = 0;
  for (let i = 0; i < seg.sackCount; i++) {
    const from = seg.sack[2 * i] as number;
    const to = seg.sack[2 * i + 1] as number;
    const duplicate = i === 0 && hasDuplicate;
    if (!isValid(tcb, duplicate, from, to)) {
      if (duplicate) counters[recovery.hasUndo ? 'dsackIgnoredOld' : 'dsackIgnoredNoUndo']++;
      else if (seg.ack === tcb.sndUna || before(tcb.sndUna, to)) counters.sackDiscard++;
      continue;
    }
    if (!before(ack.priorUna, to)) continue;
    if (duplicate) {
      duplicateFrom = from;
      duplicateTo = to;
    }
    let at = count++;
    for (; at > 0 && before(from, froms[at - 1] as number); at--) {
      froms[at] = froms[at - 1] as number;
      tos[at] = tos[at - 1] as number;
    }
    froms[at] = from;
    tos[at] = to;
  }
  for (let i = 0; i < count; i++) {
    const from = froms[i] as number;
    const to = tos[i] as number;
    tag(tcb, ack, from, to, hasDuplicate && from === duplicateFrom && to === duplicateTo);
  }
  if (before(ack.reorderSeq, fack(tcb)) && (recovery.phase !== 'loss' || recovery.hasUndo))
    sawReordering(tcb, ack.reorderSeq, 'sackReorder');
}

/** RFC 2883 §4: the first block tells of what is acknowledged, or lies within the second. */
function isDuplicate(tcb: Tcb, seg: Segment, ack: AckState): boolean {
  const { recovery } = tcb;
  const { counters } = tcb.tcp;
  const from = seg.sack[0] as number;
  const to = seg.sack[1] as number;
  if (before(from, seg.ack)) counters.dsackRecv++;
  else if (seg.sackCount > 1 && !before(seg.sack[3] as number, to) && !before(from, seg.sack[2] as number)) counters.dsackOfoRecv++;
  else return false;
  const packets = duplicatePackets(tcb, from, to, ack);
  if (packets === 0) {
    counters.dsackIgnoredDubious++;
    return false;
  }
  counters.dsackRecvSegs += packets;
  // The packets themselves may be forgotten: they are counted all the same.
  if (recovery.hasUndo && recovery.undoRetrans > 0 && !before(ack.priorUna, to) && before(recovery.undoMarker, to))
    recovery.undoRetrans = Math.max(0, recovery.undoRetrans - packets);
  return true;
}

/** Packets that arrived twice; 0: nothing that we sent twice. */
function duplicatePackets(tcb: Tcb, from: number, to: number, ack: AckState): number {
  const { recovery, mss } = tcb;
  const length = (to - from) | 0;
  if (length <= 0 || length > tcb.maxSndWnd) return 0;
  let packets = 1;
  if (length > mss) packets = Math.ceil(length / mss);
  else if (recovery.hasProbe && recovery.probeEnd === to) ack.dsackOfProbe = true;
  recovery.dsackDups += packets;
  if (recovery.dsackDups > tcb.totalRetransmits) return 0;
  // RFC 8985 §6.2 step 4: a probe of a timer's says nothing of reordering.
  if (recovery.reorderSeen > 0 && !ack.dsackOfProbe) recovery.dsackInRound = true;
  ack.dsack = true;
  return packets;
}

/** Whether a block can be true; a D-SACK may be about what is acknowledged, as far back as this episode. */
function isValid(tcb: Tcb, duplicate: boolean, from: number, to: number): boolean {
  const { recovery } = tcb;
  if (before(tcb.sndNxt, to) || !before(from, to) || !before(from, tcb.sndNxt)) return false;
  if (before(tcb.sndUna, from)) return true;
  if (!duplicate || !recovery.hasUndo || before(tcb.sndUna, to)) return false;
  if (!before(from, recovery.undoMarker)) return true;
  return before(recovery.undoMarker, to) && !before(from, (to - tcb.maxSndWnd) | 0);
}

/** Every packet in [from, to). */
function tag(tcb: Tcb, ack: AckState, from: number, to: number, duplicate: boolean): void {
  const { board } = tcb.recovery;
  // New blocks are near the highest one.
  let sent: Sent | undefined = board.tail;
  while (sent !== undefined && before(from, sent.seq)) sent = sent.previous;
  for (sent ??= board.head; sent !== undefined && before(sent.seq, to); sent = sent.next) {
    if (!before(from, sent.end)) continue;
    if (before(sent.seq, from) || before(to, sent.end)) {
      const cut = cutAt(sent, from, to);
      if (cut <= 0) continue;
      board.split(sent, cut);
      if (before(sent.seq, from)) continue;
    }
    tagOne(tcb, ack, sent, duplicate);
  }
}

/** Where to cut a super-segment that a block tells of in part: whole segments only. 0: none of it is covered whole. */
function cutAt(sent: Sent, from: number, to: number): number {
  const { segmentBytes } = sent;
  if (sent.packets <= 1) return 0;
  if (before(sent.seq, from)) {
    const cut = Math.ceil(((from - sent.seq) | 0) / segmentBytes) * segmentBytes;
    return cut < ((sent.end - sent.seq) | 0) ? cut : 0;
  }
  return Math.floor(((to - sent.seq) | 0) / segmentBytes) * segmentBytes;
}

function tagOne(tcb: Tcb, ack: AckState, sent: Sent, duplicate: boolean): void {
  const { recovery } = tcb;
  const { board } = recovery;
  const { marks, packets, seq, end } = sent;
  if (duplicate && (marks & EVER_RETRANSMITTED) !== 0) {
    if (recovery.hasUndo && recovery.undoRetrans > 0 && before(recovery.undoMarker, end))
      recovery.undoRetrans = Math.max(0, recovery.undoRetrans - packets);
    if ((marks & SACKED) !== 0 && before(seq, ack.reorderSeq)) ack.reorderSeq = seq;
  }
  if (!before(tcb.sndUna, end)) return; // about to go
  if ((marks & SACKED) === 0) {
    arrived(tcb, marks, sent, sent.end);
    tcb.tcp.sample.take(sent, recovery.flight);
    if ((marks & RETRANSMITTED) !== 0) {
      // What is not marked lost any more may have a retransmission under way all the same.
      if ((marks & LOST) !== 0) {
        sent.marks &= ~(LOST | RETRANSMITTED);
        board.lostOut -= packets;
        board.retransOut -= packets;
      }
    } else {
      if ((marks & EVER_RETRANSMITTED) === 0) {
        if (before(seq, fack(tcb)) && before(seq, ack.reorderSeq)) ack.reorderSeq = seq;
        if (!before(recovery.highSeq, end)) ack.originalArrived = true;
        if (ack.firstSackedUs < 0) ack.firstSackedUs = sent.sentUs;
        ack.lastSackedUs = sent.sentUs;
      }
      if ((marks & LOST) !== 0) {
        sent.marks &= ~LOST;
        board.lostOut -= packets;
      }
    }
    if (board.sackedOut === 0 || before(board.highestSacked, end)) board.highestSacked = end;
    sent.marks |= SACKED;
    board.sackedOut += packets;
    board.untime(sent);
    ack.sacked = true;
    tcb.delivered += packets;
    ack.deliveredBytes += (end - seq) | 0;
  }
  if (duplicate && (sent.marks & RETRANSMITTED) !== 0) {
    sent.marks &= ~RETRANSMITTED;
    board.retransOut -= packets;
  }
}
