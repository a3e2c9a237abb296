// TCP in words.
import type { Dissector } from '@protoloom/contracts';
import { parseOptions } from './options.js';
import { Segment } from './segment-in.js';
import * as wire from './wire.js';

const FLAGS = [
  [wire.AE, 'e'],
  [wire.CWR, 'C'],
  [wire.ECE, 'E'],
  [wire.URG, 'U'],
  [wire.ACK, 'A'],
  [wire.PSH, 'P'],
  [wire.RST, 'R'],
  [wire.SYN, 'S'],
  [wire.FIN, 'F'],
] as const;

export const dissector: Dissector = {
  name: 'TCP',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const header = wire.headerBytes(view, from);
    if (header < wire.HEADER_BYTES || from + header > to) return undefined;
    const bits = wire.flags(view, from);
    const flags = FLAGS.filter(([bit]) => (bits & bit) !== 0)
      .map(([, name]) => name)
      .join('');
    const seg = new Segment();
    seg.syn = (bits & wire.SYN) !== 0;
    parseOptions(view, from + wire.HEADER_BYTES, from + header, seg);
    const fields = {
      sourcePort: wire.srcPort(view, from),
      destinationPort: wire.dstPort(view, from),
      seq: wire.seq(view, from) >>> 0,
      ack: wire.ack(view, from) >>> 0,
      flags,
      window: wire.window(view, from),
      checksum: wire.checksum(view, from),
      length: to - from - header,
      ...(seg.mss > 0 ? { mss: seg.mss } : {}),
      ...(seg.wndScale >= 0 ? { windowScale: seg.wndScale } : {}),
      ...(seg.hasTimestamp ? { tsVal: seg.tsVal >>> 0, tsEcr: seg.tsEcr >>> 0 } : {}),
      ...(seg.sackCount > 0 ? { sackBlocks: seg.sackCount } : {}),
    };
    const ack = (bits & wire.ACK) !== 0 ? ` ack ${fields.ack}` : '';
    return {
      text: `${fields.sourcePort} > ${fields.destinationPort} [${flags}] seq ${fields.seq}${ack} win ${fields.window} len ${fields.length}`,
      fields,
    };
  },
};
