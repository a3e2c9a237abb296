// Congestion controllers within a connection: what they are told, what they may write, and what a fault of theirs costs. RFC 5681,
// RFC 6928, RFC 7661; delivery-rate samples after draft-ietf-ccwg-bbr §4.1.1.
import { ERRNO } from '@protoloom/contracts';
import type {
  AckEvent,
  CongestionControl,
  CongestionEvent,
  LostPacket,
  Phase,
  SenderControl,
  SenderView,
  SentPacket,
} from '@protoloom/contracts/tcp';
import type { Tcp } from './context.js';
import { reduced, reductionUndone } from './ecn.js';
import type { AckState } from './recovery/ack-state.js';
import { inFlight } from './recovery/recovery.js';
import { EVER_RETRANSMITTED, type Sent } from './recovery/scoreboard.js';
import type { Tcb } from './tcb.js';

/** RFC 6928: initial window, segments. */
const INITIAL_SEGMENTS = 10;
const SECOND_US = 1_000_000;
/** Least burst of a paced connection, µs of its rate. */
const QUANTUM_US = 1000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Records that a stack's connections share, refreshed in place; and how many use each controller. */
interface Shared {
  readonly ack: Writable<AckEvent>;
  readonly event: Writable<CongestionEvent>;
  readonly sent: Writable<SentPacket>;
  readonly lost: Writable<LostPacket>;
  readonly inUse: Map<string, number>;
}
const shared = new WeakMap<Tcp, Shared>();

function sharedOf(tcp: Tcp): Shared {
  let found = shared.get(tcp);
  if (found === undefined) {
    found = {
      ack: {
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
      },
      event: { why: 'rto', inFlight: 0, lost: 0, persistent: false },
      sent: { bytes: 0, inFlight: 0, retransmit: false },
      lost: { bytes: 0, txInFlight: 0, sentUs: 0, lostAtSend: 0, deliveredAtSend: 0, appLimited: false },
      inUse: new Map(),
    };
    shared.set(tcp, found);
  }
  return found;
}

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
  nextSendUs = 0;
  restartedUs = 0;

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
    this.#sampleAppLimited = this.#appLimitedUntil > 0;
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

/** RFC 6928 §2 as Linux: ten segments, or what the route says; one where the SYN was lost more than once (RFC 6298 §5.7). */
export function initialWindow(tcb: Tcb): number {
  if (tcb.totalRetransmits > 1) return tcb.mss;
  const segments = tcb.route?.initialCwnd || INITIAL_SEGMENTS;
  return segments * tcb.mss;
}

// ---- choosing --------------------------------------------------------------------------------------------------------------------

/** The controller of a name, or where it is not plugged in the first that is. */
export function controllerOf(tcp: Tcp, name: string): CongestionControl {
  return tcp.controllers.get(name) ?? (tcp.controllers.values()[0] as CongestionControl);
}

/** How many connections use a controller. */
export const usersOf = (tcp: Tcp, name: string): number => sharedOf(tcp).inUse.get(name) ?? 0;

/** The connection is established: its socket's controller, its route's, or the sysctl's. */
export function openController(tcb: Tcb): void {
  const { tcp } = tcb;
  const name = tcb.congestionControl || tcb.route?.congestionControl || tcp.sysctls.congestionControl;
  tcb.view.shared = sharedOf(tcp);
  tcb.view.firstSent(tcp.clock.nowUs);
  refresh(tcb);
  attach(tcb, controllerOf(tcp, name), undefined);
}

function attach(tcb: Tcb, control: CongestionControl, state: unknown): void {
  const { inUse } = sharedOf(tcb.tcp);
  inUse.set(control.name, (inUse.get(control.name) ?? 0) + 1);
  tcb.congestionControl = control.name;
  tcb.view.partialAcks = control.partialAcks !== false;
  tcb.view.rateDriven = control.drive === 'rate';
  tcb.control.pacingRate = 0;
  tcb.control.quantum = 0;
  tcb.controller = control.create(tcb.view, tcb.control, state);
}

/** The connection is over, or gets another controller. */
export function closeController(tcb: Tcb): void {
  if (tcb.controller === undefined) return;
  const { inUse } = sharedOf(tcb.tcp);
  inUse.set(tcb.congestionControl, (inUse.get(tcb.congestionControl) ?? 1) - 1);
  tcb.controller = undefined;
}

/** TCP_CONGESTION: also while connected; the new one is handed the old one's snapshot. @returns 0 or a negative errno. */
export function setController(tcb: Tcb, name: string): number {
  const control = tcb.tcp.controllers.get(name);
  if (control === undefined) return -ERRNO.ENOENT;
  if (control.restricted) return -ERRNO.EPERM;
  if (tcb.controller === undefined) {
    tcb.congestionControl = name;
    return 0;
  }
  if (tcb.congestionControl === name) return 0;
  const state = tcb.controller.snapshot?.();
  closeController(tcb);
  attach(tcb, control, state);
  return 0;
}

// ---- telling ---------------------------------------------------------------------------------------------------------------------

/** Brings the view up to date. */
function refresh(tcb: Tcb): void {
  const { view, recovery } = tcb;
  const flight = inFlight(tcb);
  view.nowUs = tcb.tcp.clock.nowUs;
  view.mss = tcb.mss;
  view.sndNxt = view.sndUna + ((tcb.sndNxt - tcb.sndUna) | 0);
  view.sndWnd = tcb.sndWnd;
  view.inFlight = flight;
  view.srttUs = tcb.srttUs;
  view.rttVarUs = tcb.rttVarUs;
  view.rtoUs = tcb.rtoUs;
  view.minRttUs = tcb.minRttUs;
  view.phase = recovery.phase;
  view.ecn = tcb.ecn === undefined ? 'off' : 'classic';
  const { cwnd, ssthresh } = tcb.control;
  view.cwndLimited = view.limitedInWindow || (cwnd < ssthresh && cwnd < 2 * view.maxPackets * tcb.mss);
}

/** A call to the controller: what it throws costs the connection its controller. */
function guarded(tcb: Tcb, call: () => void): void {
  try {
    call();
  } catch (error) {
    fault(tcb, error);
  }
  clamp(tcb.control, tcb.mss);
}

function fault(tcb: Tcb, error: unknown): void {
  const { tcp } = tcb;
  const name = tcb.congestionControl;
  tcp.counters.controllerFaults++;
  tcp.log.error(`congestion controller ${name} threw: its connection goes on with another`, {
    error: error instanceof Error ? error.message : String(error),
  });
  closeController(tcb);
  const other = tcp.controllers.get('newreno') ?? tcp.controllers.values().find((control) => control.name !== name);
  const { control } = tcb;
  if (!(control.cwnd > 0)) control.cwnd = tcb.mss;
  if (other !== undefined && other.name !== name) attach(tcb, other, undefined);
}

/** What a controller wrote, within what TCP allows: no NaN, one segment at least. */
function clamp(control: SenderControl, mss: number): void {
  if (!(control.cwnd >= mss)) control.cwnd = mss;
  if (!(control.ssthresh > 0)) control.ssthresh = 2 * mss;
  if (!(control.pacingRate >= 0)) control.pacingRate = 0;
}

/** One ACK, as recovery found it: after scoreboard, RTT and phase, before TCP sends. @param lost octets newly found lost. */
export function acknowledged(tcb: Tcb, found: AckState, lost: number): void {
  const { view, controller } = tcb;
  const ack = view.shared?.ack;
  if (ack === undefined || controller === undefined) return;
  ack.acked = (tcb.sndUna - found.priorUna) | 0;
  view.sndUna += ack.acked;
  ack.delivered = found.deliveredBytes;
  ack.lost = lost;
  ack.ce = found.ceBytes;
  ack.ece = found.ece;
  view.deliveredCe += found.ceBytes;
  ack.rttUs = found.rttUs;
  ack.priorInFlight = found.priorInFlight;
  view.acknowledge(ack, found.deliveredBytes, tcb.tcp.clock.nowUs);
  refresh(tcb);
  try {
    controller.onAck(ack);
  } catch (error) {
    fault(tcb, error);
  }
  clamp(tcb.control, tcb.mss);
}

/** An episode of congestion begins. What cwnd becomes on the way to ssthresh is TCP's, unless the controller is driven by rate. */
export function congested(tcb: Tcb, why: CongestionEvent['why']): void {
  const { view, controller, control } = tcb;
  const event = view.shared?.event;
  if (event === undefined || controller === undefined) return;
  const { cwnd } = control;
  const { board } = tcb.recovery;
  reduced(tcb);
  refresh(tcb);
  event.why = why;
  // RFC 5681's FlightSize: what is outstanding, lost or not.
  event.inFlight = board.packetsOut * tcb.mss;
  event.lost = board.lostOut * tcb.mss;
  event.persistent = why === 'rto' && tcb.backoff > 2;
  guarded(tcb, () => controller.onCongestion(event));
  if (!view.rateDriven) control.cwnd = cwnd;
}

/** A packet was marked lost. */
export function lostPackets(tcb: Tcb, sent: Sent): void {
  const { view, controller } = tcb;
  const bytes = (sent.end - sent.seq) | 0;
  view.lost += bytes;
  view.lostPackets += sent.packets;
  const lost = view.shared?.lost;
  if (controller?.onLost === undefined || lost === undefined) return;
  lost.bytes = bytes;
  lost.txInFlight = sent.inFlight;
  lost.sentUs = sent.sentUs;
  lost.deliveredAtSend = sent.delivered;
  refresh(tcb);
  guarded(tcb, () => controller.onLost?.(lost));
}

/** An episode is over. */
export function recovered(tcb: Tcb, from: Phase): void {
  const { controller } = tcb;
  refresh(tcb);
  guarded(tcb, () => controller?.onRecovered?.(from));
}

/** The reduction was for nothing: RFC 4015, as the controller has it, else the window of before. */
export function undone(tcb: Tcb): void {
  const { controller, control, view } = tcb;
  reductionUndone(tcb);
  if (controller?.onUndo !== undefined) {
    refresh(tcb);
    guarded(tcb, () => controller.onUndo?.(view.phase));
    return;
  }
  control.cwnd = Math.max(control.cwnd, view.priorCwnd);
  control.ssthresh = Math.max(control.ssthresh, view.priorSsthresh);
}

// ---- the window, counted in packets as Linux does --------------------------------------------------------------------------------

/** Packets that may be in flight. */
export const cwndPackets = (tcb: Tcb): number => Math.max(1, Math.floor(tcb.control.cwnd / tcb.mss));

export function setCwndPackets(tcb: Tcb, packets: number): void {
  tcb.control.cwnd = Math.max(1, packets) * tcb.mss;
}

/** ssthresh as it would be told: what a window that is not reduced has proved counts for it (RFC 5681 §4.1's discussion, Linux's tcp_current_ssthresh). */
export function currentSsthresh(tcb: Tcb): number {
  const { ssthresh, cwnd } = tcb.control;
  const { phase } = tcb.recovery;
  return phase === 'recovery' || phase === 'cwr' ? ssthresh : Math.max(ssthresh, (cwnd * 3) / 4);
}

/** The segment size has changed: as many packets as before may be in flight. */
export function mssScaled(tcb: Tcb, was: number): void {
  const { control, mss } = tcb;
  const scale = (bytes: number): number => (Number.isFinite(bytes) ? Math.floor(bytes / was) * mss : bytes);
  control.cwnd = scale(control.cwnd);
  control.ssthresh = scale(control.ssthresh);
}

/** A segment left. @param length in sequence numbers. */
export function packetSent(tcb: Tcb, length: number, retransmit: boolean): void {
  const { view, controller } = tcb;
  const rate = paceRate(tcb);
  if (rate !== Number.POSITIVE_INFINITY) view.nextSendUs = Math.max(view.nextSendUs, tcb.tcp.clock.nowUs) + (length * SECOND_US) / rate;
  const sent = view.shared?.sent;
  if (controller?.onSent === undefined || sent === undefined) return;
  sent.bytes = length;
  sent.inFlight = inFlight(tcb);
  sent.retransmit = retransmit;
  refresh(tcb);
  guarded(tcb, () => controller.onSent?.(sent));
}

/** RFC 5681 §4.1: after an idle time cwnd halves for each RTO, down to the initial window; rate-driven controllers do it their way. */
export function restartAfterIdle(tcb: Tcb): void {
  const { tcp, view, control, controller } = tcb;
  const idleUs = tcp.clock.nowUs - tcb.lastSentUs;
  if (controller === undefined || tcb.lastSentUs === 0 || view.restartedUs === tcb.lastSentUs || idleUs <= tcb.rtoUs) return;
  view.restartedUs = tcb.lastSentUs;
  if (tcp.sysctls.slowStartAfterIdle && !view.rateDriven) {
    const least = Math.min(initialWindow(tcb), control.cwnd);
    control.ssthresh = currentSsthresh(tcb);
    for (let left = idleUs - tcb.rtoUs; left > 0 && control.cwnd > least; left -= tcb.rtoUs) control.cwnd /= 2;
    control.cwnd = Math.max(Math.floor(control.cwnd), least);
  }
  refresh(tcb);
  guarded(tcb, () => controller.onRestart?.(idleUs));
}

// ---- pacing ----------------------------------------------------------------------------------------------------------------------

/** Bytes per second; Infinity where nobody asks for pacing. */
function paceRate(tcb: Tcb): number {
  const own = tcb.control.pacingRate > 0 ? tcb.control.pacingRate : Number.POSITIVE_INFINITY;
  return Math.min(own, tcb.socket.maxPacingRate);
}

/** µs until the next quantum may leave; 0: now. */
export function paceDelayUs(tcb: Tcb): number {
  if (paceRate(tcb) === Number.POSITIVE_INFINITY) return 0;
  return Math.max(0, Math.ceil(tcb.view.nextSendUs - tcb.tcp.clock.nowUs));
}

/** Octets of one burst. */
export function paceQuantum(tcb: Tcb): number {
  const rate = paceRate(tcb);
  if (rate === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(tcb.control.quantum || 2 * tcb.mss, Math.floor((rate * QUANTUM_US) / SECOND_US));
}
