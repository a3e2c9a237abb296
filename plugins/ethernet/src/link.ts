// Ethernet as a link type: frames in, headers out, group addresses.
import {
  type Counters,
  IFF_ALLMULTI,
  IFF_BROADCAST,
  IFF_MULTICAST,
  IFF_PROMISC,
  type Interface,
  type InterfaceCounters,
  type LinkInput,
  type LinkType,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  type Packet,
  type SysctlValues,
} from '@protoloom/contracts';
import { isMappedWords, isMulticastWords } from '@protoloom/wire';
import { countControlFrame } from './control-frames.js';
import { interfaceCounters as fates } from './counters.js';
import type { sysctls } from './sysctls.js';
import * as wire from './wire.js';

/** Linux's number for an 802.3 frame with an LLC header that nobody has read, under which plugins attach to `ETHERTYPE`. */
export const ETH_P_802_2 = 0x0004;

type Fate = { [K in keyof typeof fates]: (typeof fates)[K] extends { fate: string } ? K : never }[keyof typeof fates];

export class EthernetLink implements LinkType {
  readonly name = 'ether';
  readonly headerBytes = wire.HEADER_BYTES;
  readonly addressBytes = wire.ADDRESS_BYTES;
  readonly flags = IFF_BROADCAST | IFF_MULTICAST;
  readonly broadcast = new Uint8Array(wire.ADDRESS_BYTES).fill(0xff);
  readonly #input: LinkInput;
  readonly #counters: InterfaceCounters<typeof fates>;
  readonly #sysctls: SysctlValues<typeof sysctls>;

  constructor(input: LinkInput, counters: InterfaceCounters<typeof fates>, values: SysctlValues<typeof sysctls>) {
    this.#input = input;
    this.#counters = counters;
    this.#sysctls = values;
  }

  rx(packet: Packet): undefined {
    const { head, view } = packet;
    const counters = this.#counters.of(packet.iface);
    if (packet.tail - head < wire.HEADER_BYTES) return this.#malformed(packet, counters, 'truncated');
    if (wire.isGroup(packet.bytes, head + wire.SOURCE) || wire.isZero(view, head + wire.SOURCE))
      return this.#malformed(packet, counters, 'badSource');
    const type = wire.typeOrLength(view, head);
    if (type < wire.MIN_ETHERTYPE) return this.#lengthFrame(packet, type, counters);
    if (type === wire.ETHERTYPE_IPX) return drop(packet, counters, 'inIpx');
    if (this.#admits(packet, counters)) this.#deliver(packet, type, wire.HEADER_BYTES);
  }

  writeHeader(iface: Interface, etherType: number, address: Uint8Array, addressAt: number, into: Uint8Array, at: number): void {
    wire.writeHeader(etherType, address, addressAt, iface.address, into, at);
  }

  groupAddress(words: Int32Array, at: number, into: Uint8Array): boolean {
    if (!isMulticastWords(words, at)) return false;
    const group = words[at + 3] as number;
    if (isMappedWords(words, at)) {
      // RFC 1112 §6.4: the low 23 bits of the group.
      into[0] = 0x01;
      into[1] = 0x00;
      into[2] = 0x5e;
      into[3] = (group >>> 16) & 0x7f;
    } else {
      // RFC 2464 §7: the last four octets.
      into[0] = 0x33;
      into[1] = 0x33;
      into[2] = group >>> 24;
      into[3] = group >>> 16;
    }
    into[4] = group >>> 8;
    into[5] = group;
    return true;
  }

  /** The field is a length: IEEE 802.3 with LLC. What the length leaves out is padding. */
  #lengthFrame(packet: Packet, length: number, counters: Counters<typeof fates>): undefined {
    const { view } = packet;
    const llc = packet.head + wire.HEADER_BYTES;
    if (length > wire.MAX_LENGTH || length < wire.LLC_BYTES || length > packet.tail - llc)
      return this.#malformed(packet, counters, 'badLength');
    const end = llc + length;
    if (countControlFrame(packet, llc, end, counters) || !this.#admits(packet, counters)) return;
    packet.trim(wire.HEADER_BYTES + length);
    if (this.#sysctls.snap === 1 && isEtherTypeSnap(view, llc, end)) {
      counters.inSnap++;
      return this.#deliver(packet, wire.protocolId(view, llc), wire.HEADER_BYTES + wire.SNAP_BYTES);
    }
    this.#deliver(packet, ETH_P_802_2, wire.HEADER_BYTES);
  }

  /** The destination filter; sets `kind`. */
  #admits(packet: Packet, counters: Counters<typeof fates>): boolean {
    const { head, bytes, iface } = packet;
    if (!wire.isGroup(bytes, head) && wire.isAddress(bytes, head, iface.address)) {
      packet.kind = PACKET_HOST;
      return true;
    }
    return this.#admitsOther(packet, counters);
  }

  /** The same of a frame that is not for our own address. */
  #admitsOther(packet: Packet, counters: Counters<typeof fates>): boolean {
    const { head, bytes, iface } = packet;
    if (!wire.isGroup(bytes, head)) {
      packet.kind = PACKET_OTHERHOST;
      if ((iface.flags & IFF_PROMISC) !== 0) return true;
      drop(packet, counters, 'otherHost');
      return false;
    }
    if (wire.isBroadcast(packet.view, head)) {
      packet.kind = PACKET_BROADCAST;
      return true;
    }
    if (iface.acceptsGroup(bytes, head) || (iface.flags & (IFF_ALLMULTI | IFF_PROMISC)) !== 0) {
      packet.kind = PACKET_MULTICAST;
      return true;
    }
    drop(packet, counters, 'otherGroup');
    return false;
  }

  #malformed(packet: Packet, counters: Counters<typeof fates>, fate: Fate): undefined {
    packet.iface.statistics.rxErrors++;
    drop(packet, counters, fate);
  }

  #deliver(packet: Packet, protocol: number, headerBytes: number): undefined {
    packet.l2 = packet.head;
    packet.protocol = protocol;
    packet.l3 = packet.pull(headerBytes);
    this.#input.deliver(packet);
  }
}

function drop(packet: Packet, counters: Counters<typeof fates>, fate: Fate): undefined {
  counters[fate]++;
  packet.reason = fates[fate].fate;
}

const isEtherTypeSnap = (view: DataView, llc: number, end: number): boolean =>
  end - llc >= wire.SNAP_BYTES &&
  wire.dsap(view, llc) === wire.LSAP_SNAP &&
  wire.ssap(view, llc) === wire.LSAP_SNAP &&
  wire.control(view, llc) === wire.LLC_UI &&
  wire.organisation(view, llc) === wire.OUI_ETHERTYPE &&
  wire.protocolId(view, llc) >= wire.MIN_ETHERTYPE;
