// What a script says: the shapes that the parser makes.

/** A whole script. */
export interface Script {
  readonly options: readonly OptionLine[];
  /** Commands in backticks before the first event; they take no time. */
  readonly init: readonly Command[];
  readonly events: readonly ScriptEvent[];
  /** A command in backticks after the last event. */
  readonly cleanup: Command | undefined;
  /** A symbol that stands for nothing: the script is one, and cannot run. */
  readonly missing: MissingSymbol | undefined;
}

export interface MissingSymbol {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** `--name` or `--name=value`. */
export interface OptionLine {
  readonly name: string;
  readonly value: string | undefined;
  readonly line: number;
  readonly column: number;
}

/** When an event happens, µs; `endUs` is the end of a range. */
export interface EventTime {
  readonly kind: 'absolute' | 'relative' | 'any' | 'absolute-range' | 'relative-range';
  readonly us: number;
  readonly endUs: number;
}

export interface ScriptEvent {
  readonly line: number;
  readonly column: number;
  /** As it is written, on one line. */
  readonly text: string;
  readonly time: EventTime;
  readonly action: PacketAction | Call | Command | Code;
}

export interface PacketAction {
  readonly kind: 'packet';
  readonly direction: 'in' | 'out';
  readonly packet: PacketSpec;
}

/** What is in backticks. */
export interface Command {
  readonly kind: 'command';
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** What is in %{ }%. */
export interface Code {
  readonly kind: 'code';
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A system call, and what it is to answer. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Value[];
  readonly result: Value;
  readonly errno: string | undefined;
  /** It blocks until then, µs as the event's time counts; undefined: it answers at once. */
  readonly endUs: number | undefined;
}

// ---- values of calls -------------------------------------------------------------------------------------------------------------

/** A value: what a call is given, or what it is to give. */
export type Value =
  | { readonly kind: 'any' }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'word'; readonly name: string }
  /** `open`: `"text"...`, which says only how it begins. */
  | { readonly kind: 'string'; readonly text: string; readonly open: boolean }
  | { readonly kind: 'or'; readonly terms: readonly Value[] }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'struct'; readonly fields: readonly Field[] }
  /** `htons(8080)`, `inet_addr("192.0.2.1")`. */
  | { readonly kind: 'function'; readonly name: string; readonly args: readonly Value[] };

/** `name=value`, `name(count)=value`, or a value without a name. */
export interface Field {
  readonly name: string | undefined;
  readonly count: Value | undefined;
  readonly value: Value;
}

// ---- packets ---------------------------------------------------------------------------------------------------------------------

/** A packet as a script writes it. What is undefined is not looked at in packets that leave, and has its usual value in those that arrive. */
export interface PacketSpec {
  readonly ip: IpSpec;
  /** GRE, IPIP, …: what no stack of ours has, so that no packet with it runs. */
  readonly encapsulation: string | undefined;
  readonly transport: TcpSpec | UdpSpec | IcmpSpec;
}

export type Ecn = 'noecn' | 'ect0' | 'ect1' | 'ce' | 'ect01';

export interface IpSpec {
  readonly ecn?: Ecn;
  /** The whole octet. */
  readonly tos?: number;
  readonly ttl?: number;
  readonly flowLabel?: number;
  /** The octets of the transport's packet that this fragment carries. */
  readonly fragment?: { readonly from: number; readonly to: number; readonly id: number };
}

export interface Ports {
  readonly source: number;
  readonly destination: number;
}

export interface TcpSpec {
  readonly protocol: 'tcp';
  readonly ports: Ports | undefined;
  /** FIN to CWR as in the header's octet 13; AE is bit 8. */
  readonly flags: number;
  /** The three bits AE, CWR and ECE as one number, where the script gives it so. */
  readonly ace: number | undefined;
  readonly seq: number;
  /** `!` behind it: the number as it is on the wire. */
  readonly seqAbsolute: boolean;
  /** `...`: whichever number. */
  readonly seqAny: boolean;
  readonly length: number;
  readonly ack: number | undefined;
  readonly ackAbsolute: boolean;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** undefined: `<...>`. */
  readonly options: readonly TcpOption[] | undefined;
}

export interface UdpSpec {
  readonly protocol: 'udp';
  readonly ports: Ports | undefined;
  readonly length: number;
}

export interface IcmpSpec {
  readonly protocol: 'icmp';
  /** Names are looked up once the family is known. */
  readonly type: string;
  readonly code: string | undefined;
  readonly mtu: number | undefined;
  readonly id: number | undefined;
  readonly quoted: Quoted | undefined;
}

/** The packet that an ICMP error is about. */
export interface Quoted {
  readonly protocol: 'tcp' | 'udp' | 'raw';
  readonly seq: number;
  readonly seqAbsolute: boolean;
  readonly length: number;
}

export type TcpOption =
  | { readonly name: 'eol' | 'nop' | 'sackOK' }
  | { readonly name: 'mss' | 'wscale'; readonly value: number }
  | { readonly name: 'sack'; readonly blocks: readonly SackBlock[] }
  | { readonly name: 'TS'; readonly val: number; readonly ecr: number }
  /** Fast Open's cookie, by kind 34 or as the experiment of RFC 6994; an MD5 digest. Octets in hexadecimal. */
  | { readonly name: 'FO' | 'FOEXP' | 'md5'; readonly octets: string }
  /** RFC 9768 §3.2.3: its counters in their order, of which the last may be missing. */
  | { readonly name: 'ECN'; readonly counters: readonly AccEcnCounter[] }
  /** Any other kind, its data in hexadecimal. */
  | { readonly name: 'kind'; readonly kind: number; readonly octets: string };

export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

export interface AccEcnCounter {
  readonly name: 'e0b' | 'e1b' | 'ceb';
  readonly value: number;
}

/** Bits of `TcpSpec.flags`. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
export const AE = 0x100;

/** The letters of flags, in the order in which a packet is written. ACK is the dot. */
export const FLAG_LETTERS: readonly (readonly [letter: string, bit: number])[] = [
  ['F', FIN],
  ['S', SYN],
  ['R', RST],
  ['P', PSH],
  ['U', URG],
  ['E', ECE],
  ['W', CWR],
  ['A', AE],
];
