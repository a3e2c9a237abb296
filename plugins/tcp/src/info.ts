// TCP_INFO: what `ss -ti` shows, under Linux's names. Times are µs but for those that Linux tells in ms.
import type { Phase } from '@protoloom/contracts/tcp';
import { nowMs } from './coarse-time.js';
import { pacingRate } from './congestion.js';
import { CE, ECT_0, ECT_1 } from './ecn-field.js';
import { limitsUpToNow } from './limits.js';
import { inFlight } from './recovery/recovery.js';
import { retransmitDelayUs } from './recovery/rto.js';
import { receiveWindow, type Tcb, writeEnd } from './tcb.js';

const OPTION_TIMESTAMPS = 1;
const OPTION_SACK = 2;
const OPTION_WSCALE = 4;
const OPTION_ECN = 8;
const OPTION_ECN_SEEN = 16;
const OPTION_SYN_DATA = 32;
const OPTION_TFO_CHILD = 128;
const CA_STATES: Readonly<Record<Phase, number>> = { open: 0, disorder: 1, cwr: 2, recovery: 3, loss: 4 };
const SECOND_US = 1_000_000;
const INFINITE_SSTHRESH = 0x7fff_ffff;

const options = (tcb: Tcb): number =>
  (tcb.timestampsOk ? OPTION_TIMESTAMPS : 0) |
  (tcb.sackOk ? OPTION_SACK : 0) |
  (tcb.windowScalingOk ? OPTION_WSCALE : 0) |
  (tcb.ecn === undefined ? 0 : OPTION_ECN) |
  (tcb.ecnSeen ? OPTION_ECN_SEEN : 0) |
  (tcb.fastOpen?.textTaken ? OPTION_SYN_DATA : 0) |
  (tcb.fastOpen?.isChild ? OPTION_TFO_CHILD : 0);

/** Linux itself has never kept `tcpi_last_ack_sent`, nor `tcpi_fackets` since 4.15. */
export function info(tcb: Tcb): Readonly<Record<string, number>> {
  const { view, control, recovery, mss } = tcb;
  const { nowUs } = tcb.tcp.clock;
  const sinceMs = (ms: number): number => (nowMs(tcb.tcp) - ms) | 0;
  const { board } = recovery;
  limitsUpToNow(tcb);
  const { timeouts } = tcb;
  const runningUs = timeouts !== undefined && timeouts.sinceUs >= 0 ? nowUs - timeouts.sinceUs : 0;
  const accurate = tcb.ecn?.accurate;
  return {
    tcpi_state: tcb.state,
    tcpi_ca_state: CA_STATES[recovery.phase],
    tcpi_retransmits: tcb.retransmits,
    tcpi_probes: tcb.probesOut,
    tcpi_backoff: tcb.backoff,
    tcpi_options: options(tcb),
    tcpi_snd_wscale: tcb.sndWndScale,
    tcpi_rcv_wscale: tcb.rcvWndScale,
    tcpi_delivery_rate_app_limited: view.rateAppLimited ? 1 : 0,
    tcpi_fastopen_client_fail: tcb.fastOpen?.failure ?? 0,
    tcpi_rto: retransmitDelayUs(tcb),
    tcpi_ato: tcb.ackTimeoutUs,
    tcpi_snd_mss: mss,
    tcpi_rcv_mss: tcb.rcvMss,
    tcpi_unacked: board.packetsOut,
    tcpi_sacked: board.sackedOut,
    tcpi_lost: board.lostOut,
    tcpi_retrans: board.retransOut,
    tcpi_fackets: 0,
    tcpi_last_data_sent: tcb.dataSegmentsOut === 0 ? 0 : sinceMs(tcb.lastSentMs),
    tcpi_last_ack_sent: 0,
    tcpi_last_data_recv: tcb.controller === undefined ? 0 : sinceMs(tcb.lastReceivedMs),
    tcpi_last_ack_recv: tcb.controller === undefined ? 0 : sinceMs(tcb.lastAckMs),
    tcpi_pmtu: tcb.pathMtu,
    tcpi_rcv_ssthresh: tcb.rcvSsthresh,
    tcpi_rtt: tcb.srttUs,
    tcpi_rttvar: tcb.mdev4 >> 2,
    tcpi_snd_ssthresh: Number.isFinite(control.ssthresh) ? Math.floor(control.ssthresh / mss) : INFINITE_SSTHRESH,
    tcpi_snd_cwnd: Math.floor(control.cwnd / mss),
    tcpi_advmss: tcb.advertisedMss,
    tcpi_rcv_rtt: tcb.receiveRttUs,
    tcpi_rcv_space: tcb.readSpace,
    tcpi_total_retrans: tcb.totalRetransmits,
    tcpi_pacing_rate: pacingRate(tcb),
    tcpi_max_pacing_rate: tcb.socket.maxPacingRate,
    tcpi_bytes_acked: tcb.bytesAcked,
    tcpi_bytes_received: tcb.bytesReceived,
    tcpi_segs_out: tcb.segmentsOut,
    tcpi_segs_in: tcb.segmentsIn,
    tcpi_notsent_bytes: Math.max(0, (writeEnd(tcb) - tcb.sndNxt) | 0),
    tcpi_min_rtt: Math.max(0, tcb.minRttUs),
    tcpi_delivery_rate: view.rateUs > 0 ? Math.floor((view.rateBytes * SECOND_US) / view.rateUs) : 0,
    tcpi_busy_time: tcb.busyUs,
    tcpi_rwnd_limited: tcb.windowLimitedUs,
    tcpi_sndbuf_limited: tcb.bufferLimitedUs,
    tcpi_data_segs_in: tcb.dataSegmentsIn,
    tcpi_data_segs_out: tcb.dataSegmentsOut,
    tcpi_delivered: tcb.delivered,
    tcpi_delivered_ce: tcb.ecn?.deliveredCe ?? 0,
    tcpi_bytes_sent: tcb.bytesSent,
    tcpi_bytes_retrans: tcb.bytesRetransmitted,
    tcpi_reordering: recovery.reordering,
    tcpi_dsack_dups: recovery.dsackDups,
    tcpi_reord_seen: recovery.reorderSeen,
    tcpi_snd_wnd: tcb.sndWnd,
    tcpi_rcv_wnd: receiveWindow(tcb),
    tcpi_rcv_ooopack: tcb.outOfOrderSegments,
    tcpi_rehash: timeouts?.rehashes ?? 0,
    tcpi_total_rto: timeouts?.count ?? 0,
    tcpi_total_rto_recoveries: timeouts?.episodes ?? 0,
    tcpi_total_rto_time: timeouts === undefined ? 0 : Math.floor((timeouts.us + runningUs) / 1000),
    tcpi_received_ce: accurate?.receivedCe ?? 0,
    tcpi_delivered_e1_bytes: accurate?.deliveredBytes[ECT_1] ?? 0,
    tcpi_delivered_e0_bytes: accurate?.deliveredBytes[ECT_0] ?? 0,
    tcpi_delivered_ce_bytes: accurate?.deliveredBytes[CE] ?? 0,
    tcpi_received_e1_bytes: accurate?.receivedBytes[ECT_1] ?? 0,
    tcpi_received_e0_bytes: accurate?.receivedBytes[ECT_0] ?? 0,
    tcpi_received_ce_bytes: accurate?.receivedBytes[CE] ?? 0,
    tcpi_accecn_fail_mode: accurate?.failMode ?? 0,
    tcpi_accecn_opt_seen: accurate?.optionSeen ?? 0,
    /** Ours besides: octets in flight. */
    bytes_in_flight: inFlight(tcb),
  };
}
