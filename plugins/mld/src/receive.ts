// What a host hears: queries, and others' reports of version 1. RFC 3810 §5.1, §6.2 and §8, RFC 2710 §4.
import { type Counters, PACKET_LOOPBACK, type Packet } from '@protoloom/contracts';
import type { GroupReporter } from '@protoloom/mechanisms';
import { isLinkLocalWords, isMulticastWords, isUnspecifiedWords, readIp6 } from '@protoloom/wire';
import { counters as spec } from './counters.js';
import * as wire from './wire.js';

const MS_US = 1000;
const SECOND_US = 1_000_000;
const ROUTER_ALERT = 5;
const IP_HEADER_BYTES = 40;
const IP_NEXT_HEADER = 6;

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

  query(packet: Packet): undefined {
    const { view, head, tail, addresses } = packet;
    const bytes = tail - head;
    const version = bytes > wire.V1_BYTES ? 2 : 1;
    if (bytes < (version === 1 ? wire.V1_BYTES : wire.V2_QUERY_BYTES)) return this.end(packet, 'malformed');
    const sources = version === 1 ? 0 : wire.sourceCount(view, head);
    if (bytes < wire.V1_BYTES + (version === 1 ? 0 : 4) + sources * wire.ADDRESS_BYTES) return this.end(packet, 'malformed');
    const wrong = this.#wrong(packet);
    if (wrong !== undefined) return this.end(packet, wrong);
    const group = addressAt(view, head + wire.GROUP);
    const general = isUnspecifiedWords(group, 0);
    if (general ? sources > 0 : !isMulticastWords(group, 0)) return this.end(packet, 'malformed');
    if (general && isMulticastWords(addresses, 4) && !isAllNodes(addresses, 4)) return this.end(packet, 'badDestination');
    const code = wire.maxResponse(view, head);
    this.#context.reporter(packet).query({
      version,
      maxResponseUs: (version === 1 ? code : wire.fromCode16(code)) * MS_US,
      group: general ? undefined : group,
      sources: Array.from({ length: sources }, (_, i) => addressAt(view, head + wire.V2_QUERY_BYTES + i * wire.ADDRESS_BYTES)),
      robustness: version === 1 ? 0 : wire.robustness(view, head),
      intervalUs: version === 1 ? 0 : wire.fromCode8(wire.interval(view, head)) * SECOND_US,
    });
    return this.end(packet, version === 1 ? 'inQueries1' : 'inQueries2');
  }

  /** Of version 1: another host has reported the group. */
  report(packet: Packet): undefined {
    const { view, head, tail } = packet;
    if (packet.kind === PACKET_LOOPBACK) return this.end(packet, 'own');
    if (tail - head < wire.V1_BYTES) return this.end(packet, 'malformed');
    const wrong = this.#wrong(packet);
    if (wrong !== undefined) return this.end(packet, wrong);
    const group = addressAt(view, head + wire.GROUP);
    if (!isMulticastWords(group, 0)) return this.end(packet, 'malformed');
    this.#context.reporter(packet).heard(group);
    return this.end(packet, 'inReports');
  }

  end(packet: Packet, fate: Fate): undefined {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
  }

  /** RFC 3810 §6.2: from the link's own address, with hop limit 1 and a router alert. */
  #wrong(packet: Packet): 'badSource' | 'badHopLimit' | 'noRouterAlert' | undefined {
    if (!isLinkLocalWords(packet.addresses, 0)) return 'badSource';
    if (packet.hopLimit !== 1) return 'badHopLimit';
    return hasRouterAlert(packet) ? undefined : 'noRouterAlert';
  }
}

function addressAt(view: DataView, at: number): Int32Array {
  const words = new Int32Array(4);
  readIp6(view, at, words, 0);
  return words;
}

const isAllNodes = (words: Int32Array, at: number): boolean =>
  words[at] === (0xff02_0000 | 0) && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1;

/** The hop-by-hop options have been checked by their plugin. */
function hasRouterAlert({ bytes, l3 }: Packet): boolean {
  if (bytes[l3 + IP_NEXT_HEADER] !== 0) return false;
  const header = l3 + IP_HEADER_BYTES;
  const end = header + ((bytes[header + 1] as number) + 1) * 8;
  for (let at = header + 2; at < end; ) {
    const option = bytes[at] as number;
    if (option === ROUTER_ALERT) return true;
    at += option === 0 ? 1 : 2 + (bytes[at + 1] as number);
  }
  return false;
}
