// TCP's part of cutting a super-segment in software: RFC 9293 §3.1.
import type { Packet, Segmenter } from '@protoloom/contracts';
import { add, finish } from '@protoloom/wire';
import * as wire from './wire.js';

/** Bits that only the last piece has. */
const LAST_ONLY = wire.FIN | wire.PSH;

/** @param firstOnly bits that only the first piece has. */
const cutting = (firstOnly: number): Segmenter => ({
  headerBytes: (whole) => wire.headerBytes(whole.view, whole.l4),
  mend(segment: Packet, whole: Packet, index: number, offset: number, last: boolean): undefined {
    const { view, l4 } = segment;
    view.setInt32(l4 + 4, (wire.seq(whole.view, whole.l4) + offset) | 0);
    let bits = wire.flags(whole.view, whole.l4);
    if (!last) bits &= ~LAST_ONLY;
    if (index > 0) bits &= ~firstOnly;
    view.setUint8(l4 + 13, bits & 0xff);
    // The field holds the pseudo-header's sum with the whole's length: each piece has its own.
    const wholeLength = whole.tail - whole.l4 + whole.fragmentBytes;
    const pieceLength = segment.tail - l4;
    view.setUint16(l4 + wire.CHECKSUM_OFFSET, add(add(wire.checksum(whole.view, whole.l4), finish(wholeLength)), pieceLength));
  },
});

/** RFC 3168 §6.1.2: CWR is told once. */
export const segmenter = cutting(wire.CWR);
/** RFC 9768 §3.2.2: it is part of a counter. */
export const accurateSegmenter = cutting(0);
