// IPv6 in words.
import type { Dissector } from '@protoloom/contracts';
import { Ip6Address } from '@protoloom/wire';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'IPv6',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (wire.version(view, from) !== 6) return undefined;
    const fields = {
      source: Ip6Address.fromBytes(bytes, from + 8).toString(),
      destination: Ip6Address.fromBytes(bytes, from + 24).toString(),
      hopLimit: wire.hopLimit(view, from),
      nextHeader: wire.nextHeader(view, from),
      trafficClass: wire.trafficClass(view, from),
      flowLabel: wire.flowLabel(view, from),
      payloadLength: wire.payloadBytes(view, from),
    };
    const start = from + wire.HEADER_BYTES;
    return {
      text: `${fields.source} > ${fields.destination} hlim ${fields.hopLimit}`,
      fields,
      next: { layer: 'ip', number: fields.nextHeader, from: start, to: Math.min(to, start + fields.payloadLength) },
    };
  },
};
