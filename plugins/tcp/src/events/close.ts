// CLOSE, RFC 9293 §3.10.4: both ways (close) or one (shutdown).
import { ERRNO } from '@protoloom/contracts';
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from '@protoloom/contracts/socket';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from '@protoloom/contracts/tcp';
import { requestEgress } from '../egress.js';
import { countOrphan, endIfTooMuch } from '../orphans.js';
import { enter } from '../state.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, type Tcb } from '../tcb.js';
import { abort, disconnect } from './abort.js';
import { armFinWait2 } from './timeouts.js';

/** The user is done with the connection. @returns 0, or -EINPROGRESS where SO_LINGER waits for the peer to have everything. */
export function close(tcb: Tcb): number {
  const { counters } = tcb.tcp;
  if (tcb.state === TCP_CLOSE || tcb.state === TCP_LISTEN) {
    leave(tcb);
    abort(tcb, 0);
    tcb.tcp.ports.release(tcb);
    tcb.receive.clear();
    return 0;
  }
  tcb.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
  if (tcb.receive.length > 0) {
    // RFC 9293 §3.10.4 / RFC 2525 §2.17: what the user will not read is not to look delivered.
    counters.abortOnClose++;
    return dropOut(tcb);
  }
  if (tcb.socket.linger === 0) {
    counters.abortOnData++;
    return dropOut(tcb);
  }
  finish(tcb);
  if (isClosed(tcb)) {
    leave(tcb);
    tcb.receive.clear();
    return 0;
  }
  if (tcb.socket.linger > 0 && isClosing(tcb)) {
    tcb.lingering = true;
    tcb.lingerTimer ??= tcb.tcp.timers.timer(tcb, lingered);
    tcb.lingerTimer.arm(tcb.socket.linger * 1_000_000);
    return -ERRNO.EINPROGRESS;
  }
  orphan(tcb);
  return 0;
}

// Read anew: `finish` may have moved it.
const isClosed = (tcb: Tcb): boolean => tcb.state === TCP_CLOSE;

function dropOut(tcb: Tcb): number {
  leave(tcb);
  abort(tcb, 0);
  tcb.receive.clear();
  return 0;
}

/** From here on nobody waits for it. */
function leave(tcb: Tcb): void {
  tcb.user = undefined;
  tcb.socket.endpoint = undefined;
}

/** Our FIN has not been acknowledged. */
const isClosing = (tcb: Tcb): boolean => tcb.state === TCP_FIN_WAIT1 || tcb.state === TCP_CLOSING || tcb.state === TCP_LAST_ACK;

/** SO_LINGER: the peer has everything, or the time is over; close() ends for the user, and the connection goes on alone. */
export function lingered(tcb: Tcb): void {
  if (!tcb.lingering) return;
  tcb.lingering = false;
  tcb.lingerTimer?.cancel();
  tcb.user?.wake();
  orphan(tcb);
}

function orphan(tcb: Tcb): void {
  leave(tcb);
  if (tcb.state === TCP_CLOSE) return;
  countOrphan(tcb);
  tcb.keepAliveTimer?.cancel();
  if (tcb.state === TCP_FIN_WAIT2) orphanInFinWait2(tcb);
  endIfTooMuch(tcb);
}

/** Nobody will read what the peer may still send: it has tcp_fin_timeout to end; or none at all, by TCP_LINGER2 below zero. */
function orphanInFinWait2(tcb: Tcb): void {
  if (tcb.wishes.linger2Us < 0) {
    tcb.tcp.counters.abortOnLinger++;
    abort(tcb, 0);
    return;
  }
  armFinWait2(tcb);
}

/** Queues the FIN behind what waits to be sent, and moves on: Linux does at once what RFC 9293 does when the FIN leaves. */
function finish(tcb: Tcb): void {
  switch (tcb.state) {
    case TCP_SYN_SENT:
      enter(tcb, TCP_CLOSE);
      return;
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
      enter(tcb, TCP_FIN_WAIT1);
      break;
    case TCP_CLOSE_WAIT:
      enter(tcb, TCP_LAST_ACK);
      break;
    default:
      return;
  }
  tcb.finQueued = true;
  tcb.more = false;
  requestEgress(tcb);
}

/** shutdown(2). @param how SHUT_RD, SHUT_WR or SHUT_RDWR. */
export function shutdown(tcb: Tcb, how: number): number {
  if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -ERRNO.EINVAL;
  const bits = how + 1;
  switch (tcb.state) {
    case TCP_CLOSE:
      return -ERRNO.ENOTCONN;
    case TCP_LISTEN:
      if (bits & RCV_SHUTDOWN) disconnect(tcb);
      return 0;
    case TCP_SYN_SENT:
      disconnect(tcb);
      return 0;
    default:
  }
  tcb.shutdown |= bits;
  if (bits & SEND_SHUTDOWN) finish(tcb);
  tcb.user?.wake();
  return 0;
}
