// RECEIVE, RFC 9293 §3.10.3.
import { ERRNO } from '@protoloom/contracts';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { wantsAckAfterRead } from '../ack.js';
import { sendAck } from '../segment.js';
import { isReceiving } from '../state.js';
import { RCV_SHUTDOWN, type Tcb } from '../tcb.js';
import { markPassed, untilMark } from '../urgent.js';
import { adjustSpace, worthUpdating } from '../window.js';

/** Octets that may be read now; 0: the end of the stream; or a negative errno. What came before an error is read before it. */
export function receivable(tcb: Tcb): number {
  const there = untilMark(tcb);
  if (there > 0) return there;
  if (tcb.state === TCP_LISTEN) return -ERRNO.ENOTCONN;
  if (tcb.error !== 0) {
    const { error } = tcb;
    tcb.error = 0;
    return -error;
  }
  if (tcb.finReceived || tcb.shutdown & RCV_SHUTDOWN) return 0;
  if (tcb.state === TCP_CLOSE) return -ERRNO.ENOTCONN;
  if (tcb.state === TCP_SYN_SENT || tcb.state === TCP_SYN_RECV) return -ERRNO.EAGAIN;
  return -ERRNO.EAGAIN;
}

/** `count` octets of `tcb.receive` were read: the window may open, and an ACK that waited for this leave (Linux's tcp_cleanup_rbuf). */
export function consumed(tcb: Tcb, count: number): void {
  if (count <= 0) return;
  tcb.bytesRead += count;
  markPassed(tcb);
  rewind(tcb);
  adjustSpace(tcb);
  if (!isReceiving(tcb)) return;
  if (wantsAckAfterRead(tcb) || (!(tcb.shutdown & RCV_SHUTDOWN) && worthUpdating(tcb))) sendAck(tcb);
}

/** With nothing to read, and nothing out of order, the ring begins anew. */
function rewind({ receive, reassembly }: Tcb): void {
  if (receive.length === 0 && (reassembly === undefined || reassembly.isEmpty)) receive.rewind();
}
