// A script against a fresh stack, in virtual time that moves from event to event.
import { ERRNO, type Plugin, type SysctlValue } from '@protoloom/contracts';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { type CodeHost, runCode, type Scope } from '../code/evaluator.js';
import { codeHost } from '../code/names.js';
import { ScriptFailure, ScriptSkipped } from '../failure.js';
import { parseScript } from '../language/parser.js';
import type { Call, PacketAction, PacketSpec, Script, ScriptEvent } from '../language/script.js';
import { ScriptError } from '../language/text.js';
import type { Definitions } from '../language/values.js';
import { comparePacket, continues, joined, type Mismatch } from '../packets/compare.js';
import { decodePacket } from '../packets/decode.js';
import { formatPacket } from '../packets/format.js';
import type { Packet } from '../packets/packet.js';
import { type Given, readSettings, type Settings } from '../settings.js';
import { runShell, type ShellContext } from '../shell/shell.js';
import { calls } from '../system/calls/index.js';
import type { Operation } from '../system/operation.js';
import { Process } from '../system/process.js';
import { errnoText, symbol } from '../system/symbols.js';
import { Args, numberIn, written } from '../system/values.js';
import type { Flow } from './flow.js';
import { compareTime, type Due, dueAt, seconds, toleranceUs } from './timing.js';
import { type Sent, Wire } from './wire.js';

const DEVICE = 'tun0';
/** How much longer than until the time when it is due a packet is waited for, so that it can be said when it came: packetdrill's 2 s. */
const PATIENCE_US = 2_000_000;
/** What `*` waits for at most. */
const MOST_US = 3_600_000_000;
const STEP_US = 1_000_000_000;

export interface RunOptions {
  /** The plugins of the stack; the whole Linux-like host where left out. */
  readonly stack?: readonly Plugin[];
  /** Sysctls from the beginning, before those of the script. */
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
  /** Options by their names without dashes, as on the command line; they prevail over the script's. */
  readonly options?: Readonly<Record<string, string | undefined>>;
  /** Symbols and what stands for them. */
  readonly definitions?: Readonly<Record<string, string>>;
  /** Times have to be exact. */
  readonly strictTime?: boolean;
  /** Of everything that is left to chance: ports, initial sequence numbers. Default 1. */
  readonly seed?: number;
  /** Reads a file that a script calls for, such as its suite's defaults.sh; undefined: there is none. */
  readonly readFile?: (path: string) => string | undefined;
}

/** What became of a script. */
export interface RunResult {
  readonly status: 'pass' | 'fail' | 'skip';
  /** Where in the script, from 1; 0: nowhere in particular. */
  readonly line: number;
  readonly column: number;
  /** The event's text, where one failed. */
  readonly event: string;
  /** Why it failed or was skipped, in one line. */
  readonly reason: string;
  /** What was expected and what was there. */
  readonly mismatches: readonly Mismatch[];
  /** Everything that was said until then, a line each. */
  readonly conversation: readonly string[];
  /** What `print` printed. */
  readonly output: readonly string[];
  /** Virtual time that passed, µs. */
  readonly durationUs: number;
}

/**
 * Runs a script's text. The result is the same every time.
 * @returns how it went; a fault of the script's own (syntax, an option that there is not) is a failure with its line and column.
 * @throws AssemblyError, SysctlError where the stack that is asked for cannot be.
 */
export function runScript(text: string, options: RunOptions = {}): RunResult {
  const definitions: Definitions = new Map(Object.entries(options.definitions ?? {}));
  const conversation: string[] = [];
  const output: string[] = [];
  const result = (status: RunResult['status'], part: Partial<RunResult> = {}): RunResult => ({
    status,
    line: 0,
    column: 0,
    event: '',
    reason: '',
    mismatches: [],
    durationUs: 0,
    ...part,
    conversation,
    output,
  });
  let run: ScriptRun | undefined;
  try {
    const script = parseScript(text, definitions);
    const settings = readSettings(script.options, givenOf(options));
    for (const one of settings.ignored) conversation.push(`ignored  ${one}`);
    run = new ScriptRun(script, settings, options, conversation, output);
    run.play();
    return result('pass', { durationUs: run.nowUs });
  } catch (error) {
    const { event, nowUs = 0 } = run ?? {};
    const place = { line: event?.line ?? 0, column: event?.column ?? 0, event: event?.text ?? '', durationUs: nowUs };
    if (error instanceof ScriptSkipped) return result('skip', { reason: error.message });
    if (error instanceof ScriptError) return result('fail', { ...place, line: error.line, column: error.column, reason: error.message });
    if (error instanceof ScriptFailure) return result('fail', { ...place, reason: error.message, mismatches: error.mismatches });
    throw error;
  }
}

const givenOf = ({ options = {} }: RunOptions): Given => new Map(Object.entries(options));

/** A call that waits. */
interface Pending {
  readonly call: Call;
  readonly args: Args;
  readonly operation: Operation;
  readonly event: ScriptEvent;
  readonly endUs: number;
  readonly toleranceUs: number;
}

class ScriptRun {
  /** What runs, for messages. */
  event: ScriptEvent | undefined;
  readonly #script: Script;
  readonly #settings: Settings;
  readonly #strict: boolean;
  readonly #sim: Simulation;
  readonly #startUs: number;
  readonly #stack: Stack;
  readonly #wire: Wire;
  readonly #process: Process;
  readonly #shell: ShellContext;
  readonly #scope: Scope = new Map();
  readonly #conversation: string[];
  readonly #output: string[];
  #pending: Pending | undefined;
  #retrying = false;
  /** Thrown by what runs in the simulation's time: told once it is the script's turn. */
  #thrown: unknown;
  #lastEventUs = 0;

  constructor(script: Script, settings: Settings, options: RunOptions, conversation: string[], output: string[]) {
    this.#script = script;
    this.#settings = settings;
    this.#strict = options.strictTime === true;
    this.#conversation = conversation;
    this.#output = output;
    this.#sim = new Simulation(options.seed ?? 1);
    this.#stack = this.#sim.host({ plugins: options.stack ?? linuxHost, sysctls: options.sysctls ?? {}, poison: false });
    this.#wire = new Wire(this.#sim, DEVICE, settings.mtu);
    this.#connect();
    this.#startUs = this.#sim.nowUs;
    this.#process = new Process(this.#stack, settings, () => this.#retryLater());
    this.#shell = {
      stack: this.#stack,
      settings,
      process: this.#process,
      device: DEVICE,
      restore: new Map(),
      counted: {},
      note: (text) => this.#tell('command', text),
      readFile: (path) => options.readFile?.(path),
    };
  }

  /** µs since the script's beginning. */
  get nowUs(): number {
    return this.#sim.nowUs - this.#startUs;
  }

  /** The device with its address, and the way to the peer. */
  #connect(): void {
    const { local, remote, gateway, prefixLength } = this.#settings;
    const { link, address, route } = this.#stack;
    link.add(this.#wire.device);
    link.up(DEVICE);
    try {
      address.add(DEVICE, `${local}/${prefixLength}`);
      const via = gateway.toString() === local.toString() ? {} : { gateway: gateway.toString() };
      route.add({ destination: remote.toString(), iface: DEVICE, ...via });
    } catch (error) {
      if ((error as { code?: unknown }).code === undefined) throw error;
      throw new ScriptFailure(`the stack takes no address ${local}: ${(error as Error).message}`);
    }
    // What a host says when an interface comes up (reports, solicitations) is none of the script's.
    this.#sim.advance(0);
    while (this.#wire.next() !== undefined);
  }

  play(): void {
    const { init, events, cleanup } = this.#script;
    for (const name of this.#settings.initScripts) runShell(this.#shell, name);
    for (const command of init) this.#at(command, () => runShell(this.#shell, command.text));
    if (events[0]?.time.kind === 'absolute' && events[0].time.us !== 0)
      throw new ScriptError('the first event is at time 0', events[0].line, events[0].column);
    let before: ScriptEvent | undefined;
    for (const event of events) {
      this.event = event;
      if (before?.time.kind === 'absolute' && event.time.kind === 'absolute' && event.time.us < before.time.us)
        throw new ScriptError(`time goes back from ${seconds(before.time.us)} to ${seconds(event.time.us)}`, event.line, event.column);
      this.#play(event);
      before = event;
    }
    this.#finishPending();
    if (cleanup !== undefined) this.#at(cleanup, () => runShell(this.#shell, cleanup.text));
    this.event = undefined;
  }

  /** Runs something of the script that is no event. */
  #at({ line, column, text }: { line: number; column: number; text: string }, run: () => void): void {
    this.event = { line, column, text: text.trim().split('\n').at(-1) ?? '', time: { kind: 'any', us: 0, endUs: 0 }, action: { kind: 'command', text, line, column } };
    run();
    this.event = undefined;
  }

  #play(event: ScriptEvent): void {
    const due = dueAt(event.time, this.nowUs);
    const tolerance = toleranceUs(this.#settings, this.#strict, due.toUs - this.#lastEventUs);
    const { action } = event;
    if (action.kind === 'packet' && action.direction === 'out') this.#expectPacket(event, action.packet, due, tolerance);
    else {
      this.#advanceTo(due.fromUs);
      const late = compareTime('time of the event', due, this.nowUs, tolerance);
      if (late.length > 0) throw new ScriptFailure('the event comes too late', late);
      this.#act(event, action, tolerance);
    }
    this.#lastEventUs = this.nowUs;
  }

  #act(event: ScriptEvent, action: Exclude<ScriptEvent['action'], { kind: 'packet'; direction: 'out' }>, tolerance: number): void {
    switch (action.kind) {
      case 'packet':
        this.#inject(action);
        break;
      case 'call':
        this.#call(event, action, tolerance);
        break;
      case 'command':
        this.#tell('command', action.text.trim());
        runShell(this.#shell, action.text);
        break;
      case 'code':
        runCode(action, this.#scope, this.#codeHost());
        break;
    }
    this.#settle();
  }

  #codeHost(): CodeHost {
    return codeHost(this.#process, (text) => {
      this.#output.push(text);
      this.#tell('print', text);
    });
  }

  // ---- time ------------------------------------------------------------------------------------------------------------------------

  #advanceTo(us: number): void {
    this.#sim.runTo(Math.max(this.#sim.nowUs, this.#startUs + us));
    this.#rethrow();
  }

  /** Everything that is due now. */
  #settle(): void {
    this.#sim.runTo(this.#sim.nowUs);
    this.#rethrow();
  }

  #rethrow(): void {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    if (thrown !== undefined) throw thrown;
  }

  #tell(what: string, text: string): void {
    this.#conversation.push(`${seconds(this.nowUs)} ${what.padEnd(7)} ${text}`);
  }

  // ---- packets ---------------------------------------------------------------------------------------------------------------------

  #inject({ packet: spec }: PacketAction): void {
    this.#refuseEncapsulation(spec);
    const flow = this.#flowFor(spec, 'in');
    const bytes = flow.inbound(spec, this.#settings.tsEcrScaled);
    const packet = decodePacket(bytes);
    this.#tell('in', typeof packet === 'string' ? packet : formatPacket(flow.arriving(packet)));
    this.#wire.arrive(bytes);
  }

  #refuseEncapsulation({ encapsulation }: PacketSpec): void {
    if (encapsulation !== undefined) throw new ScriptFailure(`${encapsulation} is not understood: packets are plain IPv4 or IPv6`);
  }

  /** The conversation that a packet of the script is part of; one that nobody expects begins one. */
  #flowFor({ transport }: PacketSpec, direction: 'in' | 'out'): Flow {
    const { flow } = this.#process;
    const protocol = PROTOCOLS[transport.protocol];
    if (transport.protocol === 'tcp') {
      if (direction === 'in' && (flow === undefined || flow.state === 'listening')) return this.#process.incoming(protocol);
      return flow ?? this.#noFlow();
    }
    if (flow !== undefined && (transport.protocol === 'icmp' || flow.protocol === protocol)) return flow;
    return direction === 'in' || transport.protocol === 'udp' ? this.#process.datagrams(protocol) : this.#noFlow();
  }

  #noFlow(): never {
    throw new ScriptFailure('no socket of the script could send this packet: there is no connect, listen or packet before it');
  }

  #expectPacket(event: ScriptEvent, spec: PacketSpec, due: Due, tolerance: number): void {
    this.#refuseEncapsulation(spec);
    const flow = this.#flowFor(spec, 'out');
    flow.expects(spec);
    this.#settle();
    const untilUs = due.any ? this.nowUs + MOST_US : due.toUs + tolerance + PATIENCE_US;
    const wanted = spec.ip.fragment === undefined && spec.transport.protocol === 'tcp' ? spec.transport.length : 0;
    let whole: Packet | undefined;
    const times: number[] = [];
    const found: Mismatch[] = [];
    do {
      const sent = this.#nextOf(flow, spec, untilUs);
      if (sent === undefined) throw this.#missing(whole, spec, due, tolerance);
      if (typeof sent.packet === 'string') throw new ScriptFailure(`the stack sends ${sent.packet}`);
      const packet = flow.toScript(sent.packet, spec);
      times.push(sent.atUs - this.#startUs);
      this.#conversation.push(`${seconds(sent.atUs - this.#startUs)} out     ${formatPacket(packet)}`);
      if (whole !== undefined && !continues(whole, packet)) {
        found.push({ field: 'next piece', expected: `one that goes on after ${formatPacket(whole)}`, actual: formatPacket(packet) });
        break;
      }
      whole = whole === undefined ? packet : joined(whole, packet);
    } while (whole.payload.length < wanted && !this.#settings.strictSegments && comparable(spec, whole));
    found.push(...comparePacket(spec, whole), ...flow.compareFlowLabel(spec.ip.flowLabel, whole.flowLabel), ...this.#compareTick(event, spec, whole, due));
    for (const time of times) if (found.every(({ field }) => field !== 'time')) found.push(...compareTime('time', due, time, tolerance));
    if (found.length === 0) return;
    this.#complain(new ScriptFailure(`the packet differs: ${found.map(({ field }) => field).join(', ')}`, [...found, { field: 'packet', expected: event.text, actual: formatPacket(whole) }]), 'packet');
  }

  /** What fails is told only, where the script says that it is not fatal. */
  #complain(failure: ScriptFailure, kind: 'packet' | 'syscall'): void {
    if (!this.#settings.nonFatal.has(kind)) throw failure;
    this.#tell('warning', failure.message);
  }

  /** The next packet of this conversation, waited for until `untilUs`. Packets of others pass by. */
  #nextOf(flow: Flow, spec: PacketSpec, untilUs: number): Sent | undefined {
    for (;;) {
      for (let sent = this.#wire.next(); sent !== undefined; sent = this.#wire.next()) {
        if (typeof sent.packet === 'string' || flow.owns(sent.packet, spec)) return sent;
        this.#conversation.push(`${seconds(sent.atUs - this.#startUs)} other   ${formatPacket(sent.packet)}`);
      }
      const next = Math.max(this.#stack.nextTurnUs(), this.#sim.nowUs) - this.#startUs;
      const stepUs = Math.min(next, this.nowUs + STEP_US, untilUs);
      if (this.nowUs >= untilUs) return undefined;
      if (next === Number.POSITIVE_INFINITY && this.#pending === undefined) {
        // Nothing is left to happen: as late as it was waited for.
        this.#advanceTo(untilUs);
        if (this.#wire.waiting === 0) return undefined;
        continue;
      }
      this.#advanceTo(Math.max(stepUs, this.nowUs));
    }
  }

  #missing(whole: Packet | undefined, spec: PacketSpec, due: Due, tolerance: number): ScriptFailure {
    if (whole !== undefined) {
      const length = 'length' in spec.transport ? spec.transport.length : 0;
      return new ScriptFailure('the packet differs: payload length', [
        { field: 'payload length', expected: `${length}`, actual: `${whole.payload.length}` },
        { field: 'packet', expected: this.event?.text ?? '', actual: formatPacket(whole) },
      ]);
    }
    const when = due.any ? 'at all' : `by ${seconds(due.toUs + tolerance)}`;
    return new ScriptFailure(`no packet leaves ${when}`, [{ field: 'packet', expected: this.event?.text ?? '', actual: 'none' }]);
  }

  /** With `tcp_ts_tick_usecs`, the value of a timestamp is held against the time that has passed. */
  #compareTick(_event: ScriptEvent, spec: PacketSpec, packet: Packet, due: Due): Mismatch[] {
    const { tsTickUs } = this.#settings;
    if (tsTickUs === 0 || spec.transport.protocol !== 'tcp' || packet.transport.protocol !== 'tcp') return [];
    const expected = spec.transport.options?.find((option) => option.name === 'TS');
    const actual = packet.transport.options.find((option) => option.name === 'TS');
    if (expected?.name !== 'TS' || actual?.name !== 'TS') return [];
    const off = Math.abs((actual.val - expected.val) | 0) * tsTickUs;
    if (off <= toleranceUs(this.#settings, this.#strict, due.toUs)) return [];
    return [{ field: 'option TS val', expected: `${expected.val}`, actual: `${actual.val}` }];
  }

  // ---- system calls ----------------------------------------------------------------------------------------------------------------

  #call(event: ScriptEvent, call: Call, tolerance: number): void {
    const definition = Object.hasOwn(calls, call.name) ? calls[call.name] : undefined;
    if (definition === undefined) throw new ScriptFailure(`the call ${call.name} is not understood; there is ${Object.keys(calls).sort().join(', ')}`);
    if (call.endUs !== undefined) this.#finishPending();
    const args = new Args(call.name, call.args, definition.fewest, definition.most);
    const operation = definition.begin(this.#process, args);
    const base = event.time.kind === 'relative' ? this.nowUs - event.time.us : 0;
    const endUs = call.endUs === undefined ? this.nowUs : base + call.endUs;
    const pending: Pending = { call, args, operation, event, endUs, toleranceUs: toleranceUs(this.#settings, this.#strict, endUs - this.nowUs) };
    const result = operation.attempt();
    if (result !== -ERRNO.EAGAIN || !operation.waits) {
      this.#returned(pending, result, tolerance);
      return;
    }
    if (call.endUs === undefined)
      throw new ScriptFailure(`${call.name} would wait: say until when, as in ${seconds(event.time.us)}...${seconds(event.time.us + 1e6)} ${call.name}(…)`);
    this.#tell('call', `${call.name} waits`);
    this.#pending = pending;
    const { timeoutUs = Number.POSITIVE_INFINITY } = operation;
    if (timeoutUs !== Number.POSITIVE_INFINITY) this.#sim.at(this.#sim.nowUs + timeoutUs, () => this.#expire(pending));
  }

  #retryLater(): void {
    if (this.#pending === undefined || this.#retrying) return;
    this.#retrying = true;
    this.#sim.at(this.#sim.nowUs, () => {
      this.#retrying = false;
      const pending = this.#pending;
      if (pending === undefined || this.#thrown !== undefined) return;
      const result = pending.operation.attempt();
      if (result !== -ERRNO.EAGAIN) this.#ended(pending, result);
    });
  }

  #expire(pending: Pending): void {
    if (this.#pending !== pending) return;
    this.#ended(pending, pending.operation.expired?.() ?? -ERRNO.EAGAIN);
  }

  /** A call that waited returns, in the simulation's time. */
  #ended(pending: Pending, result: number): void {
    this.#pending = undefined;
    try {
      this.#returned(pending, result, pending.toleranceUs);
    } catch (error) {
      this.#thrown = error;
    }
  }

  /** Waits for the call that waits, until it is due. */
  #finishPending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#advanceTo(pending.endUs + pending.toleranceUs + 1);
    if (this.#pending !== pending) return;
    this.event = pending.event;
    throw new ScriptFailure(`${pending.call.name} does not return by ${seconds(pending.endUs + pending.toleranceUs)}`);
  }

  /** A call is over: its time, its value, its error, and what it filled in. */
  #returned({ call, operation, event, endUs }: Pending, result: number, tolerance: number): void {
    this.#tell('call', `${call.name}(${call.args.map(written).join(', ')}) = ${told(result)}`);
    const found: Mismatch[] = [];
    if (call.endUs !== undefined)
      found.push(...compareTime('time of return', { fromUs: endUs, toUs: endUs, any: false }, this.nowUs, tolerance));
    found.push(...this.#compareResult(call, operation, result));
    if (result >= 0 && found.every(({ field }) => field !== 'result')) found.push(...(operation.compare?.() ?? []));
    if (found.length === 0) return;
    const why = result < 0 ? operation.explain?.(result) : undefined;
    this.event = event;
    this.#complain(new ScriptFailure(why ?? `${call.name}: ${found.map(({ field }) => field).join(', ')} not as expected`, found), 'syscall');
  }

  #compareResult(call: Call, operation: Operation, result: number): Mismatch[] {
    const { result: value, errno } = call;
    const opened = result >= 0 ? (operation.opened?.() ?? []) : [];
    const expected = numberIn(value);
    if (opened.length > 0 && expected !== undefined && expected >= 0) {
      for (const [i, file] of opened.entries()) this.#process.open(expected + i, file);
      return [];
    }
    if (value.kind === 'any') return [];
    if (expected === undefined) throw new ScriptFailure(`${written(value)} is no result of ${call.name}`);
    if (expected >= 0) return expected === result ? [] : [{ field: 'result', expected: `${expected}`, actual: told(result) }];
    if (result >= 0) return [{ field: 'result', expected: `-1${errno === undefined ? '' : ` ${errno}`}`, actual: `${result}` }];
    if (errno === undefined) return [];
    if (symbol(errno) === undefined) throw new ScriptFailure(`${errno} is no error that is known here`);
    return symbol(errno) === -result ? [] : [{ field: 'errno', expected: errno, actual: errnoText(-result) }];
  }
}

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 } as const;

/** As strace tells a result. */
const told = (result: number): string => (result < 0 ? `-1 ${errnoText(-result)}` : `${result}`);

/** Whether waiting for another piece makes sense: the first is as it should be but for what the last piece brings. */
function comparable(spec: PacketSpec, packet: Packet): boolean {
  const ends = new Set(['payload length', 'flags']);
  return comparePacket(spec, packet).every(({ field }) => ends.has(field));
}
