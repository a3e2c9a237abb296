// Layer 2 control protocols in 802.3 frames: recognised and counted apart, never passed up.
import type { Counters, Packet } from '@protoloom/contracts';
import { interfaceCounters as fates } from './counters.js';
import * as wire from './wire.js';

/**
 * Counts the frame if it is one of these, and says whether it was. The LLC header stands at `llc`, whose octets are there up to `end`.
 * These frames go to groups that no host joins, so they are looked for before the group filter.
 */
export function countControlFrame(packet: Packet, llc: number, end: number, counters: Counters<typeof fates>): boolean {
  const { view } = packet;
  const dsap = wire.dsap(view, llc);
  if (dsap !== wire.ssap(view, llc)) return false;
  switch (dsap) {
    case wire.LSAP_RAW_IPX:
    case wire.LSAP_IPX:
      counters.inIpx++;
      packet.reason = fates.inIpx.fate;
      return true;
    case wire.LSAP_STP:
      counters.inStp++;
      packet.reason = fates.inStp.fate;
      return true;
    case wire.LSAP_SNAP:
      return end - llc >= wire.SNAP_BYTES && countSnap(packet, llc, counters);
    default:
      return false;
  }
}

function countSnap(packet: Packet, llc: number, counters: Counters<typeof fates>): boolean {
  const { view } = packet;
  const organisation = wire.organisation(view, llc);
  const protocolId = wire.protocolId(view, llc);
  if (organisation === wire.OUI_ETHERTYPE && protocolId === wire.ETHERTYPE_IPX) {
    counters.inIpx++;
    packet.reason = fates.inIpx.fate;
    return true;
  }
  if (organisation !== wire.OUI_CISCO) return false;
  switch (protocolId) {
    case wire.PID_CDP:
      counters.inCdp++;
      packet.reason = fates.inCdp.fate;
      return true;
    case wire.PID_VTP:
      counters.inVtp++;
      packet.reason = fates.inVtp.fate;
      return true;
    case wire.PID_DTP:
      counters.inDtp++;
      packet.reason = fates.inDtp.fate;
      return true;
    case wire.PID_UDLD:
      counters.inUdld++;
      packet.reason = fates.inUdld.fate;
      return true;
    case wire.PID_PVST:
      counters.inPvst++;
      packet.reason = fates.inPvst.fate;
      return true;
    default:
      return false;
  }
}
