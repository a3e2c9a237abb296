// What a controller sees of its connection, and what TCP measures for it: rounds, whether cwnd limits, delivery-rate samples after
// draft-ietf-ccwg-bbr §4.1.1.
import type { AckEvent, Phase, SenderView } from '@protoloom/contracts/tcp';
import type { Shared, Writable } from './congestion.js';
import { EVER_RETRANSMITTED, type Sent } from './recovery/scoreboard.js';

/** What a controller sees of its connection, and what TCP measures for it. */
export class View implements SenderView {
  nowUs = 0;
  mss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndWnd = 0;
  inFlight = 0;
  srttUs = 0;
  rttVarUs = 0;
  rtoUs = 0;
  minRttUs = -1;
  delivered = 0;
  deliveredCe = 0;
  lost = 0;
  round = 0;
  phase: Phase = 'open';
  ecn: SenderView['ecn'] = 'off';
  cwndLimited = false;
  priorCwnd = 0;
  priorSsthresh = 0;
  /** As the controller says: RFC 6582, or RFC 5681 alone. */
  partialAcks = true;
  /** The controller sets the rate: TCP leaves cwnd to it in recovery and after idling. */
  rateDriven = false;
  /** Packets marked lost so far. */
  lostPackets = 0;
  shared: Shared | undefined = undefined;

  /** When `delivered` last grew, and when the first packet of the sampled flight left, µs. */
  deliveredUs = 0;
  firstSentUs = 0;
  /** `delivered` at which the application's shortage of data is over; 0: there is none. */
  #appLimitedUntil = 0;
  #roundEnd = 0;
  /** Most packets outstanding in this window, and where the window ends. */
  #maxPackets = 0;
  #windowEnd = 0;
  #limitedInWindow = false;
  /** The last delivery rate, octets in µs, and whether it was less than the path would bear. */
  rateBytes = 0;
  rateUs = 0;
  rateAppLimited = true;
  nextSendUs = 0;
  restartedUs = 0;
  /** TSval less TSecr of the first acknowledgement: one-way delays are told relative to it. */
  firstOwdMs: number | undefined = undefined;

  // The sample at hand.
  #sampled = false;
  #priorDelivered = 0;
  #priorCe = 0;
  #priorLost = 0;
  #priorUs = 0;
  #sentUs = 0;
  #sendElapsedUs = 0;
  #txInFlight = 0;
  #again = false;
  #sampleAppLimited = false;

  get appLimited(): boolean {
    return this.#appLimitedUntil > 0;
  }

  /** The first packet after nothing was in flight: a new flight begins. */
  firstSent(nowUs: number): void {
    this.firstSentUs = nowUs;
    this.deliveredUs = nowUs;
  }

  sampleStart(): void {
    this.#sampled = false;
  }

  /** A packet that this ACK is about: the one that left last makes the sample. */
  sample(sent: Sent): void {
    if (this.#sampled && sent.sentUs < this.#sentUs) return;
    this.#sampled = true;
    this.#priorDelivered = sent.delivered;
    this.#priorCe = sent.deliveredCe;
    this.#priorLost = sent.lost;
    this.#priorUs = sent.deliveredUs;
    this.#sentUs = sent.sentUs;
    this.#sendElapsedUs = sent.sentUs - sent.firstSentUs;
    this.#txInFlight = sent.inFlight;
    this.#again = (sent.marks & EVER_RETRANSMITTED) !== 0;
    this.#sampleAppLimited = sent.appLimited;
    this.firstSentUs = sent.sentUs;
  }

  /** Octets delivered when the sampled packet left; -1: there is no sample. */
  get sampledDelivered(): number {
    return this.#sampled ? this.#priorDelivered : -1;
  }

  /** Counts what was delivered, and completes the event. */
  acknowledge(ack: Writable<AckEvent>, delivered: number, nowUs: number): void {
    this.delivered += delivered;
    if (delivered > 0) this.deliveredUs = nowUs;
    if (this.#appLimitedUntil > 0 && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0;
    ack.roundStart = false;
    ack.rateBytes = -1;
    ack.rateUs = -1;
    if (!this.#sampled) return;
    this.#sampled = false;
    if (this.#priorDelivered >= this.#roundEnd) {
      this.#roundEnd = this.delivered;
      this.round++;
      ack.roundStart = true;
    }
    const ackElapsedUs = nowUs - this.#priorUs;
    const intervalUs = Math.max(this.#sendElapsedUs, ackElapsedUs);
    ack.sampleSentUs = this.#sentUs;
    ack.txInFlight = this.#txInFlight;
    ack.fromRetransmit = this.#again;
    ack.rateAppLimited = this.#sampleAppLimited;
    // An interval shorter than the path's own is the work of ACK compression.
    if (intervalUs <= 0 || intervalUs < this.minRttUs) return;
    ack.rateBytes = this.delivered - this.#priorDelivered;
    ack.rateUs = intervalUs;
    if (!ack.rateAppLimited || ack.rateBytes * this.rateUs >= this.rateBytes * intervalUs) {
      this.rateBytes = ack.rateBytes;
      this.rateUs = intervalUs;
      this.rateAppLimited = ack.rateAppLimited;
    }
    ack.rateCe = this.deliveredCe - this.#priorCe;
    ack.rateLost = this.lost - this.#priorLost;
  }

  /** RFC 7661 and Linux's tcp_cwnd_validate: whether cwnd was what limited this window. */
  outputDone(packetsOut: number, sndNxt: number, sndUna: number, limited: boolean): void {
    if (((sndUna - this.#windowEnd) | 0) >= 0 || limited || (!this.#limitedInWindow && packetsOut > this.#maxPackets)) {
      this.#windowEnd = sndNxt;
      this.#maxPackets = packetsOut;
      this.#limitedInWindow = limited;
    }
  }

  get maxPackets(): number {
    return this.#maxPackets;
  }
  get limitedInWindow(): boolean {
    return this.#limitedInWindow;
  }

  /** The user has written less than could be sent. */
  shortOfData(flight: number): void {
    this.#appLimitedUntil = Math.max(1, this.delivered + flight);
  }
}
