// Packets of a script: those that arrive, and those that the stack is to send.
import { ScriptFailure } from '../failure.js';
import type { PacketAction, PacketSpec, ScriptEvent } from '../language/script.js';
import { comparePacket, continues, joined, type Mismatch } from '../packets/compare.js';
import { decodePacket } from '../packets/decode.js';
import { formatPacket } from '../packets/format.js';
import type { Packet } from '../packets/packet.js';
import type { Flow } from './flow.js';
import type { Stage } from './stage.js';
import { compareTime, type Due, seconds } from './timing.js';
import type { Sent } from './wire.js';

/** How much longer than until the time when it is due a packet is waited for, so that it can be said when it came: packetdrill's 2 s. */
const PATIENCE_US = 2_000_000;
/** What `*` waits for at most. */
const MOST_US = 3_600_000_000;
/** Time passes in such steps at most, so that what a script waits for within is not passed by. */
const STEP_US = 1_000_000_000;

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 } as const;

export class PacketEvents {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  inject({ packet: spec }: PacketAction): void {
    this.#refuseEncapsulation(spec);
    const flow = this.#flowFor(spec, 'in');
    const bytes = flow.inbound(spec, this.#stage.settings.tsEcrScaled);
    const packet = decodePacket(bytes);
    this.#stage.tell('in', typeof packet === 'string' ? packet : formatPacket(flow.arriving(packet)));
    this.#stage.wire.arrive(bytes, this.#coalesced(spec));
  }

  /** `--mss`: what is longer is several segments that arrive as one. */
  #coalesced({ ip, transport }: PacketSpec): { readonly size: number; readonly segments: number } | undefined {
    const size = this.#stage.settings.mss;
    if (size === 0 || transport.protocol !== 'tcp' || ip.fragment !== undefined || transport.length <= size) return undefined;
    return { size, segments: Math.ceil(transport.length / size) };
  }

  #refuseEncapsulation({ encapsulation }: PacketSpec): void {
    if (encapsulation !== undefined) throw new ScriptFailure(`${encapsulation} is not understood: packets are plain IPv4 or IPv6`);
  }

  /** The conversation that a packet of the script is part of; one that nobody expects begins one. */
  #flowFor({ transport }: PacketSpec, direction: 'in' | 'out'): Flow {
    const { flow } = this.#stage.process;
    const protocol = PROTOCOLS[transport.protocol];
    if (transport.protocol === 'tcp') {
      if (direction === 'in' && (flow === undefined || flow.state === 'listening')) return this.#stage.process.incoming(protocol);
      return flow ?? this.#noFlow();
    }
    if (flow !== undefined && (transport.protocol === 'icmp' || flow.protocol === protocol)) return flow;
    return direction === 'in' || transport.protocol === 'udp' ? this.#stage.process.datagrams(protocol) : this.#noFlow();
  }

  #noFlow(): never {
    throw new ScriptFailure('no socket of the script could send this packet: there is no connect, listen or packet before it');
  }

  expect(event: ScriptEvent, spec: PacketSpec, due: Due, tolerance: number): void {
    this.#refuseEncapsulation(spec);
    const flow = this.#flowFor(spec, 'out');
    flow.expects(spec);
    this.#stage.settle();
    const untilUs = due.any ? this.#stage.nowUs + MOST_US : due.toUs + tolerance + PATIENCE_US;
    const wanted = spec.ip.fragment === undefined && spec.transport.protocol === 'tcp' ? spec.transport.length : 0;
    let whole: Packet | undefined;
    const times: number[] = [];
    const found: Mismatch[] = [];
    do {
      const sent = this.#nextOf(flow, spec, untilUs);
      if (sent === undefined) throw this.#missing(whole, spec, due, tolerance);
      if (typeof sent.packet === 'string') throw new ScriptFailure(`the stack sends ${sent.packet}`);
      const packet = flow.toScript(sent.packet, spec);
      times.push(this.#stage.sinceStart(sent.atUs));
      this.#stage.tell('out', formatPacket(packet), this.#stage.sinceStart(sent.atUs));
      if (whole !== undefined && !continues(whole, packet)) {
        found.push({ field: 'next piece', expected: `one that goes on after ${formatPacket(whole)}`, actual: formatPacket(packet) });
        break;
      }
      whole = whole === undefined ? packet : joined(whole, packet);
    } while (whole.payload.length < wanted && !this.#stage.settings.strictSegments && comparable(spec, whole));
    found.push(
      ...comparePacket(spec, whole),
      ...flow.compareFlowLabel(spec.ip.flowLabel, whole.flowLabel),
      ...this.#compareTick(spec, whole, due),
    );
    for (const time of times) if (found.every(({ field }) => field !== 'time')) found.push(...compareTime('time', due, time, tolerance));
    if (found.length === 0) return;
    this.#stage.complain(
      new ScriptFailure(`the packet differs: ${found.map(({ field }) => field).join(', ')}`, [
        ...found,
        { field: 'packet', expected: event.text, actual: formatPacket(whole) },
      ]),
      'packet',
    );
  }

  /** The next packet of this conversation, waited for until `untilUs`. Packets of others pass by. */
  #nextOf(flow: Flow, spec: PacketSpec, untilUs: number): Sent | undefined {
    for (;;) {
      for (let sent = this.#stage.wire.next(); sent !== undefined; sent = this.#stage.wire.next()) {
        if (typeof sent.packet === 'string' || flow.owns(sent.packet, spec)) return sent;
        this.#stage.tell('other', formatPacket(sent.packet), this.#stage.sinceStart(sent.atUs));
      }
      if (this.#stage.nowUs >= untilUs) return undefined;
      // Where nothing is left to happen, time passes all the same.
      this.#stage.advanceTo(Math.min(Math.max(this.#stage.nextTurnUs, this.#stage.nowUs), this.#stage.nowUs + STEP_US, untilUs));
    }
  }

  #missing(whole: Packet | undefined, spec: PacketSpec, due: Due, tolerance: number): ScriptFailure {
    if (whole !== undefined) {
      const length = 'length' in spec.transport ? spec.transport.length : 0;
      return new ScriptFailure('the packet differs: payload length', [
        { field: 'payload length', expected: `${length}`, actual: `${whole.payload.length}` },
        { field: 'packet', expected: this.#stage.event?.text ?? '', actual: formatPacket(whole) },
      ]);
    }
    const when = due.any ? 'at all' : `by ${seconds(due.toUs + tolerance)}`;
    return new ScriptFailure(`no packet leaves ${when}`, [{ field: 'packet', expected: this.#stage.event?.text ?? '', actual: 'none' }]);
  }

  /** With `tcp_ts_tick_usecs`, the value of a timestamp is held against the time that has passed. */
  #compareTick(spec: PacketSpec, packet: Packet, due: Due): Mismatch[] {
    const { tsTickUs } = this.#stage.settings;
    if (tsTickUs === 0 || spec.transport.protocol !== 'tcp' || packet.transport.protocol !== 'tcp') return [];
    const expected = spec.transport.options?.find((option) => option.name === 'TS');
    const actual = packet.transport.options.find((option) => option.name === 'TS');
    if (expected?.name !== 'TS' || actual?.name !== 'TS') return [];
    const off = Math.abs((actual.val - expected.val) | 0) * tsTickUs;
    if (off <= this.#stage.tolerance(due.toUs, 0)) return [];
    return [{ field: 'option TS val', expected: `${expected.val}`, actual: `${actual.val}` }];
  }
}

/** Whether waiting for another piece makes sense: the first is as it should be but for what the last piece brings. */
function comparable(spec: PacketSpec, packet: Packet): boolean {
  const ends = new Set(['payload length', 'flags']);
  return comparePacket(spec, packet).every(({ field }) => ends.has(field));
}
