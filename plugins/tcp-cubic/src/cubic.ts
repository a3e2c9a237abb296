// CUBIC: RFC 9438 §4. Windows are counted in segments here, as in the RFC, and move by whole ones, as on Linux.
import type { AckEvent, CongestionControl, CongestionEvent, Controller, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { countedOctets, slowStart } from '@protoloom/mechanisms';
import { HyStart } from './hystart.js';

/** Segments per second cubed: RFC 9438 §5.1. */
const C = 0.4;
/** RFC 9438 §4.6; Linux's fraction of it. */
const BETA = 717 / 1024;
/** RFC 8511 §3.1, for congestion that ECN tells of. */
const BETA_ECN = 0.85;
/** RFC 9438 §4.3: what makes the Reno-friendly window as large as Reno's, at this β. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** RFC 9438 §4.2: the target is within half of the window. */
const MOST_GROWTH = 1.5;
const SECOND_US = 1_000_000;
const NO_EPOCH = -1;

interface Before {
  wMax: number;
  epochUs: number;
  kSeconds: number;
  origin: number;
  wEst: number;
  cwndPrior: number;
}

class Cubic implements Controller {
  readonly #view: SenderView;
  readonly #out: SenderControl;
  readonly #hystart = new HyStart();
  /** W_max, segments; 0: there was no loss, or a timeout has forgotten it. */
  #wMax = 0;
  /** Of the current stage of congestion avoidance: when it began, K in seconds, the plateau, W_est, and cwnd_prior. */
  #epochUs = NO_EPOCH;
  #kSeconds = 0;
  #origin = 0;
  #wEst = 0;
  #cwndPrior = 0;
  /** Up to when the epoch's time counts, µs: the last acknowledgement, or the end of an idle time. */
  #countedUs = 0;
  /** Parts of a segment by which the window is to grow. */
  #growth = 0;
  /** What undo brings back; undefined before the first congestion. */
  #before: Before | undefined = undefined;

  constructor(view: SenderView, out: SenderControl) {
    this.#view = view;
    this.#out = out;
  }

  onAck(ack: AckEvent): void {
    const { rttUs, roundStart } = ack;
    const acked = countedOctets(ack);
    const { phase, cwndLimited } = this.#view;
    this.#count(cwndLimited);
    // RFC 9438 §4.2 and RFC 7661: a window that is not used does not grow. In recovery TCP keeps it where the reduction put it.
    if (acked <= 0 || phase === 'recovery' || phase === 'cwr') return;
    const out = this.#out;
    let rest = acked;
    if (out.cwnd < out.ssthresh) {
      // RFC 9406 §4.3: for the first slow start, which ends without a loss to go by.
      const first = out.ssthresh === Number.POSITIVE_INFINITY;
      if (first && this.#hystart.acknowledged(rttUs, roundStart)) out.ssthresh = out.cwnd;
      else if (!cwndLimited) return;
      else rest = slowStart(out, first ? this.#slowed(acked) : acked);
    }
    if (rest > 0 && cwndLimited && out.cwnd >= out.ssthresh) this.#avoid(rest);
  }

  /** RFC 9406 §4.2: what counts of an acknowledgement in conservative slow start, by whole segments. */
  #slowed(acked: number): number {
    const { divisor } = this.#hystart;
    if (divisor === 1) return acked;
    this.#growth += acked / this.#view.mss / divisor;
    const whole = Math.floor(this.#growth);
    this.#growth -= whole;
    return whole * this.#view.mss;
  }

  /** Congestion avoidance: RFC 9438 §4.2 to §4.5. @param acked octets. */
  #avoid(acked: number): void {
    const { mss, nowUs, minRttUs } = this.#view;
    const out = this.#out;
    const cwnd = Math.max(1, Math.floor(out.cwnd / mss));
    // One acknowledgement is a round trip's at most, however much it is about.
    const segments = Math.min(acked / mss, cwnd);
    if (this.#epochUs === NO_EPOCH) this.#beginEpoch(cwnd, nowUs);
    const t = (nowUs - this.#epochUs + Math.max(0, minRttUs)) / SECOND_US - this.#kSeconds;
    const target = Math.min(Math.max(this.#origin + C * t * t * t, cwnd), cwnd * MOST_GROWTH);
    // RFC 9438 §4.3: Reno's window, with α = 1 once it is where it was.
    this.#wEst += ((this.#wEst >= this.#cwndPrior ? 1 : ALPHA) * segments) / cwnd;
    const wanted = Math.max(target, Math.min(this.#wEst, cwnd * MOST_GROWTH));
    this.#growth += ((wanted - cwnd) / cwnd) * segments;
    const whole = Math.floor(this.#growth);
    if (whole <= 0) return;
    this.#growth -= whole;
    out.cwnd += whole * mss;
  }

  /** RFC 9438 §4.2: the plateau is where the last loss was; without one, or above it, the curve starts here. */
  #beginEpoch(cwnd: number, nowUs: number): void {
    this.#epochUs = nowUs;
    this.#countedUs = nowUs;
    this.#growth = 0;
    this.#wEst = cwnd;
    if (cwnd < this.#wMax) {
      this.#origin = this.#wMax;
      this.#kSeconds = Math.cbrt((this.#wMax - cwnd) / C);
    } else {
      this.#origin = cwnd;
      this.#kSeconds = 0;
      if (this.#cwndPrior === 0) this.#cwndPrior = cwnd;
    }
  }

  onCongestion({ why, abe }: CongestionEvent): void {
    const { mss } = this.#view;
    const out = this.#out;
    const cwnd = Math.floor(out.cwnd / mss);
    this.#keep();
    // RFC 9438 §4.7: a flow that was smaller than before makes room for others.
    this.#wMax = cwnd < this.#wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    this.#cwndPrior = cwnd;
    this.#epochUs = NO_EPOCH;
    out.ssthresh = Math.max(Math.floor(cwnd * (abe ? BETA_ECN : BETA)), 2) * mss;
    out.cwnd = out.ssthresh;
    if (why !== 'rto') return;
    // RFC 9438 §4.8: the stage after a timeout starts from its own window.
    out.cwnd = mss;
    this.#wMax = 0;
    this.#hystart.reset();
  }

  #keep(): void {
    this.#before ??= { wMax: 0, epochUs: NO_EPOCH, kSeconds: 0, origin: 0, wEst: 0, cwndPrior: 0 };
    const before = this.#before;
    before.wMax = this.#wMax;
    before.epochUs = this.#epochUs;
    before.kSeconds = this.#kSeconds;
    before.origin = this.#origin;
    before.wEst = this.#wEst;
    before.cwndPrior = this.#cwndPrior;
  }

  /** RFC 9438 §4.9: nothing was lost; everything is as it was. */
  onUndo(): void {
    const { priorCwnd, priorSsthresh } = this.#view;
    if (this.#before !== undefined) this.#restore(this.#before);
    this.#out.cwnd = Math.max(this.#out.cwnd, priorCwnd);
    this.#out.ssthresh = Math.max(this.#out.ssthresh, priorSsthresh);
  }

  #restore({ wMax, epochUs, kSeconds, origin, wEst, cwndPrior }: Before): void {
    this.#wMax = wMax;
    this.#epochUs = epochUs;
    this.#kSeconds = kSeconds;
    this.#origin = origin;
    this.#wEst = wEst;
    this.#cwndPrior = cwndPrior;
    this.#countedUs = this.#view.nowUs;
  }

  onRestart(): void {
    this.#count(false);
  }

  /** RFC 9438 §5.8: time in which the window was not used, or nothing was sent, is none in which it grows. */
  #count(used: boolean): void {
    const { nowUs } = this.#view;
    if (this.#epochUs === NO_EPOCH) return;
    if (!used) this.#epochUs += nowUs - Math.max(this.#epochUs, this.#countedUs);
    this.#countedUs = nowUs;
  }

  /** Windows in segments, K in ms. */
  info(): Readonly<Record<string, number>> {
    return { wMax: this.#wMax, wEst: this.#wEst, kMs: Math.round(this.#kSeconds * 1000), origin: this.#origin };
  }
}

export const control: CongestionControl = {
  name: 'cubic',
  drive: 'window',
  create: (view, out) => new Cubic(view, out),
};
