// IPv6's part of cutting a super-segment in software.
import type { Segmenter } from '@protoloom/contracts';
import * as wire from './wire.js';

export const segmenter: Segmenter = {
  headerBytes: (whole) => whole.l4 - whole.l3,
  mend({ view, l3, tail }): undefined {
    view.setUint16(l3 + 4, tail - l3 - wire.HEADER_BYTES);
  },
};
