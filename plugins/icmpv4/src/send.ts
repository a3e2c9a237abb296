// Sending: answers and errors, RFC 1122 §3.2.2.
import {
  type Clock,
  type Counters,
  CSUM_VERIFIED,
  IFF_LOOPBACK,
  PACKET_HOST,
  PACKET_OUTGOING,
  type Packet,
  type Packets,
} from '@protoloom/contracts';
import {
  ICMP_DEST_UNREACH,
  ICMP_ECHOREPLY,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMPREPLY,
} from '@protoloom/contracts/icmp';
import {
  PROBLEM_PARAMETER,
  PROBLEM_TOO_BIG,
  type Route,
  type Routes,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
} from '@protoloom/contracts/ip';
import { AF_INET, IPPROTO_ICMP } from '@protoloom/contracts/socket';
import { copyWords, finish, ip4IsMulticast, readIp4, sum } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import { REPORTS } from './errors.js';
import type { RateLimit } from './rate-limit.js';
import * as wire from './wire.js';

/** Most octets of an error, with both headers: RFC 1812 §4.3.2.3. */
const MAX_ERROR_BYTES = 576;
/** Precedence "internetwork control", which errors carry: RFC 1812 §4.3.2.5. */
const ERROR_TOS = 0xc0;
const IPV4_HEADER_BYTES = 20;

/** Types that are themselves errors: none is sent about them. */
const ERROR_TYPES: readonly number[] = [ICMP_DEST_UNREACH, 4, ICMP_REDIRECT, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB];

export interface SenderContext {
  readonly clock: Clock;
  readonly packets: Packets;
  readonly routes: Routes;
  readonly limit: RateLimit;
  readonly counters: Counters<typeof spec>;
}

export class Sender {
  readonly #context: SenderContext;
  readonly #addresses = new Int32Array(8);
  readonly #query;

  constructor(context: SenderContext) {
    this.#context = context;
    this.#query = context.routes.query();
    this.#query.family = AF_INET;
  }

  /** Answers a request with its own octets under another type: echo, RFC 792. `head` is at the ICMP header. */
  reply(request: Packet, type: number, fill?: (view: DataView, at: number) => void): boolean {
    const { packets, counters } = this.#context;
    const route = this.#routeBack(request);
    if (route === undefined) {
      counters.outErrors++;
      return false;
    }
    const length = request.tail - request.head;
    const packet = packets.make(length);
    const at = packet.put(length);
    packet.bytes.set(request.bytes.subarray(request.head, request.tail), at);
    packet.view.setUint8(at, type);
    fill?.(packet.view, at);
    // As Linux: the reply has the request's TOS, without ECN.
    packet.trafficClass = request.trafficClass & 0xfc;
    packet.priority = request.priority;
    packet.mark = request.mark;
    this.#send(packet, at, type, route);
    return true;
  }

  /** An error about `packet`, whose network header stands at `l3`; nothing where RFC 1122 §3.2.2 forbids it. */
  report(packet: Packet, problem: number, info: number): undefined {
    const { packets, routes, limit, counters } = this.#context;
    const report = REPORTS[problem];
    const { view, l3 } = packet;
    if (report === undefined || packet.tail - l3 < IPV4_HEADER_BYTES || !this.#mayReport(packet)) return;
    const addresses = this.#addresses;
    // From the address that was hit, where it is ours; else as a route chooses.
    readIp4(view, l3 + 16, addresses, 0);
    if (!routes.isLocal(AF_INET, addresses, 0)) addresses.fill(0, 0, 4);
    readIp4(view, l3 + 12, addresses, 4);
    const route = this.#route(addresses, packet);
    if (route === undefined) {
      counters.outErrors++;
      return;
    }
    const allowed = limit.allows(report.type, addresses, 4, (route.iface.flags & IFF_LOOPBACK) !== 0);
    if (allowed !== 'sent') {
      if (allowed === 'global') counters.outRateLimitGlobal++;
      else counters.outRateLimitHost++;
      return;
    }
    const room = Math.min(MAX_ERROR_BYTES, route.mtu) - IPV4_HEADER_BYTES - wire.HEADER_BYTES;
    const quoted = Math.min(packet.tail - l3, room);
    const error = packets.make(wire.HEADER_BYTES + quoted);
    const at = error.put(wire.HEADER_BYTES + quoted);
    wire.writeHeader(error.view, at, report.type, report.code, rest(problem, info));
    error.bytes.set(packet.bytes.subarray(l3, l3 + quoted), at + wire.HEADER_BYTES);
    error.trafficClass = report.type === ICMP_ECHOREPLY ? 0 : ERROR_TOS | (packet.trafficClass > 0 ? packet.trafficClass & 0x1c : 0);
    error.mark = packet.mark;
    this.#send(error, at, report.type, route);
  }

  #send(packet: Packet, at: number, type: number, route: Route): void {
    const { packets, counters } = this.#context;
    const { view } = packet;
    view.setUint16(at + 2, 0);
    view.setUint16(at + 2, finish(sum(packet.bytes, at, packet.tail, 0)));
    packet.l4 = at;
    packet.csum = CSUM_VERIFIED;
    if (route.output(packet, IPPROTO_ICMP) < 0) counters.outErrors++;
    else this.#countOut(type);
    packets.done(packet);
  }

  #countOut(type: number): void {
    const { counters } = this.#context;
    counters.outMsgs++;
    switch (type) {
      case ICMP_ECHOREPLY:
        counters.outEchoReps++;
        break;
      case ICMP_TIMESTAMPREPLY:
        counters.outTimestampReps++;
        break;
      case ICMP_DEST_UNREACH:
        counters.outDestUnreachs++;
        break;
      case ICMP_TIME_EXCEEDED:
        counters.outTimeExcds++;
        break;
      case ICMP_PARAMETERPROB:
        counters.outParmProbs++;
        break;
    }
  }

  /** RFC 1122 §3.2.2: no error about an error, a group or broadcast (of the link's or the network's), a later fragment, a bad source. */
  #mayReport(packet: Packet): boolean {
    const { routes } = this.#context;
    const { view, l3 } = packet;
    if (packet.kind !== PACKET_HOST && packet.kind !== PACKET_OUTGOING) return false;
    if ((view.getUint16(l3 + 6) & 0x1fff) !== 0) return false;
    const addresses = this.#addresses;
    readIp4(view, l3 + 16, addresses, 0);
    const type =
      packet.destinationType === RTN_UNICAST || packet.destinationType === RTN_LOCAL
        ? packet.destinationType
        : routes.inputType(AF_INET, addresses, 0);
    if (type === RTN_BROADCAST || type === RTN_MULTICAST) return false;
    const source = view.getInt32(l3 + 12);
    if (source === 0 || source === -1 || ip4IsMulticast(source) || source >>> 24 === 0) return false;
    readIp4(view, l3 + 12, addresses, 0);
    if (routes.inputType(AF_INET, addresses, 0) === RTN_BROADCAST) return false;
    if (view.getUint8(l3 + 9) !== IPPROTO_ICMP) return true;
    const l4 = l3 + (view.getUint8(l3) & 0xf) * 4;
    return l4 < packet.tail && !ERROR_TYPES.includes(view.getUint8(l4));
  }

  /** To the sender of `request`, from the address that it was for: RFC 1122 §3.2.2.6. */
  #routeBack(request: Packet): Route | undefined {
    const addresses = this.#addresses;
    if (request.destinationType === RTN_LOCAL) copyWords(request.addresses, 4, addresses, 0);
    else addresses.fill(0, 0, 4);
    copyWords(request.addresses, 0, addresses, 4);
    return this.#route(addresses, request);
  }

  #route(addresses: Int32Array, about: Packet): Route | undefined {
    const query = this.#query;
    query.addresses.set(addresses);
    query.mark = about.mark;
    const route = this.#context.routes.resolve(query);
    return typeof route === 'number' ? undefined : route;
  }
}

/** The four octets after the checksum: RFC 1191 §4, RFC 792. */
const rest = (problem: number, info: number): number =>
  problem === PROBLEM_TOO_BIG ? info & 0xffff : problem === PROBLEM_PARAMETER ? info << 24 : 0;
