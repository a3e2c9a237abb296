// What the handshake of an accurate ECN connection tells beyond that there is one: RFC 9768 §3.1.5, §3.2.2.1, §3.2.2.3.
import { CE, ECN_MASK } from '../ecn-field.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import { aceOf, echoedField, echoOf, isMangled, SYN_ACK_NONE } from './ace.js';
import { optionArrived } from './option.js';
import { ACE_FAIL_RECV, type AccEcn } from './state.js';

export const ecnFieldOf = (seg: Segment): number => seg.packet.trafficClass & ECN_MASK;

/** The peer's SYN-ACK grants it. A mark on it counts, as one on a SYN does not; and its echo tells what became of our SYN. */
export function synAckArrived(tcb: Tcb, accurate: AccEcn, seg: Segment): void {
  accurate.synField = ecnFieldOf(seg);
  accurate.lastField = accurate.synField;
  accurate.echoes = true;
  optionArrived(tcb, accurate, seg);
  if (accurate.synField === CE) {
    accurate.receivedCe++;
    accurate.pendingCe++;
  }
  isCredible(tcb, accurate, aceOf(seg.flags));
}

/** The SYN of a peer that opens at the same time, and asks for it as well. Our SYN-ACK will be echoed. */
export function crossedSynArrived(accurate: AccEcn, seg: Segment): void {
  accurate.synField = ecnFieldOf(seg);
  accurate.lastField = accurate.synField;
  accurate.peerEcho = echoOf(accurate.sentSynField);
}

/** A SYN again, or a SYN-ACK: what is echoed is the latest. A SYN without flags has come through where one with them did not. */
export function synRepeated(accurate: AccEcn, seg: Segment): void {
  accurate.synField = ecnFieldOf(seg);
  if (!seg.ackFlag && aceOf(seg.flags) === SYN_ACK_NONE) accurate.failMode |= ACE_FAIL_RECV;
}

/**
 * The segment that ends the handshake: one without text echoes our SYN-ACK, whose mark counts. Zero is no echo, nor a counter that has just
 * begun. @returns segments of ours that were marked.
 */
export function handshakeEnded(tcb: Tcb, accurate: AccEcn, seg: Segment): number {
  accurate.lastField = accurate.synField;
  const ace = aceOf(seg.flags);
  if (ace === 0) accurate.failMode |= ACE_FAIL_RECV;
  else if (seg.length === 0 && seg.sackCount === 0) {
    accurate.peerEcho = ace;
    if (isCredible(tcb, accurate, ace) && echoedField(ace) === CE) return 1;
  }
  return 0;
}

/** RFC 9768 §3.2.2.3: where the network changes the field in a way that it must not, our packets are not ECN-capable. */
function isCredible(tcb: Tcb, accurate: AccEcn, ace: number): boolean {
  const field = echoedField(ace);
  if (field < 0 || !tcb.tcp.sysctls.ecnFallback || !isMangled(accurate.sentSynField, field)) return true;
  accurate.failMode |= ACE_FAIL_RECV;
  return false;
}
