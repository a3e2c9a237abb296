// Receiving: RFC 792, RFC 1122 §3.2.2; what a host answers, and errors for its transports.
import { type Counters, CSUM_NONE, type Packet, type Table } from '@protoloom/contracts';
import { ICMP_PARAMETERPROB } from '@protoloom/contracts/icmp';
import { type InboundError, type IpErrors, RTN_BROADCAST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { heldError } from '@protoloom/mechanisms';
import { copyWords, readIp4, sum } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import { FRAGMENTATION_NEEDED, LAST_UNREACHABLE, meaning } from './errors.js';
import * as wire from './wire.js';

const IPV4_HEADER_BYTES = 20;
/** What RFC 792 quotes of the payload at least. */
const QUOTED_BYTES = 8;
const UNREACHABLE = 3;
const LEAST_MTU = 68;

export interface ReceiverContext {
  readonly counters: Counters<typeof spec>;
  readonly errors: IpErrors;
  readonly types: Table<(packet: Packet) => undefined>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

export class Receiver {
  readonly #context: ReceiverContext;
  /** One for the stack, refreshed in place. */
  readonly #error = heldError(AF_INET);

  constructor(context: ReceiverContext) {
    this.#context = context;
  }

  /** A message came in: `head` = `l4` is its header. */
  receive(packet: Packet): undefined {
    const { counters, types } = this.#context;
    counters.inMsgs++;
    const { view, head, tail } = packet;
    if (packet.csum === CSUM_NONE && sum(packet.bytes, head, tail, 0) !== 0xffff) return this.drop(packet, 'checksum');
    if (tail - head < wire.HEADER_BYTES) return this.drop(packet, 'malformed');
    types.table[wire.type(view, head)]?.(packet);
  }

  /** An error about a packet of ours: to the transport that owns it. */
  error(packet: Packet): undefined {
    const { counters, errors } = this.#context;
    const { view, head, tail } = packet;
    if (packet.destinationType === RTN_BROADCAST || packet.destinationType === RTN_MULTICAST) return this.drop(packet, 'bogusError');
    const quoted = head + wire.HEADER_BYTES;
    if (tail - quoted < IPV4_HEADER_BYTES) return this.drop(packet, 'malformed');
    const header = (view.getUint8(quoted) & 0xf) * 4;
    if (view.getUint8(quoted) >> 4 !== 4 || header < IPV4_HEADER_BYTES || quoted + header + QUOTED_BYTES > tail)
      return this.drop(packet, 'malformed');
    const type = wire.type(view, head);
    const code = wire.code(view, head);
    // Codes that nobody knows, as on Linux.
    if (type === UNREACHABLE && code > LAST_UNREACHABLE) return this.drop(packet, 'ignored');
    const { errno, fatal } = meaning(type, code);
    const error = this.#error;
    readIp4(view, quoted + 12, error.addresses, 0);
    readIp4(view, quoted + 16, error.addresses, 4);
    error.transport = view.getUint8(quoted + 9);
    error.packet = packet;
    error.quoted = quoted;
    error.l4 = quoted + header;
    error.end = tail;
    error.type = type;
    error.code = code;
    error.errno = errno;
    error.fatal = fatal;
    error.mtu = type === UNREACHABLE && code === FRAGMENTATION_NEEDED ? nextMtu(wire.mtu(view, head)) : 0;
    error.info = type === ICMP_PARAMETERPROB ? wire.pointer(view, head) : error.mtu;
    copyWords(packet.addresses, 0, error.offender, 0);
    counters.inErrors++;
    errors.inbound(error as InboundError);
    error.packet = undefined;
  }

  drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}

/** The MTU that was told, at least IPv4's least (RFC 791 §3.2). Of routers that tell none (RFC 1191 §5) the least is thought, as on Linux. */
const nextMtu = (told: number): number => Math.max(told, LEAST_MTU);
