// SEGMENT ARRIVES in CLOSED, RFC 9293 §3.10.7.1, and every other segment that is answered with a reset (§3.5.2).
import type { Tcp } from '../../context.js';
import { sendBare } from '../../segment.js';
import type { Segment } from '../../segment-in.js';
import { strangerOf } from '../../stranger.js';
import { ACK, RST } from '../../wire.js';

/** Nobody has this port. @returns false: the segment's fate is counted. */
export function closed(tcp: Tcp, seg: Segment): false {
  tcp.counters.noSocket++;
  refuse(tcp, seg);
  return false;
}

/** Resets whoever sent the segment; never in answer to a RST. Segments to groups and to everybody have not come this far. */
export function refuse(tcp: Tcp, seg: Segment): void {
  if (seg.rst) return;
  tcp.counters.outRsts++;
  // <SEQ=SEG.ACK><CTL=RST>, or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
  if (seg.ackFlag) sendBare(tcp, strangerOf(tcp), seg.ack, 0, RST, 0, false, 0, 0);
  else sendBare(tcp, strangerOf(tcp), 0, (seg.seq + seg.length) | 0, RST | ACK, 0, false, 0, 0);
}
