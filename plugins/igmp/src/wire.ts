// IGMP messages: RFC 1112 appendix I, RFC 2236 §2, RFC 3376 §4.

export const MEMBERSHIP_QUERY = 0x11;
export const V1_MEMBERSHIP_REPORT = 0x12;
export const V2_MEMBERSHIP_REPORT = 0x16;
export const LEAVE_GROUP = 0x17;
export const V3_MEMBERSHIP_REPORT = 0x22;

export const HEADER_BYTES = 8;
/** Of a query of version 3, in front of its sources. */
export const V3_QUERY_BYTES = 12;
/** Of a record in a report of version 3, in front of its sources. */
export const RECORD_BYTES = 8;
export const ADDRESS_BYTES = 4;

export const type = (v: DataView, at: number): number => v.getUint8(at);
/** In tenths of a second; 0 in a query of version 1. From version 3 on a code, see `fromCode`. */
export const maxResponse = (v: DataView, at: number): number => v.getUint8(at + 1);
export const group = (v: DataView, at: number): number => v.getInt32(at + 4);
/** Querier's robustness, 0: more than fits, so none is said. */
export const robustness = (v: DataView, at: number): number => v.getUint8(at + 8) & 7;
/** Querier's query interval code, s. */
export const interval = (v: DataView, at: number): number => v.getUint8(at + 9);
export const sourceCount = (v: DataView, at: number): number => v.getUint16(at + 10);

/** Values from 128 on have a mantissa of 4 bits and an exponent of 3: RFC 3376 §4.1.1 and §4.1.7. */
export const fromCode = (code: number): number => (code < 128 ? code : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3));
