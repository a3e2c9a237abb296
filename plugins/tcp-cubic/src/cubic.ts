// CUBIC: RFC 9438 §4. Windows are counted in segments here, as in the RFC; in whole ones, as on Linux, and time in ticks of 1/1024 s.
import type { Counters } from '@protoloom/contracts';
import type { AckEvent, CongestionControl, CongestionEvent, Controller, SenderControl, SenderView } from '@protoloom/contracts/tcp';
import { countedOctets, slowStart } from '@protoloom/mechanisms';
import type { counters as counts } from './counters.js';
import { HyStart } from './hystart.js';

const TICKS = 1024;
/** RFC 9438 §5.1's 0.4 segments per second cubed, as Linux rounds it, per tick cubed. */
const C = 410 / 1024 / TICKS ** 3;
/** RFC 9438 §4.6; Linux's fraction of it. */
const BETA = 717 / 1024;
/** RFC 8511 §3.1, for congestion that ECN tells of. */
const BETA_ECN = 0.85;
/** RFC 9438 §4.3's 1/α at this β, in eighths, as Linux rounds it: so many windows of segments let Reno's window grow by one. */
const FRIENDLY_EIGHTHS = 15;
/** RFC 9438 §4.2: the target is within half of the window; so it grows by one for two segments at most. */
const LEAST_COUNT = 2;
/** No loss has told yet what there is: at least a twentieth of the window in a round trip. */
const FIRST_COUNT = 20;
/** Below the target, or at it, it grows all the same, by very little. */
const IDLE_WINDOWS = 100;
/** So long, or until the window has changed, the curve is not looked at again. */
const HOLD_US = 31_250;
const SECOND_US = 1_000_000;
const NO_EPOCH = -1;

interface Before {
  wMax: number;
  epochUs: number;
  k: number;
  origin: number;
  wEst: number;
}

class Cubic implements Controller {
  readonly #counters: Counters<typeof counts>;
  readonly #view: SenderView;
  readonly #out: SenderControl;
  readonly #hystart = new HyStart();
  /** W_max, segments; 0: there was no loss, or a timeout has forgotten it. */
  #wMax = 0;
  /** Of the current stage of congestion avoidance: when it began, K in ticks, the plateau, and W_est. */
  #epochUs = NO_EPOCH;
  #k = 0;
  #origin = 0;
  #wEst = 0;
  /** Segments acknowledged that W_est has not grown by yet. */
  #friendly = 0;
  /** Segments by which the window grows by one; and for which window, and when, that was computed. */
  #count = LEAST_COUNT;
  #countedCwnd = 0;
  #computedUs = NO_EPOCH;
  /** Up to when the epoch's time counts, µs: the last acknowledgement, or the end of an idle time. */
  #countedUs = 0;
  /** Segments acknowledged that the window has not grown by yet. */
  #growth = 0;
  /** A loss of everything has been heard of, and is not over. */
  #isLost = false;
  /** What undo brings back; undefined before the first congestion. */
  #before: Before | undefined = undefined;

  constructor(view: SenderView, out: SenderControl, counters: Counters<typeof counts>) {
    this.#counters = counters;
    this.#view = view;
    this.#out = out;
  }

  onAck(ack: AckEvent): void {
    const { rttUs, roundStart } = ack;
    const acked = countedOctets(ack, this.#view.mss);
    const { phase, cwndLimited } = this.#view;
    if (phase !== 'loss') this.#isLost = false;
    else if (!this.#isLost) this.#forget();
    this.#useTime(cwndLimited);
    // RFC 9438 §4.2 and RFC 7661: a window that is not used does not grow. In recovery TCP keeps it where the reduction put it.
    if (acked <= 0 || phase === 'recovery' || phase === 'cwr') return;
    const out = this.#out;
    let rest = acked;
    if (out.cwnd < out.ssthresh) {
      // RFC 9406 §4.3: for the first slow start, which ends without a loss to go by.
      const first = out.ssthresh === Number.POSITIVE_INFINITY;
      if (first && this.#hystart.acknowledged(rttUs, roundStart)) {
        out.ssthresh = out.cwnd;
        this.#counters.hystartDelayDetect++;
        this.#counters.hystartDelayCwnd += Math.floor(out.cwnd / this.#view.mss);
      } else if (!cwndLimited) return;
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
    const { mss } = this.#view;
    const out = this.#out;
    const cwnd = Math.max(1, Math.floor(out.cwnd / mss));
    // One acknowledgement is a round trip's at most, however much it is about.
    const segments = Math.min(Math.floor(acked / mss), cwnd);
    this.#friendly += segments;
    this.#compute(cwnd, segments);
    let grown = 0;
    if (this.#growth >= this.#count) {
      // What was gathered while the window grew more slowly is worth one segment now.
      this.#growth = 0;
      grown = 1;
    }
    this.#growth += segments;
    grown += Math.floor(this.#growth / this.#count);
    this.#growth %= this.#count;
    out.cwnd += grown * mss;
  }

  /** How fast the window grows now. */
  #compute(cwnd: number, segments: number): void {
    const { nowUs } = this.#view;
    if (cwnd === this.#countedCwnd && nowUs - this.#computedUs <= HOLD_US) return;
    if (this.#epochUs === NO_EPOCH || nowUs !== this.#computedUs) {
      this.#countedCwnd = cwnd;
      this.#computedUs = nowUs;
      if (this.#epochUs === NO_EPOCH) this.#beginEpoch(cwnd, segments);
      const above = this.#curve() - cwnd;
      this.#count = above > 0 ? Math.floor(cwnd / above) : IDLE_WINDOWS * cwnd;
      if (this.#wMax === 0) this.#count = Math.min(this.#count, FIRST_COUNT);
    }
    this.#count = Math.max(LEAST_COUNT, Math.min(this.#count, this.#friendlyCount(cwnd)));
  }

  /** W_cubic(t + RTT), RFC 9438 §4.2. */
  #curve(): number {
    const { nowUs, minRttUs } = this.#view;
    const t = Math.floor(((nowUs - this.#epochUs + Math.max(0, minRttUs)) * TICKS) / SECOND_US);
    const change = Math.floor(C * Math.abs(t - this.#k) ** 3);
    return t < this.#k ? this.#origin - change : this.#origin + change;
  }

  /** RFC 9438 §4.3: growth that keeps up with Reno's window. */
  #friendlyCount(cwnd: number): number {
    const each = Math.max(1, (cwnd * FRIENDLY_EIGHTHS) >> 3);
    const steps = Math.max(0, Math.ceil(this.#friendly / each) - 1);
    this.#friendly -= steps * each;
    this.#wEst += steps;
    return this.#wEst > cwnd ? Math.floor(cwnd / (this.#wEst - cwnd)) : Number.POSITIVE_INFINITY;
  }

  /** RFC 9438 §4.2: the plateau is where the last loss was; without one, or above it, the curve starts here. */
  #beginEpoch(cwnd: number, segments: number): void {
    this.#epochUs = this.#view.nowUs;
    this.#countedUs = this.#epochUs;
    this.#friendly = segments;
    this.#wEst = cwnd;
    this.#origin = Math.max(cwnd, this.#wMax);
    this.#k = Math.floor(Math.cbrt((this.#origin - cwnd) / C));
  }

  onCongestion({ why, abe }: CongestionEvent): void {
    const { mss } = this.#view;
    const out = this.#out;
    const cwnd = Math.floor(out.cwnd / mss);
    this.#keep();
    // RFC 9438 §4.7: a flow that was smaller than before makes room for others.
    this.#wMax = cwnd < this.#wMax ? Math.floor((cwnd * (1 + BETA)) / 2) : cwnd;
    this.#epochUs = NO_EPOCH;
    this.#growth = 0;
    out.ssthresh = Math.max(Math.floor(cwnd * (abe ? BETA_ECN : BETA)), 2) * mss;
    out.cwnd = out.ssthresh;
    if (why !== 'rto') return;
    // RFC 9438 §4.8: the stage after a timeout starts from its own window.
    out.cwnd = mss;
    this.#forget();
  }

  /** All is lost, also where a window that has been reduced is not reduced again: nothing is known of the path. */
  #forget(): void {
    this.#isLost = true;
    this.#wMax = 0;
    this.#epochUs = NO_EPOCH;
    this.#countedCwnd = 0;
    this.#growth = 0;
    this.#hystart.reset();
  }

  #keep(): void {
    this.#before ??= { wMax: 0, epochUs: NO_EPOCH, k: 0, origin: 0, wEst: 0 };
    const before = this.#before;
    before.wMax = this.#wMax;
    before.epochUs = this.#epochUs;
    before.k = this.#k;
    before.origin = this.#origin;
    before.wEst = this.#wEst;
  }

  /** RFC 9438 §4.9: nothing was lost; everything is as it was. */
  onUndo(): void {
    const { priorCwnd, priorSsthresh } = this.#view;
    if (this.#before !== undefined) this.#restore(this.#before);
    this.#out.cwnd = Math.max(this.#out.cwnd, priorCwnd);
    this.#out.ssthresh = Math.max(this.#out.ssthresh, priorSsthresh);
  }

  #restore({ wMax, epochUs, k, origin, wEst }: Before): void {
    this.#wMax = wMax;
    this.#epochUs = epochUs;
    this.#k = k;
    this.#origin = origin;
    this.#wEst = wEst;
    this.#countedUs = this.#view.nowUs;
  }

  onRestart(): void {
    this.#useTime(false);
  }

  /** RFC 9438 §5.8: time in which the window was not used, or nothing was sent, is none in which it grows. */
  #useTime(used: boolean): void {
    const { nowUs } = this.#view;
    if (this.#epochUs === NO_EPOCH) return;
    if (!used) this.#epochUs += nowUs - Math.max(this.#epochUs, this.#countedUs);
    this.#countedUs = nowUs;
  }

  /** Windows in segments, K in ms. */
  info(): Readonly<Record<string, number>> {
    return { wMax: this.#wMax, wEst: this.#wEst, kMs: Math.round((this.#k * 1000) / TICKS), origin: this.#origin };
  }
}

export const controlCounting = (counters: Counters<typeof counts>): CongestionControl => ({
  name: 'cubic',
  drive: 'window',
  create: (view, out) => new Cubic(view, out, counters),
});

/** Outside a stack, for tests: what it counts nobody reads. */
export const control = controlCounting({ hystartDelayDetect: 0, hystartDelayCwnd: 0 });
