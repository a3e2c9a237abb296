// UDP's part of cutting a super-segment in software (UDP_SEGMENT).
import type { Packet, Segmenter } from '@protoloom/contracts';
import { add, finish } from '@protoloom/wire';
import * as wire from './wire.js';

export const segmenter: Segmenter = {
  headerBytes: () => wire.HEADER_BYTES,
  mend(segment: Packet, whole: Packet): undefined {
    const { view, l4 } = segment;
    const wholeBytes = whole.tail - whole.l4 + whole.fragmentBytes;
    const bytes = segment.tail - l4;
    view.setUint16(l4 + 4, bytes);
    // The field holds the pseudo-header's sum with the whole's length: each piece has its own.
    view.setUint16(l4 + wire.CHECKSUM_OFFSET, add(add(wire.checksum(whole.view, whole.l4), finish(wholeBytes)), bytes));
  },
};
