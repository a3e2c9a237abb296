// Explicit congestion notification: RFC 3168 §6.1, as Linux negotiates it, marks and echoes. What is accurate of it (RFC 9768) is in accecn/.
import type { Packet } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import type { CongestionControl } from '@protoloom/contracts/tcp';
import {
  aceFlags,
  aceOf,
  echoOf,
  SYN_ACCURATE,
  SYN_ACK_BROKEN,
  SYN_ACK_CLASSIC,
  SYN_ACK_NONE,
  SYN_CLASSIC,
  SYN_NONE,
} from './accecn/ace.js';
import { INITIAL_CEP, newlyMarked } from './accecn/feedback.js';
import { crossedSynArrived, ecnFieldOf, handshakeEnded, synAckArrived } from './accecn/handshake.js';
import { ACE_FAIL_RECV, ACE_FAIL_SEND, AccEcn } from './accecn/state.js';
import { enterQuickMode } from './ack.js';
import { controllerOf, textReceived } from './congestion.js';
import type { Tcp } from './context.js';
import { CE, ECT_0, ECT_1, NOT_ECT } from './ecn-field.js';
import type { AckState } from './recovery/ack-state.js';
import { sendAck } from './segment.js';
import type { Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';
import { CWR, ECE } from './wire.js';

/** tcp_ecn: what incoming connections are granted, outgoing ones ask for. From ACCURATE_BOTH on accurate ECN is granted as well. */
const ECN_BOTH = 1;
const ACCURATE_BOTH = 3;
const ACCURATE_IN_CLASSIC_OUT = 4;

/** Segments that are acknowledged at once after a CE mark, and after a sign that one was repeated. */
const QUICK_AFTER_CE = 2;
/** SYNs, and SYN-ACKs, that may be lost before it is taken for a sign that their flags do not come through: RFC 9768 §3.1.4. */
const LOST_WITH_FLAGS = 1;

/** A connection that uses ECN, or asks for it. */
export class Ecn {
  /** ECT(0) or ECT(1), on what may be marked. */
  readonly codepoint: number;
  /** The controller lives by ECN: SYNs, acknowledgements and retransmissions are ECN-capable as well, as Linux has it for DCTCP. */
  readonly everywhere: boolean;
  /** Receiver: a CE mark is echoed until the sender says CWR (RFC 3168 §6.1.3). */
  echoing = false;
  /** Sender: the next new data carries CWR (RFC 3168 §6.1.2). */
  cwrDue = false;
  /** Sender: packets delivered that are known to have been marked; where ECN is classic, all whose acknowledgement echoed congestion. */
  deliveredCe = 0;
  /** RFC 9768; undefined: ECN is classic. */
  accurate: AccEcn | undefined = undefined;

  constructor(wish: CongestionControl['ecn'], accurate: boolean) {
    this.codepoint = wish?.codepoint === 1 ? ECT_1 : ECT_0;
    this.everywhere = wish !== undefined;
    if (accurate) this.accurate = new AccEcn();
  }
}

/** What the controller that a connection will have asks of ECN. */
const wishOf = (tcp: Tcp, chosen: string, route: Route | undefined): CongestionControl['ecn'] =>
  controllerOf(tcp, chosen || route?.congestionControl || tcp.sysctls.congestionControl).ecn;

/** A controller that wants accurate feedback may have none rather than classic. */
const takesClassic = (wish: CongestionControl['ecn']): boolean => wish?.wants !== 'accurate' || wish.fallback === 'classic';

// ---- negotiation, RFC 3168 §6.1.1, RFC 9768 §3.1 ---------------------------------------------------------------------------------

/** An active open begins: whether it asks for ECN. */
export function askForEcn(tcb: Tcb, route: Route): void {
  const { tcp } = tcb;
  const mode = tcp.sysctls.ecn;
  const wish = wishOf(tcp, tcb.congestionControl, route);
  const accurate = mode === ACCURATE_BOTH || wish?.wants === 'accurate';
  const asks = accurate || mode === ECN_BOTH || mode === ACCURATE_IN_CLASSIC_OUT || wish !== undefined || route.ecn;
  tcb.ecn = asks ? new Ecn(wish, accurate) : undefined;
}

/**
 * Flags of our SYN. One that is sent again does without, where tcp_ecn_fallback says so: RFC 3168 §6.1.1.1; RFC 9768 §3.1.4.1 tries twice.
 * @param timeouts without an answer to those before it.
 */
export function synFlags(tcb: Tcb, packet: Packet, timeouts: number): number {
  const { ecn, tcp } = tcb;
  if (ecn === undefined) return 0;
  markSyn(ecn, packet);
  if (timeouts > (ecn.accurate === undefined ? 0 : LOST_WITH_FLAGS) && tcp.sysctls.ecnFallback) return 0;
  return ecn.accurate === undefined ? ECE | CWR : aceFlags(SYN_ACCURATE);
}

function markSyn(ecn: Ecn, packet: Packet): void {
  if (!ecn.everywhere) return;
  packet.ecn = ecn.codepoint;
  if (ecn.accurate !== undefined) ecn.accurate.sentSynField = ecn.codepoint;
}

/** Flags of the SYN-ACK in a simultaneous open, and of one from LISTEN. @param timeouts without an answer to others before it. */
export function synAckFlags(tcp: Tcp, ecn: Ecn | undefined, packet: Packet, timeouts: number): number {
  if (ecn === undefined) return 0;
  markSyn(ecn, packet);
  const { accurate } = ecn;
  if (accurate === undefined) return ECE;
  if (timeouts <= LOST_WITH_FLAGS || !tcp.sysctls.ecnFallback) return aceFlags(echoOf(accurate.synField));
  // RFC 9768 §3.1.5: the peer may go on without ECN then, so that nothing is marked; feedback stays accurate.
  accurate.failMode |= ACE_FAIL_SEND;
  return 0;
}

/** The peer's SYN-ACK, RFC 9768 table 2: what of our request it grants. */
export function synAckReceived(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined) return;
  const ace = aceOf(seg.flags);
  if (ecn.accurate === undefined) {
    // RFC 3168 §6.1.1: ECE without CWR; the third flag meant nothing then.
    if ((seg.flags & (ECE | CWR)) !== ECE) tcb.ecn = undefined;
  } else if (ace === SYN_ACK_NONE || ace === SYN_ACK_BROKEN) tcb.ecn = undefined;
  else if (ace === SYN_ACK_CLASSIC) fallBack(tcb, ecn);
  else synAckArrived(tcb, ecn.accurate, seg);
}

/** The SYN of a peer that opens at the same time: both have to ask, and get what both can. */
export function crossedSynReceived(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined) return;
  const ace = aceOf(seg.flags);
  if (ecn.accurate !== undefined && ace !== SYN_NONE && ace !== SYN_CLASSIC) crossedSynArrived(ecn.accurate, seg);
  else if ((seg.flags & (ECE | CWR)) === (ECE | CWR)) fallBack(tcb, ecn);
  else tcb.ecn = undefined;
}

function fallBack(tcb: Tcb, ecn: Ecn): void {
  if (ecn.accurate === undefined) return;
  ecn.accurate = undefined;
  if (!takesClassic(wishOf(tcb.tcp, tcb.congestionControl, tcb.route))) tcb.ecn = undefined;
}

/**
 * A SYN for a listener: whether ECN is granted. A classic one that is itself ECN-capable comes out of a network that sets the field, and is not
 * believed (RFC 3168 §6.1.1), but where the listener's controller lives by it.
 */
export function grantEcn(listener: Tcb, route: Route, seg: Segment): Ecn | undefined {
  const { tcp } = listener;
  const ace = aceOf(seg.flags);
  if (ace === SYN_NONE) return undefined;
  const wish = wishOf(tcp, listener.congestionControl, route);
  if (ace !== SYN_CLASSIC && grantsAccurate(tcp, wish)) {
    const ecn = new Ecn(wish, true);
    if (ecn.accurate !== undefined) ecn.accurate.synField = ecnFieldOf(seg);
    return ecn;
  }
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR) || !takesClassic(wish)) return undefined;
  return wish !== undefined || (ecnFieldOf(seg) === NOT_ECT && isGranted(tcp, route)) ? new Ecn(wish, false) : undefined;
}

/** What was granted before it became a SYN cookie. @param classic the cookie tells. */
export function regrantEcn(listener: Tcb, route: Route, seg: Segment, classic: boolean): Ecn | undefined {
  const { tcp } = listener;
  const wish = wishOf(tcp, listener.congestionControl, route);
  // RFC 9768 §5.1: no other connection begins with such a field.
  if (aceOf(seg.flags) > SYN_ACK_CLASSIC && grantsAccurate(tcp, wish)) return new Ecn(wish, true);
  return classic && isGranted(tcp, route) ? new Ecn(wish, false) : undefined;
}

/** The handshake of an incoming connection has ended. */
export function opened(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn?.accurate !== undefined) ecn.deliveredCe += handshakeEnded(tcb, ecn.accurate, seg);
}

const isGranted = (tcp: Tcp, route: Route): boolean => tcp.sysctls.ecn !== 0 || route.ecn;
const grantsAccurate = (tcp: Tcp, wish: CongestionControl['ecn']): boolean =>
  tcp.sysctls.ecn >= ACCURATE_BOTH || wish?.wants === 'accurate';

// ---- receiving, RFC 3168 §6.1.3 --------------------------------------------------------------------------------------------------

/**
 * Text came in, and RCV.NXT has not moved yet: a controller with a receiver half may want the echo to follow the mark. What waits to be
 * acknowledged leaves with the echo as it was, RFC 8257 §3.2.
 */
export function echoDecided(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined) return;
  const ce = ecnFieldOf(seg) === CE;
  if (!textReceived(tcb, ce, seg.textLength)) return;
  if (tcb.ackPending && ecn.accurate === undefined) sendAck(tcb);
  tcb.ackNow = true;
  ecn.echoing = ce;
}

/** Text came in. A segment that is not ECN-capable, after others that were, is probably sent again: its sender waits. */
export function marksReceived(tcb: Tcb, seg: Segment): void {
  const field = ecnFieldOf(seg);
  if (field === NOT_ECT) {
    if (tcb.ecnSeen) enterQuickMode(tcb, QUICK_AFTER_CE);
    return;
  }
  tcb.ecnSeen = true;
  const { ecn } = tcb;
  if (field !== CE || ecn === undefined || ecn.accurate !== undefined || ecn.echoing || decidesEcho(tcb)) return;
  // The sender's window may be about to be very small.
  enterQuickMode(tcb, QUICK_AFTER_CE);
  ecn.echoing = true;
}

const decidesEcho = (tcb: Tcb): boolean => tcb.controller?.onReceive !== undefined;

/** An acknowledgement that is not old. CWR ends the echo, on whatever segment it comes, as Linux takes it; with text it wants an answer. */
export function acceptCwr(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined || ecn.accurate !== undefined || (seg.flags & CWR) === 0) return;
  if (!decidesEcho(tcb)) ecn.echoing = false;
  if (seg.length > 0) tcb.ackNow = true;
}

// ---- sending, RFC 3168 §6.1.2, §6.1.4 to §6.1.6 ----------------------------------------------------------------------------------

/** Whether an acknowledgement tells of congestion, and for how much; classic: all that it delivers. @param packets that it delivers. */
export function feedbackReceived(tcb: Tcb, seg: Segment, ack: AckState, packets: number): void {
  const { ecn } = tcb;
  if (ecn === undefined || seg.syn) return;
  let marked = packets;
  if (ecn.accurate !== undefined) {
    marked = newlyMarked(tcb, ecn.accurate, seg, ack, packets, ecn.deliveredCe);
    ack.ece = marked > 0;
  } else {
    if ((seg.flags & ECE) === 0) return;
    ack.ece = true;
    ack.ceBytes = ack.deliveredBytes;
  }
  ecn.deliveredCe += marked;
  tcb.tcp.counters.deliveredCe += marked;
}

/** The window was reduced, for whatever reason: a receiver of the classic kind is to know. */
export function reduced(tcb: Tcb): void {
  if (tcb.ecn !== undefined && tcb.ecn.accurate === undefined) tcb.ecn.cwrDue = true;
}

/** The reduction was taken back before anybody was told. */
export function reductionUndone(tcb: Tcb): void {
  if (tcb.ecn !== undefined) tcb.ecn.cwrDue = false;
}

/**
 * ECN-capable is new data alone where ECN is classic: no acknowledgement, no retransmission; all of it where it is accurate, unless the field
 * does not come through. @returns AE, ECE and CWR for its header.
 */
export function segmentFlags(tcb: Tcb, packet: Packet, seq: number, length: number): number {
  const { ecn } = tcb;
  if (ecn === undefined) return 0;
  if (ecn.accurate !== undefined) return countingFlags(ecn.accurate, packet, ecn.codepoint, length);
  let flags = ecn.echoing ? ECE : 0;
  const isNew = length > 0 && ((seq - tcb.sndNxt) | 0) >= 0;
  if (isNew || ecn.everywhere) packet.ecn = ecn.codepoint;
  if (isNew && ecn.cwrDue) {
    ecn.cwrDue = false;
    flags |= CWR;
  }
  return flags;
}

/** RFC 9768 §3.2.2.1, §3.2.2.2: the counter of marks; the acknowledgement of a SYN-ACK echoes that one instead. */
function countingFlags(accurate: AccEcn, packet: Packet, codepoint: number, length: number): number {
  if ((accurate.failMode & (ACE_FAIL_SEND | ACE_FAIL_RECV)) === 0) packet.ecn = codepoint;
  accurate.pendingCe = 0;
  const echoes = accurate.echoes && length === 0;
  accurate.echoes = false;
  return aceFlags(echoes ? echoOf(accurate.synField) : accurate.receivedCe + INITIAL_CEP);
}
