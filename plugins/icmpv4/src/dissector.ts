// ICMP in words.
import type { Dissector } from '@protoloom/contracts';
import * as wire from './wire.js';

const NAMES: Readonly<Record<number, string>> = {
  0: 'echo reply',
  3: 'destination unreachable',
  4: 'source quench',
  5: 'redirect',
  8: 'echo request',
  11: 'time exceeded',
  12: 'parameter problem',
  13: 'timestamp request',
  14: 'timestamp reply',
};

export const dissector: Dissector = {
  name: 'ICMP',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const type = wire.type(view, from);
    const code = wire.code(view, from);
    const name = NAMES[type] ?? `type ${type}`;
    const echo = type === 0 || type === 8;
    const fields = {
      type,
      code,
      checksum: wire.checksum(view, from),
      ...(echo ? { identifier: wire.identifier(view, from), sequence: wire.sequence(view, from) } : {}),
    };
    if (echo)
      return {
        text: `${name} id ${wire.identifier(view, from)} seq ${wire.sequence(view, from)}, ${to - from - wire.HEADER_BYTES} octets`,
        fields,
      };
    const quotes = type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
    const text = `${name} code ${code}`;
    return quotes ? { text, fields, next: { layer: 'ethertype', number: 0x0800, from: from + wire.HEADER_BYTES, to } } : { text, fields };
  },
};
