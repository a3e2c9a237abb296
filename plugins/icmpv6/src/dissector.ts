// ICMPv6 in words.
import type { Dissector } from '@protoloom/contracts';
import * as wire from './wire.js';

const ETH_P_IPV6 = 0x86dd;
const NAMES: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  130: 'listener query',
  131: 'listener report',
  132: 'listener done',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbor solicitation',
  136: 'neighbor advertisement',
  137: 'redirect',
  143: 'listener report v2',
};

export const dissector: Dissector = {
  name: 'ICMPv6',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const type = wire.type(view, from);
    const code = wire.code(view, from);
    const name = NAMES[type] ?? `type ${type}`;
    const fields = { type, code, checksum: wire.checksum(view, from) };
    if (to - from < wire.MESSAGE_BYTES) return { text: `${name} code ${code}`, fields };
    const after = from + wire.MESSAGE_BYTES;
    switch (type) {
      case 2:
        return {
          text: `${name}, mtu ${wire.mtu(view, from)}`,
          fields: { ...fields, mtu: wire.mtu(view, from) },
          next: { layer: 'ethertype', number: ETH_P_IPV6, from: after, to },
        };
      case 128:
      case 129: {
        const echo = { identifier: wire.identifier(view, from), sequence: wire.sequence(view, from) };
        return { text: `${name} id ${echo.identifier} seq ${echo.sequence}, ${to - after} octets`, fields: { ...fields, ...echo } };
      }
      default:
        if (!wire.isError(type)) return { text: `${name} code ${code}`, fields };
        return { text: `${name} code ${code}`, fields, next: { layer: 'ethertype', number: ETH_P_IPV6, from: after, to } };
    }
  },
};
