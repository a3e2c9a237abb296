// What a host hears: queries, and others' reports of versions 1 and 2. RFC 3376 §4.1 and §7, RFC 2236 §3.
import { type Counters, PACKET_LOOPBACK, type Packet } from '@protoloom/contracts';
import type { GroupReporter } from '@protoloom/mechanisms';
import { ip4IsMulticast, sum } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import { ALL_SYSTEMS } from './send.js';
import * as wire from './wire.js';

const TENTH_US = 100_000;
const SECOND_US = 1_000_000;
/** Of a query of version 1, which says none: RFC 2236 §4. */
const V1_RESPONSE_US = 10 * SECOND_US;
const ROUTER_ALERT = 148;
const IP_HEADER_BYTES = 20;

export interface ReceiverContext {
  readonly counters: Counters<typeof spec>;
  reporter(packet: Packet): GroupReporter;
}

type Fate = { [K in keyof typeof spec]: (typeof spec)[K] extends { fate: string } ? K : never }[keyof typeof spec];

export class Receiver {
  readonly #context: ReceiverContext;

  constructor(context: ReceiverContext) {
    this.#context = context;
  }

  receive(packet: Packet): undefined {
    if (packet.fragmentCount > 0) packet.linearize();
    const { view, head, tail, bytes } = packet;
    if (packet.kind === PACKET_LOOPBACK) return this.#end(packet, 'own');
    if (tail - head < wire.HEADER_BYTES) return this.#end(packet, 'malformed');
    if (sum(bytes, head, tail, 0) !== 0xffff) return this.#end(packet, 'checksum');
    if (packet.hopLimit !== 1) return this.#end(packet, 'badTtl');
    switch (wire.type(view, head)) {
      case wire.MEMBERSHIP_QUERY:
        return this.#query(packet);
      case wire.V1_MEMBERSHIP_REPORT:
      case wire.V2_MEMBERSHIP_REPORT:
        this.#context.reporter(packet).heard(mapped(wire.group(view, head)));
        return this.#end(packet, 'inReports');
      default:
        return this.#end(packet, 'notForHosts');
    }
  }

  #query(packet: Packet): undefined {
    const { view, head, tail, addresses } = packet;
    const bytes = tail - head;
    const code = wire.maxResponse(view, head);
    const version = bytes > wire.HEADER_BYTES ? 3 : code === 0 ? 1 : 2;
    const word = version === 1 ? 0 : wire.group(view, head);
    const sources = version === 3 && bytes >= wire.V3_QUERY_BYTES ? wire.sourceCount(view, head) : 0;
    if (version === 3 && bytes < wire.V3_QUERY_BYTES + sources * wire.ADDRESS_BYTES) return this.#end(packet, 'malformed');
    if (word === 0 ? sources > 0 : !ip4IsMulticast(word)) return this.#end(packet, 'malformed');
    if (version > 1 && !hasRouterAlert(packet)) return this.#end(packet, 'noRouterAlert');
    const destination = addresses[7] as number;
    if (word === 0 && ip4IsMulticast(destination) && destination !== ALL_SYSTEMS) return this.#end(packet, 'badDestination');
    this.#context.reporter(packet).query({
      version,
      maxResponseUs: version === 1 ? V1_RESPONSE_US : (version === 2 ? code : wire.fromCode(code)) * TENTH_US,
      group: word === 0 ? undefined : mapped(word),
      sources: Array.from({ length: sources }, (_, i) => mapped(view.getInt32(head + wire.V3_QUERY_BYTES + i * wire.ADDRESS_BYTES))),
      robustness: version === 3 ? wire.robustness(view, head) : 0,
      intervalUs: version === 3 ? wire.fromCode(wire.interval(view, head)) * SECOND_US : 0,
    });
    return this.#end(packet, version === 3 ? 'inQueries3' : version === 2 ? 'inQueries2' : 'inQueries1');
  }

  #end(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }
}

const mapped = (word: number): Int32Array => Int32Array.of(0, 0, 0xffff, word);

/** The options between the headers have been checked by IPv4. */
function hasRouterAlert({ bytes, l3, l4 }: Packet): boolean {
  for (let at = l3 + IP_HEADER_BYTES; at < l4; ) {
    const option = bytes[at] as number;
    if (option === ROUTER_ALERT) return true;
    if (option === 0) return false;
    at += option === 1 ? 1 : (bytes[at + 1] as number);
  }
  return false;
}
