// Receiving: RFC 4443 §2.3 and §2.4; errors for the transports whose packets they quote.
import { type Counters, CSUM_NONE, DESTINATION, type Packet, SOURCE, type Table } from '@protoloom/contracts';
import { ICMP6_PACKET_TOO_BIG } from '@protoloom/contracts/icmp';
import type { InboundError, IpErrors } from '@protoloom/contracts/ip';
import { AF_INET6, IPPROTO_ICMPV6 } from '@protoloom/contracts/socket';
import { heldError } from '@protoloom/mechanisms';
import { add, copyWords, pseudoSum, readIp6, sum } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import { meaning } from './errors.js';
import { findUpper, upper } from './quotation.js';
import * as wire from './wire.js';

/** Least MTU of any link: RFC 8200 §5. */
const MIN_MTU = 1280;
/** What is needed of the upper-layer header: its ports, and TCP's sequence number. */
const QUOTED_BYTES = 8;

export interface ReceiverContext {
  readonly counters: Counters<typeof spec>;
  readonly errors: IpErrors;
  readonly types: Table<(packet: Packet) => undefined>;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

export class Receiver {
  readonly #context: ReceiverContext;
  /** One for the stack, refreshed in place. */
  readonly #error = heldError(AF_INET6);

  constructor(context: ReceiverContext) {
    this.#context = context;
  }

  /** A message came in: `head` = `l4` is its header. */
  receive(packet: Packet): undefined {
    const { counters, types } = this.#context;
    counters.inMsgs++;
    if (packet.fragmentCount > 0) packet.linearize();
    if (packet.csum === CSUM_NONE && !checksumHolds(packet)) return this.drop(packet, 'checksum');
    if (packet.tail - packet.head < wire.HEADER_BYTES) return this.drop(packet, 'malformed');
    types.table[wire.type(packet.view, packet.head)]?.(packet);
  }

  /** Serves types that nobody attaches to: RFC 4443 §2.4 (a) and (b). */
  readonly unknownType = (packet: Packet): undefined =>
    wire.isError(wire.type(packet.view, packet.head)) ? this.error(packet) : this.drop(packet, 'unknownType');

  /** An error about a packet of ours: to the transport that owns it, RFC 4443 §2.4 (d). */
  error(packet: Packet): undefined {
    const { counters, errors } = this.#context;
    const { view, head, tail } = packet;
    const quoted = head + wire.MESSAGE_BYTES;
    if (!findUpper(view, quoted, tail) || upper.at + QUOTED_BYTES > tail) return this.drop(packet, 'malformed');
    const type = wire.type(view, head);
    const mtu = type === ICMP6_PACKET_TOO_BIG ? wire.mtu(view, head) : 0;
    if (type === ICMP6_PACKET_TOO_BIG && mtu < MIN_MTU) return this.drop(packet, 'smallMtu');
    const code = wire.code(view, head);
    const { errno, fatal } = meaning(type, code);
    const error = this.#error;
    readIp6(view, quoted + 8, error.addresses, SOURCE);
    readIp6(view, quoted + 24, error.addresses, DESTINATION);
    error.transport = upper.transport;
    error.packet = packet;
    error.quoted = quoted;
    error.l4 = upper.at;
    error.end = tail;
    error.type = type;
    error.code = code;
    error.errno = errno;
    error.fatal = fatal;
    error.mtu = mtu;
    // As Linux: whatever the type has behind its checksum.
    error.info = wire.pointer(view, head);
    copyWords(packet.addresses, SOURCE, error.offender, 0);
    counters.inErrors++;
    errors.inbound(error as InboundError);
    error.packet = undefined;
  }

  drop(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}

/** RFC 8200 §8.1: over the pseudo-header too. */
function checksumHolds({ bytes, head, tail, addresses }: Packet): boolean {
  const pseudo = add(pseudoSum(addresses, SOURCE, DESTINATION, IPPROTO_ICMPV6), tail - head);
  return sum(bytes, head, tail, pseudo) === 0xffff;
}
