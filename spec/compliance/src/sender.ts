// A small sender model: TCP's side of the contract, as far as a controller can see it.
import type {
  AckEvent,
  CongestionControl,
  CongestionEvent,
  Controller,
  LostPacket,
  Phase,
  SenderControl,
  SenderView,
  SentPacket,
} from '@protoloom/contracts/tcp';
import type { Event } from './events.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const INITIAL_SEGMENTS = 10;
/** The peer's window: beyond it cwnd limits nothing. */
const WINDOW_SEGMENTS = 4000;
/** One-way delays are relative: the peer's clock is ahead of ours. */
const CLOCKS_APART_US = 500_000_000;
/** Most acknowledgements of one round. */
const ROUND_ACKS = 100;
const PHASE_AFTER: Readonly<Record<CongestionEvent['why'], Phase>> = {
  'fast-loss': 'recovery',
  rto: 'loss',
  ecn: 'cwr',
  'local-drop': 'cwr',
};

/** What a controller had written before and after one callback. */
export interface Step {
  readonly event: Event;
  readonly before: Readonly<SenderControl>;
  readonly after: Readonly<SenderControl>;
  readonly phase: Phase;
  readonly mss: number;
  /** Octets acknowledged by it. */
  readonly acked: number;
  /** Whether cwnd was what limited sending. */
  readonly limited: boolean;
  readonly prior: { readonly cwnd: number; readonly ssthresh: number };
}

export class Sender {
  readonly view: Writable<SenderView>;
  readonly out: SenderControl;
  readonly ack: Writable<AckEvent>;
  controller: Controller;
  readonly #control: CongestionControl;
  readonly #event: Writable<CongestionEvent> = { why: 'rto', inFlight: 0, lost: 0, persistent: false, abe: false };
  #roundEnd = 0;
  #reduced = false;

  constructor(control: CongestionControl, mss = 1460, state?: unknown) {
    this.#control = control;
    this.view = {
      nowUs: 1_000_000,
      mss,
      sndUna: 0,
      sndNxt: INITIAL_SEGMENTS * mss,
      sndWnd: WINDOW_SEGMENTS * mss,
      inFlight: INITIAL_SEGMENTS * mss,
      srttUs: 50_000,
      rttVarUs: 1000,
      rtoUs: 250_000,
      minRttUs: 50_000,
      delivered: 0,
      deliveredCe: 0,
      lost: 0,
      round: 0,
      phase: 'open',
      ecn: control.ecn?.wants ?? 'off',
      cwndLimited: true,
      appLimited: false,
      priorCwnd: 0,
      priorSsthresh: 0,
    };
    this.out = { cwnd: INITIAL_SEGMENTS * mss, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 };
    this.ack = {
      acked: 0,
      delivered: 0,
      lost: 0,
      ce: 0,
      ece: false,
      rttUs: -1,
      owdUs: -1,
      priorInFlight: 0,
      roundStart: false,
      rateBytes: -1,
      rateUs: -1,
      rateAppLimited: false,
      rateCe: 0,
      rateLost: 0,
      txInFlight: 0,
      sampleSentUs: 0,
      fromRetransmit: false,
      ackDelayed: false,
      tlp: false,
    };
    this.controller = control.create(this.view, this.out, state);
  }

  /** Lets an event happen; `each` is told of every callback in it. */
  happen(event: Event, each: (step: Step) => void): void {
    if (event.kind !== 'round') return this.#told(event, each);
    const { mss } = this.view;
    const segments = Math.max(1, Math.floor(this.out.cwnd / mss));
    const acks = Math.min(segments, ROUND_ACKS);
    const piece = { kind: 'ack', segments: Math.floor(segments / acks), rttUs: event.rttUs, limited: true, ce: false } as const;
    for (let i = 0; i < acks; i++) {
      this.view.nowUs += Math.ceil(event.rttUs / acks);
      this.#told(piece, each);
    }
  }

  #told(event: Event, each: (step: Step) => void): void {
    const { view, out } = this;
    const { phase } = view;
    const acked = event.kind === 'ack' ? event.segments * view.mss : 0;
    view.cwndLimited = (event.kind !== 'ack' || event.limited) && out.cwnd <= view.sndWnd;
    this.#prepare(event);
    const before = { ...out };
    const prior = { cwnd: view.priorCwnd, ssthresh: view.priorSsthresh };
    if (event.kind === 'undo' && !this.#reduced) return;
    this.#call(event, acked);
    each({ event, before, after: { ...out }, phase, mss: view.mss, acked, limited: view.cwndLimited, prior });
    this.#settle(event, phase);
  }

  /** What TCP does before it calls. */
  #prepare(event: Event): void {
    const { view, out } = this;
    if (event.kind === 'path') {
      view.mss = event.mss;
      view.sndWnd = WINDOW_SEGMENTS * event.mss;
      if (out.cwnd < view.mss) out.cwnd = view.mss;
    } else if (event.kind === 'restart') {
      view.nowUs += event.idleUs;
      // RFC 5681 §4.1, which TCP sees to for a controller that is window-driven.
      const least = Math.min(out.cwnd, INITIAL_SEGMENTS * view.mss);
      if (this.#control.drive === 'window') out.cwnd = Math.max(least, Math.floor(out.cwnd / 2 ** Math.floor(event.idleUs / view.rtoUs)));
    } else if (event.kind === 'congestion') {
      view.priorCwnd = out.cwnd;
      view.priorSsthresh = out.ssthresh;
      this.#reduced = true;
    }
    view.inFlight = event.kind === 'restart' ? 0 : Math.max(view.mss, Math.min(view.sndWnd, Math.floor(out.cwnd)));
    view.sndNxt = view.sndUna + view.inFlight;
  }

  #call(event: Event, acked: number): void {
    const { view, controller } = this;
    switch (event.kind) {
      case 'ack':
        this.acknowledge(acked, event.rttUs, event.ce);
        break;
      case 'congestion':
        view.phase = PHASE_AFTER[event.why];
        this.#event.why = event.why;
        this.#event.inFlight = view.inFlight;
        this.#event.lost = event.why === 'ecn' ? 0 : view.mss;
        this.#event.persistent = event.persistent && event.why === 'rto';
        this.#event.abe = event.abe && event.why === 'ecn';
        controller.onCongestion(this.#event);
        break;
      case 'recovered': {
        const from = view.phase;
        view.phase = 'open';
        controller.onRecovered?.(from);
        break;
      }
      case 'undo':
        this.#undo();
        break;
      case 'handover': {
        const state = controller.snapshot?.();
        this.controller = this.#control.create(view, this.out, state);
        break;
      }
      case 'restart':
        controller.onRestart?.(event.idleUs);
        break;
      case 'path':
        controller.onPath?.(true);
        break;
      case 'sent':
        controller.onSent?.(this.#sent(event.segments));
        break;
      case 'lost':
        controller.onLost?.(this.#lost(event.segments));
        break;
      case 'receive':
        controller.onReceive?.(event.ce, view.mss);
        break;
      case 'round':
        break;
    }
  }

  /** One ACK, as TCP fills it. Allocates nothing. */
  acknowledge(acked: number, rttUs: number, ce: boolean): void {
    const { view, ack } = this;
    view.nowUs += 100;
    view.sndUna += acked;
    view.delivered += acked;
    if (rttUs >= 0) {
      view.srttUs += (rttUs - view.srttUs) / 8;
      view.minRttUs = Math.min(view.minRttUs, rttUs);
    }
    ack.acked = acked;
    ack.delivered = acked;
    ack.rttUs = rttUs;
    ack.owdUs = rttUs < 0 ? -1 : CLOCKS_APART_US + rttUs / 2;
    ack.ece = ce && view.ecn !== 'off';
    ack.ce = ack.ece ? acked : 0;
    view.deliveredCe += ack.ce;
    ack.priorInFlight = view.inFlight;
    ack.roundStart = view.delivered >= this.#roundEnd;
    if (ack.roundStart) {
      view.round++;
      this.#roundEnd = view.delivered + view.inFlight;
    }
    ack.rateBytes = rttUs > 0 ? view.inFlight : -1;
    ack.rateUs = rttUs > 0 ? rttUs : -1;
    ack.rateAppLimited = !view.cwndLimited;
    ack.txInFlight = view.inFlight;
    ack.sampleSentUs = view.nowUs - Math.max(0, rttUs);
    this.controller.onAck(ack);
  }

  #undo(): void {
    const { view, out, controller } = this;
    const from = view.phase;
    view.phase = 'open';
    if (controller.onUndo === undefined) {
      out.cwnd = Math.max(out.cwnd, view.priorCwnd);
      out.ssthresh = Math.max(out.ssthresh, view.priorSsthresh);
    } else controller.onUndo(from);
  }

  /** What TCP does after the call: RFC 5681 §3.2 step 6, though never under a segment, which may have grown since. */
  #settle(event: Event, phase: Phase): void {
    const { out, view } = this;
    if (event.kind === 'recovered' && phase === 'recovery' && out.ssthresh < out.cwnd) out.cwnd = Math.max(view.mss, out.ssthresh);
    if (event.kind === 'undo') this.#reduced = false;
  }

  #sent(segments: number): SentPacket {
    const { view } = this;
    return { bytes: segments * view.mss, inFlight: view.inFlight, retransmit: false };
  }

  #lost(segments: number): LostPacket {
    const { view } = this;
    const bytes = segments * view.mss;
    view.lost += bytes;
    return {
      bytes,
      txInFlight: view.inFlight,
      sentUs: view.nowUs - 1000,
      lostAtSend: view.lost - bytes,
      deliveredAtSend: view.delivered,
      appLimited: false,
    };
  }
}
