// ABORT, RFC 9293 §3.10.5.
import { ERRNO } from '@protoloom/contracts';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from '@protoloom/contracts/tcp';
import { sendReset } from '../segment.js';
import { enter } from '../state.js';
import type { Tcb } from '../tcb.js';

/** Whether the peer knows of a connection that it has to be told is gone. */
function needsReset(tcb: Tcb): boolean {
  switch (tcb.state) {
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_SYN_RECV:
      return true;
    default:
      return false; // CLOSING and LAST-ACK: the FINs are out
  }
}

/**
 * Back to CLOSED, from where the socket may be used anew: connect(AF_UNSPEC), shutdown(2) of what listens or connects. Linux's
 * tcp_disconnect.
 */
export function disconnect(tcb: Tcb): void {
  abort(tcb, needsReset(tcb) || tcb.state === TCP_SYN_SENT ? ERRNO.ECONNRESET : 0);
  tcb.shutdown = 0;
  tcb.windowClamp = 0;
}

/** Ends the connection at once, with RST where the peer knows of it. @param errno positive, told to the user; 0: none. */
export function abort(tcb: Tcb, errno: number): void {
  if (tcb.state === TCP_CLOSE) return;
  if (tcb.state === TCP_LISTEN) tcb.listener?.stop();
  else if (needsReset(tcb)) sendReset(tcb);
  if (errno !== 0) tcb.error = errno;
  enter(tcb, TCP_CLOSE);
}
