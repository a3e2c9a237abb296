// MSG_ZEROCOPY, as Linux has it: each call has a number, and the error queue tells when the peer has its octets. They are copied all the
// same, which the notice says, as Linux's does where the device cannot do without.
import { type Tcb, writeEnd } from './tcb.js';

/** Calls with MSG_ZEROCOPY that the peer has not acknowledged. */
export interface ZeroCopies {
  /** The number of the oldest one. */
  oldest: number;
  /** Where the octets of each one end, sequence numbers. */
  readonly ends: number[];
}

/** A call has written its octets. */
export function zeroCopyWritten(tcb: Tcb): void {
  tcb.zeroCopies ??= { oldest: 0, ends: [] };
  tcb.zeroCopies.ends.push(writeEnd(tcb));
}

/** SND.UNA has moved, or nothing more will be sent: tells of the calls that end before `until`. */
export function zeroCopyAcknowledged(tcb: Tcb, copies: ZeroCopies, until: number): void {
  const { ends, oldest } = copies;
  let count = 0;
  while (count < ends.length && (((ends[count] as number) - until) | 0) <= 0) count++;
  if (count === 0) return;
  ends.splice(0, count);
  copies.oldest = (oldest + count) >>> 0;
  tcb.tcp.errorQueues.zeroCopied(tcb.socket, oldest, (copies.oldest - 1) >>> 0, tcb.receive.length);
  tcb.user?.wake();
}
