// Sending: answers, errors, and messages of other plugins: RFC 4443 §2.2 to §2.4.
import {
  type Clock,
  type Counters,
  CSUM_VERIFIED,
  DESTINATION,
  IFF_LOOPBACK,
  type Interface,
  PACKET_HOST,
  PACKET_OUTGOING,
  type Packet,
  type Packets,
  SOURCE,
} from '@protoloom/contracts';
import * as icmp from '@protoloom/contracts/icmp';
import {
  type LocalAddresses,
  PROBLEM_PARAMETER,
  PROBLEM_TOO_BIG,
  PROBLEM_UNKNOWN_HEADER,
  PROBLEM_UNKNOWN_OPTION,
  type Route,
  type Routes,
  RTN_LOCAL,
} from '@protoloom/contracts/ip';
import { AF_INET6, IPPROTO_ICMPV6 } from '@protoloom/contracts/socket';
import {
  add,
  copyWords,
  finish,
  IP6_HEADER_BYTES,
  isLinkLocalWords,
  isMulticastWords,
  isUnspecifiedWords,
  matchWords,
  readIp6,
  sum,
} from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import { REPORTS } from './errors.js';
import { findUpper, upper } from './quotation.js';
import type { RateLimit } from './rate-limit.js';
import * as wire from './wire.js';

/** Most octets of an error, with both headers, so that it needs no path MTU: RFC 4443 §2.4 (c). */
const MAX_ERROR_BYTES = 1280;
/** Subnets as short as two addresses have no anycast address of their routers (RFC 6164). */
const MAX_ANYCAST_BITS = 127;

export interface SenderContext {
  readonly clock: Clock;
  readonly packets: Packets;
  readonly routes: Routes;
  readonly addresses: LocalAddresses;
  readonly limit: RateLimit;
  readonly counters: Counters<typeof spec>;
  readonly sysctls: { readonly errorAnycastAsUnicast: number };
}

export class Sender implements icmp.Icmp6Output {
  readonly #context: SenderContext;
  readonly #query;

  constructor(context: SenderContext) {
    this.#context = context;
    this.#query = context.routes.query();
    this.#query.family = AF_INET6;
  }

  /** A message is complete but for its checksum: RFC 4443 §2.3. */
  send(packet: Packet, route: Route): number {
    const { counters } = this.#context;
    const { view, head } = packet;
    const pseudo = add(route.pseudoSum, add(IPPROTO_ICMPV6, packet.tail - head));
    view.setUint16(head + wire.CHECKSUM_AT, 0);
    view.setUint16(head + wire.CHECKSUM_AT, finish(sum(packet.bytes, head, packet.tail, pseudo)));
    packet.l4 = head;
    packet.csum = CSUM_VERIFIED;
    const sent = route.output(packet, IPPROTO_ICMPV6);
    if (sent < 0) counters.outErrors++;
    else counters.outMsgs++;
    return sent;
  }

  /** Answers an echo request with its own octets: RFC 4443 §4.2. `head` is at its header. False: there is no way back. */
  reply(request: Packet): boolean {
    const { packets, counters } = this.#context;
    const query = this.#query;
    // From the address that was asked; a group's answer comes from one of ours.
    if (request.destinationType === RTN_LOCAL) copyWords(request.addresses, DESTINATION, query.addresses, SOURCE);
    else query.addresses.fill(0, SOURCE, SOURCE + 4);
    copyWords(request.addresses, SOURCE, query.addresses, DESTINATION);
    const route = this.#route(request);
    if (route === undefined) return false;
    const length = request.tail - request.head;
    const packet = packets.make(length);
    const at = packet.put(length);
    packet.bytes.set(request.bytes.subarray(request.head, request.tail), at);
    packet.view.setUint8(at, icmp.ICMP6_ECHO_REPLY);
    packet.trafficClass = request.trafficClass;
    packet.priority = request.priority;
    packet.mark = request.mark;
    const sent = this.send(packet, route) === 0;
    if (sent) counters.outEchoReplies++;
    packets.done(packet);
    return sent;
  }

  /** An error about `packet`, whose network header stands at `l3`; nothing where RFC 4443 §2.4 (e) forbids it. */
  report(packet: Packet, problem: number, info: number): undefined {
    const { packets, routes, limit, counters } = this.#context;
    const report = REPORTS[problem];
    const { view, l3 } = packet;
    if (report === undefined || packet.tail - l3 < IP6_HEADER_BYTES || !this.#mayReport(packet, problem, info)) return;
    const query = this.#query;
    // From the address that was hit, where it is ours; else as a route chooses: RFC 4443 §2.2.
    readIp6(view, l3 + 24, query.addresses, SOURCE);
    if (!routes.isLocal(AF_INET6, query.addresses, SOURCE)) query.addresses.fill(0, SOURCE, SOURCE + 4);
    readIp6(view, l3 + 8, query.addresses, DESTINATION);
    const route = this.#route(packet);
    if (route === undefined || this.#isAnycast(route)) return;
    const allowed = limit.allows(report.type, route, (route.iface.flags & IFF_LOOPBACK) !== 0);
    if (allowed !== 'sent') {
      if (allowed === 'global') counters.outRateLimitGlobal++;
      else counters.outRateLimitHost++;
      return;
    }
    const quoted = Math.min(packet.tail - l3, MAX_ERROR_BYTES - IP6_HEADER_BYTES - wire.MESSAGE_BYTES);
    const error = packets.make(wire.MESSAGE_BYTES + quoted);
    const at = error.put(wire.MESSAGE_BYTES + quoted);
    wire.writeHeader(error.view, at, report.type, report.code, hasInfo(problem) ? info : 0);
    error.bytes.set(packet.bytes.subarray(l3, l3 + quoted), at + wire.MESSAGE_BYTES);
    error.mark = packet.mark;
    if (this.send(error, route) === 0) this.#countError(report.type);
    packets.done(error);
  }

  #countError(type: number): void {
    const { counters } = this.#context;
    switch (type) {
      case icmp.ICMP6_DST_UNREACH:
        counters.outDestUnreachs++;
        break;
      case icmp.ICMP6_PACKET_TOO_BIG:
        counters.outPktTooBigs++;
        break;
      case icmp.ICMP6_TIME_EXCEEDED:
        counters.outTimeExcds++;
        break;
      case icmp.ICMP6_PARAM_PROB:
        counters.outParmProblems++;
        break;
    }
  }

  /** RFC 4443 §2.4 (e), all but (e.6)'s anycast addresses: those only a route tells. */
  #mayReport(packet: Packet, problem: number, info: number): boolean {
    const { view, l3, tail } = packet;
    const { addresses } = this.#query;
    readIp6(view, l3 + 24, addresses, 0);
    const toMany = isMulticastWords(addresses, 0) || (packet.kind !== PACKET_HOST && packet.kind !== PACKET_OUTGOING);
    // (e.3) to (e.5): but for path MTU discovery of groups, and options that want to be heard of.
    if (toMany && problem !== PROBLEM_TOO_BIG && !(problem === PROBLEM_UNKNOWN_OPTION && isReportedToGroups(packet, info))) return false;
    readIp6(view, l3 + 8, addresses, 0);
    if (isUnspecifiedWords(addresses, 0) || isMulticastWords(addresses, 0)) return false;
    // (e.1) and (e.2): what cannot be seen to be none is taken for an error, but for a later fragment.
    if (!findUpper(view, l3, tail)) return true;
    if (upper.transport !== IPPROTO_ICMPV6) return true;
    if (upper.at >= tail) return false;
    const type = view.getUint8(upper.at);
    return !wire.isError(type) && type !== icmp.ND_REDIRECT;
  }

  /** RFC 4443 §2.4 (e.6): a subnet-router anycast address (RFC 4291 §2.6.1) names no single node. */
  #isAnycast({ iface, addresses }: Route): boolean {
    if (this.#context.sysctls.errorAnycastAsUnicast !== 0) return false;
    const own = this.#context.addresses.of(iface, AF_INET6);
    for (let i = 0; i < own.length; i++) {
      const { words, prefixLength } = own[i] as (typeof own)[number];
      if (prefixLength < MAX_ANYCAST_BITS && isSubnetRouter(addresses, DESTINATION, words, prefixLength)) return true;
    }
    return false;
  }

  /** The way to the destination of the query. Link-local destinations are on the link that the packet came from (RFC 4007 §9). */
  #route({ iface, mark }: { readonly iface: Interface; readonly mark: number }): Route | undefined {
    const query = this.#query;
    const scoped = isLinkLocalWords(query.addresses, DESTINATION) && (iface.flags & IFF_LOOPBACK) === 0;
    query.iface = scoped ? iface.index : 0;
    query.mark = mark;
    const route = this.#context.routes.resolve(query);
    if (typeof route !== 'number') return route;
    this.#context.counters.outErrors++;
    return undefined;
  }
}

const hasInfo = (problem: number): boolean =>
  problem === PROBLEM_TOO_BIG || problem === PROBLEM_PARAMETER || problem === PROBLEM_UNKNOWN_HEADER || problem === PROBLEM_UNKNOWN_OPTION;

/** RFC 8200 §4.2: an option whose type begins with 10 is reported even if the packet went to a group. */
const isReportedToGroups = ({ view, l3, tail }: Packet, info: number): boolean =>
  l3 + info < tail && (view.getUint8(l3 + info) & 0xc0) === 0x80;

/** Whether the address is the prefix of a subnet, with zeros behind it. */
function isSubnetRouter(words: Int32Array, at: number, subnet: Int32Array, bits: number): boolean {
  if (!matchWords(words, at, subnet, 0, bits)) return false;
  for (let i = 0; i < 4; i++) {
    const left = bits - 32 * i;
    const rest = left >= 32 ? 0 : left <= 0 ? -1 : ~(-1 << (32 - left));
    if (((words[at + i] as number) & rest) !== 0) return false;
  }
  return true;
}
