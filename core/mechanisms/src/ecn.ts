// Packets by the ECN field of their traffic class: RFC 3168 §5.

export interface EcnCounters {
  inNoEctPkts: number;
  inEct1Pkts: number;
  inEct0Pkts: number;
  inCePkts: number;
}

/** @param segments packets of the wire that it stands for. */
export function countEcn(counters: EcnCounters, trafficClass: number, segments: number): void {
  switch (trafficClass & 3) {
    case 0:
      counters.inNoEctPkts += segments;
      break;
    case 1:
      counters.inEct1Pkts += segments;
      break;
    case 2:
      counters.inEct0Pkts += segments;
      break;
    default:
      counters.inCePkts += segments;
  }
}
