// Dissectors: how a frame is told in words, for captures, tests and the command line. Never on the packet path.
import { mapPoint } from './token.js';

export interface DissectorKey {
  /** `link` is keyed by ARPHRD_*, `ethertype` by EtherType, `ip` by IP protocol number. */
  readonly layer: 'link' | 'ethertype' | 'ip';
  readonly number: number;
}
/** What one layer says of itself, and who goes on. */
export interface Dissection {
  /** One line without the layer's name: `10.0.0.1 > 10.0.0.2 ttl 64`. */
  readonly text: string;
  /** Fields by the RFC's names. */
  readonly fields: Readonly<Record<string, number | string | boolean>>;
  /** Index where the next layer starts and ends, and who reads it; undefined where nothing follows or nobody knows. */
  readonly next?: DissectorKey & { readonly from: number; readonly to: number };
}
export interface Dissector {
  /** The layer's name: `ARP`. */
  readonly name: string;
  /** Undefined where the octets from `from` to `to` are not of this protocol. */
  dissect(bytes: Uint8Array, from: number, to: number): Dissection | undefined;
}
/** Dissectors by layer and number. Owned by the stack. */
export const DISSECTOR = mapPoint<DissectorKey, Dissector>('core.dissector', 1, { keyOf: ({ layer, number }) => `${layer}/${number}` });
