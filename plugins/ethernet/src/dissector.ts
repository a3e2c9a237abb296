// Ethernet frames in words.
import type { Dissection, Dissector } from '@protoloom/contracts';
import { MacAddress } from '@protoloom/wire';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'Ethernet',
  dissect(bytes: Uint8Array, from: number, to: number): Dissection | undefined {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const destination = MacAddress.fromBytes(bytes, from + wire.DESTINATION).toString();
    const source = MacAddress.fromBytes(bytes, from + wire.SOURCE).toString();
    const type = wire.typeOrLength(view, from);
    const after = from + wire.HEADER_BYTES;
    if (type >= wire.MIN_ETHERTYPE) {
      return {
        text: `${source} > ${destination} type 0x${type.toString(16).padStart(4, '0')}`,
        fields: { destination, source, type },
        next: { layer: 'ethertype', number: type, from: after, to },
      };
    }
    const text = `${source} > ${destination} 802.3 length ${type}`;
    const end = Math.min(to, after + type);
    if (end - after < wire.LLC_BYTES) return { text, fields: { destination, source, length: type } };
    const llc = { dsap: wire.dsap(view, after), ssap: wire.ssap(view, after), control: wire.control(view, after) };
    if (llc.dsap !== wire.LSAP_SNAP || llc.ssap !== wire.LSAP_SNAP || end - after < wire.SNAP_BYTES) {
      return { text: `${text} LLC 0x${llc.dsap.toString(16)}`, fields: { destination, source, length: type, ...llc } };
    }
    const organisation = wire.organisation(view, after);
    const protocolId = wire.protocolId(view, after);
    const dissection = {
      text: `${text} SNAP ${organisation.toString(16).padStart(6, '0')} 0x${protocolId.toString(16).padStart(4, '0')}`,
      fields: { destination, source, length: type, ...llc, organisation, protocolId },
    };
    if (organisation !== wire.OUI_ETHERTYPE) return dissection;
    return { ...dissection, next: { layer: 'ethertype', number: protocolId, from: after + wire.SNAP_BYTES, to: end } };
  },
};
