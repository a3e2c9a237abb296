// TCP options between a script's words and their octets: RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 7413, RFC 9768 §3.2.3, RFC 2385.
import type { AccEcnCounter, TcpOption } from '../language/script.js';

const KIND_EOL = 0;
const KIND_NOP = 1;
const KIND_MSS = 2;
const KIND_WSCALE = 3;
const KIND_SACK_OK = 4;
const KIND_SACK = 5;
const KIND_TIMESTAMPS = 8;
const KIND_MD5 = 19;
const KIND_FAST_OPEN = 34;
const KIND_ACCECN0 = 172;
const KIND_ACCECN1 = 174;
const KIND_EXPERIMENT = 254;
/** RFC 6994's identifier of the Fast Open experiment. */
const FAST_OPEN_EXPERIMENT = 'f989';
const ACCECN_COUNTERS: readonly AccEcnCounter['name'][] = ['e0b', 'ceb', 'e1b'];

const hexOf = (value: number, octets: number): string => (value >>> 0).toString(16).padStart(2 * octets, '0');
const octetsOf = (hex: string): number[] => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
const hex = (bytes: Uint8Array): string => Array.from(bytes, (octet) => hexOf(octet, 1)).join('');

/** Kind and data of an option; what has no length field has no data. */
function kindOf(option: TcpOption): readonly [kind: number, data: string] {
  switch (option.name) {
    case 'eol':
      return [KIND_EOL, ''];
    case 'nop':
      return [KIND_NOP, ''];
    case 'mss':
      return [KIND_MSS, hexOf(option.value, 2)];
    case 'wscale':
      return [KIND_WSCALE, hexOf(option.value, 1)];
    case 'sackOK':
      return [KIND_SACK_OK, ''];
    case 'sack':
      return [KIND_SACK, option.blocks.map(({ left, right }) => hexOf(left, 4) + hexOf(right, 4)).join('')];
    case 'TS':
      return [KIND_TIMESTAMPS, hexOf(option.val, 4) + hexOf(option.ecr, 4)];
    case 'FO':
      return [KIND_FAST_OPEN, option.octets];
    case 'FOEXP':
      return [KIND_EXPERIMENT, FAST_OPEN_EXPERIMENT + option.octets];
    case 'md5':
      return [KIND_MD5, option.octets];
    case 'ECN':
      return [
        option.counters[0]?.name === 'e1b' ? KIND_ACCECN1 : KIND_ACCECN0,
        option.counters.map(({ value }) => hexOf(value, 3)).join(''),
      ];
    case 'kind':
      return [option.kind, option.octets];
  }
}

/** The octets of options in a row. */
export const encodeOptions = (options: readonly TcpOption[]): number[] =>
  options.flatMap((option) => {
    const [kind, data] = kindOf(option);
    return kind <= KIND_NOP ? [kind] : [kind, 2 + data.length / 2, ...octetsOf(data)];
  });

/** Options from their octets. What has an impossible length ends the list as an option of its kind, with all that is left for its data. */
export function decodeOptions(bytes: Uint8Array): TcpOption[] {
  const options: TcpOption[] = [];
  let at = 0;
  while (at < bytes.length) {
    const kind = bytes[at] as number;
    if (kind <= KIND_NOP) {
      options.push({ name: kind === KIND_EOL ? 'eol' : 'nop' });
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    const whole = length >= 2 && at + length <= bytes.length;
    const data = bytes.subarray(at + 2, whole ? at + length : bytes.length);
    options.push(whole ? decodeOption(kind, data) : { name: 'kind', kind, octets: hex(data) });
    at = whole ? at + length : bytes.length;
  }
  return options;
}

function decodeOption(kind: number, data: Uint8Array): TcpOption {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const octets = hex(data);
  if (kind === KIND_MSS && data.length === 2) return { name: 'mss', value: view.getUint16(0) };
  if (kind === KIND_WSCALE && data.length === 1) return { name: 'wscale', value: view.getUint8(0) };
  if (kind === KIND_SACK_OK && data.length === 0) return { name: 'sackOK' };
  if (kind === KIND_SACK && data.length % 8 === 0)
    return {
      name: 'sack',
      blocks: Array.from({ length: data.length / 8 }, (_, i) => ({ left: view.getUint32(8 * i), right: view.getUint32(8 * i + 4) })),
    };
  if (kind === KIND_TIMESTAMPS && data.length === 8) return { name: 'TS', val: view.getUint32(0), ecr: view.getUint32(4) };
  if (kind === KIND_MD5 && data.length === 16) return { name: 'md5', octets };
  if (kind === KIND_FAST_OPEN) return { name: 'FO', octets };
  if (kind === KIND_EXPERIMENT && octets.startsWith(FAST_OPEN_EXPERIMENT)) return { name: 'FOEXP', octets: octets.slice(4) };
  if ((kind === KIND_ACCECN0 || kind === KIND_ACCECN1) && data.length % 3 === 0 && data.length <= 9) {
    const names = kind === KIND_ACCECN0 ? ACCECN_COUNTERS : [...ACCECN_COUNTERS].reverse();
    const count = data.length / 3;
    const counters = names.slice(0, count).map((name, i) => ({ name, value: Number.parseInt(octets.slice(6 * i, 6 * i + 6), 16) }));
    return { name: 'ECN', counters };
  }
  return { name: 'kind', kind, octets };
}

/** An option as scripts write it. */
export function formatOption(option: TcpOption): string {
  const word = (text: string): string => (text === '' ? option.name : `${option.name} ${text}`);
  switch (option.name) {
    case 'mss':
    case 'wscale':
      return word(`${option.value}`);
    case 'sack':
      return word(option.blocks.map(({ left, right }) => `${left}:${right}`).join(' '));
    case 'TS':
      return word(`val ${option.val} ecr ${option.ecr}`);
    case 'FO':
    case 'FOEXP':
    case 'md5':
      return word(option.octets);
    case 'ECN':
      return word(option.counters.map(({ name, value }) => `${name} ${value}`).join(' '));
    case 'kind':
      return `kind ${option.kind}${option.octets === '' ? '' : ` ${option.octets}`}`;
    default:
      return option.name;
  }
}
