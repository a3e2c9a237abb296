// The states of RFC 9293 §3.3.2, and the one function that writes them.
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
  TCP_TIME_WAIT,
} from '@protoloom/contracts/tcp';
import { closeController } from './congestion.js';
import { judge } from './fastopen/black-hole.js';
import { isPassive, release } from './fastopen/server.js';
import { PENDING_NONE, RCV_SHUTDOWN, SEND_SHUTDOWN, type Tcb, writeEnd } from './tcb.js';
import { zeroCopyAcknowledged } from './zero-copy.js';

/** A set of states as bits. */
const set = (...states: readonly number[]): number => states.reduce((bits, state) => bits | (1 << state), 0);
const isIn = (state: number, states: number): boolean => (states & (1 << state)) !== 0;

const CURRENT = set(TCP_ESTABLISHED, TCP_CLOSE_WAIT);
const SYNCHRONIZED = set(TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT);
const EMBRYONIC = set(TCP_SYN_SENT, TCP_SYN_RECV);
const SENDING = set(TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT1, TCP_CLOSING, TCP_LAST_ACK);
const RECEIVING = set(TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2);

export const isSynchronized = (tcb: Tcb): boolean => isIn(tcb.state, SYNCHRONIZED);
/** Data, or a FIN, may still be on its way out. */
export const isSending = (tcb: Tcb): boolean => isIn(tcb.state, SENDING) || isPassive(tcb);
/** Text of the peer is still taken. */
export const isReceiving = (tcb: Tcb): boolean => isIn(tcb.state, RECEIVING);
export const isConnecting = (tcb: Tcb): boolean => isIn(tcb.state, EMBRYONIC);

/** Moves to another state: counts, and ends what ends with the old one. The only writer of `tcb.state`. */
export function enter(tcb: Tcb, state: number): void {
  const was = tcb.state;
  if (was === state) return;
  const { counters } = tcb.tcp;
  tcb.state = state;
  if (!isIn(was, CURRENT) && isIn(state, CURRENT)) counters.currEstab++;
  if (isIn(was, CURRENT) && !isIn(state, CURRENT)) counters.currEstab--;
  if (state === TCP_TIME_WAIT) {
    // What is left of the connection is a record of its own; the block, and its user, are done (RFC 9293 §3.10.7.4, eighth).
    tcb.tcp.timeWaits.replace(tcb);
    tcb.state = TCP_CLOSE;
    ended(tcb);
    return;
  }
  if (state !== TCP_CLOSE) return;
  if (isIn(was, CURRENT)) counters.estabResets++;
  if (isIn(was, EMBRYONIC)) counters.attemptFails++;
  if (was === TCP_LISTEN) tcb.tcp.demux.removeListener(tcb);
  ended(tcb);
}

/** It has ended; or is in FIN-WAIT-2, where all that is left to do is to wait, and Linux keeps no more of it than of a TIME-WAIT. */
export function uncountOrphan(tcb: Tcb): void {
  if (!tcb.orphanCounted) return;
  tcb.orphanCounted = false;
  tcb.tcp.orphans--;
}

/** Nothing of a closed connection goes on: timers, table entry, port, memory. What was received may still be read. */
function ended(tcb: Tcb): void {
  const { tcp } = tcb;
  const isLeft = tcb.user === undefined || tcb.lingering;
  release(tcb, false);
  judge(tcb);
  tcb.retransmitTimer?.cancel();
  tcb.ackTimer?.cancel();
  tcb.sack?.timer?.cancel();
  tcb.keepAliveTimer?.cancel();
  tcb.paceTimer?.cancel();
  tcb.lingerTimer?.cancel();
  tcb.lingering = false;
  tcb.pending = PENDING_NONE;
  tcb.ackPending = false;
  tcb.ackNow = false;
  if (tcb.hashed) {
    tcb.hashed = false;
    tcp.demux.remove(tcb);
  }
  // A port that the user has bound stays his until he closes.
  if (!tcb.boundPort || isLeft) tcp.ports.release(tcb);
  closeController(tcb);
  if (tcb.zeroCopies !== undefined) zeroCopyAcknowledged(tcb, tcb.zeroCopies, writeEnd(tcb));
  tcb.stamps = undefined;
  tcp.memory.forget(tcb);
  if (tcb.awake >= 0) {
    tcp.rest.leave(tcb);
    tcb.send.clear();
    tcb.recovery.board.clear();
  }
  tcb.finQueued = false;
  tcb.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
  if (tcb.orphan) {
    tcb.orphan = false;
    uncountOrphan(tcb);
    tcb.receive.clear();
  }
  tcb.user?.wake();
}
