// Fast Open, the client's side: RFC 7413 §4.2.1, a SYN with text, or with a request for a cookie; and what the SYN-ACK tells (§4.1.3).
import type { Tcp } from '../context.js';
import { TIMESTAMP_BYTES } from '../options.js';
import { retransmitSyn } from '../output.js';
import { repairAll } from '../recovery/recovery.js';
import { rouse } from '../rest.js';
import { syncMss } from '../route.js';
import type { Segment } from '../segment-in.js';
import { type Tcb, writeEnd } from '../tcb.js';
import { HEADER_BYTES } from '../wire.js';
import { CLIENT, CLIENT_WITHOUT_COOKIE, COOKIE_UNAVAILABLE, DATA_NOT_ACKED, FastOpen, SYN_RETRANSMITTED } from './state.js';

/** Room that is left for options in a SYN with text, ours and those of boxes on the way. */
const RESERVED_OPTIONS = 40;

/** The user's octets [from, to) of `bytes`, of which the SYN takes as many as fit. */
export interface Text {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}
export const NO_TEXT: Text = { bytes: new Uint8Array(0), from: 0, to: 0 };

export const isClient = ({ sysctls }: Tcp): boolean => (sysctls.fastopen & CLIENT) !== 0;

/** An active open begins. @param withText by a send with MSG_FASTOPEN. */
export function beginOpen(tcb: Tcb, withText: boolean): void {
  if (withText) tcb.fastOpen ??= new FastOpen();
  tcb.fastOpen?.restart();
}

/**
 * TCP_FASTOPEN_CONNECT: connect() leaves the SYN to the first send, where text may go with it. Where there is no cookie, the SYN that leaves
 * now asks for one. @returns whether the SYN waits.
 */
export function defersSyn(tcb: Tcb): boolean {
  const { fastOpen } = tcb;
  if (!fastOpen?.onConnect) return false;
  fastOpen.deferred = mayCarry(tcb, fastOpen);
  return fastOpen.deferred;
}

/** Whether text may go with the SYN; `option` is what the SYN says, a cookie, a request for one, or nothing. RFC 7413 §4.1.3 and §4.1.3.1. */
function mayCarry(tcb: Tcb, fastOpen: FastOpen): boolean {
  const { tcp } = tcb;
  const { option } = fastOpen;
  const entry = tcp.metrics.find(tcb);
  option.length = 0;
  option.experimental = false;
  if (entry !== undefined) {
    if (entry.mss > 0) tcb.peerMss = entry.mss;
    if (entry.cookie.length > 0) option.copy(entry.cookie);
    else option.experimental = entry.triesExperiment;
  }
  if (tcp.blackHole.isFeared(tcp)) {
    option.length = -1;
    return false;
  }
  fastOpen.retries = tcp.blackHole.times > 0;
  if ((tcp.sysctls.fastopen & CLIENT_WITHOUT_COOKIE) !== 0 || fastOpen.withoutCookie) {
    option.length = -1;
    return true;
  }
  if (option.length > 0) return true;
  fastOpen.failure = COOKIE_UNAVAILABLE;
  return false;
}

/** Puts into the SYN that is about to leave what Fast Open has for it. @returns octets of text. */
export function loadSyn(tcb: Tcb, { bytes, from, to }: Text): number {
  const { fastOpen, route } = tcb;
  if (fastOpen === undefined) return 0;
  fastOpen.deferred = false;
  tcb.peerMss = tcb.advertisedMss;
  let text = 0;
  if (mayCarry(tcb, fastOpen) && route !== undefined) {
    if (tcb.wishes.userMss > 0) tcb.peerMss = Math.min(tcb.peerMss, tcb.wishes.userMss);
    syncMss(tcb, route);
    text = Math.max(0, Math.min(to - from, tcb.mss + (tcb.timestampsOk ? TIMESTAMP_BYTES : 0) - RESERVED_OPTIONS));
    rouse(tcb);
    tcb.send.write(bytes, from, from + text);
    tcb.send.commit(text);
    tcb.pushedSeq = writeEnd(tcb);
  }
  fastOpen.asked = fastOpen.option.length >= 0;
  fastOpen.askedByExperiment = fastOpen.asked && fastOpen.option.experimental;
  fastOpen.sentText = text > 0;
  return text;
}

/** A SYN that is sent again has neither cookie nor text: RFC 7413 §4.1.3.1. */
export function synLeft({ fastOpen }: Tcb): void {
  if (fastOpen !== undefined) fastOpen.option.length = -1;
}

/** The path takes less than a SYN with text: the SYN goes alone, at once, and asks for segments of that size. */
export function synTooBig(tcb: Tcb): void {
  const { route } = tcb;
  if (!tcb.fastOpen?.sentText || route === undefined) return;
  tcb.advertisedMss = Math.min(tcb.advertisedMss, route.mtu - route.headerBytes - HEADER_BYTES);
  retransmitSyn(tcb);
}

/** The SYN-ACK is taken, its acknowledgement too. Text that it leaves out goes again at once. @returns whether its own text is to be taken. */
export function synAckArrived(tcb: Tcb, seg: Segment): boolean {
  const { fastOpen, recovery } = tcb;
  if (fastOpen === undefined || !(fastOpen.asked || fastOpen.sentText)) return false;
  const isLeft = fastOpen.sentText && recovery.board.head !== undefined;
  learn(tcb, fastOpen, seg, isLeft);
  const { counters } = tcb.tcp;
  if (isLeft) {
    fastOpen.failure = tcb.totalRetransmits > 0 ? SYN_RETRANSMITTED : DATA_NOT_ACKED;
    counters.fastOpenActiveFail++;
    repairAll(tcb);
    return false;
  }
  if (!fastOpen.sentText) return true;
  fastOpen.textTaken = true;
  counters.fastOpenActive++;
  // SYN and text count as one packet.
  if (tcb.delivered > 1) tcb.delivered--;
  return true;
}

/** RFC 7413 §4.1.3: the cookie, and the segment size, for next time. */
function learn(tcb: Tcb, fastOpen: FastOpen, seg: Segment, isLeft: boolean): void {
  const { metrics } = tcb.tcp;
  const mss = tcb.wishes.userMss > 0 && tcb.peerMss === tcb.wishes.userMss ? seg.mss : tcb.peerMss;
  const told = seg.fastOpen;
  // One that was not asked for says nothing.
  if (!fastOpen.asked) told.length = -1;
  const again = tcb.totalRetransmits > 0;
  const lost = fastOpen.asked && again && told.length < 0 && isLeft;
  const inVain = fastOpen.asked && !again && told.length < 0 && !fastOpen.sentText;
  metrics.learn(tcb, mss, told, lost, inVain ? (fastOpen.askedByExperiment ? 'experiment' : 'standard') : undefined);
}
