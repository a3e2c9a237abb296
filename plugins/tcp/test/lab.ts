// One host on an L3 device, and a peer that is the test itself: segments in and out as text, in virtual time.
import { ARPHRD_NONE, attach, type DeviceInput, definePlugin, type Packet, type Plugin } from '@protoloom/contracts';
import { AF_INET, type Endpoint, SOCK_STREAM, SOCKETS, type SocketAddress, type Sockets } from '@protoloom/contracts/socket';
import {
  CONGESTION_CONTROL,
  type CongestionEvent,
  type Controller,
  type SenderControl,
  type SenderView,
  TCP_ISN,
} from '@protoloom/contracts/tcp';
import { icmpv4 } from '@protoloom/icmpv4';
import { ip } from '@protoloom/ip';
import { ipv4 } from '@protoloom/ipv4';
import { plainFrame, SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { tcp, wire } from '@protoloom/tcp';
import { tun } from '@protoloom/tun';
import { sum } from '@protoloom/wire';

/** A controller that opens with each ACK, and closes at a timeout: what is tested here is TCP's own. */
class Open implements Controller {
  readonly view: SenderView;
  readonly out: SenderControl;
  constructor(view: SenderView, out: SenderControl) {
    this.view = view;
    this.out = out;
  }
  onAck({ acked }: { readonly acked: number }): void {
    this.out.cwnd += acked;
  }
  onCongestion({ why }: CongestionEvent): void {
    this.out.ssthresh = Math.max(2 * this.view.mss, this.view.inFlight / 2);
    if (why === 'rto') this.out.cwnd = this.view.mss;
  }
}

/** A stretch of a steady packet's payload, and the octets that it had when it was sent. */
interface Stretch {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly sent: Uint8Array;
}

/**
 * As a device that has one buffer for what it reads, frames of a poll are overwritten by the next; and that gathers what it sends, where the
 * payload of steady packets lies until it is told to send it.
 */
class LateDevice extends SimDevice {
  /** Octets that were sent otherwise than they were when their packet came. */
  changed = 0;
  #lent: Uint8Array[] = [];
  #gathered: Stretch[] = [];

  override transmit(packet: Packet): boolean {
    if (packet.steady)
      for (const { bytes, at, length } of packet.fragments.slice(0, packet.fragmentCount))
        this.#gathered.push({ bytes, at, sent: bytes.slice(at, at + length) });
    return super.transmit(packet);
  }

  flush(): void {
    for (const { bytes, at, sent } of this.#gathered) this.changed += sent.filter((octet, i) => octet !== bytes[at + i]).length;
    this.#gathered = [];
  }

  override poll(budget: number, input: DeviceInput): number {
    for (const bytes of this.#lent) bytes.fill(0xee);
    this.#lent = [];
    return super.poll(budget, {
      frame: (bytes, view, from, to) => {
        this.#lent.push(bytes);
        return input.frame(bytes, view, from, to);
      },
      deliver: (packet) => input.deliver(packet),
    });
  }
}

export const control = definePlugin({
  name: 'test-control',
  version: '1.0.0',
  api: '^1.0.0',
  // Our own sequence numbers are near the wrap as well.
  attaches: { open: attach(CONGESTION_CONTROL, 'open', '^1.0'), isn: attach(TCP_ISN, 0, '^1.0') },
  create: () => ({
    handlers: {
      isn: () => -20,
      open: { name: 'open', drive: 'window' as const, create: (view: SenderView, out: SenderControl) => new Open(view, out) },
    },
  }),
});

const US = 0xc000_0201;
const PEER = 0xc000_0202;

/** A segment of the peer's. Sequence numbers count from its SYN, acknowledgements from ours. */
export interface In {
  readonly seq?: number;
  readonly ack?: number;
  /** Octets of text: 0, 1, 2, … from the stream's offset on. */
  readonly len?: number;
  readonly win?: number;
  /** Octets of options, a multiple of four. */
  readonly options?: readonly number[];
  readonly port?: number;
  readonly from?: number;
  /** Coalesced: segments of this size. */
  readonly gso?: number;
  /** Spoils the checksum. */
  readonly spoil?: boolean;
}

export interface LabOptions {
  readonly sysctls?: Readonly<Record<string, number | string | boolean>>;
  readonly mtu?: number;
  readonly offload?: boolean;
  /** Plain SYNs: no timestamps, SACK, scale. */
  readonly options?: boolean;
  /** Plugins besides. */
  readonly plugins?: readonly Plugin[];
}

/** The octet at an offset of either stream. */
export const octet = (offset: number): number => offset % 251;

export class Lab {
  readonly simulation = new Simulation(7);
  readonly stack: Stack;
  readonly sockets: Sockets;
  readonly device: LateDevice;
  /** Where the peer's sequence numbers start: the wrap is always near. */
  peerIss = 0xffff_fff0;
  /** Ours, as our SYN told. */
  iss = 0;
  peerPort = 5000;
  port = 80;
  /** TSval of our last segment. */
  tsVal = 0;
  /** The last segment's window and options, as text. */
  window = 0;
  options = '';
  payload: Uint8Array = new Uint8Array(0);
  #frames: Uint8Array[] = [];
  #gso: number[] = [];

  constructor({ sysctls = {}, mtu = 1500, offload = false, options = false, plugins = [] }: LabOptions = {}) {
    const plain = options ? {} : { 'net.ipv4.tcp_timestamps': 0, 'net.ipv4.tcp_sack': 0, 'net.ipv4.tcp_window_scaling': 0 };
    this.stack = this.simulation.host({ plugins: [ip, ipv4, icmpv4, tun, tcp, control, ...plugins], sysctls: { ...plain, ...sysctls } });
    this.device = new LateDevice({ name: 'tun0', type: ARPHRD_NONE, mtu, offload });
    this.device.onFrame = ({ bytes, gsoSegments }) => {
      this.#frames.push(bytes);
      this.#gso.push(gsoSegments);
    };
    this.stack.link.add(this.device);
    this.stack.address.add('tun0', '192.0.2.1/24');
    this.stack.link.up('tun0');
    this.sockets = this.stack.service(SOCKETS);
    this.advance(0);
  }

  address(port: number, word: number): SocketAddress {
    const address = this.sockets.address();
    address.family = AF_INET;
    address.words.set([0, 0, 0xffff, word | 0]);
    address.port = port;
    return address;
  }

  open(): Endpoint {
    const endpoint = this.sockets.open(AF_INET, SOCK_STREAM, 0);
    if (typeof endpoint === 'number') throw new Error(`open: ${endpoint}`);
    return endpoint;
  }

  listen(backlog = 128): Endpoint {
    const endpoint = this.open();
    for (const result of [endpoint.bind(this.address(this.port, 0)), endpoint.listen(backlog)])
      if (result < 0) throw new Error(`listen: ${result}`);
    return endpoint;
  }

  /** An active open; the SYN has left. */
  connect(): Endpoint {
    const endpoint = this.open();
    const result = endpoint.connect(this.address(this.peerPort, PEER));
    if (result !== -115) throw new Error(`connect: ${result}`);
    this.advance(0);
    return endpoint;
  }

  /** An established connection that the peer opened. */
  accepted(segment: In = {}): { listener: Endpoint; endpoint: Endpoint } {
    const listener = this.listen();
    this.in('S', segment);
    this.sent();
    this.in('.', { seq: 1, ack: 1, ...(segment.win === undefined ? {} : { win: segment.win }) });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    this.sent();
    return { listener, endpoint };
  }

  /** An established connection that we opened. */
  connected(segment: In = {}): Endpoint {
    const endpoint = this.connect();
    this.sent();
    this.in('S.', { ack: 1, ...segment });
    this.sent();
    return endpoint;
  }

  advance(us: number): void {
    this.simulation.advance(us);
    // What is called next is called at this time.
    this.stack.enter();
  }

  /** Writes `count` octets of our stream from `offset` on. */
  write(endpoint: Endpoint, offset: number, count: number): number {
    const bytes = Uint8Array.from({ length: count }, (_, i) => octet(offset + i));
    const result = endpoint.send(bytes, 0, count, undefined);
    this.advance(0);
    return result;
  }

  /** Reads what there is; answers how many octets, or the negative errno. */
  read(endpoint: Endpoint, most = 65_536): number {
    this.payload = new Uint8Array(most);
    const result = endpoint.receive(this.payload, 0, most, undefined);
    this.advance(0);
    return result;
  }

  /** The peer sends. @param flags letters as tcpdump's: S F R P . (ACK). */
  in(flags: string, segment: In = {}): void {
    this.arrive(flags, segment);
    this.advance(0);
  }

  /** The same; the next turn takes it, with what else has arrived by then. */
  arrive(flags: string, { seq = 0, ack = 0, len = 0, win = 65_535, options = [], port, from, gso = 0, spoil = false }: In = {}): void {
    const head = 20 + 20 + options.length;
    const bytes = new Uint8Array(head + len);
    const view = new DataView(bytes.buffer);
    bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6]);
    view.setUint16(2, bytes.length);
    view.setUint32(12, PEER);
    view.setUint32(16, US);
    view.setUint16(10, ~sum(bytes, 0, 20, 0) & 0xffff);
    view.setUint16(20, from ?? this.peerPort);
    view.setUint16(22, port ?? this.port);
    view.setUint32(24, (this.peerIss + seq) >>> 0);
    const bits = flags.split('').reduce((all, letter) => all | ({ F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32 }[letter] ?? 0), 0);
    if (bits & 16) view.setUint32(28, (this.iss + ack) >>> 0);
    bytes[32] = ((20 + options.length) / 4) << 4;
    bytes[33] = bits;
    view.setUint16(34, win);
    bytes.set(options, 40);
    for (let i = 0; i < len; i++) bytes[head + i] = octet(seq - 1 + i);
    const pseudo = (US >>> 16) + (US & 0xffff) + (PEER >>> 16) + (PEER & 0xffff) + 6 + bytes.length - 20;
    let check = sum(bytes, 20, bytes.length, 0) + pseudo;
    while (check > 0xffff) check = (check & 0xffff) + (check >>> 16);
    view.setUint16(36, ~check & 0xffff);
    if (spoil) bytes[36] = (bytes[36] as number) ^ 1;
    this.device.arrive({ ...plainFrame(bytes), gsoKind: gso > 0 ? 1 : 0, gsoSize: gso, gsoSegments: gso > 0 ? Math.ceil(len / gso) : 1 });
  }

  /** The peer reports destination unreachable about our segment with sequence number `seq`. @param mtu for code 4. */
  icmp(code: number, seq: number, mtu = 0): void {
    const bytes = new Uint8Array(20 + 8 + 28);
    const view = new DataView(bytes.buffer);
    bytes.set([0x45, 0, 0, bytes.length, 0, 0, 0, 0, 64, 1]);
    view.setUint32(12, PEER);
    view.setUint32(16, US);
    view.setUint16(10, ~sum(bytes, 0, 20, 0) & 0xffff);
    bytes.set([3, code, 0, 0, 0, 0, mtu >> 8, mtu & 0xff], 20);
    bytes.set([0x45, 0, 5, 220, 0, 0, 0x40, 0, 64, 6], 28);
    view.setUint32(40, US);
    view.setUint32(44, PEER);
    view.setUint16(48, this.port);
    view.setUint16(50, this.peerPort);
    view.setUint32(52, (this.iss + seq) >>> 0);
    view.setUint16(22, ~sum(bytes, 20, bytes.length, 0) & 0xffff);
    this.device.arrive(plainFrame(bytes));
    this.advance(0);
  }

  /** What has left since the last call: `S 0:0(0)`, `P. 1:11(10) ack 5`; several segments in one packet are marked `x3`. */
  sent(): string[] {
    const frames = this.#frames;
    const gso = this.#gso;
    this.#frames = [];
    this.#gso = [];
    return frames.map((bytes, i) => this.#tell(bytes, gso[i] as number));
  }

  #tell(bytes: Uint8Array, segments: number): string {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const at = ((bytes[0] as number) & 15) * 4;
    const bits = wire.flags(view, at);
    const headerBytes = wire.headerBytes(view, at);
    const len = bytes.length - at - headerBytes;
    if ((bits & 2) !== 0) {
      this.iss = wire.seq(view, at);
      this.port = wire.srcPort(view, at);
    }
    this.window = wire.window(view, at);
    this.payload = bytes.subarray(at + headerBytes);
    this.options = this.#tellOptions(view, at + 20, at + headerBytes);
    const flags = `${bits & 2 ? 'S' : ''}${bits & 1 ? 'F' : ''}${bits & 4 ? 'R' : ''}${bits & 8 ? 'P' : ''}${bits & 16 ? '.' : ''}`;
    const seq = (wire.seq(view, at) - this.iss) | 0;
    const ack = (wire.ack(view, at) - this.peerIss) | 0;
    const many = segments > 1 ? ` x${segments}` : '';
    return `${flags} ${seq}:${seq + len}(${len})${bits & 16 ? ` ack ${ack}` : ''}${many}`;
  }

  #tellOptions(view: DataView, from: number, to: number): string {
    const told: string[] = [];
    for (let at = from; at < to; ) {
      const kind = view.getUint8(at);
      if (kind === 0) break;
      if (kind === 1) {
        at++;
        continue;
      }
      if (kind === 2) told.push(`mss ${view.getUint16(at + 2)}`);
      else if (kind === 3) told.push(`wscale ${view.getUint8(at + 2)}`);
      else if (kind === 4) told.push('sackOK');
      else if (kind === 5) {
        const blocks: string[] = [];
        for (let b = at + 2; b < at + view.getUint8(at + 1); b += 8) {
          blocks.push(`${(view.getInt32(b) - this.peerIss) | 0}:${(view.getInt32(b + 4) - this.peerIss) | 0}`);
        }
        told.push(`sack ${blocks.join(' ')}`);
      } else if (kind === 8) {
        this.tsVal = view.getInt32(at + 2);
        told.push(`TS ecr ${view.getInt32(at + 6)}`);
      } else {
        const data = Array.from({ length: view.getUint8(at + 1) - 2 }, (_, i) => view.getUint8(at + 2 + i));
        told.push(['opt', kind, ...data].join(' '));
      }
      at += view.getUint8(at + 1);
    }
    return told.join(',');
  }

  /** Counters of TCP that are not zero. */
  counters(): Record<string, number> {
    const all = this.stack.counters.of('@protoloom/tcp') as Record<string, number>;
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== 0));
  }
}

/** Options of a SYN: MSS, and the rest where asked for. */
export const mss = (bytes: number): number[] => [2, 4, bytes >> 8, bytes & 0xff];
export const timestamps = (val: number, ecr: number): number[] => [1, 1, 8, 10, ...word(val), ...word(ecr)];
export const sackPermitted: readonly number[] = [1, 1, 4, 2];
export const wscale = (shift: number): number[] => [1, 3, 3, shift];
const word = (value: number): number[] => [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
