/** ARP over Ethernet for IPv4: RFC 826. */

export const PACKET_BYTES = 28;
export const ADDRESS_BYTES = 6;
export const PROTOCOL_BYTES = 4;

/** ar$hrd: IANA hardware types. Linux takes the second on Ethernet too. */
export const HARDWARE_ETHERNET = 1;
export const HARDWARE_IEEE802 = 6;
export const REQUEST = 1;
export const REPLY = 2;

/** Offsets of the addresses. */
export const SENDER_HARDWARE = 8;
export const SENDER_PROTOCOL = 14;
export const TARGET_HARDWARE = 18;
export const TARGET_PROTOCOL = 24;

export const hardwareType = (v: DataView, at: number): number => v.getUint16(at);
/** An EtherType. */
export const protocolType = (v: DataView, at: number): number => v.getUint16(at + 2);
/** Octets of a hardware address. */
export const hardwareLength = (v: DataView, at: number): number => v.getUint8(at + 4);
/** Octets of a protocol address. */
export const protocolLength = (v: DataView, at: number): number => v.getUint8(at + 5);
export const operation = (v: DataView, at: number): number => v.getUint16(at + 6);
export const senderProtocol = (v: DataView, at: number): number => v.getInt32(at + SENDER_PROTOCOL);
export const targetProtocol = (v: DataView, at: number): number => v.getInt32(at + TARGET_PROTOCOL);

/** Hardware addresses are zero where the array is undefined. Protocol addresses are int32. */
export function write(
  v: DataView,
  bytes: Uint8Array,
  at: number,
  op: number,
  senderHardware: Uint8Array,
  sender: number,
  targetHardware: Uint8Array | undefined,
  targetHardwareAt: number,
  target: number,
): void {
  v.setUint16(at, HARDWARE_ETHERNET);
  v.setUint16(at + 2, 0x0800);
  v.setUint8(at + 4, ADDRESS_BYTES);
  v.setUint8(at + 5, PROTOCOL_BYTES);
  v.setUint16(at + 6, op);
  for (let i = 0; i < ADDRESS_BYTES; i++) {
    bytes[at + SENDER_HARDWARE + i] = senderHardware[i] as number;
    bytes[at + TARGET_HARDWARE + i] = targetHardware === undefined ? 0 : (targetHardware[targetHardwareAt + i] as number);
  }
  v.setInt32(at + SENDER_PROTOCOL, sender);
  v.setInt32(at + TARGET_PROTOCOL, target);
}
