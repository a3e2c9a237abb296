// IPv4's part of cutting a super-segment in software.
import type { Packet, Segmenter } from '@protoloom/contracts';
import * as wire from './wire.js';

export const segmenter: Segmenter = {
  headerBytes: (whole) => whole.l4 - whole.l3,
  mend(segment: Packet, whole: Packet, index: number): undefined {
    const { view, l3, l4 } = segment;
    view.setUint16(l3 + 2, segment.tail - l3);
    view.setUint16(l3 + 4, wire.identification(whole.view, whole.l3) + index);
    wire.writeChecksum(view, l3, l4 - l3);
  },
};
