// Packetization-layer path MTU discovery, RFC 4821: larger segments are tried, and black holes are found where nobody tells of them. As Linux.
import { currentSsthresh, cwndPackets, setCwndPackets } from './recovery/cwnd.js';
import { inFlight, sendLongerAgain } from './recovery/recovery.js';
import { mssFor, mtuFor, syncMss } from './route.js';
import { segmentMss } from './segment.js';
import { type Tcb, writeEnd } from './tcb.js';

/** Value of tcp_mtu_probing with which every connection probes; with 1 those that have met a black hole. */
const ALWAYS = 2;
/** The least window in which a probe is tried: a probe that is lost has to be found out by duplicates. */
const LEAST_WINDOW = 11;
const SECOND_US = 1_000_000;

/** A search for the path's MTU, RFC 4821 §7.1. Sizes are bytes of network packet. */
export interface MtuProbe {
  /** The largest that is known to pass, and the smallest that is known not to, less one. */
  low: number;
  high: number;
  /** What the probe under way tries, and its sequence numbers; 0: there is none. */
  size: number;
  from: number;
  end: number;
  /** When the search began, µs: it begins anew every tcp_probe_interval. */
  sinceUs: number;
}

/**
 * The connection stands: RFC 4821 §7.2, where every connection probes. As on Linux segments go down to tcp_base_mss when their size is next
 * computed: by who has opened the connection at once, else as when the peer offers more window than ever.
 */
export function beginMtuProbing(tcb: Tcb): void {
  if (tcb.tcp.sysctls.mtuProbing >= ALWAYS) enable(tcb);
}

function enable(tcb: Tcb): void {
  const { sysctls, clock } = tcb.tcp;
  tcb.mtuProbe = {
    low: mtuFor(tcb, sysctls.baseMss),
    high: mtuFor(tcb, tcb.peerMss),
    size: 0,
    from: 0,
    end: 0,
    sinceUs: clock.nowUs,
  };
}

function resync(tcb: Tcb): void {
  if (tcb.route !== undefined) syncMss(tcb, tcb.route);
}

/** R1 is reached, and nothing came back: RFC 4821 §7.7. Segments of half the size, down to tcp_mtu_probe_floor. */
export function suspectBlackHole(tcb: Tcb): void {
  const { sysctls } = tcb.tcp;
  if (sysctls.mtuProbing === 0) return;
  const { mtuProbe } = tcb;
  if (mtuProbe === undefined) enable(tcb);
  else {
    const half = Math.min(sysctls.baseMss, mssFor(tcb, mtuProbe.low) >> 1);
    mtuProbe.low = mtuFor(tcb, Math.max(half, sysctls.mtuProbeFloor, sysctls.minSndMss));
  }
  resync(tcb);
}

/**
 * What to probe with now, RFC 4821 §7.3 and §7.4: octets of the segment; 0: nothing; below zero: nothing is to be sent, so that room for one comes.
 * Halfway between what passes and what does not; with enough behind it for its loss to be found out.
 */
export function probeLength(tcb: Tcb): number {
  const { mtuProbe, recovery, route, tcp } = tcb;
  if (mtuProbe === undefined || mtuProbe.size > 0 || recovery.phase !== 'open' || cwndPackets(tcb) < LEAST_WINDOW) return 0;
  // SACK blocks take their room.
  if (segmentMss(tcb) !== tcb.mss) return 0;
  const high = route?.valid ? Math.min(mtuProbe.high, route.mtu) : mtuProbe.high;
  const length = mssFor(tcb, (high + mtuProbe.low) >> 1);
  if (length > mssFor(tcb, high) || high - mtuProbe.low < tcp.sysctls.probeThreshold) {
    searchAnew(tcb, mtuProbe);
    return 0;
  }
  const needed = length + (recovery.reordering + 1) * tcb.mss;
  if (((writeEnd(tcb) - tcb.sndNxt) | 0) < needed || tcb.sndWnd < needed) return 0;
  if (((tcb.sndUna + tcb.sndWnd - tcb.sndNxt - needed) | 0) < 0) return -1;
  if (recovery.board.inFlight + 2 > cwndPackets(tcb)) return inFlight(tcb) > 0 ? -1 : 0;
  return length;
}

/** RFC 4821 §7.6.4's timer: paths change. */
function searchAnew(tcb: Tcb, mtuProbe: MtuProbe): void {
  const { sysctls, clock } = tcb.tcp;
  if (clock.nowUs - mtuProbe.sinceUs < sysctls.probeInterval * SECOND_US) return;
  mtuProbe.size = 0;
  mtuProbe.high = mtuFor(tcb, tcb.peerMss);
  mtuProbe.low = mtuFor(tcb, tcb.mss);
  mtuProbe.sinceUs = clock.nowUs;
}

/** The probe has left, as the octets before SND.NXT. It counts for two packets of the window. */
export function probeLeft(tcb: Tcb, from: number, length: number): void {
  const { mtuProbe } = tcb;
  if (mtuProbe === undefined) return;
  mtuProbe.size = mtuFor(tcb, length);
  mtuProbe.from = from;
  mtuProbe.end = (from + length) | 0;
  setCwndPackets(tcb, cwndPackets(tcb) - 1);
}

/** SND.UNA has moved. RFC 4821 §7.6.1: what passes is used from now on; the window stays what it was in octets. */
export function mtuProbeAcknowledged(tcb: Tcb): void {
  const { mtuProbe } = tcb;
  if (mtuProbe === undefined || mtuProbe.size === 0 || ((mtuProbe.end - tcb.sndUna) | 0) > 0) return;
  tcb.tcp.counters.mtupSuccess++;
  setCwndPackets(tcb, Math.floor((cwndPackets(tcb) * mtuFor(tcb, tcb.mss)) / mtuProbe.size));
  tcb.control.ssthresh = currentSsthresh(tcb);
  mtuProbe.low = mtuProbe.size;
  mtuProbe.size = 0;
  resync(tcb);
}

/** Something is lost. RFC 4821 §7.6.2: where it is the probe, its size is blamed and not congestion. @returns whether it was. */
export function mtuProbeFailed(tcb: Tcb): boolean {
  const { mtuProbe } = tcb;
  if (mtuProbe === undefined || mtuProbe.size === 0 || tcb.sndUna !== mtuProbe.from) return false;
  tcb.tcp.counters.mtupFail++;
  mtuProbe.high = mtuProbe.size - 1;
  mtuProbe.size = 0;
  setCwndPackets(tcb, cwndPackets(tcb) + 1);
  sendLongerAgain(tcb);
  return true;
}
