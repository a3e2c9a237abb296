// The round trip as a receiver sees it, which need not send anything: by the timestamps that come back (RFC 7323), else by the time that a
// window takes to be filled (Linux's tcp_rcv_rtt_measure).
import { timestamp } from './options.js';
import type { Segment } from './segment-in.js';
import type { Tcb } from './tcb.js';

/** @param byWindow the sample is an upper bound: a sender need not fill the window. */
function update(tcb: Tcb, sampleUs: number, byWindow: boolean): void {
  const before = tcb.receiveRttUs;
  if (before === 0 || sampleUs < before) tcb.receiveRttUs = sampleUs;
  // A reader that is behind lets the sender wait.
  else if (!byWindow && tcb.receive.length === 0) tcb.receiveRttUs = before + ((sampleUs - before) >> 3);
}

/** Text came in order: whether that fills the window of a round trip ago. */
export function measureReceiveRtt(tcb: Tcb): void {
  const { nowUs } = tcb.tcp.clock;
  const { pace } = tcb.receive;
  if (pace.windowAtUs > 0) {
    if (((tcb.rcvNxt - pace.windowEnd) | 0) < 0) return;
    update(tcb, Math.max(1, nowUs - pace.windowAtUs), true);
  }
  pace.windowEnd = (tcb.rcvNxt + tcb.rcvWnd) | 0;
  pace.windowAtUs = nowUs;
}

/** A full segment echoes a timestamp of ours for the first time. */
export function measureEcho(tcb: Tcb, seg: Segment): void {
  if (!tcb.timestampsOk || !seg.hasTimestamp || seg.tsEcr === tcb.receive.pace.echo) return;
  tcb.receive.pace.echo = seg.tsEcr;
  if (seg.length < tcb.rcvMss) return;
  const ms = (timestamp(tcb.tcp.clock.nowUs, tcb.tsOffset) - seg.tsEcr) | 0;
  if (ms >= 0) update(tcb, Math.max(1, ms) * 1000, false);
}
