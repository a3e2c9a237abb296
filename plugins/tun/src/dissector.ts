// Which IP a bare packet is, in words.
import type { Dissection, Dissector } from '@protoloom/contracts';
import { etherTypeOf } from './link.js';

export const dissector: Dissector = {
  name: 'TUN',
  dissect(bytes: Uint8Array, from: number, to: number): Dissection | undefined {
    if (to <= from) return undefined;
    const version = (bytes[from] as number) >>> 4;
    const number = etherTypeOf(version);
    if (number === 0) return undefined;
    return { text: `version ${version}`, fields: { version }, next: { layer: 'ethertype', number, from, to } };
  },
};
