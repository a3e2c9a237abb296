// Link types and what stands right above the link: EtherTypes, taps.
import type { Interface } from './interface.js';
import type { Packet } from './packet.js';
import { allPoint, mapPoint, service, u16Point, type Verdict } from './token.js';

/** Linux's ARPHRD_* numbers: keys of `LINK_TYPE`. */
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;
export const ARPHRD_NONE = 0xfffe;

/** EtherTypes, IEEE 802 numbers. */
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_IPV6 = 0x86dd;

/** How frames of one link type are read and written. */
export interface LinkType {
  readonly name: string;
  /** Bytes of the link header that `writeHeader` writes. */
  readonly headerBytes: number;
  /** Bytes of a link address; 0 where neighbours have none and need no resolution. */
  readonly addressBytes: number;
  /** IFF_* that interfaces of this type have. */
  readonly flags: number;
  /** The link's broadcast address; empty where it has none. */
  readonly broadcast: Uint8Array;
  /**
   * A frame came in: checks the link header, pulls it, sets `kind`, `protocol` and `l3`, and hands on through `LINK_INPUT`; or counts why
   * not.
   */
  rx(packet: Packet): undefined;
  /**
   * Writes the link header for network packets of `etherType` to the station at `address` (`addressBytes` octets at `addressAt`) into
   * `into` at `at`. Neighbours keep the result and push copies of it.
   */
  writeHeader(iface: Interface, etherType: number, address: Uint8Array, addressAt: number, into: Uint8Array, at: number): void;
  /**
   * The link address of a multicast group (four words at `at`, IPv4 mapped) into `into`. False: this link has none for it.
   * RFC 1112 §6.4, RFC 2464 §7 for Ethernet.
   */
  groupAddress(words: Int32Array, at: number, into: Uint8Array): boolean;
}

/** Link types by ARPHRD_*. Owned by the stack. */
export const LINK_TYPE = mapPoint<number, LinkType>('link.type', 1);

/**
 * Where a link hands a packet up, `protocol` and `l3` being set: taps of the network layer see it, then the table of EtherTypes.
 * What decapsulates (VLAN, tunnels) re-enters here.
 */
export interface LinkInput {
  deliver(packet: Packet): undefined;
  /** A frame for `packet.iface`, link header and all, to be read in a later turn: a packet to ourselves. Takes it, or a copy if taken. */
  enqueue(packet: Packet): void;
  /**
   * A network packet that has been sent on `packet.iface` to a group that we are in, or to all: a copy is read in a later turn, as come in
   * there, its `kind` PACKET_LOOPBACK. False: too many wait already.
   */
  loop(packet: Packet): boolean;
}
export const LINK_INPUT = service<LinkInput>('link.input', 1);

/** Network protocols by EtherType. Owned by the stack; frames of other types are counted and dropped. */
export const ETHERTYPE = u16Point<(packet: Packet) => undefined, (packet: Packet) => Verdict>('link.ethertype', 1);

/** Sees every frame as it is on the link, on the way in and out; `packet.kind` is PACKET_OUTGOING on the way out. A borrower. */
export const FRAME_TAP = allPoint<(packet: Packet) => undefined>('link.tap', 1);
