// IGMP in words.
import type { Dissector } from '@protoloom/contracts';
import { Ip4Address } from '@protoloom/wire';
import * as wire from './wire.js';

const NAMES = new Map<number, string>([
  [wire.MEMBERSHIP_QUERY, 'query'],
  [wire.V1_MEMBERSHIP_REPORT, 'report v1'],
  [wire.V2_MEMBERSHIP_REPORT, 'report v2'],
  [wire.LEAVE_GROUP, 'leave'],
  [wire.V3_MEMBERSHIP_REPORT, 'report v3'],
]);

export const dissector: Dissector = {
  name: 'IGMP',
  dissect(bytes, from, to) {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const type = wire.type(view, from);
    const name = NAMES.get(type) ?? `type ${type}`;
    if (type === wire.V3_MEMBERSHIP_REPORT) {
      const records = view.getUint16(from + 6);
      return { text: `${name}, ${records} record${records === 1 ? '' : 's'}`, fields: { type, records } };
    }
    const group = Ip4Address.fromBytes(bytes, from + 4).toString();
    return { text: `${name} ${group}`, fields: { type, group } };
  },
};
