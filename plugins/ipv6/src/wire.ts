// IPv6 header, RFC 8200 §3.
export const HEADER_BYTES = 40;

export const version = (v: DataView, at: number): number => v.getUint8(at) >> 4;
/** DSCP and ECN, RFC 2474 and RFC 3168. */
export const trafficClass = (v: DataView, at: number): number => (v.getUint16(at) >> 4) & 0xff;
export const flowLabel = (v: DataView, at: number): number => v.getUint32(at) & 0xfffff;
/** What follows the header, bytes. */
export const payloadBytes = (v: DataView, at: number): number => v.getUint16(at + 4);
export const nextHeader = (v: DataView, at: number): number => v.getUint8(at + 6);
export const hopLimit = (v: DataView, at: number): number => v.getUint8(at + 7);

/** Everything but the addresses. */
export function writeHeader(v: DataView, at: number, tclass: number, label: number, payload: number, next: number, hops: number): void {
  v.setUint32(at, (0x60000000 | (tclass << 20) | label) >>> 0);
  v.setUint16(at + 4, payload);
  v.setUint16(at + 6, (next << 8) | hops);
}
