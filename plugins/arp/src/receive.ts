// ARP packets in: the algorithm of RFC 826 with Linux's refinements.
import { ETH_P_IP, IFF_NOARP, type Interface, PACKET_HOST, PACKET_OTHERHOST, type Packet } from '@protoloom/contracts';
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { type Neighbour, NUD_REACHABLE, NUD_STALE, UPDATE_OVERRIDE } from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { copyWords, ip4IsLoopback, ip4IsMulticast, readIp4 } from '@protoloom/wire';
import { addressType, confirms, shareSubnet } from './addresses.js';
import type { ArpContext } from './context.js';
import { counters as fates } from './counters.js';
import { sendArp } from './send.js';
import * as wire from './wire.js';

/** Linux's locktime is in hundredths of a second. */
const LOCKTIME_UNIT_US = 10_000;
/** Who may ask is no question of the reverse path: rp_filter guards IPv4 packets. */
const NO_PATH_FILTER = 0;
const SENDER = 0;
const TARGET = 4;

export class ArpReceiver {
  readonly #arp: ArpContext;
  readonly #clock: { readonly nowUs: number };
  /** Addresses of the packet in hand: sender at SENDER, target at TARGET. */
  readonly #words = new Int32Array(8);

  constructor(arp: ArpContext, clock: { readonly nowUs: number }) {
    this.#arp = arp;
    this.#clock = clock;
  }

  receive(packet: Packet): undefined {
    const { counters } = this.#arp;
    if (!this.#isWellFormed(packet)) return;
    const { view, head, iface } = packet;
    const request = wire.operation(view, head) === wire.REQUEST;
    if (request) counters.inRequests++;
    else counters.inReplies++;
    const words = this.#words;
    readIp4(view, head + wire.SENDER_PROTOCOL, words, SENDER);
    readIp4(view, head + wire.TARGET_PROTOCOL, words, TARGET);
    const sender = words[SENDER + 3] as number;
    const target = words[TARGET + 3] as number;
    if (ip4IsMulticast(target) || ip4IsLoopback(target)) {
      counters.badTarget++;
      packet.reason = fates.badTarget.fate;
      return;
    }
    if (sender === target && this.#arp.interfaceSysctls.of(iface).dropGratuitousArp === 1) {
      counters.gratuitousDropped++;
      packet.reason = fates.gratuitousDropped.fate;
      return;
    }
    const { routes } = this.#arp.use;
    const wanted = request && routes.inputType(AF_INET, words, TARGET) === RTN_LOCAL;
    // A probe (RFC 5227 §2.1.1) has no sender to learn of.
    if (sender === 0) return wanted ? this.#answerProbe(packet, target) : this.#notForUs(packet);
    const unicast = this.#isUnicast(sender);
    if (wanted && unicast && routes.inputSource(iface, AF_INET, words, SENDER, NO_PATH_FILTER) === 0) {
      return this.#answer(packet, sender, target);
    }
    this.#learn(packet, request, unicast, sender, target);
  }

  /** The length gate and what RFC 826 asks of the first fields; counts what it refuses. */
  #isWellFormed(packet: Packet): boolean {
    const { counters } = this.#arp;
    const { head, view, iface } = packet;
    if (packet.tail - head < wire.PACKET_BYTES) {
      counters.truncated++;
      packet.reason = fates.truncated.fate;
    } else if (packet.kind === PACKET_OTHERHOST) {
      counters.otherHost++;
      packet.reason = fates.otherHost.fate;
    } else if ((iface.flags & IFF_NOARP) !== 0) {
      counters.noArp++;
      packet.reason = fates.noArp.fate;
    } else if (iface.link.addressBytes !== wire.ADDRESS_BYTES || !isHardwareType(wire.hardwareType(view, head))) {
      counters.hardwareType++;
      packet.reason = fates.hardwareType.fate;
    } else if (wire.protocolType(view, head) !== ETH_P_IP) {
      counters.protocolType++;
      packet.reason = fates.protocolType.fate;
    } else if (wire.hardwareLength(view, head) !== wire.ADDRESS_BYTES || wire.protocolLength(view, head) !== wire.PROTOCOL_BYTES) {
      counters.addressLength++;
      packet.reason = fates.addressLength.fate;
    } else if (!isOperation(wire.operation(view, head))) {
      counters.operation++;
      packet.reason = fates.operation.fate;
    } else if (isGroupOrZero(packet.bytes, head + wire.SENDER_HARDWARE)) {
      counters.badSender++;
      packet.reason = fates.badSender.fate;
    } else if (isAddress(packet.bytes, head + wire.SENDER_HARDWARE, iface.address)) {
      counters.looped++;
      packet.reason = fates.looped.fate;
    } else return true;
    return false;
  }

  /** Somebody wants to know whether the address is free: it is not. */
  #answerProbe(packet: Packet, target: number): undefined {
    if (this.#isIgnored(packet.iface, 0, target)) return this.#ignored(packet);
    this.#reply(packet, 0, target);
  }

  /** A request for an address of ours: the sender is worth knowing (RFC 826), then it has its answer. */
  #answer(packet: Packet, sender: number, target: number): undefined {
    const { iface } = packet;
    const { counters, use, interfaceSysctls } = this.#arp;
    if (this.#isIgnored(iface, sender, target)) return this.#ignored(packet);
    if (interfaceSysctls.of(iface).arpFilter === 1 && !this.#leavesBy(iface)) {
      counters.filtered++;
      packet.reason = fates.filtered.fate;
      return;
    }
    const neighbour = use.neighbours.lookup(iface, AF_INET, this.#words, SENDER);
    if (neighbour.dead) return this.#tableFull(packet);
    use.neighbours.update(neighbour, packet.bytes, packet.head + wire.SENDER_HARDWARE, NUD_STALE, UPDATE_OVERRIDE);
    this.#reply(packet, sender, target);
  }

  #reply(packet: Packet, sender: number, target: number): void {
    const { bytes, head, iface } = packet;
    const hardwareAt = head + wire.SENDER_HARDWARE;
    sendArp(this.#arp, iface, wire.REPLY, target, bytes, hardwareAt, sender, bytes, hardwareAt);
    this.#arp.counters.answered++;
  }

  /** Nothing is asked of us: what is known of the sender may change. */
  #learn(packet: Packet, request: boolean, unicast: boolean, sender: number, target: number): undefined {
    const { iface, bytes, head } = packet;
    const { neighbours } = this.#arp.use;
    const words = this.#words;
    const accepts = this.#accepts(iface, sender);
    let neighbour: Neighbour | undefined = neighbours.find(iface, AF_INET, words, SENDER);
    if (neighbour === undefined && !accepts) return this.#notForUs(packet);
    const gratuitous = unicast && sender === target && (request || sameHardware(bytes, head));
    if (neighbour === undefined) {
      if (!gratuitous && (request || !unicast)) return this.#notForUs(packet);
      neighbour = neighbours.lookup(iface, AF_INET, words, SENDER);
      if (neighbour.dead) return this.#tableFull(packet);
    }
    // Of several answers that come together the first is taken; one that is broadcast confirms nothing.
    const lockedUs = this.#arp.interfaceSysctls.of(iface).locktime * LOCKTIME_UNIT_US;
    const override = gratuitous || this.#clock.nowUs > neighbour.updatedUs + lockedUs;
    const state = !request && packet.kind === PACKET_HOST ? NUD_REACHABLE : NUD_STALE;
    neighbours.update(neighbour, bytes, head + wire.SENDER_HARDWARE, state, override ? UPDATE_OVERRIDE : 0);
    this.#arp.counters.learned++;
  }

  /** arp_ignore: true leaves a request for an address of ours unanswered. */
  #isIgnored(iface: Interface, sender: number, target: number): boolean {
    const { addresses, interfaces } = this.#arp.use;
    switch (this.#arp.interfaceSysctls.of(iface).arpIgnore) {
      case 1:
        return !confirms(addresses, iface, 0, target, RT_SCOPE_HOST);
      case 2:
        return !confirms(addresses, iface, sender, target, RT_SCOPE_HOST);
      case 3:
        for (const other of interfaces.list) if (confirms(addresses, other, 0, target, RT_SCOPE_LINK)) return false;
        return true;
      case 8:
        return true;
      default: // 0, and 4 to 7, which are reserved
        return false;
    }
  }

  /** arp_filter: whether packets to the sender would leave by the interface that asked. */
  #leavesBy(iface: Interface): boolean {
    const { routes } = this.#arp.use;
    const query = routes.query();
    query.family = AF_INET;
    copyWords(this.#words, TARGET, query.addresses, SENDER);
    copyWords(this.#words, SENDER, query.addresses, TARGET);
    const route = routes.resolve(query);
    return typeof route !== 'number' && route.iface === iface;
  }

  /** arp_accept. */
  #accepts(iface: Interface, sender: number): boolean {
    const { arpAccept } = this.#arp.interfaceSysctls.of(iface);
    return arpAccept === 1 || (arpAccept === 2 && shareSubnet(this.#arp.use.addresses, iface, sender, sender));
  }

  /** Whether the sender's address is one that a neighbour may have. */
  #isUnicast(sender: number): boolean {
    if (ip4IsLoopback(sender)) return false;
    const type = addressType(this.#arp.use.routes, this.#words, SENDER);
    return type !== RTN_LOCAL && type !== RTN_BROADCAST && type !== RTN_MULTICAST;
  }

  #ignored(packet: Packet): undefined {
    this.#arp.counters.ignored++;
    packet.reason = fates.ignored.fate;
  }

  #notForUs(packet: Packet): undefined {
    this.#arp.counters.notForUs++;
    packet.reason = fates.notForUs.fate;
  }

  #tableFull(packet: Packet): undefined {
    this.#arp.counters.tableFull++;
    packet.reason = fates.tableFull.fate;
  }
}

const isHardwareType = (type: number): boolean => type === wire.HARDWARE_ETHERNET || type === wire.HARDWARE_IEEE802;
const isOperation = (operation: number): boolean => operation === wire.REQUEST || operation === wire.REPLY;

function isGroupOrZero(bytes: Uint8Array, at: number): boolean {
  if (((bytes[at] as number) & 1) === 1) return true;
  for (let i = 0; i < wire.ADDRESS_BYTES; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function isAddress(bytes: Uint8Array, at: number, address: Uint8Array): boolean {
  for (let i = 0; i < wire.ADDRESS_BYTES; i++) if (bytes[at + i] !== address[i]) return false;
  return true;
}

/** A gratuitous reply has its sender's hardware address as the target's too. */
function sameHardware(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < wire.ADDRESS_BYTES; i++)
    if (bytes[at + wire.SENDER_HARDWARE + i] !== bytes[at + wire.TARGET_HARDWARE + i]) return false;
  return true;
}
