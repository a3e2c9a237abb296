// MLD messages, which are ICMPv6's: RFC 2710 §3, RFC 3810 §5; the hop-by-hop options in front of them, RFC 2711.

export const MLD_QUERY = 130;
export const MLD_REPORT = 131;
export const MLD_DONE = 132;
export const MLD2_REPORT = 143;

/** Of a message of version 1, and of a query of version 2 in front of its sources. */
export const V1_BYTES = 24;
export const V2_QUERY_BYTES = 28;
export const REPORT_BYTES = 8;
/** Of a record in a report, in front of its sources. */
export const RECORD_BYTES = 20;
export const ADDRESS_BYTES = 16;

/** Next header ICMPv6, no further octets of eight; router alert for MLD; padding. */
export const HOP_BY_HOP: Uint8Array = Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0);

/** ms; of version 2 a code, see `fromCode16`. */
export const maxResponse = (v: DataView, at: number): number => v.getUint16(at + 4);
/** Of a message of version 1, and of a query. */
export const GROUP = 8;
export const robustness = (v: DataView, at: number): number => v.getUint8(at + 24) & 7;
/** Querier's query interval code, s. */
export const interval = (v: DataView, at: number): number => v.getUint8(at + 25);
export const sourceCount = (v: DataView, at: number): number => v.getUint16(at + 26);

/** Values from 32,768 on have a mantissa of 12 bits and an exponent of 3: RFC 3810 §5.1.3. */
export const fromCode16 = (code: number): number => (code < 0x8000 ? code : ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3));
/** Values from 128 on have a mantissa of 4 bits and an exponent of 3: RFC 3810 §5.1.9. */
export const fromCode8 = (code: number): number => (code < 128 ? code : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3));
