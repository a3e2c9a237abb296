// TCP header, RFC 9293 §3.1.

export const HEADER_BYTES = 20;
export const MAX_HEADER_BYTES = 60;
export const CHECKSUM_OFFSET = 16;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
/** Accurate ECN, RFC 9768 §3.1; NS of RFC 3540 before. */
export const AE = 0x100;

export const srcPort = (v: DataView, at: number): number => v.getUint16(at);
export const dstPort = (v: DataView, at: number): number => v.getUint16(at + 2);
/** Both in one word. */
export const ports = (v: DataView, at: number): number => v.getInt32(at);
/** int32, as all sequence numbers. */
export const seq = (v: DataView, at: number): number => v.getInt32(at + 4);
export const ack = (v: DataView, at: number): number => v.getInt32(at + 8);
/** Header with its options, bytes. */
export const headerBytes = (v: DataView, at: number): number => (v.getUint8(at + 12) >> 4) * 4;
/** The nine that are defined. */
export const flags = (v: DataView, at: number): number => v.getUint16(at + 12) & 0x1ff;
/** As it stands, not scaled. */
export const window = (v: DataView, at: number): number => v.getUint16(at + 14);
export const checksum = (v: DataView, at: number): number => v.getUint16(at + CHECKSUM_OFFSET);
export const urgent = (v: DataView, at: number): number => v.getUint16(at + 18);

/** The fixed header; the checksum field is zero. */
export function writeHeader(
  v: DataView,
  at: number,
  from: number,
  to: number,
  sequence: number,
  acknowledgement: number,
  header: number,
  bits: number,
  wnd: number,
  urgentPointer: number,
): void {
  v.setUint16(at, from);
  v.setUint16(at + 2, to);
  v.setInt32(at + 4, sequence);
  v.setInt32(at + 8, acknowledgement);
  v.setUint16(at + 12, ((header >> 2) << 12) | bits);
  v.setUint16(at + 14, wnd);
  v.setUint16(at + CHECKSUM_OFFSET, 0);
  v.setUint16(at + 18, urgentPointer);
}
