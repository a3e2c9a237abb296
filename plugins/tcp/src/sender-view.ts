// What a controller sees of its connection, and what TCP measures for it: rounds, whether cwnd limits, delivery-rate samples after
// draft-ietf-ccwg-bbr §4.1.1.
import type { AckEvent, Phase, SenderView } from '@protoloom/contracts/tcp';
import type { Writable } from './congestion.js';
import { inFlight } from './recovery/recovery.js';
import { EVER_RETRANSMITTED, type Sent } from './recovery/scoreboard.js';
import type { Tcb } from './tcb.js';

/** What is measured while something is in flight. */
export class Flight {
  /** When octets were last delivered, and when the first packet of the sampled flight left, µs. */
  deliveredUs = 0;
  firstSentUs = 0;
  /** When a packet left last, µs. */
  lastSentUs = 0;
  /** Octets delivered, in all, at which the application's shortage of data is over; 0: there is none. */
  appLimitedUntil = 0;
  /** Octets delivered, in all, with which the round trip at hand ends. */
  roundEnd = 0;
  /** Most packets outstanding in this window, where the window ends, and whether cwnd limited it. */
  maxPackets = 0;
  windowEnd = 0;
  limitedInWindow = false;
  /** Packets marked lost so far. */
  lostPackets = 0;
  /** What undo would bring back. */
  priorCwnd = 0;
  priorSsthresh = 0;
  /** When the pace lets the next packet out, µs. */
  nextSendUs = 0;
  /** cwnd has been restarted for the time in which nothing was sent. */
  restarted = false;

  /** The first packet after nothing was in flight. */
  begin(nowUs: number): void {
    this.firstSentUs = nowUs;
    this.deliveredUs = nowUs;
  }

  /** RFC 7661 and Linux's tcp_cwnd_validate: whether cwnd was what limited this window. */
  outputDone(packetsOut: number, sndNxt: number, sndUna: number, limited: boolean): void {
    if (((sndUna - this.windowEnd) | 0) >= 0 || limited || (!this.limitedInWindow && packetsOut > this.maxPackets)) {
      this.windowEnd = sndNxt;
      this.maxPackets = packetsOut;
      this.limitedInWindow = limited;
    }
  }
}

/** The sample that an acknowledgement brings: of the packet that left last of those that it is about. One record per stack. */
export class RateSample {
  isTaken = false;
  /** As they stood when that packet left: see `Sent`. */
  delivered = 0;
  deliveredCe = 0;
  lost = 0;
  deliveredUs = 0;
  sentUs = 0;
  sendElapsedUs = 0;
  inFlight = 0;
  again = false;
  appLimited = false;

  take(sent: Sent, flight: Flight): void {
    if (this.isTaken && sent.sentUs < this.sentUs) return;
    this.isTaken = true;
    this.delivered = sent.delivered;
    this.deliveredCe = sent.deliveredCe;
    this.lost = sent.lost;
    this.deliveredUs = sent.deliveredUs;
    this.sentUs = sent.sentUs;
    this.sendElapsedUs = sent.sentUs - sent.firstSentUs;
    this.inFlight = sent.inFlight;
    this.again = (sent.marks & EVER_RETRANSMITTED) !== 0;
    this.appLimited = sent.appLimited;
    flight.firstSentUs = sent.sentUs;
  }
}

export class View implements SenderView {
  readonly #tcb: Tcb;
  sndUna = 0;
  delivered = 0;
  deliveredCe = 0;
  lost = 0;
  round = 0;
  /** The last delivery rate, octets in µs, and whether it was less than the path would bear. */
  rateBytes = 0;
  rateUs = 0;
  rateAppLimited = true;
  /** TSval less TSecr of the first acknowledgement: one-way delays are told relative to it. */
  firstOwdMs: number | undefined = undefined;

  constructor(tcb: Tcb) {
    this.#tcb = tcb;
  }

  /** As the controller says: RFC 6582, or RFC 5681 alone. */
  get partialAcks(): boolean {
    return this.#tcb.algorithm?.partialAcks !== false;
  }
  /** The controller sets the rate: TCP leaves cwnd to it in recovery and after idling. */
  get rateDriven(): boolean {
    return this.#tcb.algorithm?.drive === 'rate';
  }
  get nowUs(): number {
    return this.#tcb.tcp.clock.nowUs;
  }
  get mss(): number {
    return this.#tcb.mss;
  }
  get sndNxt(): number {
    return this.sndUna + ((this.#tcb.sndNxt - this.#tcb.sndUna) | 0);
  }
  get sndWnd(): number {
    return this.#tcb.sndWnd;
  }
  get inFlight(): number {
    return inFlight(this.#tcb);
  }
  get srttUs(): number {
    return this.#tcb.srttUs;
  }
  get rttVarUs(): number {
    return this.#tcb.rttVarUs;
  }
  get rtoUs(): number {
    return this.#tcb.rtoUs;
  }
  get minRttUs(): number {
    return this.#tcb.minRttUs;
  }
  get phase(): Phase {
    return this.#tcb.recovery.phase;
  }
  get ecn(): SenderView['ecn'] {
    const { ecn } = this.#tcb;
    return ecn === undefined ? 'off' : ecn.accurate === undefined ? 'classic' : 'accurate';
  }
  get priorCwnd(): number {
    return this.#tcb.recovery.flight.priorCwnd;
  }
  get priorSsthresh(): number {
    return this.#tcb.recovery.flight.priorSsthresh;
  }
  get cwndLimited(): boolean {
    const { flight } = this.#tcb.recovery;
    const { cwnd, ssthresh } = this.#tcb.control;
    return flight.limitedInWindow || (cwnd < ssthresh && cwnd < 2 * flight.maxPackets * this.#tcb.mss);
  }
  get appLimited(): boolean {
    return this.#tcb.recovery.flight.appLimitedUntil > 0;
  }

  /** Counts what was delivered, and completes the event by the sample. */
  acknowledge(ack: Writable<AckEvent>, delivered: number): void {
    const { nowUs } = this;
    const { flight } = this.#tcb.recovery;
    const { sample } = this.#tcb.tcp;
    this.delivered += delivered;
    if (delivered > 0) flight.deliveredUs = nowUs;
    if (flight.appLimitedUntil > 0 && this.delivered > flight.appLimitedUntil) flight.appLimitedUntil = 0;
    ack.roundStart = false;
    ack.rateBytes = -1;
    ack.rateUs = -1;
    if (!sample.isTaken) return;
    sample.isTaken = false;
    if (sample.delivered >= flight.roundEnd) {
      flight.roundEnd = this.delivered;
      this.round++;
      ack.roundStart = true;
    }
    const intervalUs = Math.max(sample.sendElapsedUs, nowUs - sample.deliveredUs);
    ack.sampleSentUs = sample.sentUs;
    ack.txInFlight = sample.inFlight;
    ack.fromRetransmit = sample.again;
    ack.rateAppLimited = sample.appLimited;
    // An interval shorter than the path's own is the work of ACK compression.
    if (intervalUs <= 0 || intervalUs < this.minRttUs) return;
    ack.rateBytes = this.delivered - sample.delivered;
    ack.rateUs = intervalUs;
    if (!ack.rateAppLimited || ack.rateBytes * this.rateUs >= this.rateBytes * intervalUs) {
      this.rateBytes = ack.rateBytes;
      this.rateUs = intervalUs;
      this.rateAppLimited = ack.rateAppLimited;
    }
    ack.rateCe = this.deliveredCe - sample.deliveredCe;
    ack.rateLost = this.lost - sample.lost;
  }

  /** The user has written less than could be sent. */
  shortOfData(): void {
    this.#tcb.recovery.flight.appLimitedUntil = Math.max(1, this.delivered + this.inFlight);
  }
}
