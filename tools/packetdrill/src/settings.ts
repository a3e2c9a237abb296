// What `--name=value` sets, in a script and on the command line, with packetdrill's defaults.
import { type IpAddress, parseAddress } from '@protoloom/wire';
import { ScriptSkipped } from './failure.js';
import { definition } from './language/parser.js';
import type { OptionLine } from './language/script.js';
import { ScriptError } from './language/text.js';
import type { Definitions } from './language/values.js';

export type IpVersion = 'ipv4' | 'ipv6' | 'ipv4-mapped-ipv6';

export interface Settings {
  readonly ipVersion: IpVersion;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly gateway: IpAddress;
  /** Of the local network. */
  readonly prefixLength: number;
  readonly bindPort: number;
  readonly connectPort: number;
  readonly mtu: number;
  /** Octets of a segment, of which several arrive as one, coalesced; 0: none do. */
  readonly mss: number;
  readonly toleranceUs: number;
  readonly tolerancePercent: number;
  /** µs a tick of the timestamps that the stack sends; 0: their values are not compared. */
  readonly tsTickUs: number;
  readonly tsEcrScaled: boolean;
  /** A packet of the script is one packet of the stack: never the pieces of it. */
  readonly strictSegments: boolean;
  /** What is told, and does not fail the script. */
  readonly nonFatal: ReadonlySet<'packet' | 'syscall'>;
  readonly initScripts: readonly string[];
  /** Options that make no difference here. */
  readonly ignored: readonly string[];
}

/** Options by their names, with the values as text; `define` is not among them. */
export type Given = ReadonlyMap<string, string | undefined>;

interface Rule {
  /** Whether it takes a value. */
  readonly value: boolean;
  /** What the value may be, for messages; absent: anything. */
  readonly allowed?: string;
  readonly valid?: (text: string) => boolean;
  /** Why it makes no difference here. */
  readonly ignored?: string;
  /** What a script with it needs that is not here. */
  readonly needs?: string;
}

const whole = (low: number, high: number): Rule => ({
  value: true,
  allowed: `a whole number from ${low} to ${high}`,
  valid: (text) => /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high,
});
const address = (what: string): Rule => ({ value: true, allowed: what, valid: (text) => addressOf(text) !== undefined });
const flag: Rule = { value: false };
const unneeded = (ignored: string, value = true): Rule => ({ value, ignored });
const elsewhere = (needs: string, value = true): Rule => ({ value, needs });
const MOST = 0x7fff_ffff;

/** Every option there is. */
const RULES: Readonly<Record<string, Rule>> = {
  ip_version: { value: true, allowed: 'ipv4, ipv6 or ipv4-mapped-ipv6', valid: (text) => text in DEFAULTS },
  local_ip: address('an address'),
  remote_ip: address('an address'),
  gateway_ip: address('an address'),
  netmask_ip: { value: true, allowed: 'a mask such as 255.255.0.0, or a prefix length', valid: (text) => prefixOf(text) !== undefined },
  bind_port: whole(1, 65_535),
  connect_port: whole(1, 65_535),
  mtu: whole(68, 65_535),
  mss: whole(0, 65_535),
  tolerance_usecs: whole(0, MOST),
  tolerance_percent: { value: true, allowed: 'a number of percent', valid: (text) => /^\d+(\.\d*)?$/.test(text) },
  tcp_ts_tick_usecs: whole(0, 1_000_000),
  tcp_ts_ecr_scaled: flag,
  strict_segments: flag,
  non_fatal: {
    value: true,
    allowed: 'packet, syscall or both, with a comma',
    valid: (text) => text.split(/[, ]+/).every((one) => one === 'packet' || one === 'syscall'),
  },
  init_scripts: { value: true },
  define: { value: true, allowed: 'NAME=value', valid: (text) => definition(text) !== undefined },
  speed: unneeded('the device is as fast as the script'),
  is_anyip: unneeded('addresses are filled in wherever they are missing', false),
  send_omit_free: unneeded('buffers are not freed', false),
  code_command: unneeded('code is run by an evaluator of its own'),
  code_format: unneeded('code is run by an evaluator of its own'),
  code_sockopt: unneeded('TCP_INFO, TCP_CC_INFO and SO_MEMINFO are read alike'),
  verbose: unneeded('it is for the command line', false),
  debug: unneeded('-v tells the conversation', false),
  dry_run: unneeded('it is for the command line', false),
  psp_udp_port: unneeded('PSP is not understood'),
  wire_client: elsewhere('a second machine', false),
  wire_server: elsewhere('a second machine', false),
  wire_server_ip: elsewhere('a second machine'),
  wire_server_at: elsewhere('a second machine'),
  wire_server_port: elsewhere('a second machine'),
  wire_client_dev: elsewhere('a second machine'),
  wire_server_dev: elsewhere('a second machine'),
  so_filename: elsewhere('a stack in a shared library'),
  so_flags: elsewhere('a stack in a shared library'),
  tcp_md5_secret: elsewhere('TCP MD5 signatures (RFC 2385)'),
  udp_encapsulation: elsewhere('TCP in UDP (RFC 6951)'),
};

/** The addresses of the suites' own runners, on which Fast Open's cookies depend. */
const FOUR = { local: '192.168.0.1', remote: '192.0.2.1', gateway: '192.168.0.1', prefixLength: 16, family: 2 } as const;
const DEFAULTS = {
  ipv4: FOUR,
  'ipv4-mapped-ipv6': FOUR,
  ipv6: { local: 'fd3d:a0b:17d6::1', remote: 'fd3d:fa7b:d17d::1', gateway: 'fd3d:a0b:17d6:8888::1', prefixLength: 48, family: 10 },
} as const;

/** What the suites' runners define: the cookie is that of the addresses above and of the key in their defaults.sh. */
const USUAL: Readonly<Record<IpVersion, Readonly<Record<string, string>>>> = {
  ipv4: { TFO_COOKIE: '3021b9d889017eeb', CODE: 'host_unreachable', CMSG_LEVEL_IP: 'SOL_IP', CMSG_TYPE_RECVERR: 'IP_RECVERR' },
  'ipv4-mapped-ipv6': {
    TFO_COOKIE: '3021b9d889017eeb',
    CODE: 'host_unreachable',
    CMSG_LEVEL_IP: 'SOL_IPV6',
    CMSG_TYPE_RECVERR: 'IPV6_RECVERR',
  },
  ipv6: { TFO_COOKIE: 'c1d1e9742a47a9bc', CMSG_LEVEL_IP: 'SOL_IPV6', CMSG_TYPE_RECVERR: 'IPV6_RECVERR' },
};

const isVersion = (text: string): text is IpVersion => Object.hasOwn(DEFAULTS, text);

/** An address; a prefix length behind it (`--remote_ip=192.0.2.1/24`) makes no difference. */
function addressOf(text: string): IpAddress | undefined {
  try {
    return parseAddress(text.replace(/\/\d+$/, ''));
  } catch {
    return undefined;
  }
}

function prefixOf(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 128 ? Number(text) : undefined;
  const octets = text.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return undefined;
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}

/** What is wrong with an option, or undefined. */
export function optionProblem(name: string, value: string | undefined): string | undefined {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined) return `there is no option --${name}`;
  if (rule.value && value === undefined) return `--${name} takes a value${rule.allowed === undefined ? '' : `: ${rule.allowed}`}`;
  if (!rule.value && value !== undefined) return `--${name} takes no value`;
  if (value !== undefined && rule.valid?.(value) === false) return `--${name}=${value}: takes ${rule.allowed}`;
  return undefined;
}

const versionOf = (text: string | undefined): IpVersion => (text !== undefined && isVersion(text) ? text : 'ipv4');

/** What symbols stand for that neither the script nor the command line defines. */
export function usualDefinitions(lines: readonly OptionLine[], given: Given): Definitions {
  const version = given.get('ip_version') ?? lines.findLast(({ name }) => name === 'ip_version')?.value;
  return new Map(Object.entries(USUAL[versionOf(version)]));
}

/** Names of all options and whether each takes a value: for the command line. */
export const optionNames = (): readonly (readonly [name: string, value: boolean])[] =>
  Object.entries(RULES).map(([name, { value }]) => [name, value]);

/**
 * The settings of a script.
 * @param given on the command line, which prevails.
 * @throws ScriptError about a line of the script; ScriptSkipped where it needs what is not here.
 */
export function readSettings(lines: readonly OptionLine[], given: Given): Settings {
  const options = new Map<string, string | undefined>();
  for (const { name, value, line, column } of lines) {
    const problem = optionProblem(name, value);
    if (problem !== undefined) throw new ScriptError(problem, line, column);
    options.set(name, value);
  }
  for (const [name, value] of given) options.set(name, value);
  const ignored: string[] = [];
  for (const name of options.keys()) {
    const rule = RULES[name];
    if (rule?.needs !== undefined) throw new ScriptSkipped(`--${name} needs ${rule.needs}`);
    if (rule?.ignored !== undefined) ignored.push(`--${name}: ${rule.ignored}`);
  }
  const ipVersion = versionOf(options.get('ip_version'));
  const { family, ...defaults } = DEFAULTS[ipVersion];
  const number = (name: string, otherwise: number): number => Number(options.get(name) ?? otherwise);
  // An address of the other family than the script runs on is one for its other runs.
  const addressAt = (name: string, otherwise: string): IpAddress => {
    const found = addressOf(options.get(name) ?? otherwise);
    return found?.family === family ? found : parseAddress(otherwise);
  };
  return {
    ipVersion,
    local: addressAt('local_ip', defaults.local),
    remote: addressAt('remote_ip', defaults.remote),
    gateway: addressAt('gateway_ip', defaults.gateway),
    prefixLength: prefixOf(options.get('netmask_ip') ?? '') ?? defaults.prefixLength,
    bindPort: number('bind_port', 8080),
    connectPort: number('connect_port', 8080),
    mtu: number('mtu', 1500),
    mss: number('mss', 0),
    toleranceUs: number('tolerance_usecs', 4000),
    tolerancePercent: number('tolerance_percent', 1),
    tsTickUs: number('tcp_ts_tick_usecs', 0),
    tsEcrScaled: options.has('tcp_ts_ecr_scaled'),
    strictSegments: options.has('strict_segments'),
    nonFatal: new Set((options.get('non_fatal') ?? '').split(/[, ]+/).filter((one) => one === 'packet' || one === 'syscall')),
    initScripts: (options.get('init_scripts') ?? '').split(',').filter((one) => one !== ''),
    ignored,
  };
}
