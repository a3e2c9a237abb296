// Data Center TCP (RFC 8257) as an outsider writes it: the sender's half counts what was marked, the receiver's half echoes each mark as it is.
import { attach, definePlugin } from '@protoloom/contracts';
import {
  type AckEvent,
  CONGESTION_CONTROL,
  type CongestionControl,
  type CongestionEvent,
  type Controller,
  type SenderControl,
  type SenderView,
} from '@protoloom/contracts/tcp';

/** RFC 8257 §4.2: weight of the newest window in DCTCP.Alpha. */
const GAIN = 1 / 16;

class Dctcp implements Controller {
  readonly #view: SenderView;
  readonly #out: SenderControl;
  /** DCTCP.Alpha: 1 at first, §3.3. */
  #alpha = 1;
  /** Octets of this window, and of those marked. */
  #acked = 0;
  #marked = 0;
  /** DCTCP.CE, §3.2. */
  #ce = false;

  constructor(view: SenderView, out: SenderControl) {
    this.#view = view;
    this.#out = out;
  }

  onAck(ack: AckEvent): void {
    this.#acked += ack.delivered;
    this.#marked += ack.ce;
    if (ack.roundStart && this.#acked > 0) {
      this.#alpha += GAIN * (this.#marked / this.#acked - this.#alpha);
      this.#acked = 0;
      this.#marked = 0;
    }
    const { mss, cwndLimited, phase } = this.#view;
    const out = this.#out;
    if (!cwndLimited || phase !== 'open') return;
    out.cwnd += out.cwnd < out.ssthresh ? ack.acked : (mss * ack.acked) / out.cwnd;
  }

  onCongestion({ why }: CongestionEvent): void {
    const out = this.#out;
    const left = why === 'ecn' ? 1 - this.#alpha / 2 : 0.5;
    out.ssthresh = Math.max(out.cwnd * left, 2 * this.#view.mss);
    out.cwnd = why === 'rto' ? this.#view.mss : out.ssthresh;
  }

  onReceive(ce: boolean): boolean {
    if (ce === this.#ce) return false;
    this.#ce = ce;
    return true;
  }

  info(): Readonly<Record<string, number>> {
    return { alpha: this.#alpha };
  }
}

const control: CongestionControl = {
  name: 'dctcp',
  drive: 'window',
  ecn: { wants: 'classic', codepoint: 0, fallback: 'off' },
  create: (view, out) => new Dctcp(view, out),
};

export const dctcp = definePlugin({
  name: '@example/dctcp',
  version: '0.1.0',
  api: '^1.0.0',
  attaches: { control: attach(CONGESTION_CONTROL, control.name, '^1.0') },
  create: () => ({ handlers: { control } }),
});
