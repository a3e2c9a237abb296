/** Ethernet frames: RFC 894 (Ethernet II), IEEE 802.3 length frames with an LLC header (IEEE 802.2) and SNAP (RFC 1042). */

/** Destination, source, and EtherType or length. */
export const HEADER_BYTES = 14;
export const ADDRESS_BYTES = 6;
/** DSAP, SSAP and the control field of a U-frame. */
export const LLC_BYTES = 3;
/** LLC, organisation code and protocol identifier. */
export const SNAP_BYTES = 8;
/** From here on the field is an EtherType. */
export const MIN_ETHERTYPE = 0x0600;
/** Up to here it is a length; what lies between is neither. */
export const MAX_LENGTH = 1500;

export const DESTINATION = 0;
export const SOURCE = 6;

/** EtherType, or length of an 802.3 frame's payload, bytes. */
export const typeOrLength = (v: DataView, at: number): number => v.getUint16(at + 12);

export const dsap = (v: DataView, llc: number): number => v.getUint8(llc);
export const ssap = (v: DataView, llc: number): number => v.getUint8(llc + 1);
export const control = (v: DataView, llc: number): number => v.getUint8(llc + 2);
/** Unnumbered information: the only control field that datagrams have. */
export const LLC_UI = 0x03;
/** Service access points. */
export const LSAP_STP = 0x42;
export const LSAP_SNAP = 0xaa;
export const LSAP_IPX = 0xe0;
/** Both service access points of an IPX frame without LLC: the checksum that IPX leaves out. */
export const LSAP_RAW_IPX = 0xff;

/** SNAP organisation code, 24 bits. */
export const organisation = (v: DataView, llc: number): number => v.getUint32(llc + 2) & 0xffffff;
/** SNAP protocol identifier: an EtherType under organisation 0. */
export const protocolId = (v: DataView, llc: number): number => v.getUint16(llc + 6);
export const OUI_ETHERTYPE = 0x000000;
export const OUI_CISCO = 0x00000c;
export const PID_PVST = 0x010b;
export const PID_UDLD = 0x0111;
export const PID_CDP = 0x2000;
export const PID_VTP = 0x2003;
export const PID_DTP = 0x2004;
export const ETHERTYPE_IPX = 0x8137;

export const isGroup = (bytes: Uint8Array, at: number): boolean => ((bytes[at] as number) & 1) === 1;

export const isBroadcast = (v: DataView, at: number): boolean => v.getInt32(at) === -1 && v.getUint16(at + 4) === 0xffff;

export const isZero = (v: DataView, at: number): boolean => v.getInt32(at) === 0 && v.getUint16(at + 4) === 0;

export const isAddress = (bytes: Uint8Array, at: number, address: Uint8Array): boolean =>
  bytes[at + 5] === address[5] &&
  bytes[at + 4] === address[4] &&
  bytes[at + 3] === address[3] &&
  bytes[at + 2] === address[2] &&
  bytes[at + 1] === address[1] &&
  bytes[at] === address[0];

export function writeHeader(
  etherType: number,
  destination: Uint8Array,
  destinationAt: number,
  source: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < ADDRESS_BYTES; i++) {
    into[at + i] = destination[destinationAt + i] as number;
    into[at + SOURCE + i] = source[i] as number;
  }
  into[at + 12] = etherType >>> 8;
  into[at + 13] = etherType;
}
