// SEGMENT ARRIVES, RFC 9293 §3.10.7.4, seventh and eighth: the segment text and the FIN, in order and out of it.
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_SYN_RECV,
  TCP_TIME_WAIT,
} from '@protoloom/contracts/tcp';
import { repeated as optionMayBeDropped } from '../../accecn/option.js';
import { dataReceived, enterInteractive, enterQuickMode, MAX_QUICK_ACKS, measureSegment } from '../../ack.js';
import { flushCompressed } from '../../ack-compression.js';
import { Reassembly } from '../../buffers/reassembly.js';
import { echoDecided, marksReceived } from '../../ecn.js';
import { EXPECTED_BLOCKS, reportDuplicate, SackBlocks } from '../../sack.js';
import { sendAck } from '../../segment.js';
import type { Segment } from '../../segment-in.js';
import { enter, isReceiving } from '../../state.js';
import { RCV_SHUTDOWN, receiveWindow, type Tcb } from '../../tcb.js';
import { rehashOnDuplicate } from '../../tx-hash.js';
import { growBuffer, growWindow } from '../../window.js';
import { disarm } from '../timeouts.js';
import { refuse } from './closed.js';

/** What is freed at a time where the receive buffer is over its limit: an eighth of it, as on Linux. */
const PRUNE_SHIFT = 3;

/** Takes the text that lies in the window, and the FIN behind it. @returns whether it was taken. */
export function processText(tcb: Tcb, seg: Segment): boolean {
  if (seg.textLength === 0 && !seg.fin) return true;
  const { counters } = tcb.tcp;
  const from = seg.syn ? (seg.seq + 1) | 0 : seg.seq;
  const to = (from + seg.textLength + (seg.fin ? 1 : 0)) | 0;
  if (isReceiving(tcb) && tcb.shutdown & RCV_SHUTDOWN && tcb.state !== TCP_ESTABLISHED && ((from + seg.textLength - tcb.rcvNxt) | 0) > 0) {
    // Nobody is left to read it: RFC 9293 §3.10.7.4 has no such case, RFC 1122 §4.2.2.13 asks for a reset.
    counters.abortOnData++;
    refuse(tcb.tcp, seg);
    enter(tcb, TCP_CLOSE);
    return true;
  }
  tcb.dsackTo = tcb.dsackFrom;
  if (!isReceiving(tcb) || tcb.finReceived || ((to - tcb.rcvNxt) | 0) <= 0) {
    rehashOnDuplicate(tcb, seg.packet.flowLabel);
    return repeated(tcb, from, to);
  }
  const ahead = (from - tcb.rcvNxt) | 0;
  const window = receiveWindow(tcb);
  if (ahead < 0) reportDuplicate(tcb, from, tcb.rcvNxt);
  // A FIN alone needs no window, as some stacks send it into a closed one.
  if (window <= 0 && (seg.textLength > 0 || ahead !== 0)) return closedWindow(tcb);
  if (ahead > 0) {
    if (ahead >= window) return beyondWindow(tcb);
    return outOfOrder(tcb, seg, from, to);
  }
  if (tcb.receive.length > 0 && !isAffordable(tcb, (to - tcb.rcvNxt) | 0)) return noMemory(tcb);
  inOrder(tcb, seg, ahead, to);
  // The FIN of a peer that heeds no window: it would send it again and again.
  if (window <= 0) tcb.ackNow = true;
  return true;
}

/** The window is closed: RFC 9293 §3.8.6, its probe. */
function closedWindow(tcb: Tcb): boolean {
  tcb.tcp.counters.zeroWindowDrop++;
  enterQuickMode(tcb, MAX_QUICK_ACKS);
  sendAck(tcb);
  return false;
}

/** Whether tcp_mem lets the ring hold `octets` from RCV.NXT on. */
function isAffordable(tcb: Tcb, octets: number): boolean {
  const { receive, tcp } = tcb;
  return receive.length + octets <= receive.memory || tcp.memory.grants(tcb, receive.length, tcp.sysctls.rmem[0] as number);
}

/** There is no memory, while octets wait to be read: the peer is told to wait too. */
function noMemory(tcb: Tcb): boolean {
  tcb.tcp.counters.rcvQDrop++;
  tcb.noMemory = true;
  sendAck(tcb);
  return false;
}

/** It begins where the window ends. */
function beyondWindow(tcb: Tcb): boolean {
  tcb.tcp.counters.outOfWindow++;
  enterQuickMode(tcb, MAX_QUICK_ACKS);
  sendAck(tcb);
  return false;
}

/** All of it has come before: our acknowledgement was lost, or late, and goes out again with a D-SACK (RFC 2883 §4.1). */
function repeated(tcb: Tcb, from: number, to: number): boolean {
  tcb.tcp.counters.delayedAckLost++;
  if (((to - tcb.rcvNxt) | 0) <= 0) reportDuplicate(tcb, from, to);
  if (tcb.ecn?.accurate !== undefined) optionMayBeDropped(tcb.ecn.accurate, from);
  enterQuickMode(tcb, MAX_QUICK_ACKS);
  sendAck(tcb);
  return true;
}

/** @param ahead how far it begins before RCV.NXT, at most 0. */
function inOrder(tcb: Tcb, seg: Segment, ahead: number, to: number): void {
  const { reassembly } = tcb;
  const wasReadable = tcb.receive.length >= tcb.socket.receiveLowWater;
  const from = seg.from - ahead;
  if (seg.textLength > 0) echoDecided(tcb, seg);
  if (seg.to > from) keep(tcb, seg, from);
  take(tcb, to, seg.fin);
  if (seg.textLength > 0) {
    dataReceived(tcb, seg);
    marksReceived(tcb, seg);
  } else tcb.ackPending = true;
  let fin = seg.fin;
  if (!fin && reassembly !== undefined && !reassembly.isEmpty) fin = fillGap(tcb, reassembly);
  tcb.sack?.remove(tcb.rcvNxt);
  if (fin) finArrives(tcb);
  else if (!wasReadable || tcb.user !== undefined) tcb.user?.wake();
}

/** Text in order stays in the frame that it came in, as long as that is the device's to keep; else it goes into the ring. */
function keep(tcb: Tcb, { packet, to }: Segment, from: number): void {
  const { receive, reassembly } = tcb;
  const isLent = packet.borrowed && (reassembly === undefined || reassembly.isEmpty) && receive.lend(packet.bytes, from, to);
  if (!isLent) receive.put(0, packet.bytes, from, to);
}

/** RCV.NXT moves to `to`. A FIN's sequence number has no octet. */
function take(tcb: Tcb, to: number, fin: boolean): void {
  const advanced = (to - tcb.rcvNxt) | 0;
  tcb.rcvNxt = to;
  tcb.bytesReceived += advanced;
  tcb.receive.advance(advanced - (fin ? 1 : 0));
}

/** What was held out of order goes on where the text in order ends. @returns whether it came to the FIN. */
function fillGap(tcb: Tcb, reassembly: Reassembly): boolean {
  const next = reassembly.advance(tcb.rcvNxt);
  // One block is told: that of the segment itself comes first.
  if (reassembly.twiceFrom !== reassembly.twiceTo && tcb.dsackFrom === tcb.dsackTo)
    reportDuplicate(tcb, reassembly.twiceFrom, reassembly.twiceTo);
  if (next !== tcb.rcvNxt) take(tcb, next, reassembly.fin);
  // RFC 5681 §4.2: what fills the gap is acknowledged at once.
  if (reassembly.isEmpty || reassembly.fin) tcb.ackNow = true;
  return reassembly.fin;
}

/** It is kept, and told of by SACK (RFC 2018 §4); a duplicate ACK goes out (RFC 5681 §4.2), or waits for a few more of them. */
function outOfOrder(tcb: Tcb, seg: Segment, from: number, to: number): boolean {
  const { counters } = tcb.tcp;
  echoDecided(tcb, seg);
  marksReceived(tcb, seg);
  tcb.reassembly ??= new Reassembly();
  const { reassembly } = tcb;
  if (!hasRoom(tcb, reassembly, from) || !isAffordable(tcb, (to - tcb.rcvNxt) | 0)) {
    counters.ofoDrop++;
    return false;
  }
  measureSegment(tcb, seg);
  tcb.ackPending = true;
  tcb.outOfOrderSegments += seg.segments;
  counters.ofoQueue++;
  const isNew = reassembly.insert(from, to, seg.fin);
  counters.ofoMerge += reassembly.merged;
  if (reassembly.twiceFrom !== reassembly.twiceTo) reportDuplicate(tcb, reassembly.twiceFrom, reassembly.twiceTo);
  if (isNew && seg.textLength > 0) tcb.receive.put((from - tcb.rcvNxt) | 0, seg.packet.bytes, seg.from, seg.to);
  // The reader cannot get at it: the buffer makes up for that, once there is a reader.
  if (tcb.user !== undefined) growBuffer(tcb, tcb.readSpace);
  if (!tcb.sackOk) return true;
  tell(tcb, from, to);
  // Without SACK the window stays as it is: only then the peer takes our acknowledgements for duplicates (RFC 5681 §2).
  if (isNew && seg.textLength > 0) growWindow(tcb, seg.textLength);
  return true;
}

/** The block that changed comes first. Where a peer is told of many, what is held back of acknowledgements leaves before one is forgotten. */
function tell(tcb: Tcb, from: number, to: number): void {
  tcb.sack ??= new SackBlocks();
  const { sack } = tcb;
  const place = sack.extend(from, to);
  if ((place < 0 ? sack.count : place) >= EXPECTED_BLOCKS) flushCompressed(tcb);
  if (place < 0) sack.push(from, to);
  else sack.toFront(place);
}

/** Whether the receive buffer can hold one more piece; what lies furthest ahead gives way to it (Linux's tcp_prune_queue). */
function hasRoom(tcb: Tcb, reassembly: Reassembly, seq: number): boolean {
  if (!isOver(tcb, reassembly)) return true;
  const { counters } = tcb.tcp;
  counters.pruneCalled++;
  let pruned = false;
  while (isOver(tcb, reassembly) && reassembly.prune(seq, tcb.socket.receiveBuffer >> PRUNE_SHIFT)) pruned = true;
  if (pruned) {
    counters.ofoPruned++;
    // RFC 2018 §8: the sender keeps what was only told by SACK; it hears anew of what is left.
    tcb.sack?.clear();
    tcb.dsackTo = tcb.dsackFrom;
  }
  if (!isOver(tcb, reassembly)) return true;
  counters.rcvPruned++;
  return false;
}

const isOver = (tcb: Tcb, reassembly: Reassembly): boolean => tcb.receive.length + reassembly.charge > tcb.socket.receiveBuffer;

/** Eighth: the FIN is taken, and the state moves on. */
function finArrives(tcb: Tcb): void {
  tcb.finReceived = true;
  tcb.shutdown |= RCV_SHUTDOWN;
  tcb.ackPending = true;
  // Nothing follows a FIN.
  tcb.reassembly?.clear();
  tcb.sack?.clear();
  switch (tcb.state) {
    case TCP_ESTABLISHED:
    case TCP_SYN_RECV:
      enter(tcb, TCP_CLOSE_WAIT);
      // Our own FIN may follow soon, and the acknowledgement with it: delayed, as on Linux.
      enterInteractive(tcb);
      break;
    case TCP_FIN_WAIT1:
      // Not acknowledged yet, else this were FIN-WAIT-2: simultaneous close.
      sendAck(tcb);
      enter(tcb, TCP_CLOSING);
      break;
    case TCP_FIN_WAIT2:
      sendAck(tcb);
      disarm(tcb);
      enter(tcb, TCP_TIME_WAIT);
      return;
    default:
      return;
  }
  // As on Linux a delayed acknowledgement of the FIN tells of nothing else.
  tcb.dsackTo = tcb.dsackFrom;
  tcb.user?.wake();
}
