// STATUS, RFC 9293 §3.10.6: what the user can do now, and what went wrong.
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '@protoloom/contracts/socket';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { requestEgress } from '../egress.js';
import { isPassive } from '../fastopen/server.js';
import { sendAck } from '../segment.js';
import { isReceiving } from '../state.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, type Tcb } from '../tcb.js';
import { isHole, URGENT_THERE } from '../urgent.js';
import { worthUpdating } from '../window.js';
import { isWritable } from '../write-queue.js';
import { armKeepAlive } from './timeouts.js';

/** POLL* bits: Linux's tcp_poll. */
export function readiness(tcb: Tcb): number {
  const { state, shutdown } = tcb;
  if (state === TCP_LISTEN) return tcb.listener?.hasReady ? POLLIN : 0;
  let bits = tcb.error !== 0 || tcb.socket.errors !== undefined ? POLLERR : 0;
  if (!tcb.lingering && (shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN) || state === TCP_CLOSE)) bits |= POLLHUP;
  if (shutdown & RCV_SHUTDOWN) bits |= POLLIN | POLLRDHUP;
  if (state === TCP_SYN_SENT || (state === TCP_SYN_RECV && !isPassive(tcb))) return tcb.fastOpen?.deferred ? bits | POLLOUT : bits;
  if (tcb.receive.length - (isHole(tcb) ? 1 : 0) >= Math.max(1, tcb.socket.receiveLowWater)) bits |= POLLIN;
  if (tcb.urgent?.state === URGENT_THERE) bits |= POLLPRI;
  if (shutdown & SEND_SHUTDOWN || isWritable(tcb)) bits |= POLLOUT;
  else tcb.noSpace = true;
  return bits;
}

/** An option was set: keep-alive begins or ends, a larger receive buffer is offered, what TCP_NODELAY or TCP_CORK held back leaves. */
export function optionSet(tcb: Tcb): void {
  armKeepAlive(tcb);
  if (isReceiving(tcb) && worthUpdating(tcb)) sendAck(tcb);
  if (tcb.send.length > 0) requestEgress(tcb);
}

/** The pending error, positive, cleared: Linux's sock_error. */
export function takeError(tcb: Tcb): number {
  const { error } = tcb;
  tcb.error = 0;
  return error;
}

/** SO_ERROR: that; where there is none, the soft error that the connection goes on with. */
export function takeAnyError(tcb: Tcb): number {
  if (tcb.error !== 0) return takeError(tcb);
  const { softError } = tcb;
  tcb.softError = 0;
  return softError;
}
