// Congestion controllers within a connection: what they are told, what they may write, and what a fault of theirs costs. RFC 5681,
// RFC 6928, RFC 7661.
import { ERRNO } from '@protoloom/contracts';
import type {
  AckEvent,
  CongestionControl,
  CongestionEvent,
  Controller,
  LostPacket,
  Phase,
  SenderControl,
  SentPacket,
} from '@protoloom/contracts/tcp';
import { sinceUs } from './coarse-time.js';
import type { Tcp } from './context.js';
import { reduced, reductionUndone } from './ecn.js';
import type { AckState } from './recovery/ack-state.js';
import { currentSsthresh } from './recovery/cwnd.js';
import { inFlight } from './recovery/recovery.js';
import type { Sent } from './recovery/scoreboard.js';
import type { Tcb } from './tcb.js';
import { wish } from './wishes.js';

/** RFC 6928: initial window, segments. */
const INITIAL_SEGMENTS = 10;
const SECOND_US = 1_000_000;
/** Least burst of a paced connection, µs of its rate. */
const QUANTUM_US = 1000;

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Records that a stack's connections share, refreshed in place; and how many use each controller. */
export interface Shared {
  readonly ack: Writable<AckEvent>;
  readonly event: Writable<CongestionEvent>;
  readonly sent: Writable<SentPacket>;
  readonly lost: Writable<LostPacket>;
  readonly inUse: Map<string, number>;
}

export const makeShared = (): Shared => ({
  ack: {
    acked: 0,
    delivered: 0,
    packets: 0,
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
    reordered: false,
  },
  event: { why: 'rto', inFlight: 0, lost: 0, persistent: false, abe: false },
  sent: { bytes: 0, inFlight: 0, retransmit: false },
  lost: { bytes: 0, txInFlight: 0, sentUs: 0, lostAtSend: 0, deliveredAtSend: 0, appLimited: false },
  inUse: new Map(),
});

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
export const usersOf = (tcp: Tcp, name: string): number => tcp.shared.inUse.get(name) ?? 0;

/** The connection is established: its socket's controller, its route's, or the sysctl's. */
export function openController(tcb: Tcb): void {
  const { tcp } = tcb;
  const name = tcb.congestionControl || tcb.route?.congestionControl || tcp.sysctls.congestionControl;
  tcb.recovery.flight.begin(tcp.clock.nowUs);
  attach(tcb, controllerOf(tcp, name), undefined);
}

function attach(tcb: Tcb, control: CongestionControl, state: unknown): void {
  const { inUse } = tcb.tcp.shared;
  inUse.set(control.name, (inUse.get(control.name) ?? 0) + 1);
  tcb.algorithm = control;
  tcb.control.pacingRate = 0;
  tcb.control.quantum = 0;
  tcb.controller = control.create(tcb.view, tcb.control, state);
}

/** The connection is over, or gets another controller. */
export function closeController(tcb: Tcb): void {
  if (tcb.controller === undefined) return;
  const { inUse } = tcb.tcp.shared;
  inUse.set(tcb.congestionControl, (inUse.get(tcb.congestionControl) ?? 1) - 1);
  tcb.controller = undefined;
}

/** TCP_CONGESTION: also while connected; the new one is handed the old one's snapshot. @returns 0 or a negative errno. */
export function setController(tcb: Tcb, name: string): number {
  const control = tcb.tcp.controllers.get(name);
  if (control === undefined) return -ERRNO.ENOENT;
  if (control.restricted) return -ERRNO.EPERM;
  if (tcb.controller === undefined) {
    wish(tcb, { congestionControl: name });
    tcb.algorithm = undefined;
    return 0;
  }
  if (tcb.congestionControl === name) return 0;
  const state = tcb.controller.snapshot?.();
  closeController(tcb);
  attach(tcb, control, state);
  return 0;
}

// ---- telling ---------------------------------------------------------------------------------------------------------------------

// The callbacks as plain functions: nothing is made for each call.
const onAck = (controller: Controller, ack: AckEvent): void => controller.onAck(ack);
const onCongestion = (controller: Controller, event: CongestionEvent): void => controller.onCongestion(event);
const onLost = (controller: Controller, packet: LostPacket): void => controller.onLost?.(packet);
const onSent = (controller: Controller, packet: SentPacket): void => controller.onSent?.(packet);
const onRecovered = (controller: Controller, from: Phase): void => controller.onRecovered?.(from);
const onUndo = (controller: Controller, from: Phase): void => controller.onUndo?.(from);
const onRestart = (controller: Controller, idleUs: number): void => controller.onRestart?.(idleUs);

/** A call to the controller: what it throws costs the connection its controller. */
function tell<T>(tcb: Tcb, call: (controller: Controller, what: T) => void, what: T): void {
  const { controller } = tcb;
  try {
    if (controller !== undefined) call(controller, what);
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

/** One ACK, as recovery found it: after scoreboard, RTT and phase, before TCP sends. @param packets newly delivered. @param lost octets newly found lost. */
export function acknowledged(tcb: Tcb, found: AckState, packets: number, lost: number): void {
  const { view, controller } = tcb;
  const { ack } = tcb.tcp.shared;
  if (controller === undefined) return;
  ack.acked = (tcb.sndUna - found.priorUna) | 0;
  view.sndUna += ack.acked;
  ack.delivered = found.deliveredBytes;
  ack.packets = packets;
  ack.lost = lost;
  ack.ce = found.ceBytes;
  ack.ece = found.ece;
  view.deliveredCe += found.ceBytes;
  ack.rttUs = found.rttUs;
  ack.owdUs = found.owdUs;
  ack.ackDelayed = found.ackDelayed;
  ack.tlp = found.probeAcked;
  ack.reordered = tcb.recovery.reordering > tcb.tcp.sysctls.reordering;
  ack.priorInFlight = found.priorInFlight;
  view.acknowledge(ack, found.deliveredBytes);
  tell(tcb, onAck, ack);
}

/** An episode of congestion begins. What cwnd becomes on the way to ssthresh is TCP's, unless the controller is driven by rate. */
export function congested(tcb: Tcb, why: CongestionEvent['why']): void {
  const { view, controller, control } = tcb;
  const { event } = tcb.tcp.shared;
  if (controller === undefined) return;
  const { cwnd } = control;
  const { board } = tcb.recovery;
  reduced(tcb);
  event.why = why;
  // RFC 5681's FlightSize: what is outstanding, lost or not.
  event.inFlight = board.packetsOut * tcb.mss;
  event.lost = board.lostOut * tcb.mss;
  event.persistent = why === 'rto' && tcb.backoff > 2;
  event.abe = why === 'ecn' && tcb.tcp.sysctls.abe;
  tell(tcb, onCongestion, event);
  if (!view.rateDriven) control.cwnd = cwnd;
}

/** A packet was marked lost. */
export function lostPackets(tcb: Tcb, sent: Sent): void {
  const { view, controller } = tcb;
  const bytes = (sent.end - sent.seq) | 0;
  view.lost += bytes;
  tcb.recovery.flight.lostPackets += sent.packets;
  const { lost } = tcb.tcp.shared;
  if (controller?.onLost === undefined) return;
  lost.bytes = bytes;
  lost.txInFlight = sent.inFlight;
  lost.sentUs = sent.sentUs;
  lost.lostAtSend = sent.lost;
  lost.deliveredAtSend = sent.delivered;
  lost.appLimited = sent.appLimited;
  tell(tcb, onLost, lost);
}

/** An episode is over. */
export function recovered(tcb: Tcb, from: Phase): void {
  tell(tcb, onRecovered, from);
}

/** The reduction was for nothing: RFC 4015, as the controller has it, else the window of before. */
export function undone(tcb: Tcb): void {
  const { controller, control } = tcb;
  reductionUndone(tcb);
  if (controller?.onUndo !== undefined) {
    tell(tcb, onUndo, tcb.recovery.phase);
    return;
  }
  control.cwnd = Math.max(control.cwnd, tcb.recovery.flight.priorCwnd);
  control.ssthresh = Math.max(control.ssthresh, tcb.recovery.flight.priorSsthresh);
}

/** A segment left. @param length in sequence numbers. */
export function packetSent(tcb: Tcb, length: number, retransmit: boolean): void {
  const { controller } = tcb;
  const rate = paceRate(tcb);
  if (rate !== Number.POSITIVE_INFINITY)
    tcb.recovery.flight.nextSendUs = Math.max(tcb.recovery.flight.nextSendUs, tcb.tcp.clock.nowUs) + (length * SECOND_US) / rate;
  const { sent } = tcb.tcp.shared;
  if (controller?.onSent === undefined) return;
  sent.bytes = length;
  sent.inFlight = inFlight(tcb);
  sent.retransmit = retransmit;
  tell(tcb, onSent, sent);
}

/** Text came in, before it is taken. @returns whether the controller's receiver half wants it, and what came before, acknowledged now. */
export function textReceived(tcb: Tcb, ce: boolean, bytes: number): boolean {
  const { controller } = tcb;
  if (controller?.onReceive === undefined) return false;
  try {
    return controller.onReceive(ce, bytes);
  } catch (error) {
    fault(tcb, error);
    return false;
  }
}

/** RFC 5681 §4.1: after an idle time cwnd halves for each RTO, down to the initial window; rate-driven controllers do it their way. */
export function restartAfterIdle(tcb: Tcb): void {
  const { tcp, view, control, controller } = tcb;
  const idleUs = sinceUs(tcp, tcb.lastSentMs);
  if (controller === undefined || tcb.dataSegmentsOut === 0 || tcb.recovery.flight.restarted || idleUs <= tcb.rtoUs) return;
  tcb.recovery.flight.restarted = true;
  if (tcp.sysctls.slowStartAfterIdle && !view.rateDriven) {
    const least = Math.min(initialWindow(tcb), control.cwnd);
    control.ssthresh = currentSsthresh(tcb);
    for (let left = idleUs - tcb.rtoUs; left > 0 && control.cwnd > least; left -= tcb.rtoUs) control.cwnd /= 2;
    control.cwnd = Math.max(Math.floor(control.cwnd), least);
  }
  tell(tcb, onRestart, idleUs);
}

// ---- pacing ----------------------------------------------------------------------------------------------------------------------

/** What the controller sets; else as Linux makes it of cwnd (tcp_update_pacing_rate), whether anybody paces or not. Bytes a second. */
export function pacingRate(tcb: Tcb): number {
  const { control, recovery, tcp, srttUs, mss } = tcb;
  const { cwnd, ssthresh } = control;
  const percent = cwnd < ssthresh / 2 ? tcp.sysctls.pacingSsRatio : tcp.sysctls.pacingCaRatio;
  const window = Math.max(cwnd, recovery.board.packetsOut * mss);
  const own = srttUs > 0 ? Math.floor(((percent / 100) * window * SECOND_US) / srttUs) : Number.POSITIVE_INFINITY;
  return Math.min(control.pacingRate || own, tcb.socket.maxPacingRate);
}

/** Bytes per second; Infinity where nobody asks for pacing. */
function paceRate(tcb: Tcb): number {
  const own = tcb.control.pacingRate > 0 ? tcb.control.pacingRate : Number.POSITIVE_INFINITY;
  return Math.min(own, tcb.socket.maxPacingRate);
}

/** µs until the next quantum may leave; 0: now. */
export function paceDelayUs(tcb: Tcb): number {
  if (paceRate(tcb) === Number.POSITIVE_INFINITY) return 0;
  return Math.max(0, Math.ceil(tcb.recovery.flight.nextSendUs - tcb.tcp.clock.nowUs));
}

/** Octets of one burst. */
export function paceQuantum(tcb: Tcb): number {
  const rate = paceRate(tcb);
  if (rate === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(tcb.control.quantum || 2 * tcb.mss, Math.floor((rate * QUANTUM_US) / SECOND_US));
}
