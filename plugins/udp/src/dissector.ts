// UDP in words.
import type { Dissector } from '@protoloom/contracts';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'UDP',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const fields = {
      sourcePort: wire.srcPort(view, from),
      destinationPort: wire.dstPort(view, from),
      length: wire.length(view, from),
      checksum: wire.checksum(view, from),
    };
    return { text: `${fields.sourcePort} > ${fields.destinationPort} length ${fields.length}`, fields };
  },
};
