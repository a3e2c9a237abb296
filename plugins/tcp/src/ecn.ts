// Explicit congestion notification: RFC 3168 §6.1, as Linux negotiates it, marks and echoes.
import type { Packet } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { enterQuickMode } from './ack.js';
import { controllerOf, textReceived } from './congestion.js';
import type { Tcp } from './context.js';
import type { AckState } from './recovery/ack-state.js';
import { sendAck } from './segment.js';
import type { Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';
import { CWR, ECE } from './wire.js';

/** The ECN field of IP, RFC 3168 §5. */
export const NOT_ECT = 0;
export const ECT_1 = 1;
export const ECT_0 = 2;
export const CE = 3;

/** tcp_ecn: what incoming connections are granted, outgoing ones ask for. */
const ECN_BOTH = 1;
const ACCURATE_IN_CLASSIC_OUT = 4;

/** Segments that are acknowledged at once after a CE mark, and after a sign that one was repeated. */
const QUICK_AFTER_CE = 2;

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
  /** Sender: packets delivered whose acknowledgement echoed congestion. */
  deliveredCe = 0;

  constructor(wish: CongestionControl['ecn']) {
    this.codepoint = wish?.codepoint === 1 ? ECT_1 : ECT_0;
    this.everywhere = wish !== undefined;
  }
}

/** What the controller that a connection will have asks of ECN. */
const wishOf = (tcp: Tcp, chosen: string, route: Route | undefined): CongestionControl['ecn'] =>
  controllerOf(tcp, chosen || route?.congestionControl || tcp.sysctls.congestionControl).ecn;

// ---- negotiation, RFC 3168 §6.1.1 ------------------------------------------------------------------------------------------------

/** An active open begins: whether it asks for ECN. */
export function askForEcn(tcb: Tcb, route: Route): void {
  const { tcp } = tcb;
  const mode = tcp.sysctls.ecn;
  const wish = wishOf(tcp, tcb.congestionControl, route);
  const asks = mode === ECN_BOTH || mode === ACCURATE_IN_CLASSIC_OUT || wish !== undefined || route.ecn;
  tcb.ecn = asks ? new Ecn(wish) : undefined;
}

/** Flags of our SYN. One that is sent again does without, where tcp_ecn_fallback says so: RFC 3168 §6.1.1.1. */
export function synFlags(tcb: Tcb, packet: Packet, again: boolean): number {
  const { ecn, tcp } = tcb;
  if (ecn === undefined) return 0;
  if (ecn.everywhere) packet.ecn = ecn.codepoint;
  return again && tcp.sysctls.ecnFallback ? 0 : ECE | CWR;
}

/** Flags of the SYN-ACK in a simultaneous open, and of one from LISTEN. */
export function synAckFlags(ecn: Ecn | undefined, packet: Packet): number {
  if (ecn === undefined) return 0;
  if (ecn.everywhere) packet.ecn = ecn.codepoint;
  return ECE;
}

/** The peer's SYN-ACK: ECE without CWR grants what we asked for; anything else does not. */
export function synAckReceived(tcb: Tcb, seg: Segment): void {
  if ((seg.flags & (ECE | CWR)) !== ECE) tcb.ecn = undefined;
}

/** The SYN of a peer that opens at the same time: both have to ask. */
export function crossedSynReceived(tcb: Tcb, seg: Segment): void {
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) tcb.ecn = undefined;
}

/**
 * A SYN for a listener: whether ECN is granted. One that is itself ECN-capable comes out of a network that sets the field, and is not
 * believed (RFC 3168 §6.1.1), but where the listener's controller lives by it.
 */
export function grantEcn(listener: Tcb, route: Route, seg: Segment): Ecn | undefined {
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) return undefined;
  const { tcp } = listener;
  const wish = wishOf(tcp, listener.congestionControl, route);
  const isMarked = (seg.packet.trafficClass & CE) !== NOT_ECT;
  return wish !== undefined || (!isMarked && isGranted(tcp, route)) ? new Ecn(wish) : undefined;
}

/** What was granted before it became a SYN cookie. */
export function regrantEcn(listener: Tcb, route: Route): Ecn | undefined {
  const { tcp } = listener;
  return isGranted(tcp, route) ? new Ecn(wishOf(tcp, listener.congestionControl, route)) : undefined;
}

const isGranted = (tcp: Tcp, route: Route): boolean => tcp.sysctls.ecn !== 0 || route.ecn;

// ---- receiving, RFC 3168 §6.1.3 --------------------------------------------------------------------------------------------------

/**
 * Text came in, and RCV.NXT has not moved yet: a controller with a receiver half may want the echo to follow the mark. What waits to be
 * acknowledged leaves with the echo as it was, RFC 8257 §3.2.
 */
export function echoDecided(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined) return;
  const ce = (seg.packet.trafficClass & CE) === CE;
  if (!textReceived(tcb, ce, seg.textLength)) return;
  if (tcb.ackPending) sendAck(tcb);
  tcb.ackNow = true;
  ecn.echoing = ce;
}

/** Text came in. A segment that is not ECN-capable, after others that were, is probably sent again: its sender waits. */
export function marksReceived(tcb: Tcb, seg: Segment): void {
  const field = seg.packet.trafficClass & CE;
  if (field === NOT_ECT) {
    if (tcb.ecnSeen) enterQuickMode(tcb, QUICK_AFTER_CE);
    return;
  }
  tcb.ecnSeen = true;
  const { ecn } = tcb;
  if (field !== CE || ecn === undefined || ecn.echoing || decidesEcho(tcb)) return;
  // The sender's window may be about to be very small.
  enterQuickMode(tcb, QUICK_AFTER_CE);
  ecn.echoing = true;
}

const decidesEcho = (tcb: Tcb): boolean => tcb.controller?.onReceive !== undefined;

/** An acknowledgement that is not old. CWR ends the echo, on whatever segment it comes, as Linux takes it; with text it wants an answer. */
export function acceptCwr(tcb: Tcb, seg: Segment): void {
  const { ecn } = tcb;
  if (ecn === undefined || (seg.flags & CWR) === 0) return;
  if (!decidesEcho(tcb)) ecn.echoing = false;
  if (seg.length > 0) tcb.ackNow = true;
}

// ---- sending, RFC 3168 §6.1.2, §6.1.4 to §6.1.6 ----------------------------------------------------------------------------------

/** Whether an acknowledgement echoes congestion, and for how much: all that it delivers. @param packets that it delivers. */
export function feedbackReceived(tcb: Tcb, seg: Segment, ack: AckState, packets: number): void {
  const { ecn } = tcb;
  if (ecn === undefined || seg.syn || (seg.flags & ECE) === 0) return;
  ack.ece = true;
  ack.ceBytes = ack.deliveredBytes;
  ecn.deliveredCe += packets;
  tcb.tcp.counters.deliveredCe += packets;
}

/** The window was reduced, for whatever reason: the receiver is to know. */
export function reduced(tcb: Tcb): void {
  if (tcb.ecn !== undefined) tcb.ecn.cwrDue = true;
}

/** The reduction was taken back before anybody was told. */
export function reductionUndone(tcb: Tcb): void {
  if (tcb.ecn !== undefined) tcb.ecn.cwrDue = false;
}

/** ECN-capable is new data alone: no acknowledgement, no retransmission. @returns ECE and CWR for its header. */
export function segmentFlags(tcb: Tcb, packet: Packet, seq: number, length: number): number {
  const { ecn } = tcb;
  if (ecn === undefined) return 0;
  let flags = ecn.echoing ? ECE : 0;
  const isNew = length > 0 && ((seq - tcb.sndNxt) | 0) >= 0;
  if (isNew || ecn.everywhere) packet.ecn = ecn.codepoint;
  if (isNew && ecn.cwrDue) {
    ecn.cwrDue = false;
    flags |= CWR;
  }
  return flags;
}
