// Times that connections remember while they rest, as Linux's jiffies: whole milliseconds, which are small integers and cost no object each.
import type { Tcp } from './context.js';
import type { Tcb } from './tcb.js';

/** Now, as an int32: differences mean something for 24 days. */
export const nowMs = ({ clock }: Tcp): number => Math.floor(clock.nowUs / 1000) | 0;

/** µs since then, by whole milliseconds. */
export const sinceUs = (tcp: Tcp, thenMs: number): number => ((nowMs(tcp) - thenMs) | 0) * 1000;

/** µs since the peer was heard of. */
export const silentUs = ({ tcp, lastReceivedMs, lastAckMs }: Tcb): number =>
  Math.min(sinceUs(tcp, lastReceivedMs), sinceUs(tcp, lastAckMs));
