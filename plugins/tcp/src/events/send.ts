// SEND, RFC 9293 §3.10.2.
import { ERRNO } from '@protoloom/contracts';
import { MSG_MORE } from '@protoloom/contracts/socket';
import { TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { requestEgress } from '../egress.js';
import { isPassive } from '../fastopen/server.js';
import { outputFull } from '../output.js';
import { cwndPackets } from '../recovery/cwnd.js';
import { rouse } from '../rest.js';
import { SEND_SHUTDOWN, type Tcb } from '../tcb.js';
import { stampWritten } from '../timestamping.js';
import { expandSendBuffer, goalOf, isWritable, pushLast, queued, roomNow, roomOfPacket, writable } from '../write-queue.js';

/** Room is there again, or the buffer grows where cwnd would let out more (Linux's tcp_check_space). After this turn's output. */
export function checkSpace(tcb: Tcb): void {
  if (!tcb.noSpace) return;
  if (tcb.recovery.board.inFlight < cwndPackets(tcb)) expandSendBuffer(tcb);
  if (!isWritable(tcb)) return;
  tcb.noSpace = false;
  tcb.user?.wake();
}

/** What of `count` octets there is memory for: where tcp_mem refuses more, what the ring holds already. */
function affordable(tcb: Tcb, count: number): number {
  const { send, tcp } = tcb;
  if (send.length + count <= send.memory || tcp.memory.grants(tcb, send.length, tcp.sysctls.wmem[0] as number)) return count;
  const room = Math.max(0, send.memory - send.length);
  if (room === 0) tcp.memory.await(tcb);
  return Math.min(count, room);
}

/** Whether octets may be written in this state: 1; 0: not yet; or a negative errno. */
function mayWrite(tcb: Tcb): number {
  if (tcb.error !== 0) {
    const { error } = tcb;
    tcb.error = 0;
    return -error;
  }
  if (tcb.shutdown & SEND_SHUTDOWN) return -ERRNO.EPIPE;
  switch (tcb.state) {
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
      return 1;
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
      // RFC 9293 would queue it; Linux waits for the connection first, but for one that Fast Open has opened.
      return isPassive(tcb) ? 1 : 0;
    default:
      return -ERRNO.EPIPE;
  }
}

/** How many octets may be written to `tcb.send` now; 0: wait for POLLOUT; or a negative errno. */
export function sendable(tcb: Tcb): number {
  const may = mayWrite(tcb);
  return may > 0 ? affordable(tcb, writable(tcb)) : may;
}

/**
 * Takes octets packet by packet, as long as there is room: what makes a packet full leaves at once, as far as it may, and so makes some, as in Linux's
 * tcp_sendmsg; the last packet waits for egress. @param flags MSG_* of the call. @returns how many were taken; 0: wait for POLLOUT; or a negative errno.
 */
export function send(tcb: Tcb, bytes: Uint8Array, from: number, to: number, flags: number): number {
  const may = mayWrite(tcb);
  if (may <= 0 || from === to) return Math.min(may, 0);
  rouse(tcb);
  tcb.more = (flags & MSG_MORE) !== 0;
  let at = from;
  for (;;) {
    const goal = goalOf(tcb, flags);
    const part = affordable(tcb, Math.min(to - at, roomNow(tcb, goal)));
    if (part === 0) break;
    tcb.send.write(bytes, at, at + part);
    tcb.send.commit(part);
    at += part;
    queued(tcb, part, goal, flags, at < to);
    if (at === to) break;
    outputFull(tcb, flags);
  }
  if (at > from) {
    // What follows has to wait for room, which nothing held back would make.
    if (at < to) pushLast(tcb);
    wrote(tcb);
  }
  return at - from;
}

function wrote(tcb: Tcb): void {
  if (tcb.socket.timestamping !== 0) stampWritten(tcb);
  requestEgress(tcb);
}

/**
 * `count` octets have been put behind the end of `tcb.send`. They are taken packet by packet, and what makes one full leaves as soon as more
 * follows, as in Linux's tcp_sendmsg; the last one waits for egress. @param flags MSG_* of the call.
 */
export function written(tcb: Tcb, count: number, flags: number): void {
  tcb.more = (flags & MSG_MORE) !== 0;
  for (let left = count; left > 0; ) {
    const goal = goalOf(tcb, flags);
    const part = Math.min(left, roomOfPacket(tcb, goal));
    tcb.send.commit(part);
    left -= part;
    queued(tcb, part, goal, flags, left > 0);
    if (left > 0) outputFull(tcb, flags);
  }
  wrote(tcb);
}
