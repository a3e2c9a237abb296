// Slow start, congestion avoidance and the reduction on loss of RFC 5681 §3.1: what Reno and NewReno have in common, which is all but how TCP
// ends recovery.
import type { AckEvent, CongestionEvent, Controller, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { AdditiveIncrease, countedOctets, decrease, slowStart } from './window.js';

/** RFC 5681 equation 4. */
const BETA = 0.5;
/** RFC 8511 §3, for congestion that ECN tells of. */
const BETA_ECN = 0.8;

export class Reno implements Controller {
  readonly #view: SenderView;
  readonly #out: SenderControl;
  readonly #increase = new AdditiveIncrease();

  constructor(view: SenderView, out: SenderControl) {
    this.#view = view;
    this.#out = out;
  }

  onAck(ack: AckEvent): void {
    const { phase, cwndLimited, mss } = this.#view;
    const acked = countedOctets(ack, mss);
    const out = this.#out;
    // RFC 7661: a window that is not used does not grow. In recovery TCP keeps it where the reduction put it.
    if (acked <= 0 || !cwndLimited || phase === 'recovery' || phase === 'cwr') return;
    const rest = out.cwnd < out.ssthresh ? slowStart(out, acked) : acked;
    if (rest > 0) this.#increase.grow(out, rest, mss);
  }

  onCongestion({ why, abe }: CongestionEvent): void {
    const { mss } = this.#view;
    const out = this.#out;
    // Of cwnd, as Linux: where the window is not used it has come down by RFC 7661 already.
    out.ssthresh = decrease(out.cwnd, abe ? BETA_ECN : BETA, mss);
    // RFC 5681 §3.1: the loss window is one segment; a fast retransmit goes on from ssthresh.
    out.cwnd = why === 'rto' ? mss : out.ssthresh;
    this.#increase.reset();
  }

  info(): Readonly<Record<string, number>> {
    return { cwnd: this.#out.cwnd, ssthresh: this.#out.ssthresh };
  }
}
