// What a connection leaves to the next one to the same peer, and finds there: Linux's tcp_update_metrics and tcp_init_metrics.
import { cwndPackets, thresholdPackets } from '../recovery/cwnd.js';
import { rtoFromRtt } from '../recovery/rto.js';
import type { Tcb } from '../tcb.js';
import type { CacheEntry } from './cache.js';

/** The connection has ended well: in TIME-WAIT, or with our FIN acknowledged last. */
export function saveMetrics(tcb: Tcb): void {
  const { tcp, srttUs, backoff } = tcb;
  const { metrics, sysctls } = tcp;
  if (sysctls.noMetricsSave) return;
  if (backoff > 0 || srttUs === 0) {
    // Nothing came back in time: what was known of the path is not so any more.
    const known = metrics.find(tcb);
    if (known !== undefined) known.rttUs = 0;
    return;
  }
  const entry = metrics.of(tcb);
  saveRtt(tcb, entry);
  saveWindow(tcb, entry);
}

/** A longer round trip is believed at once, a shorter one by eighths: too long a timeout does less harm. */
function saveRtt({ srttUs, mdev4 }: Tcb, entry: CacheEntry): void {
  const shorter = entry.rttUs - srttUs;
  entry.rttUs = shorter <= 0 ? srttUs : entry.rttUs - shorter / 8;
  const deviation = Math.max(Math.abs(shorter), mdev4 >> 2);
  entry.rttVarUs = deviation >= entry.rttVarUs ? deviation : entry.rttVarUs - (entry.rttVarUs - deviation) / 4;
}

function saveWindow(tcb: Tcb, entry: CacheEntry): void {
  const { control, recovery, tcp } = tcb;
  const { cwnd, ssthresh } = control;
  const savesThreshold = !tcp.sysctls.noSsthreshMetricsSave;
  const packets = cwndPackets(tcb);
  const threshold = thresholdPackets(tcb);
  if (!Number.isFinite(ssthresh)) {
    // The first slow start has not ended.
    if (savesThreshold && entry.ssthresh > 0 && packets >> 1 > entry.ssthresh) entry.ssthresh = packets >> 1;
    entry.cwnd = Math.max(entry.cwnd, packets);
  } else if (cwnd >= ssthresh && recovery.phase === 'open') {
    if (savesThreshold) entry.ssthresh = Math.max(packets >> 1, threshold);
    entry.cwnd = (entry.cwnd + packets) >> 1;
  } else {
    entry.cwnd = (entry.cwnd + threshold) >> 1;
    if (savesThreshold && entry.ssthresh > 0 && threshold > entry.ssthresh) entry.ssthresh = threshold;
    if (entry.reordering < recovery.reordering && recovery.reordering !== tcp.sysctls.reordering) entry.reordering = recovery.reordering;
  }
}

/** The connection stands. The first timeout follows a round trip that was longer than the handshake's, whose packets are small. */
export function loadMetrics(tcb: Tcb): void {
  const { tcp, control, recovery } = tcb;
  const entry = tcp.metrics.find(tcb);
  if (entry === undefined) return;
  if (!tcp.sysctls.noSsthreshMetricsSave && entry.ssthresh > 0) control.ssthresh = entry.ssthresh * tcb.mss;
  if (entry.reordering > 0) recovery.reordering = entry.reordering;
  if (entry.rttUs > tcb.srttUs) rtoFromRtt(tcb, entry.rttUs);
}
