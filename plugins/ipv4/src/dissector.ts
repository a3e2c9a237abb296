// IPv4 in words.
import type { Dissector } from '@protoloom/contracts';
import { Ip4Address } from '@protoloom/wire';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'IPv4',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const header = wire.headerBytes(view, from);
    if (wire.version(view, from) !== 4 || header < wire.HEADER_BYTES || from + header > to) return undefined;
    const source = Ip4Address.fromWord(wire.source(view, from)).toString();
    const destination = Ip4Address.fromWord(wire.destination(view, from)).toString();
    const flags = wire.fragment(view, from);
    const offset = wire.offsetBytes(view, from);
    const more = (flags & wire.MF) !== 0;
    const fields = {
      source,
      destination,
      ttl: wire.ttl(view, from),
      protocol: wire.protocol(view, from),
      tos: wire.trafficClass(view, from),
      identification: wire.identification(view, from),
      totalLength: wire.totalBytes(view, from),
      df: (flags & wire.DF) !== 0,
      mf: more,
      fragmentOffset: offset,
    };
    const part = offset > 0 || more ? ` fragment ${offset}${more ? '+' : ''}` : '';
    const text = `${source} > ${destination} ttl ${fields.ttl}${fields.df ? ' DF' : ''}${part}`;
    if (offset > 0) return { text, fields };
    const end = Math.min(to, from + fields.totalLength);
    return { text, fields, next: { layer: 'ip', number: fields.protocol, from: from + header, to: end } };
  },
};
