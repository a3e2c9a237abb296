// SEGMENT ARRIVES in TIME-WAIT, RFC 9293 §3.10.7.4 with RFC 6191 (reuse) and RFC 1337 (resets), as Linux.
import { isSegmentLimited } from '../../ack.js';
import { timestamp } from '../../options.js';
import { sendBare } from '../../segment.js';
import type { Segment } from '../../segment-in.js';
import type { TimeWait } from '../../time-wait.js';
import { ACK } from '../../wire.js';
import { listen } from './listen.js';
import { pawsRejects } from './paws.js';

/** Linux's: further ahead than any window that the old connection can have offered. */
const ISS_STEP = 65_535 + 2;

export function timeWait(remains: TimeWait, seg: Segment): boolean {
  const { tcp } = remains;
  const { counters } = tcp;
  const stamped = remains.timestampsOk && seg.hasTimestamp;
  const isOld = stamped && pawsRejects(remains, seg, tcp.clock.nowUs);
  if (!isOld && seg.seq === remains.rcvNxt && (seg.length === 0 || seg.rst)) {
    // RFC 1337: a RST would end TIME-WAIT before its time. By default it does, as on Linux.
    if (seg.rst && !tcp.sysctls.rfc1337) {
      tcp.timeWaits.end(remains);
      return true;
    }
    if (stamped) {
      remains.tsRecent = seg.tsVal;
      remains.tsRecentUs = tcp.clock.nowUs;
    }
    if (!seg.rst) tcp.timeWaits.restart(remains);
    return true;
  }
  if (seg.syn && !seg.rst && !seg.ackFlag && !isOld && isNew(remains, seg)) {
    const listener = tcp.demux.listener(seg.packet, remains.localPort, remains.remotePort);
    if (listener !== undefined) {
      const iss = (remains.sndNxt + ISS_STEP) | 0;
      tcp.timeWaits.end(remains);
      return listen(listener, seg, iss);
    }
  }
  if (isOld) counters.pawsTimewait++;
  counters.outOfWindow++;
  if (seg.rst) return false;
  // The peer's FIN again: our last ACK was lost, and 2 MSL begin anew.
  if (isOld || seg.ackFlag) tcp.timeWaits.restart(remains);
  if (isSegmentLimited(remains, seg, 'ackSkippedTimeWait')) return false;
  const tsVal = remains.timestampsOk ? timestamp(tcp.clock.nowUs, remains.tsOffset) : 0;
  sendBare(tcp, remains, remains.sndNxt, remains.rcvNxt, ACK, remains.window, remains.timestampsOk, tsVal, remains.tsRecent);
  return false;
}

/** RFC 6191 §2, RFC 1122 §4.2.2.13: a SYN that no segment of the old connection can be. */
const isNew = (remains: TimeWait, seg: Segment): boolean =>
  ((seg.seq - remains.rcvNxt) | 0) > 0 || (remains.timestampsOk && seg.hasTimestamp && ((seg.tsVal - remains.tsRecent) | 0) > 0);
