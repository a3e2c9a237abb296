// Field by field: what a script expects of a packet that leaves, and what it was.
import { ACK, AE, CWR, ECE, type PacketSpec, type TcpOption, type TcpSpec } from '../language/script.js';
import { formatFlags, formatOptions, formatPacket } from './format.js';
import { hasMtu, icmpNumbers, isEcho } from './icmp-types.js';
import type { Packet, Tcp } from './packet.js';
import { formatOption } from './tcp-options.js';

/** One thing that is not as expected. */
export interface Mismatch {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

const ECN_WORDS = ['noecn', 'ect1', 'ect0', 'ce'] as const;
const TCP_HEADER = 20;
const EIGHT = 8;

/** What differs; nothing where the packet is as expected. `actual` has the script's numbers. */
export function comparePacket(spec: PacketSpec, actual: Packet): Mismatch[] {
  const found: Mismatch[] = [];
  const differs = (field: string, expected: unknown, seen: unknown): void => {
    if (expected !== seen) found.push({ field, expected: String(expected), actual: String(seen) });
  };
  for (const name of actual.badChecksums)
    found.push({ field: `${name} checksum`, expected: 'one that holds', actual: 'one that does not' });
  compareIp(spec, actual, differs);
  if (spec.ip.fragment !== undefined) return found;
  const { transport } = spec;
  if (transport.protocol !== actual.transport.protocol) differs('protocol', transport.protocol, formatPacket(actual));
  else if (transport.protocol === 'tcp') compareTcp(transport, actual, actual.transport as Tcp, differs);
  else if (transport.protocol === 'udp') {
    differs('udp length', transport.length, actual.payload.length);
    comparePayload(actual, differs);
  } else if (actual.transport.protocol === 'icmp') {
    const { type, code, rest } = actual.transport;
    const numbers = icmpNumbers(actual.family, transport.type, transport.code);
    if (typeof numbers === 'string') throw new Error(numbers);
    differs('icmp type', numbers.type, type);
    differs('icmp code', numbers.code, code);
    if (transport.mtu !== undefined && hasMtu(actual.family, type, code)) differs('icmp mtu', transport.mtu, rest);
    if (transport.id !== undefined && isEcho(actual.family, type)) differs('icmp id', transport.id, rest >>> 16);
  }
  return found;
}

type Differs = (field: string, expected: unknown, seen: unknown) => void;

function compareIp({ ip, transport }: PacketSpec, actual: Packet, differs: Differs): void {
  const ecn = ECN_WORDS[(actual.tos & 3) as 0 | 1 | 2 | 3];
  if (ip.ecn === 'ect01') {
    if (ecn !== 'ect0' && ecn !== 'ect1') differs('ecn', 'ect0 or ect1', ecn);
  } else if (ip.ecn !== undefined) differs('ecn', ip.ecn, ecn);
  if (ip.tos !== undefined) differs('tos', `0x${ip.tos.toString(16)}`, `0x${actual.tos.toString(16)}`);
  if (ip.ttl !== undefined) differs('ttl', ip.ttl, actual.ttl);
  differs('IP options, words', 0, actual.extraHeaders);
  const { fragment } = ip;
  if (fragment === undefined) {
    if (actual.fragment !== undefined) differs('fragment', 'none', formatPacket(actual));
    return;
  }
  const length = transport.protocol === 'tcp' ? TCP_HEADER + transport.length : EIGHT + ('length' in transport ? transport.length : 0);
  const { offset, more } = actual.fragment ?? { offset: 0, more: false };
  differs('fragment', `${fragment.from}:${fragment.to}`, `${offset}:${offset + actual.payload.length}`);
  differs('more fragments', fragment.to < length, more);
}

function compareTcp(spec: TcpSpec, packet: Packet, actual: Tcp, differs: Differs): void {
  const ace = spec.ace === undefined ? 0 : AE | CWR | ECE;
  differs('flags', formatFlags(spec.flags & ~ace), formatFlags(actual.flags & ~ace));
  if (spec.ace !== undefined) differs('ace', spec.ace, aceOf(actual.flags));
  differs('reserved bits', 0, actual.reserved);
  if (!spec.seqAny) differs('seq', spec.seq, actual.seq);
  differs('payload length', spec.length, packet.payload.length);
  differs('ack', spec.ack ?? 0, (actual.flags & ACK) === 0 && spec.ack === undefined ? 0 : actual.ack);
  if (spec.window !== undefined) differs('win', spec.window, actual.window);
  differs('urg', spec.urgent ?? 0, actual.urgent);
  if (spec.options !== undefined) compareOptions(spec.options, actual.options, differs);
  comparePayload(packet, differs);
}

const aceOf = (flags: number): number => (flags & AE ? 4 : 0) | (flags & CWR ? 2 : 0) | (flags & ECE ? 1 : 0);

/** Options come in a fixed order; a timestamp's value is compared by whoever knows the time. */
function compareOptions(expected: readonly TcpOption[], actual: readonly TcpOption[], differs: Differs): void {
  const names = (options: readonly TcpOption[]): string =>
    options.map((one) => (one.name === 'kind' ? `kind ${one.kind}` : one.name)).join(',');
  if (names(expected) !== names(actual)) {
    differs('options', formatOptions([...expected]), formatOptions([...actual]));
    return;
  }
  for (const [i, option] of expected.entries()) {
    const other = actual[i] as TcpOption;
    if (option.name === 'TS' && other.name === 'TS') differs('option TS ecr', option.ecr, other.ecr);
    else differs(`option ${option.name}`, formatOption(option), formatOption(other));
  }
}

/** What scripts write is zeros, and so is what they send. */
function comparePayload({ payload }: Packet, differs: Differs): void {
  const at = payload.findIndex((octet) => octet !== 0);
  if (at >= 0) differs(`payload octet ${at}`, 0, payload[at]);
}

// ---- packets that the stack cut --------------------------------------------------------------------------------------------------

const END_FLAGS = 0x09;

/** Whether `next` goes on where `packet` ends, as another piece of one super-segment: packetdrill's rule for `strict_segments` off. */
export function continues(packet: Packet, next: Packet): boolean {
  const one = packet.transport;
  const two = next.transport;
  if (one.protocol !== 'tcp' || two.protocol !== 'tcp') return false;
  const alike = ~(END_FLAGS | CWR);
  return (
    ((one.seq + packet.payload.length) >>> 0 === two.seq || false) &&
    (one.flags & alike) === (two.flags & alike) &&
    one.ack === two.ack &&
    one.window === two.window &&
    one.urgent === two.urgent &&
    packet.tos === next.tos
  );
}

/** Two pieces as one: the last one's FIN and PSH, the first one's CWR. */
export function joined(packet: Packet, next: Packet): Packet {
  const payload = new Uint8Array(packet.payload.length + next.payload.length);
  payload.set(packet.payload);
  payload.set(next.payload, packet.payload.length);
  const flags = ((packet.transport as Tcp).flags & ~END_FLAGS) | ((next.transport as Tcp).flags & END_FLAGS);
  return {
    ...packet,
    payload,
    transport: { ...(packet.transport as Tcp), flags },
    badChecksums: [...new Set([...packet.badChecksums, ...next.badChecksums])],
  };
}
