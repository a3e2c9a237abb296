// SEND, RFC 9293 §3.10.2.
import { ERRNO } from '@protoloom/contracts';
import { MSG_MORE } from '@protoloom/contracts/socket';
import { TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { requestEgress } from '../egress.js';
import { SEND_SHUTDOWN, type Tcb, writeEnd } from '../tcb.js';

/** Octets that the send buffer holds: half of SO_SNDBUF's doubled value, as the user gave it. */
const capacity = (tcb: Tcb): number => tcb.socket.sendBuffer >> 1;

const free = (tcb: Tcb): number => Math.max(0, capacity(tcb) - tcb.send.length);

/** Segments that the smallest send buffer is meant for: Linux's TCP_INIT_CWND. */
const LEAST_SEGMENTS = 10;
/** Windows that the buffer holds: what is in flight, and as much again while its acknowledgements come. */
const WINDOWS = 2;

/** Send-buffer autotuning (Linux's tcp_sndbuf_expand): the buffer follows cwnd, up to tcp_wmem's largest, unless SO_SNDBUF was set. */
export function expandSendBuffer(tcb: Tcb): void {
  const { socket, control, mss, tcp } = tcb;
  if (socket.sendBufferLocked) return;
  const wanted = 2 * WINDOWS * Math.max(control.cwnd, LEAST_SEGMENTS * mss);
  if (wanted > socket.sendBuffer) socket.sendBuffer = Math.min(wanted, Math.max(tcp.sysctls.wmem[2] as number, socket.sendBuffer));
}

/** As Linux's sk_stream_is_writeable: a third of the buffer is free; and less than TCP_NOTSENT_LOWAT waits to be sent. */
export function isWritable(tcb: Tcb): boolean {
  if (3 * free(tcb) < capacity(tcb)) return false;
  const low = tcb.notSentLowWater >= 0 ? tcb.notSentLowWater : tcb.tcp.sysctls.notsentLowat;
  return low >= 0xffff_ffff || ((writeEnd(tcb) - tcb.sndNxt) | 0) < low;
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
      return free(tcb);
    case TCP_SYN_SENT:
    case TCP_SYN_RECV:
      // RFC 9293 would queue it; Linux waits for the connection first.
      return 0;
    default:
      return -ERRNO.EPIPE;
  }
}

/** Octets were written to `tcb.send`. @param flags MSG_* of the call. */
export function written(tcb: Tcb, flags: number): void {
  tcb.more = (flags & MSG_MORE) !== 0;
  if (!tcb.more) tcb.pushSeq = writeEnd(tcb);
  requestEgress(tcb);
}
