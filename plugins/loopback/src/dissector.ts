// Loopback frames in words.
import type { Dissection, Dissector } from '@protoloom/contracts';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'Loopback',
  dissect(bytes: Uint8Array, from: number, to: number): Dissection | undefined {
    if (to - from < wire.HEADER_BYTES) return undefined;
    const type = wire.etherType(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), from);
    return {
      text: `type 0x${type.toString(16).padStart(4, '0')}`,
      fields: { type },
      next: { layer: 'ethertype', number: type, from: from + wire.HEADER_BYTES, to },
    };
  },
};
