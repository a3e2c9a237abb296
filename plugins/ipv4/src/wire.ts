// IPv4 header, RFC 791 §3.1.
import { finish, sumWords } from '@protoloom/wire';

export const HEADER_BYTES = 20;
export const MAX_HEADER_BYTES = 60;
/** Flags, in the upper bits of `fragment`. */
export const DF = 0x4000;
export const MF = 0x2000;
export const OFFSET_MASK = 0x1fff;

export const version = (v: DataView, at: number): number => v.getUint8(at) >> 4;
/** Bytes. */
export const headerBytes = (v: DataView, at: number): number => (v.getUint8(at) & 0xf) * 4;
/** TOS: DSCP and ECN, RFC 2474 and RFC 3168. */
export const trafficClass = (v: DataView, at: number): number => v.getUint8(at + 1);
/** Header and payload, bytes. */
export const totalBytes = (v: DataView, at: number): number => v.getUint16(at + 2);
export const identification = (v: DataView, at: number): number => v.getUint16(at + 4);
/** Flags and offset as they stand. */
export const fragment = (v: DataView, at: number): number => v.getUint16(at + 6);
/** Of a fragment's payload in its datagram, bytes. */
export const offsetBytes = (v: DataView, at: number): number => (v.getUint16(at + 6) & OFFSET_MASK) * 8;
export const ttl = (v: DataView, at: number): number => v.getUint8(at + 8);
export const protocol = (v: DataView, at: number): number => v.getUint8(at + 9);
export const checksum = (v: DataView, at: number): number => v.getUint16(at + 10);
export const source = (v: DataView, at: number): number => v.getInt32(at + 12);
export const destination = (v: DataView, at: number): number => v.getInt32(at + 16);

/** Whether the checksum over the header holds. */
export const checksumHolds = (v: DataView, at: number, header: number): boolean => sumWords(v, at, at + header) === 0xffff;

/** Everything but options and checksum. */
export function writeHeader(
  v: DataView,
  at: number,
  header: number,
  tos: number,
  total: number,
  id: number,
  flags: number,
  hops: number,
  proto: number,
  from: number,
  to: number,
): void {
  v.setInt32(at, ((0x40 | (header >> 2)) << 24) | (tos << 16) | total);
  v.setInt32(at + 4, (id << 16) | flags);
  v.setInt32(at + 8, (hops << 24) | (proto << 16));
  v.setInt32(at + 12, from);
  v.setInt32(at + 16, to);
}

/** Completes the checksum: the field counts as zero. */
export function writeChecksum(v: DataView, at: number, header: number): void {
  v.setUint16(at + 10, 0);
  v.setUint16(at + 10, finish(sumWords(v, at, at + header)));
}
