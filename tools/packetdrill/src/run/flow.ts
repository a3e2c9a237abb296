// One conversation: between the numbers of a script and those on the wire. A script's sequence numbers count from the initial ones, its
// timestamps from the first that the stack sends, its addresses and ports are left out.
import { copyWords, equalWords } from '@protoloom/wire';
import { fail } from '../failure.js';
import { ACK, type IcmpSpec, type PacketSpec, SYN, type TcpOption, type TcpSpec } from '../language/script.js';
import type { Mismatch } from '../packets/compare.js';
import { encodePacket, encodeTransport, icmpProtocol } from '../packets/encode.js';
import { hasMtu, icmpNumbers, isEcho } from '../packets/icmp-types.js';
import type { Packet, Tcp } from '../packets/packet.js';
import type { Settings } from '../settings.js';

const TTL = 255;
const TCP = 6;
const UDP = 17;
const IPPROTO_RAW = 255;
const QUOTED_OCTETS = 8;
const ECN_BITS = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 } as const;

/** How far the conversation is: what decides whose initial sequence number comes next. */
export type FlowState = 'connecting' | 'syn-sent' | 'syn-acked' | 'listening' | 'packet-received' | 'synack-sent' | 'open';

export interface Address {
  readonly words: Int32Array;
  port: number;
}

export class Flow {
  readonly protocol: number;
  state: FlowState;
  /** The script's number of its descriptor, once it has one. */
  fd: number | undefined;
  readonly local: Address;
  readonly remote: Address;
  /** Initial sequence numbers: the peer's, which is the script's own; ours as the script writes it, and as it was. */
  remoteIsn = 0;
  scriptIsn = 0;
  localIsn = 0;
  /** Timestamps that were sent, by what the script calls them. */
  readonly #timestamps = new Map<number, number>();
  #firstTimestamp: { readonly script: number; readonly actual: number } | undefined;
  #flowLabel: { readonly script: number; readonly actual: number } | undefined;
  readonly #family: 4 | 6;

  constructor(protocol: number, state: FlowState, settings: Settings, localPort: number, remotePort: number) {
    this.protocol = protocol;
    this.state = state;
    this.#family = settings.ipVersion === 'ipv6' ? 6 : 4;
    this.local = { words: settings.local.toWords(), port: localPort };
    this.remote = { words: settings.remote.toWords(), port: remotePort };
  }

  // ---- inbound ---------------------------------------------------------------------------------------------------------------------

  /** The octets of a packet of the script that arrives. */
  inbound({ ip, transport }: PacketSpec, tsEcrScaled: boolean): Uint8Array {
    const base = {
      family: this.#family,
      source: this.remote.words,
      destination: this.local.words,
      tos: ip.tos ?? ECN_BITS[ip.ecn ?? 'noecn'],
      ttl: ip.ttl ?? TTL,
      flowLabel: ip.flowLabel ?? 0,
      extraHeaders: 0,
      fragment: undefined,
      badChecksums: [],
    };
    const packet: Packet =
      transport.protocol === 'tcp'
        ? { ...base, protocol: TCP, transport: this.#inboundTcp(transport, tsEcrScaled), payload: new Uint8Array(transport.length) }
        : transport.protocol === 'udp'
          ? {
              ...base,
              protocol: UDP,
              transport: {
                protocol: 'udp',
                sourcePort: transport.ports?.source || this.remote.port,
                destinationPort: transport.ports?.destination || this.local.port,
                length: 8 + transport.length,
              },
              payload: new Uint8Array(transport.length),
            }
          : { ...base, protocol: icmpProtocol(this.#family), ...this.#inboundIcmp(transport) };
    return encodePacket(ip.fragment === undefined ? packet : cut(packet, ip.fragment));
  }

  #inboundTcp(spec: TcpSpec, tsEcrScaled: boolean): Tcp {
    const isSyn = (spec.flags & SYN) !== 0;
    if (this.state === 'synack-sent' && (spec.flags & ACK) !== 0) this.state = 'open';
    else if (this.state === 'syn-sent' && isSyn && (spec.flags & ACK) !== 0) {
      this.state = 'syn-acked';
      this.remoteIsn = spec.seq;
    } else if (this.state === 'packet-received' && isSyn) this.remoteIsn = spec.seq;
    const ours = isSyn ? this.localIsn - this.scriptIsn : this.localIsn;
    const ace = spec.ace ?? 0;
    return {
      protocol: 'tcp',
      sourcePort: spec.ports?.source || this.remote.port,
      destinationPort: spec.ports?.destination || this.local.port,
      seq: (spec.seq + (isSyn || spec.seqAbsolute ? 0 : this.remoteIsn)) >>> 0,
      ack: (spec.flags & ACK) === 0 || spec.ackAbsolute ? (spec.ack ?? 0) : ((spec.ack ?? 0) + ours) >>> 0,
      flags: spec.flags | (ace & 4 ? 0x100 : 0) | (ace & 2 ? 0x80 : 0) | (ace & 1 ? 0x40 : 0),
      reserved: 0,
      window: spec.window ?? 0,
      urgent: spec.urgent ?? 0,
      options: (spec.options ?? []).map((option) => this.#inboundOption(option, ours, (spec.flags & ACK) !== 0, tsEcrScaled)),
    };
  }

  #inboundOption(option: TcpOption, ours: number, acknowledges: boolean, tsEcrScaled: boolean): TcpOption {
    if (option.name === 'sack')
      return { name: 'sack', blocks: option.blocks.map(({ left, right }) => ({ left: (left + ours) >>> 0, right: (right + ours) >>> 0 })) };
    if (option.name !== 'TS' || !acknowledges) return option;
    const known = this.#timestamps.get(option.ecr);
    if (known !== undefined) return { ...option, ecr: known };
    const first = this.#firstTimestamp;
    if (tsEcrScaled && first !== undefined) return { ...option, ecr: (option.ecr - first.script + first.actual) >>> 0 };
    return fail(`ecr ${option.ecr} echoes no timestamp that was sent: no packet of the script leaves with TS val ${option.ecr}`);
  }

  #inboundIcmp(spec: IcmpSpec): Pick<Packet, 'transport' | 'payload'> {
    const numbers = icmpNumbers(this.#family, spec.type, spec.code);
    if (typeof numbers === 'string') return fail(numbers);
    const { type, code } = numbers;
    if (spec.mtu !== undefined && !hasMtu(this.#family, type, code)) fail(`ICMP ${spec.type} ${spec.code ?? ''} carries no MTU`);
    const echo = isEcho(this.#family, type);
    if (spec.id !== undefined && !echo) fail(`ICMP ${spec.type} carries no id`);
    const rest = spec.mtu ?? (spec.id ?? 0) * 0x1_0000;
    const payload = echo ? new Uint8Array(spec.quoted?.length ?? 0) : this.#quote(spec.quoted);
    return { transport: { protocol: 'icmp', type, code, rest }, payload };
  }

  /** The head of a packet of ours: IP's header and eight octets, which RFC 792 has routers return. */
  #quote(quoted: IcmpSpec['quoted']): Uint8Array {
    const { protocol = 'tcp', seq = 0, seqAbsolute = false, length = 0 } = quoted ?? {};
    const common = { sourcePort: this.local.port, destinationPort: this.remote.port };
    const packet: Packet = {
      family: this.#family,
      source: this.local.words,
      destination: this.remote.words,
      tos: 0,
      ttl: TTL,
      flowLabel: 0,
      extraHeaders: 0,
      fragment: undefined,
      badChecksums: [],
      protocol: protocol === 'tcp' ? TCP : protocol === 'udp' ? UDP : IPPROTO_RAW,
      transport:
        protocol === 'tcp'
          ? {
              ...common,
              protocol: 'tcp',
              seq: (seq + (seqAbsolute ? 0 : this.localIsn)) >>> 0,
              ack: 0,
              flags: 0,
              reserved: 0,
              window: 0,
              urgent: 0,
              options: [],
            }
          : protocol === 'udp'
            ? { ...common, protocol: 'udp', length: 8 + length }
            : { protocol: 'other' },
      payload: new Uint8Array(protocol === 'raw' ? Math.max(length, QUOTED_OCTETS) : length),
    };
    const ipHeader = this.#family === 4 ? 20 : 40;
    return encodePacket(packet).subarray(0, ipHeader + QUOTED_OCTETS);
  }

  /** A packet that arrives, back in the script's numbers: for whoever follows the conversation. */
  arriving(packet: Packet): Packet {
    const { transport } = packet;
    if (transport.protocol !== 'tcp') return packet;
    const isSyn = (transport.flags & SYN) !== 0;
    const ours = isSyn ? this.localIsn - this.scriptIsn : this.localIsn;
    return {
      ...packet,
      transport: { ...transport, seq: (transport.seq - (isSyn ? 0 : this.remoteIsn)) >>> 0, ack: (transport.ack - ours) >>> 0 },
    };
  }

  // ---- outbound --------------------------------------------------------------------------------------------------------------------

  /** Whether a packet that leaves belongs here. Where the flow has yet to learn its own port, the packet teaches it. */
  owns(packet: Packet, spec: PacketSpec): boolean {
    if (!equalWords(packet.destination, 0, this.remote.words, 0)) return false;
    const { transport } = packet;
    if (spec.ip.fragment !== undefined) return packet.fragment !== undefined;
    if (spec.transport.protocol === 'icmp' && transport.protocol === 'icmp') return true;
    if (transport.protocol !== 'tcp' && transport.protocol !== 'udp') return false;
    if ((transport.protocol === 'tcp' ? TCP : UDP) !== this.protocol) return false;
    // A SYN of a conversation before is none of this one's, whose port is mostly known already.
    const first =
      (this.state === 'connecting' || this.state === 'syn-sent') && (this.local.port === 0 || transport.sourcePort === this.local.port);
    const learns =
      first && transport.destinationPort === this.remote.port && (transport.protocol === 'udp' || (transport.flags & (SYN | ACK)) === SYN);
    if (learns) {
      copyWords(packet.source, 0, this.local.words, 0);
      this.local.port = transport.sourcePort;
      if (transport.protocol === 'tcp') this.localIsn = transport.seq;
      return true;
    }
    const { source = this.local.port, destination = this.remote.port } =
      ('ports' in spec.transport ? spec.transport.ports : undefined) ?? {};
    return (
      equalWords(packet.source, 0, this.local.words, 0) && transport.sourcePort === source && transport.destinationPort === destination
    );
  }

  /** The script says that this packet leaves now: what that tells of our initial sequence number. */
  expects({ transport }: PacketSpec): void {
    if (transport.protocol !== 'tcp' || (transport.flags & SYN) === 0) return;
    const isSynAck = (transport.flags & ACK) !== 0;
    if (this.state === 'connecting' && !isSynAck) {
      this.state = 'syn-sent';
      this.scriptIsn = transport.seq;
    } else if (this.state === 'packet-received' && isSynAck) this.scriptIsn = transport.seq;
  }

  /** The packet in the script's numbers. */
  toScript(packet: Packet, spec: PacketSpec): Packet {
    const { transport } = packet;
    if (transport.protocol !== 'tcp') return packet;
    const expected = spec.transport.protocol === 'tcp' ? spec.transport : undefined;
    const isSyn = (transport.flags & SYN) !== 0;
    if (
      this.state === 'packet-received' &&
      isSyn &&
      (transport.flags & ACK) !== 0 &&
      ((expected?.flags ?? 0) & (SYN | ACK)) === (SYN | ACK)
    ) {
      this.state = 'synack-sent';
      this.localIsn = transport.seq;
    }
    const ours = isSyn ? this.localIsn - this.scriptIsn : this.localIsn;
    const theirs = isSyn ? 0 : this.remoteIsn;
    const wanted = expected?.options?.find((option) => option.name === 'TS');
    const options = transport.options.map((option): TcpOption => {
      if (option.name === 'sack')
        return {
          name: 'sack',
          blocks: option.blocks.map(({ left, right }) => ({ left: (left - theirs) >>> 0, right: (right - theirs) >>> 0 })),
        };
      if (option.name !== 'TS' || wanted?.name !== 'TS') return option;
      this.#timestamps.set(wanted.val, option.val);
      this.#firstTimestamp ??= { script: wanted.val, actual: option.val };
      return { ...option, val: (option.val - this.#firstTimestamp.actual + this.#firstTimestamp.script) >>> 0 };
    });
    return {
      ...packet,
      transport: {
        ...transport,
        seq: (transport.seq - (expected?.seqAbsolute ? 0 : ours)) >>> 0,
        ack: (transport.flags & ACK) === 0 || expected?.ackAbsolute ? transport.ack : (transport.ack - theirs) >>> 0,
        options,
      },
    };
  }

  /** A flow label stands for whichever the stack chose: the same one again where the script has the same, another where it has another. */
  compareFlowLabel(expected: number | undefined, actual: number): Mismatch[] {
    if (expected === undefined || expected === 0) return [];
    const known = this.#flowLabel;
    const same = known?.script === expected;
    if (actual !== 0 && (known === undefined || same === (known.actual === actual))) {
      this.#flowLabel = { script: expected, actual };
      return [];
    }
    const wanted = actual === 0 ? 'one' : same ? `the same as before, 0x${known.actual.toString(16)}` : 'another than before';
    return [{ field: 'flow label', expected: wanted, actual: `0x${actual.toString(16)}` }];
  }
}

/** A fragment of a packet: octets `from` to `to` of what follows IP's header. */
function cut(packet: Packet, { from, to, id }: NonNullable<PacketSpec['ip']['fragment']>): Packet {
  const whole = encodeTransport(packet);
  if (to > whole.length) fail(`the packet has ${whole.length} octets behind its IP header: no fragment ends at ${to}`);
  return {
    ...packet,
    transport: { protocol: 'other' },
    payload: whole.subarray(from, to),
    fragment: { offset: from, more: to < whole.length, id },
  };
}
