// SEND, RFC 9293 §3.10.2.
import { ERRNO } from '@protoloom/contracts';
import { MSG_MORE } from '@protoloom/contracts/socket';
import { TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { requestEgress } from '../egress.js';
import { isPassive } from '../fastopen/server.js';
import { outputFull } from '../output.js';
import { cwndPackets } from '../recovery/cwnd.js';
import { SEND_SHUTDOWN, type Tcb } from '../tcb.js';
import { stampWritten } from '../timestamping.js';
import { expandSendBuffer, isWritable, queued, roomOfPacket, writable } from '../write-queue.js';

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

/** How many octets may be written to `tcb.send` now; 0: wait for POLLOUT; or a negative errno. */
export function sendable(tcb: Tcb): number {
  if (tcb.error !== 0) {
    const { error } = tcb;
    tcb.error = 0;
    return -error;
  }
  if (tcb.shutdown & SEND_SHUTDOWN) return -ERRNO.EPIPE;
  switch (tcb.state) {
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
      return affordable(tcb, writable(tcb));
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
      // RFC 9293 would queue it; Linux waits for the connection first, but for one that Fast Open has opened.
      return isPassive(tcb) ? writable(tcb) : 0;
    default:
      return -ERRNO.EPIPE;
  }
}

/**
 * `count` octets have been put behind the end of `tcb.send`. They are taken packet by packet, and what makes one full leaves as soon as more
 * follows, as in Linux's tcp_sendmsg; the last one waits for egress. @param flags MSG_* of the call.
 */
export function written(tcb: Tcb, count: number, flags: number): void {
  tcb.more = (flags & MSG_MORE) !== 0;
  for (let left = count; left > 0; ) {
    const part = Math.min(left, roomOfPacket(tcb, flags));
    tcb.send.commit(part);
    left -= part;
    queued(tcb, part, flags, left > 0);
    if (left > 0) outputFull(tcb, flags);
  }
  if (tcb.socket.timestamping !== 0) stampWritten(tcb);
  requestEgress(tcb);
}
