// Urgent data, RFC 9293 §3.8.5 and RFC 6093, as Linux has it: one octet beside the stream, or in line with SO_OOBINLINE.
import { ERRNO } from '@protoloom/contracts';
import { type Message, MSG_OOB, MSG_PEEK, MSG_TRUNC } from '@protoloom/contracts/socket';
import { TCP_CLOSE } from '@protoloom/contracts/tcp';
import type { Segment } from './segment-in.js';
import { RCV_SHUTDOWN, type Tcb } from './tcb.js';

/** The octet has been told of, is there, was read: Linux's TCP_URG_NOTYET, TCP_URG_VALID, TCP_URG_READ. */
export const URGENT_AWAITED = 1;
export const URGENT_THERE = 2;
export const URGENT_READ = 3;

/** The urgent octet of what the peer sends; gone when the reader has passed it. */
export class Urgent {
  /** Its sequence number. */
  seq = 0;
  octet = 0;
  /** URGENT_*. */
  state = URGENT_AWAITED;
}

/** Sequence number of the next octet to be read. */
const readSeq = (tcb: Tcb): number => (tcb.rcvNxt - (tcb.finReceived ? 1 : 0) - tcb.receive.length) | 0;

// ---- receiving -------------------------------------------------------------------------------------------------------------------

/** Sixth, check the URG bit: RFC 9293 §3.10.7.4. Before the segment's text is taken. */
export function urgentArrives(tcb: Tcb, seg: Segment): void {
  if (seg.urg) pointTo(tcb, seg);
  const { urgent } = tcb;
  if (urgent?.state !== URGENT_AWAITED) return;
  const at = seg.from + ((urgent.seq - seg.seq) | 0) - (seg.syn ? 1 : 0);
  if (at < seg.from || at >= seg.to) return;
  urgent.octet = seg.packet.bytes[at] as number;
  urgent.state = URGENT_THERE;
  tcb.user?.wake();
}

/** The pointer is taken where it moves forward, and points to what was not read. */
function pointTo(tcb: Tcb, seg: Segment): void {
  // RFC 1122 §4.2.2.4 points to the last urgent octet; BSD, Linux, and RFC 6093 §3.1 behind it.
  const offset = seg.urgent !== 0 && !tcb.tcp.sysctls.stdurg ? seg.urgent - 1 : seg.urgent;
  const seq = (seg.seq + offset) | 0;
  const read = readSeq(tcb);
  if (((read - seq) | 0) > 0 || ((seq - tcb.rcvNxt) | 0) < 0) return;
  if (tcb.urgent !== undefined && ((seq - tcb.urgent.seq) | 0) <= 0) return;
  // The reader stands before the last one, which was no part of its stream.
  skipHole(tcb);
  tcb.urgent ??= new Urgent();
  const { urgent } = tcb;
  urgent.seq = seq;
  urgent.state = URGENT_AWAITED;
  tcb.user?.wake();
}

/** The reader stands before the urgent octet, which is no part of its stream. */
export const isHole = (tcb: Tcb): boolean =>
  tcb.urgent !== undefined && !tcb.socket.oobInline && tcb.receive.length > 0 && tcb.urgent.seq === readSeq(tcb);

/** SIOCATMARK: the reader stands before the urgent octet, in line or not. */
export const isAtMark = (tcb: Tcb): boolean => tcb.urgent !== undefined && tcb.urgent.seq === readSeq(tcb);

/** Octets that one read gives: it ends before the urgent one, or begins behind it where that is not in line. */
export function untilMark(tcb: Tcb): number {
  const { urgent, receive } = tcb;
  if (urgent === undefined) return receive.length;
  const ahead = (urgent.seq - readSeq(tcb)) | 0;
  if (ahead > 0 && ahead < receive.length) return ahead;
  return isHole(tcb) ? receive.length - 1 : receive.length;
}

/** The reader leaves out the urgent octet where it stands before it. */
export function skipHole(tcb: Tcb): void {
  if (!isHole(tcb)) return;
  tcb.receive.consume(1);
  markPassed(tcb);
}

/** The reader has moved: behind the urgent octet there is none any more. */
export function markPassed(tcb: Tcb): void {
  if (tcb.urgent !== undefined && ((readSeq(tcb) - tcb.urgent.seq) | 0) > 0) tcb.urgent = undefined;
}

/** recv with MSG_OOB: Linux's tcp_recv_urg. @returns 1, 0 or a negative errno. */
export function receiveUrgent(tcb: Tcb, bytes: Uint8Array, from: number, to: number, message: Message): number {
  const { urgent } = tcb;
  if (tcb.socket.oobInline || urgent === undefined || urgent.state === URGENT_READ) return -ERRNO.EINVAL;
  if (urgent.state === URGENT_AWAITED) return tcb.state === TCP_CLOSE || tcb.shutdown & RCV_SHUTDOWN ? 0 : -ERRNO.EAGAIN;
  const { flags } = message;
  if ((flags & MSG_PEEK) === 0) urgent.state = URGENT_READ;
  message.flags = MSG_OOB;
  if (to === from) message.flags |= MSG_TRUNC;
  else if ((flags & MSG_TRUNC) === 0) bytes[from] = urgent.octet;
  return to === from ? 0 : 1;
}

// ---- sending ---------------------------------------------------------------------------------------------------------------------

/** Furthest that the header's field points. */
const MOST = 0xffff;

/** SND.UP - SEG.SEQ, RFC 9293 §3.8.5: up to behind the last urgent octet, as on Linux; 0: the segment has no URG. */
export function urgentPointer(tcb: Tcb, seq: number): number {
  if (!tcb.isUrgent) return 0;
  const ahead = (tcb.sndUp - seq) | 0;
  if (ahead <= 0) return 0;
  if (ahead <= MOST) return ahead;
  return ((seq + MOST - tcb.sndNxt) | 0) > 0 ? MOST : 0;
}

/** Where a window probe begins: in urgent mode with the pointer, which only a sequence number in the window tells. */
export const probeSeq = (tcb: Tcb): number => (tcb.isUrgent && urgentPointer(tcb, tcb.sndUna) > 1 ? tcb.sndUna : (tcb.sndUna - 1) | 0);
