// What the peer has acknowledged of what the user has sent: RFC 9293 §3.4, the retransmission queue's end.
import type { Tcb } from '../tcb.js';
import { stampsAcknowledged } from '../timestamping.js';
import { zeroCopyAcknowledged } from '../zero-copy.js';

/** SND.UNA has moved: what is acknowledged leaves the ring, and whoever has asked hears of it. */
export function acknowledgedText(tcb: Tcb): void {
  const { send, sndUna, stamps, zeroCopies } = tcb;
  const text = Math.max(0, Math.min((sndUna - tcb.sndBase) | 0, send.length));
  if (stamps !== undefined) stampsAcknowledged(tcb, stamps, sndUna);
  if (text > 0) {
    send.discard(text);
    tcb.sndBase = (tcb.sndBase + text) | 0;
  }
  if (zeroCopies !== undefined) zeroCopyAcknowledged(tcb, zeroCopies, sndUna);
}
