// What is written and not sent, as Linux keeps it: in packets of up to a size goal, each of which costs memory and may end with PSH.
import { MSG_EOR, MSG_MORE, MSG_OOB } from '@protoloom/contracts/socket';
import { Marks } from './buffers/marks.js';
import { cwndPackets } from './recovery/cwnd.js';
import { boundToHalfWindow } from './route.js';
import { maxPayload, mssBehind, segmentHeaderBytes, segmentMss } from './segment.js';
import { type Tcb, writeEnd } from './tcb.js';

/** What a packet costs besides its octets: as Linux on 64 bits charges, seen in SO_MEMINFO. */
const PACKET_BYTES = 832;
/** Linux's room for headers in front, and for what it keeps behind the octets; the descriptor of a packet. */
const HEADROOM_BYTES = 256 + 320;
const DESCRIPTOR_BYTES = 256;
/** Segments that the smallest send buffer is meant for: Linux's TCP_INIT_CWND. */
const LEAST_SEGMENTS = 10;
/** Windows that the buffer holds: what is in flight, and as much again while its acknowledgements come. */
const WINDOWS = 2;

/** Octets that one packet is written full of: a whole number of segments, no more than the device takes or half of the peer's window. */
export function sizeGoal(tcb: Tcb): number {
  const headerBytes = segmentHeaderBytes(tcb);
  const mss = mssBehind(tcb, headerBytes);
  if (tcb.route === undefined) return mss;
  const most = boundToHalfWindow(tcb.maxSndWnd, maxPayload(tcb.route, headerBytes, mss), 0);
  return Math.max(mss, most - (most % mss));
}

/** Where the last packet that has not been sent begins; at the end of what is written where there is none. */
const tailStart = (tcb: Tcb): number => (((tcb.sndNxt - tcb.tailSeq) | 0) > 0 ? tcb.sndNxt : tcb.tailSeq);

/** Octets that still go into it. */
function tailRoom(tcb: Tcb, goal: number): number {
  const held = (writeEnd(tcb) - tailStart(tcb)) | 0;
  return held > 0 ? Math.max(0, goal - held) : 0;
}

/** Memory that the send buffer is charged with, bytes. */
function charge(tcb: Tcb, goal: number): number {
  const tail = tailStart(tcb);
  const before = (tail - tcb.sndNxt) | 0;
  const unsent = (before > 0 ? Math.ceil(before / goal) : 0) + (((writeEnd(tcb) - tail) | 0) > 0 ? 1 : 0);
  return tcb.send.length + PACKET_BYTES * (tcb.recovery.board.size + unsent);
}

/** Octets that may be written now: the last packet is filled up, and new ones begin while the buffer, and TCP_NOTSENT_LOWAT, have room. */
export function writable(tcb: Tcb): number {
  const goal = sizeGoal(tcb);
  const room = tailRoom(tcb, goal);
  const left = tcb.socket.sendBuffer - charge(tcb, goal) - room;
  // What cwnd lets out leaves while the call goes on (Linux's tcp_push_one), and what is left of a packet is filled up again.
  const beyond = (leavesUntil(tcb) - writeEnd(tcb) - room) | 0;
  const leaving = Math.max(0, beyond);
  const mayWait = notSentLowWater(tcb) + Math.min(0, beyond);
  if (left <= 0 || mayWait <= 0) return room;
  const refilled = leaving < packetsIn(left, goal) * goal ? leaving % goal : 0;
  return room + Math.min(packetsIn(left - refilled, goal) * goal + refilled, leaving + Math.ceil(mayWait / goal) * goal);
}

/** As Linux's sk_stream_is_writeable: a third of the buffer is free; and less than half of TCP_NOTSENT_LOWAT waits to be sent. */
export function isWritable(tcb: Tcb): boolean {
  const used = charge(tcb, sizeGoal(tcb));
  return tcb.socket.sendBuffer - used >= used >> 1 && 2 * notSent(tcb) < notSentLowWater(tcb);
}

/** Packets of `goal` octets that are begun before the memory is used up. */
const packetsIn = (bytes: number, goal: number): number => Math.max(0, Math.ceil(bytes / (goal + PACKET_BYTES)));

/** Up to where cwnd and the peer's window let packets out now, in whole segments. */
function leavesUntil(tcb: Tcb): number {
  const { recovery, sndUna, sndNxt, sndWnd, mss } = tcb;
  const allowed = Math.min(cwndPackets(tcb) - recovery.board.inFlight, Math.floor(((sndUna + sndWnd - sndNxt) | 0) / mss));
  return (sndNxt + Math.max(0, allowed) * mss) | 0;
}

const notSent = (tcb: Tcb): number => Math.max(0, (writeEnd(tcb) - tcb.sndNxt) | 0);

function notSentLowWater(tcb: Tcb): number {
  const low = tcb.wishes.notSentLowWater > 0 ? tcb.wishes.notSentLowWater : tcb.tcp.sysctls.notsentLowat;
  return low >= 0xffff_ffff ? Number.POSITIVE_INFINITY : low;
}

/** Send-buffer autotuning (Linux's tcp_sndbuf_expand): the buffer follows cwnd, up to tcp_wmem's largest, unless SO_SNDBUF was set. */
export function expandSendBuffer(tcb: Tcb): void {
  const { socket, control, mss, tcp, recovery } = tcb;
  if (socket.sendBufferLocked || tcp.memory.isScarce) return;
  const octets = Math.max(tcb.peerMss, mss) + HEADROOM_BYTES;
  const perSegment = (1 << (32 - Math.clz32(octets - 1))) + DESCRIPTOR_BYTES;
  const segments = Math.max(Math.floor(control.cwnd / mss), LEAST_SEGMENTS, recovery.reordering + 1);
  const wanted = WINDOWS * segments * perSegment;
  if (wanted > socket.sendBuffer) socket.sendBuffer = Math.min(wanted, Math.max(tcp.sysctls.wmem[2] as number, socket.sendBuffer));
}

/** Octets that the packet that is being written still takes; those of a new one, where there is none. @param goal of `goalOf`. */
export const roomOfPacket = (tcb: Tcb, goal: number): number => tailRoom(tcb, goal) || goal;

/** The same, but for a new one only where the buffer, and TCP_NOTSENT_LOWAT, have room for one. */
export function roomNow(tcb: Tcb, goal: number): number {
  const room = tailRoom(tcb, goal);
  return room > 0 || charge(tcb, goal) >= tcb.socket.sendBuffer || notSent(tcb) >= notSentLowWater(tcb) ? room : goal;
}

/** Octets that one packet of a call is written full of. @param flags MSG_* of the call. */
export const goalOf = (tcb: Tcb, flags: number): number => ((flags & MSG_OOB) !== 0 ? segmentMss(tcb) : sizeGoal(tcb));

/**
 * `count` octets have been written behind the others, no more than `roomOfPacket`: where a packet begins, and which ends with PSH.
 * @param goal of `goalOf`. @param flags MSG_* of the call. @param goesOn with more of the same call.
 */
export function queued(tcb: Tcb, count: number, goal: number, flags: number, goesOn: boolean): void {
  const end = writeEnd(tcb);
  const isUrgent = (flags & MSG_OOB) !== 0;
  const at = (end - count) | 0;
  const { pushes } = tcb;
  tcb.tailSeq = tailStart(tcb);
  if (((at - tcb.tailSeq) | 0) >= goal) tcb.tailSeq = at;
  // What goes on in a packet takes its push with it.
  else if (at !== tcb.tailSeq && pushes !== undefined && !pushes.isEmpty && pushes.last === at) pushes.dropLast();
  if (goesOn) return;
  if ((flags & MSG_MORE) === 0 || isForced(tcb, end)) push(tcb, end);
  if (isUrgent) {
    tcb.sndUp = end;
    tcb.isUrgent = true;
  }
  if ((flags & MSG_EOR) === 0) return;
  tcb.records ??= new Marks();
  tcb.records.push(end);
  tcb.tailSeq = end;
}

/** The packet that has been written full: it is pushed where enough is written. @returns whether it is. */
export function pushFull(tcb: Tcb): boolean {
  const end = writeEnd(tcb);
  if (!isForced(tcb, end)) return false;
  push(tcb, end);
  return true;
}

/** All that waits is pushed, whatever MSG_MORE said. */
export function pushLast(tcb: Tcb): void {
  tcb.more = false;
  if (notSent(tcb) > 0) push(tcb, writeEnd(tcb));
}

/** Whether the packet that is being written is the first that waits. */
export const isHead = (tcb: Tcb): boolean => ((tcb.sndNxt - tcb.tailSeq) | 0) >= 0;

/** More than half of the largest window is written since the last push: the peer's reader is not to wait for the rest (Linux's forced_push). */
const isForced = (tcb: Tcb, seq: number): boolean => ((seq - tcb.pushedSeq) | 0) > tcb.maxSndWnd >> 1;

function push(tcb: Tcb, seq: number): void {
  tcb.pushedSeq = seq;
  tcb.pushes ??= tcb.tcp.marks.pop() ?? new Marks();
  if (tcb.pushes.isEmpty || tcb.pushes.last !== seq) tcb.pushes.push(seq);
}

/** The first packet that waits is cut to fit a small window: as on Linux its rest is pushed like the piece that leaves. */
export function pushHead(tcb: Tcb): void {
  const first = (tcb.sndNxt + Math.min(sizeGoal(tcb), notSent(tcb))) | 0;
  if (((first - tcb.pushedSeq) | 0) > 0) push(tcb, first);
  else if (tcb.pushes !== undefined && !tcb.pushes.isEmpty && ((first - tcb.pushes.first) | 0) < 0) tcb.pushes.unshift(first);
}

/** Octets up to the end of a record, or of what is written: a packet does not go beyond. */
export function untilRecordEnd(tcb: Tcb): number {
  const { records } = tcb;
  return records === undefined || records.isEmpty ? notSent(tcb) : (records.first - tcb.sndNxt) | 0;
}

/** Octets of the first packet that waits, with what it takes of the next to reach `most` (Linux's tcp_grow_skb). */
export function headLength(tcb: Tcb, most: number): number {
  const end = untilRecordEnd(tcb);
  const before = (tcb.tailSeq - tcb.sndNxt) | 0;
  if (before <= 0) return end;
  const goal = sizeGoal(tcb);
  const whole = before % goal || goal;
  const next = whole === before ? (writeEnd(tcb) - tcb.tailSeq) | 0 : goal;
  return Math.min(end, Math.max(whole, Math.min(most, whole + next)));
}

/** Whether a packet that ends at `seq` carries PSH: what is pushed in its midst is pushed at its end. */
export const isPushed = (tcb: Tcb, seq: number): boolean => reaches(tcb.pushes, seq);

/** Whether it is the end of a record (MSG_EOR). */
export const isRecordEnd = (tcb: Tcb, seq: number): boolean => reaches(tcb.records, seq);

const reaches = (marks: Marks | undefined, seq: number): boolean => marks !== undefined && !marks.isEmpty && ((marks.first - seq) | 0) <= 0;

/** What ends at `seq` has been sent. */
export function dequeued(tcb: Tcb, seq: number): void {
  const { pushes } = tcb;
  while (pushes !== undefined && reaches(pushes, seq)) pushes.dropFirst();
  if (pushes?.isEmpty) {
    tcb.tcp.marks.push(pushes);
    tcb.pushes = undefined;
  }
  while (reaches(tcb.records, seq)) tcb.records?.dropFirst();
}
