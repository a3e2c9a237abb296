// One packet of a script: IP attributes, then TCP, UDP or ICMP.

import { encodeOptions } from '../packets/tcp-options.js';
import {
  ACK,
  type AccEcnCounter,
  type Ecn,
  FLAG_LETTERS,
  type IcmpSpec,
  type IpSpec,
  type PacketSpec,
  type Ports,
  type Quoted,
  type SackBlock,
  type TcpOption,
  type TcpSpec,
  type UdpSpec,
} from './script.js';
import type { ValueReader } from './values.js';

const U8 = 0xff;
const U16 = 0xffff;
const U20 = 0xf_ffff;
const U24 = 0xff_ffff;
const U32 = 0xffff_ffff;

const ENCAPSULATIONS: Readonly<Record<string, string>> = {
  ipv4: 'IPIP',
  ipv6: 'IPIP',
  gre: 'GRE',
  GREv0: 'GRE',
  mpls: 'MPLS',
  encap: 'PSP',
};
const ENCAPSULATION = /(?:ipv4|ipv6|gre|GREv0|mpls|encap)\b/y;
/** The colon that ends a head is followed by a blank: those of IPv6 addresses are not. */
const HEAD = /[^\n]*?:(?=\s)/y;
const PSP_HEAD = /psp\s+spi\s+\w+/y;
/** RFC 6951, as written behind the packet that is carried. */
const IN_UDP = /\/udp\(\d+\s*>\s*\d+\)/y;
const PORTS = /\d+\s*>\s*\d+/y;
/** Letters, ACE's digit on either side of the dot, and blanks before it. */
const FLAGS = /-|[A-Z]+\d?(?:\s*\.\d?)?|\d?\.\d?/y;
const RANGE = /\w+\s*:/y;
const OCTETS = /(?:[0-9a-fA-F]{2})+(?![0-9A-Za-z_])/y;
const MOST_OPTION_OCTETS = 40;
const VALID_DIGEST = '00'.repeat(16);
const OPTION_NAME = /[A-Za-z][A-Za-z0-9_-]*/y;

/** What follows < or >. A packet that arrives is given whole; of one that leaves, what is not said is not looked at. */
export function packet(reader: ValueReader, direction: 'in' | 'out'): PacketSpec {
  reader.skip();
  const from = reader.at;
  const spec = packetEither(reader);
  const { transport } = spec;
  if (transport.protocol !== 'tcp') return spec;
  const octets = encodeOptions(transport.options ?? []).length;
  if (reader.missing === undefined && (octets % 4 !== 0 || octets > MOST_OPTION_OCTETS))
    reader.refuse(`options have a multiple of 4 octets, at most ${MOST_OPTION_OCTETS}, not ${octets}: nop and eol fill up`, from);
  if (direction === 'out') return spec;
  if (transport.window === undefined) reader.refuse('a segment that arrives says its window: win N', from);
  if (transport.options === undefined) reader.refuse('<...> is for segments that leave', from);
  if (transport.seqAny) reader.refuse('a segment that arrives says its sequence number', from);
  return spec;
}

function packetEither(reader: ValueReader): PacketSpec {
  const ip = attributes(reader);
  const encapsulation = heads(reader);
  const transport = inner(reader);
  const carried = reader.take(IN_UDP) === undefined ? undefined : 'UDP';
  return { ip, encapsulation: encapsulation ?? carried, transport };
}

function inner(reader: ValueReader): PacketSpec['transport'] {
  if (reader.take(/udp\b/y) !== undefined) return udp(reader);
  if (reader.take(/icmp\b/y) !== undefined) return icmp(reader);
  return tcp(reader);
}

/** Heads before the packet's own, each of which ends with a colon; PSP's, which has none. Answers the first one's name. */
function heads(reader: ValueReader): string | undefined {
  let first: string | undefined;
  for (let name = reader.take(ENCAPSULATION); name !== undefined; name = reader.take(ENCAPSULATION)) {
    first ??= ENCAPSULATIONS[name];
    if (reader.take(name === 'encap' ? PSP_HEAD : HEAD) === undefined) reader.fail('the end of the head, a colon');
  }
  return first;
}

// ---- IP --------------------------------------------------------------------------------------------------------------------------

function attributes(reader: ValueReader): IpSpec {
  const close = reader.taken('[') ? ']' : reader.taken('(') ? ')' : undefined;
  if (close === undefined) return {};
  let ip: IpSpec = {};
  do ip = { ...ip, ...attribute(reader) };
  while (reader.taken(','));
  reader.expect(close);
  return ip;
}

function attribute(reader: ValueReader): IpSpec {
  reader.skip();
  const from = reader.at;
  const name = reader.word();
  switch (name) {
    case 'noecn':
    case 'ect0':
    case 'ect1':
    case 'ect01':
    case 'ce':
      return { ecn: name satisfies Ecn };
    case 'tos':
    case 'class':
      return { tos: hexadecimal(reader, 'the octet of tos, such as 0x10', U8) };
    case 'flowlabel':
      return { flowLabel: hexadecimal(reader, 'a flow label, such as 0x12345', U20) };
    case 'ttl':
    case 'hlim':
      return { ttl: reader.number('a TTL', 0, U8) };
    case 'frag':
      return { fragment: fragment(reader) };
    default:
      reader.at = from;
      return reader.fail('an IP attribute: noecn, ect0, ect1, ect01, ce, tos, ttl, flowlabel or frag');
  }
}

function hexadecimal(reader: ValueReader, what: string, high: number): number {
  const text = reader.take(/0[xX][0-9a-fA-F]+/y);
  if (text === undefined) reader.fail(what);
  if (Number(text) > high) reader.refuse(`${what}: ${text} is more than 0x${high.toString(16)}`);
  return Number(text);
}

/** `frag 0:1480`, and `id 7` where fragments of several packets mix. */
function fragment(reader: ValueReader): NonNullable<IpSpec['fragment']> {
  reader.skip();
  const at = reader.at;
  const from = reader.number('the first octet of the fragment', 0, U16);
  reader.expect(':');
  const to = reader.number('the octet after its last', 0, U16);
  if (to <= from || from % 8 !== 0) reader.refuse('a fragment begins at a multiple of 8 octets, and is not empty', at);
  return { from, to, id: reader.take(/id\b/y) === undefined ? 1 : reader.number('an identification', 0, U16) };
}

// ---- UDP, ICMP -------------------------------------------------------------------------------------------------------------------

function ports(reader: ValueReader): Ports | undefined {
  if (!reader.sees(PORTS)) return undefined;
  const source = reader.number('a source port', 0, U16);
  reader.expect('>');
  return { source, destination: reader.number('a destination port', 0, U16) };
}

function udp(reader: ValueReader): UdpSpec {
  const given = ports(reader);
  reader.expect('(');
  const length = reader.number('octets of payload', 0, U16);
  reader.expect(')');
  return { protocol: 'udp', ports: given, length };
}

function icmp(reader: ValueReader): IcmpSpec {
  const type = reader.name();
  if (type === undefined) reader.fail('an ICMP type, such as unreachable or type_3');
  const code = reader.sees(/(?:mtu|id)\b/y) ? undefined : reader.name();
  const mtu = reader.take(/mtu\b/y) === undefined ? undefined : reader.number('an MTU', 0, U32);
  const id = reader.take(/id\b/y) === undefined ? undefined : reader.number('an identifier', 0, U16);
  return { protocol: 'icmp', type, code, mtu, id, quoted: quoted(reader) };
}

function quoted(reader: ValueReader): Quoted | undefined {
  if (!reader.taken('[')) return undefined;
  const protocol = reader.take(/(?:udp|raw)\b/y);
  const result: Quoted =
    protocol === undefined
      ? { protocol: 'tcp', ...range(reader) }
      : { protocol: protocol as 'udp' | 'raw', seq: 0, seqAbsolute: false, length: udp(reader).length };
  reader.take(IN_UDP);
  reader.expect(']');
  return result;
}

// ---- TCP -------------------------------------------------------------------------------------------------------------------------

function tcp(reader: ValueReader): TcpSpec {
  const given = ports(reader);
  const { flags, ace } = tcpFlags(reader);
  const sequence = range(reader);
  const ack = reader.take(/ack\b/y) === undefined ? undefined : reader.number('an acknowledgement number', 0, U32);
  const ackAbsolute = ack !== undefined && reader.taken('!');
  const window = reader.take(/win\b/y) === undefined ? undefined : reader.number('a window', 0, U16);
  const urgent = reader.take(/urg\b/y) === undefined ? undefined : reader.number('an urgent pointer', 0, U16);
  return { protocol: 'tcp', ports: given, flags, ace, ...sequence, ack, ackAbsolute, window, urgent, options: options(reader) };
}

function tcpFlags(reader: ValueReader): { flags: number; ace: number | undefined } {
  reader.skip();
  const from = reader.at;
  const text = reader.take(FLAGS) ?? '';
  const wrong = (): never => {
    reader.at = from;
    return reader.fail('TCP flags (letters of FSRPUEWA and . for ACK, or -), udp or icmp');
  };
  if (text === '') return wrong();
  if (text === '-') return { flags: 0, ace: undefined };
  let flags = text.includes('.') ? ACK : 0;
  for (const letter of text.replaceAll(/[\s.\d]/g, '')) {
    const bit = FLAG_LETTERS.find(([one]) => one === letter)?.[1];
    if (bit === undefined) return wrong();
    flags |= bit;
  }
  const digits = text.replaceAll(/\D/g, '');
  if (digits === '') return { flags, ace: undefined };
  const ace = Number(digits);
  if (ace > 7) reader.refuse(`the ACE field has three bits: 0 to 7, not ${digits}`, from);
  return { flags, ace };
}

interface Range {
  readonly seq: number;
  readonly seqAbsolute: boolean;
  readonly seqAny: boolean;
  readonly length: number;
}

/** `first:last(length)`, and `!` where the numbers are those on the wire; `...(length)` where they may be any. */
function range(reader: ValueReader): Range {
  reader.skip();
  const from = reader.at;
  if (reader.taken('...')) {
    reader.expect('(');
    const length = reader.number('octets of payload', 0, U16);
    reader.expect(')');
    return { seq: 0, seqAbsolute: false, seqAny: true, length };
  }
  if (!reader.sees(RANGE)) reader.fail('sequence numbers, such as 1:1001(1000)');
  const seq = reader.number('a sequence number', 0, U32);
  reader.expect(':');
  const end = reader.number('a sequence number', 0, U32);
  reader.expect('(');
  const length = reader.number('octets of payload', 0, U16);
  reader.expect(')');
  const last = (seq + length) % (U32 + 1);
  if (end !== last && reader.missing === undefined) reader.refuse(`${seq} and ${length} octets end at ${last}, not at ${end}`, from);
  return { seq, seqAbsolute: reader.taken('!'), seqAny: false, length };
}

function options(reader: ValueReader): readonly TcpOption[] | undefined {
  if (!reader.taken('<')) return [];
  if (reader.taken('...')) {
    reader.expect('>');
    return undefined;
  }
  const list: TcpOption[] = [];
  do list.push(option(reader));
  while (reader.taken(','));
  if (!reader.taken('>')) reader.fail(', or >');
  return list;
}

function option(reader: ValueReader): TcpOption {
  reader.skip();
  const from = reader.at;
  const name = reader.take(OPTION_NAME);
  switch (name) {
    case 'eol':
    case 'nop':
    case 'sackOK':
      return { name };
    case 'mss':
      return { name, value: reader.number('an MSS', 0, U16) };
    case 'wscale':
      return { name, value: reader.number('a shift count', 0, U8) };
    case 'sack':
      return { name, blocks: sackBlocks(reader) };
    case 'TS': {
      if (reader.take(/val\b/y) === undefined) reader.fail('val');
      const val = reader.number('a timestamp', 0, U32);
      if (reader.take(/ecr\b/y) === undefined) reader.fail('ecr');
      return { name, val, ecr: reader.number('a timestamp', 0, U32) };
    }
    case 'FO':
    case 'FOEXP':
      return { name, octets: octets(reader) ?? '' };
    case 'exp-FO':
    case 'EXP-FO':
      return { name: 'FOEXP', octets: octets(reader) ?? '' };
    case 'md5':
      // `valid`: whatever holds for the key. There are no keys, so that no digest holds.
      if (reader.take(/valid\b/y) !== undefined) return { name, octets: VALID_DIGEST };
      return { name, octets: octets(reader) ?? reader.fail('a digest in hexadecimal') };
    case 'ECN':
      return { name, counters: accEcn(reader) };
    case 'kind':
      return { name, kind: reader.number('an option kind', 2, U8), octets: octets(reader) ?? '' };
    default:
      reader.at = from;
      return reader.fail('a TCP option: mss, nop, eol, wscale, sackOK, sack, TS, FO, FOEXP, md5, ECN or kind');
  }
}

/** Octets in hexadecimal; a defined symbol may stand for them. */
function octets(reader: ValueReader): string | undefined {
  const found = reader.take(OCTETS);
  if (found !== undefined) return found.toLowerCase();
  reader.skip();
  const from = reader.at;
  const meaning = reader.meaning('');
  if (meaning !== undefined && /^([0-9a-fA-F]{2})*$/.test(meaning)) return meaning.toLowerCase();
  if (meaning === undefined && !reader.sees(/\w/y)) return undefined;
  reader.at = from;
  return reader.fail('octets in hexadecimal');
}

function sackBlocks(reader: ValueReader): SackBlock[] {
  const blocks: SackBlock[] = [];
  do {
    const left = reader.number('the left edge of a block', 0, U32);
    reader.expect(':');
    blocks.push({ left, right: reader.number('its right edge', 0, U32) });
  } while (reader.sees(/\d/y));
  return blocks;
}

/** RFC 9768 §3.2.3: e0b, ceb, e1b or the other way round; the last ones may be missing. */
function accEcn(reader: ValueReader): AccEcnCounter[] {
  const counters: AccEcnCounter[] = [];
  for (;;) {
    const name = reader.take(/(?:e0b|e1b|ceb)\b/y) as AccEcnCounter['name'] | undefined;
    if (name === undefined) break;
    counters.push({ name, value: reader.number('a counter of 24 bits', 0, U24) });
  }
  const order = counters.map((one) => one.name).join(' ');
  if (!'e0b ceb e1b'.startsWith(order) && !'e1b ceb e0b'.startsWith(order))
    reader.refuse('the counters of ECN come as e0b ceb e1b or as e1b ceb e0b');
  return counters;
}
