// Loss recovery: what a connection remembers of it, and what the rest of TCP calls. How it goes: RFC 6675, RFC 8985, RFC 9937, RFC 6582.
import { type Phase, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { acknowledged, initialWindow, openController, packetSent } from '../congestion.js';
import { feedbackReceived } from '../ecn.js';
import { Limit, timeoutsOver } from '../limits.js';
import { rouse } from '../rest.js';
import type { Segment } from '../segment-in.js';
import { Flight } from '../sender-view.js';
import { type Tcb, writeEnd } from '../tcb.js';
import type { AckState } from './ack-state.js';
import { removeAcknowledged } from './acknowledge.js';
import { currentSsthresh, cwndPackets, inReduction } from './cwnd.js';
import { consider, enterRecovery, isDubious } from './episode.js';
import { markLost } from './mark.js';
import { boundDuplicates } from './newreno.js';
import { enterPhase } from './phase.js';
import { reduce } from './prr.js';
import { adaptReorderWindow, detectLosses } from './rack.js';
import { blocksArrived } from './sack.js';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED, Scoreboard, type Sent, type SentPool } from './scoreboard.js';
import { probeAcknowledged, scheduleProbe } from './tail-loss.js';

/** What output does first: nothing; new data, by which F-RTO tells; what is lost. */
export const REPAIR_NONE = 0;
export const REPAIR_NEW = 1;
export const REPAIR_LOST = 2;

export class Recovery {
  readonly board: Scoreboard;
  readonly flight = new Flight();
  readonly limit = new Limit();
  /** Of the acknowledgement at hand; the stack's. */
  readonly ack: AckState;
  /** Written by phase.ts alone. */
  phase: Phase = 'open';
  /** SND.NXT when the phase began: RFC 6582's RECOVER, RFC 6675's RecoveryPoint. */
  highSeq = 0;
  /** REPAIR_*. */
  repair = REPAIR_NONE;

  // ---- how far packets are reordered, in packets (DupThresh); how often that was seen; D-SACKs
  reordering: number;
  reorderSeen = 0;
  dsackDups = 0;

  // ---- RACK, RFC 8985 §5: the packet that left last of those that arrived (`tcb.rackRttUs`: its round trip)
  rackOrder = 0;
  rackEnd = 0;
  rackAdvanced = false;
  /** Reordering window in quarters of the least round trip; recoveries for which it stays wide; when it was last widened. */
  reorderSteps = 1;
  reorderPersist = 0;
  reorderDelivered = 0;
  dsackInRound = false;

  // ---- tail loss probe, RFC 8985 §7: one is out; SND.NXT when it left; it was a retransmission
  hasProbe = false;
  probeEnd = 0;
  probeAgain = false;

  // ---- proportional rate reduction, RFC 9937, in packets
  prrDelivered = 0;
  prrOut = 0;
  prrPrior = 0;

  // ---- since when nothing is answered, µs: when the SYN first left; the first retransmission of an episode, 0: none; the first window probe, 0: none
  synSentUs = 0;
  retransmitStartUs = 0;
  probeStartUs = 0;

  // ---- undo: SND.UNA when the reduction was made; retransmissions that no D-SACK has told of, -1: none was made
  hasUndo = false;
  undoMarker = 0;
  undoRetrans = 0;
  /** The window of before may come back. */
  mayRestore = false;
  /** When the episode's first retransmission left, µs; -1: none. */
  firstAgainUs = -1;
  /** F-RTO: the timeout may have been spurious. */
  frto = false;

  constructor(pool: SentPool, ack: AckState, reordering: number) {
    this.board = new Scoreboard(pool);
    this.ack = ack;
    this.reordering = reordering;
  }

  /** Nothing has happened that a new one would not know of. @param reordering what a new one begins with. */
  isForgettable(reordering: number): boolean {
    return (
      this.phase === 'open' &&
      !this.hasUndo &&
      this.firstAgainUs < 0 &&
      !this.frto &&
      !this.hasProbe &&
      this.reordering === reordering &&
      this.reorderSeen === 0 &&
      this.reorderSteps === 1 &&
      this.reorderPersist === 0 &&
      !this.dsackInRound &&
      this.dsackDups === 0
    );
  }
}

const isHandshake = (tcb: Tcb): boolean => tcb.state === TCP_SYN_SENT || tcb.state === TCP_SYN_RECV;

/** The handshake is over: RFC 6928's window, and a controller. */
export function connectionOpened(tcb: Tcb): void {
  rouse(tcb);
  const { recovery } = tcb;
  recovery.phase = 'open';
  recovery.highSeq = tcb.sndUna;
  recovery.rackEnd = tcb.sndUna;
  recovery.hasUndo = false;
  recovery.firstAgainUs = -1;
  openController(tcb);
  tcb.control.cwnd = initialWindow(tcb);
}

/** Octets in the network, each packet taken for a full one, as Linux counts (RFC 6675's pipe). */
export const inFlight = (tcb: Tcb): number => Math.max(0, tcb.recovery.board.inFlight) * tcb.mss;

/** The next packet to be sent again now; undefined: none, or cwnd is full. */
export function nextLost(tcb: Tcb): Sent | undefined {
  const { board } = tcb.recovery;
  if (board.retransOut >= board.lostOut || board.inFlight >= cwndPackets(tcb)) return undefined;
  let sent = board.hint ?? board.head;
  while (sent !== undefined && ((sent.marks & LOST) === 0 || (sent.marks & (SACKED | RETRANSMITTED)) !== 0)) sent = sent.next;
  board.hint = sent;
  return sent;
}

/** New sequence numbers have left, in `packets` segments of `segmentBytes` octets. Before SND.NXT moves. */
export function segmentSent(tcb: Tcb, seq: number, length: number, packets: number, segmentBytes: number): void {
  rouse(tcb);
  const { recovery, tcp } = tcb;
  const { board } = recovery;
  if (board.packetsOut === 0) recovery.flight.begin(tcp.clock.nowUs);
  recovery.flight.restarted = false;
  const sent = board.append(seq, (seq + length) | 0, packets, segmentBytes);
  left(tcb, sent, length, false);
  if (inReduction(tcb)) recovery.prrOut += packets;
}

/** A packet has left again. @param repairs it counts as a retransmission that is under way; a probe does not. */
export function sentAgain(tcb: Tcb, sent: Sent, repairs: boolean): void {
  const { recovery } = tcb;
  const { board } = recovery;
  const { packets } = sent;
  sent.marks |= EVER_RETRANSMITTED;
  if (repairs) {
    if ((sent.marks & RETRANSMITTED) === 0) {
      sent.marks |= RETRANSMITTED;
      board.retransOut += packets;
    }
    if (recovery.firstAgainUs < 0) recovery.firstAgainUs = tcb.tcp.clock.nowUs;
    recovery.undoRetrans = Math.max(0, recovery.undoRetrans) + packets;
    if (inReduction(tcb)) recovery.prrOut += packets;
  }
  left(tcb, sent, (sent.end - sent.seq) | 0, true);
}

function left(tcb: Tcb, sent: Sent, length: number, again: boolean): void {
  const { view, tcp, recovery } = tcb;
  sent.sentUs = tcp.clock.nowUs;
  recovery.flight.lastSentUs = sent.sentUs;
  sent.delivered = view.delivered;
  sent.deliveredCe = view.deliveredCe;
  sent.lost = view.lost;
  sent.deliveredUs = recovery.flight.deliveredUs;
  sent.firstSentUs = recovery.flight.firstSentUs;
  sent.inFlight = inFlight(tcb);
  sent.appLimited = view.appLimited;
  recovery.board.touch(sent);
  packetSent(tcb, length, again);
}

/**
 * The output of this turn is over. @param sent something new has left. @param held cwnd kept a super-segment from leaving.
 * @returns whether a tail loss probe is due for it, which stands in for the retransmission timer.
 */
export function outputDone(tcb: Tcb, sent: boolean, held: boolean): boolean {
  const { board } = tcb.recovery;
  const limited = held || board.inFlight >= cwndPackets(tcb);
  if (sent || limited) tcb.recovery.flight.outputDone(board.packetsOut, tcb.sndNxt, tcb.sndUna, limited);
  return sent && scheduleProbe(tcb, false);
}

/** Everything that is written has left, and there is room for more: the user is what limits the rate. */
export function noteShortage(tcb: Tcb): void {
  if (((writeEnd(tcb) - tcb.sndNxt) | 0) <= 0 && tcb.recovery.board.inFlight < cwndPackets(tcb)) tcb.view.shortOfData();
}

/** An ACK was taken: SND.UNA and SND.WND are moved. Samples, detection, the controller; sends nothing. @returns whether the retransmission timer starts anew. */
export function ackReceived(tcb: Tcb, seg: Segment, priorUna: number, windowUpdate: boolean): boolean {
  rouse(tcb);
  const { recovery, view } = tcb;
  const { board, ack } = recovery;
  ack.begin();
  ack.priorUna = priorUna;
  ack.priorPackets = board.packetsOut;
  ack.priorInFlight = inFlight(tcb);
  ack.priorFack = tcb.sackOk && board.sackedOut > 0 ? board.highestSacked : priorUna;
  ack.advanced = ((tcb.sndUna - priorUna) | 0) > 0;
  ack.hasData = seg.length > 0;
  ack.windowUpdate = windowUpdate;
  ack.reorderSeq = tcb.sndNxt;
  const delivered = tcb.delivered;
  const lost = recovery.flight.lostPackets;
  const lostBytes = view.lost;
  const isOld = ((seg.ack - priorUna) | 0) < 0;
  const { sample } = tcb.tcp;
  sample.isTaken = false;
  if (ack.advanced) {
    tcb.retransmits = 0;
    timeoutsOver(tcb);
    recovery.retransmitStartUs = 0;
  }
  if (tcb.sackOk && seg.sackCount > 0) blocksArrived(tcb, seg, ack);
  if (ack.priorPackets > 0 && !isOld) removeAcknowledged(tcb, seg, ack);
  tcb.tcp.counters.deliveredPackets += tcb.delivered - delivered;
  feedbackReceived(tcb, seg, ack, tcb.delivered - delivered);
  if (!isHandshake(tcb)) {
    adaptReorderWindow(tcb, sample.isTaken ? sample.delivered : -1);
    if (recovery.hasProbe && !isOld) probeAcknowledged(tcb, seg.ack, ack);
    if (isOld ? ack.sacked || ack.dsack : (ack.priorPackets > 0 && isDubious(tcb, ack)) || ack.dsack) {
      const counts = !isOld && ack.priorPackets > 0 && !ack.advanced && !ack.isNoDuplicate && !ack.dsack;
      consider(tcb, ack, counts ? Math.max(1, seg.segments) : 0);
    }
  }
  if (tcb.controller !== undefined) {
    const { advanced } = ack;
    const reducing = inReduction(tcb);
    acknowledged(tcb, ack, tcb.delivered - delivered, view.lost - lostBytes);
    if (reducing) reduce(tcb, tcb.delivered - delivered, recovery.flight.lostPackets - lost, advanced);
  }
  return ack.setTimer;
}

/** RFC 8985 §6.2: the reordering timer. What is lost by now is repaired. */
export function reorderTimeout(tcb: Tcb): void {
  const { recovery } = tcb;
  const { board } = recovery;
  const before = board.inFlight;
  const lost = recovery.flight.lostPackets;
  detectLosses(tcb);
  if (before === board.inFlight) return;
  if (recovery.phase !== 'recovery') {
    enterRecovery(tcb, false);
    reduce(tcb, 1, recovery.flight.lostPackets - lost, false);
  }
  recovery.repair = REPAIR_LOST;
}

/** All that is outstanding is lost, and congestion is not blamed: text of a SYN that the peer did not take. */
export function repairAll(tcb: Tcb): void {
  for (let sent = tcb.recovery.board.head; sent !== undefined; sent = sent.next) markLost(tcb, sent);
  repairWithoutBlame(tcb);
}

/** Segments are longer than they may be (RFC 1191 §6.4, RFC 4821 §7.6.2): they are sent again in smaller pieces, and congestion is not blamed. */
export function sendLongerAgain(tcb: Tcb): void {
  const { board } = tcb.recovery;
  for (let sent = board.head; sent !== undefined; sent = sent.next)
    if (Math.min(sent.segmentBytes, (sent.end - sent.seq) | 0) > tcb.mss) markLost(tcb, sent);
  if (board.lostOut === 0 || isHandshake(tcb)) return;
  if (!tcb.sackOk) boundDuplicates(tcb);
  repairWithoutBlame(tcb);
}

/** What is marked lost is sent again, within the window as it is. */
function repairWithoutBlame(tcb: Tcb): void {
  const { recovery } = tcb;
  if (recovery.phase !== 'loss') {
    recovery.highSeq = tcb.sndNxt;
    tcb.control.ssthresh = currentSsthresh(tcb);
    recovery.mayRestore = false;
    recovery.hasUndo = false;
    enterPhase(tcb, 'loss');
  }
  recovery.repair = REPAIR_LOST;
}
