// A stack: plugins assembled on a host, with the surfaces through which people use and control it.
import { type AnyService, type Log, type Plugin, type Service, type SysctlValue } from '@protoloom/contracts';
import {
  ADDRESSES,
  type Addresses,
  LINKS,
  type Links,
  NEIGHBOURS_CONTROL,
  type NeighboursControl,
  ROUTES_CONTROL,
  type RoutesControl,
} from '@protoloom/contracts/control';
import { type Description, describeAssembly } from './assembly/describe.js';
import { AssemblyError, type Problem } from './assembly/problems.js';
import { Registry } from './assembly/registry.js';
import { CORE_NAME, type Core, corePlugin } from './core-plugin.js';
import { type Conservation, CounterRegistry } from './counters.js';
import { type DissectedLayer, dissectFrame } from './dissect.js';
import { SlotRegistry } from './slots.js';
import { Socket, type SocketHost } from './socket/socket.js';
import { errnoName, SocketError } from './socket/socket-error.js';
import { SysctlError, SysctlRegistry } from './sysctls.js';
import { Faults } from './turn/faults.js';
import type { ClockCell } from './turn/loop.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a stack needs of the world it runs in. */
export interface StackHost {
  /** Monotonic time, µs, a whole number. */
  nowUs(): number;
  /** µs since 1970 when `nowUs` was 0. */
  readonly epochUs?: number;
  /** Fills with cryptographically strong octets. */
  entropy(bytes: Uint8Array): void;
  /** Where messages go; without it nowhere. */
  log?(level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface AssembleOptions {
  readonly plugins: readonly Plugin[];
  readonly host: StackHost;
  /** Values by Linux's path, set before anything starts. An interface's are set when it appears. */
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
  /** Overwrites the buffers of released packets, so that their use shows: for tests. */
  readonly poison?: boolean;
  /** False: every layer goes its general way alone, with the same outcome: for tests, which compare. */
  readonly fastPaths?: boolean;
}

/** How long `stop` gives plugins, µs. */
const STOP_US = 5_000_000;

function entropyOf(fill: (bytes: Uint8Array) => void) {
  const octets = new Uint8Array(4096);
  const view = new DataView(octets.buffer);
  let at = octets.length;
  const word = (): number => {
    if (at === octets.length) {
      fill(octets);
      at = 0;
    }
    const value = view.getInt32(at);
    at += 4;
    return value;
  };
  return {
    fill,
    word,
    below(bound: number): number {
      // Rejection keeps it uniform.
      const limit = 2 ** 32 - (2 ** 32 % bound);
      for (;;) {
        const value = word() >>> 0;
        if (value < limit) return value % bound;
      }
    },
  };
}

/** Assembles a stack. It runs once its host drives it: see `@protoloom/node`, `@protoloom/sim`. @throws AssemblyError, SysctlError. */
export function assemble(options: AssembleOptions): Stack {
  return new Stack(options);
}

export class Stack {
  /** Every sysctl, under Linux's paths. */
  readonly sysctl: SysctlRegistry = new SysctlRegistry();
  /** Every counter. */
  readonly counters: CounterRegistry = new CounterRegistry();
  readonly #host: StackHost;
  readonly #clock: ClockCell;
  readonly #faults: Faults;
  readonly #registry: Registry;
  readonly #core: Core;
  readonly #sockets = new Set<Socket>();
  readonly #socketHost: SocketHost;
  /** Sysctls of interfaces that are yet to appear. */
  readonly #later: Map<string, SysctlValue>;
  #state: 'assembled' | 'running' | 'stopped' = 'assembled';

  /** @internal By `assemble`. */
  constructor({ plugins, host, sysctls = {}, poison = false, fastPaths = true }: AssembleOptions) {
    this.#host = host;
    this.#clock = { nowUs: host.nowUs(), epochUs: host.epochUs ?? 0 };
    this.#faults = new Faults(this.#logFor(CORE_NAME));
    const slots = new SlotRegistry();
    let core: Core | undefined;
    this.#registry = new Registry({
      counters: this.counters,
      sysctls: this.sysctl,
      slots,
      faults: this.#faults,
      sweepTimers: (plugin) => core?.timers.sweep(plugin),
      packetShape: (headroom, count) => core?.pool.shape(headroom, count),
    });
    const environment = {
      clock: this.#clock,
      entropy: entropyOf((bytes) => host.entropy(bytes)),
      logFor: (plugin: string) => this.#logFor(plugin),
      counterRegistry: this.counters,
      sysctlRegistry: this.sysctl,
      slotRegistry: slots,
      faults: this.#faults,
      poison,
      fastPaths,
      ownerOfLinkType: (type: number) => this.#ownerOfLinkType(type),
    };
    const zero = corePlugin(environment, (parts) => {
      core = parts;
    });
    this.#registry.add([zero, ...plugins]);
    if (core === undefined) throw new Error('plugin zero made nothing');
    this.#core = core;
    this.#socketHost = {
      sockets: core.sockets,
      timers: core.timers.timersFor(CORE_NAME),
      enter: () => this.enter(),
      opened: (socket) => this.#sockets.add(socket),
      closed: (socket) => this.#sockets.delete(socket),
    };
    this.#later = new Map();
    for (const [path, value] of Object.entries(sysctls)) this.#setEarly(path, value);
    this.sysctl.onInterface = () => {
      for (const [path, value] of this.#later) this.#setEarly(path, value);
    };
  }

  // ---- life ------------------------------------------------------------------------------------------------------------------------

  /** Starts every plugin, in the order of construction. @throws AssemblyError START_FAILED; Error when it runs already. */
  start(): this {
    if (this.#state === 'running') throw new Error('the stack runs already');
    this.#state = 'running';
    this.enter();
    this.#registry.start();
    return this;
  }

  /**
   * Ends every call that waits, closes sockets, stops the plugins in reverse, takes the interfaces down. Bounded in time.
   * @returns what went wrong in between; the rest has stopped all the same.
   */
  async stop(): Promise<readonly Problem[]> {
    if (this.#state !== 'running') return [];
    this.#state = 'stopped';
    this.enter();
    for (const socket of [...this.#sockets]) {
      socket.abandon(new SocketError('ENETDOWN', 'stop', 'the stack stops'));
      void socket.close();
    }
    // What closing has to say leaves before the interfaces go.
    for (let i = 0; i < 8 && this.#core.loop.nextTurnUs() <= this.#clock.nowUs; i++) this.turn();
    return this.#registry.stop(this.#clock.nowUs + STOP_US);
  }

  /** Runs one turn, at the host's time. */
  turn(): void {
    this.#core.loop.turn(this.#host.nowUs());
  }

  /** When the next turn is due, µs of the host's clock: at once where it is past, Infinity where nothing waits. */
  nextTurnUs(): number {
    return this.#core.loop.nextTurnUs();
  }

  /** Called when a turn has become due outside of one: the driver schedules it, or runs it within the call where `atOnce` says so. */
  set onWork(listener: ((atOnce: boolean) => void) | undefined) {
    this.#core.loop.onWork = listener;
  }

  /** Brings the clock up to date between turns; calls from outside do it first. */
  enter(): void {
    if (this.#core.loop.inTurn) return;
    const nowUs = this.#host.nowUs();
    if (nowUs > this.#clock.nowUs) this.#clock.nowUs = nowUs;
  }

  // ---- plugins ---------------------------------------------------------------------------------------------------------------------

  get plugins(): readonly Plugin[] {
    return this.#registry.plugins;
  }

  /** Adds plugins to the running stack, between two turns. @throws AssemblyError, and nothing has changed. */
  plug(...plugins: readonly Plugin[]): void {
    this.#betweenTurns('plug');
    this.enter();
    this.#registry.add(plugins);
  }

  /** Takes a plugin out, between two turns. @throws AssemblyError IN_USE that lists who and what holds it. */
  async unplug(name: string): Promise<void> {
    this.#betweenTurns('unplug');
    if (name === CORE_NAME)
      throw new AssemblyError([{ code: 'IN_USE', plugin: name, detail: 'is the stack itself', solution: 'Stop the stack' }]);
    this.enter();
    await this.#registry.remove(name, this.#clock.nowUs + STOP_US);
  }

  /** Plugins, edges, tables, headroom and sysctls: as data, `toString()` for people, `toMermaid()` for a graph. */
  describe(): Description {
    return describeAssembly(this.#registry, this.#core.pool.headroom, this.sysctl.list());
  }

  /** A service by its token, as the host's own. @throws AssemblyError SERVICE_MISSING. */
  service<T>(token: Service<T>): T {
    this.enter();
    const service = this.#registry.service(token as AnyService, { plugin: CORE_NAME });
    if (service !== undefined) return service as T;
    throw new AssemblyError([
      {
        code: 'SERVICE_MISSING',
        plugin: 'the host',
        detail: `asks for ${token.id}@${token.major}, which nobody provides`,
        solution: `Add a plugin that provides it`,
      },
    ]);
  }

  // ---- the sanctioned surfaces -----------------------------------------------------------------------------------------------------

  /** `ip link`. */
  get link(): Links {
    return this.service(LINKS);
  }
  /** `ip address`. */
  get address(): Addresses {
    return this.service(ADDRESSES);
  }
  /** `ip route`. */
  get route(): RoutesControl {
    return this.service(ROUTES_CONTROL);
  }
  /** `ip neighbour`. */
  get neighbour(): NeighboursControl {
    return this.service(NEIGHBOURS_CONTROL);
  }

  /** socket(2). @throws SocketError EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, which say what is plugged in. */
  socket(family: number, type: number, protocol = 0): Socket {
    this.enter();
    const { sockets } = this.#core;
    const found = sockets.resolve(family, type, protocol);
    if ('code' in found) throw new SocketError(found.code, 'socket', found.message);
    const endpoint = sockets.open(family, type, protocol);
    if (typeof endpoint === 'number') throw new SocketError(errnoName(-endpoint), 'socket', '');
    return new Socket(this.#socketHost, endpoint);
  }

  // ---- looking in ------------------------------------------------------------------------------------------------------------------

  /** How often each plugin threw. */
  get faults(): Readonly<Record<string, number>> {
    return this.#faults.list();
  }

  /** The conservation law: received + made = fates + in hand, between two turns. */
  conservation(): Conservation {
    const { receivedFrames = 0 } = this.counters.of(CORE_NAME);
    return this.counters.conservation(receivedFrames, this.#core.loop.backlog);
  }

  /** Packets that somebody keeps now. */
  get packetsInHand(): number {
    return this.#core.pool.inHand;
  }

  /** What plugins tell of their state, by name: plain data, a copy. */
  snapshot(): Readonly<Record<string, unknown>> {
    const parts: Record<string, unknown> = {};
    for (const { name } of this.plugins) {
      const part = this.#registry.created(name)?.snapshot?.();
      if (part !== undefined) parts[name] = part;
    }
    return parts;
  }

  /** A frame in words, layer by layer. @param type ARPHRD_* of its link. */
  dissect(frame: Uint8Array, type: number): readonly DissectedLayer[] {
    return dissectFrame(this.#core.dissectors, frame, type);
  }

  #logFor(plugin: string): Log {
    const log = this.#host.log?.bind(this.#host);
    if (log === undefined) return { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    return {
      debug: (message, fields) => log('debug', plugin, message, fields),
      info: (message, fields) => log('info', plugin, message, fields),
      warn: (message, fields) => log('warn', plugin, message, fields),
      error: (message, fields) => log('error', plugin, message, fields),
    };
  }

  #ownerOfLinkType(type: number): string {
    return this.#registry.attachments().find(({ point, key }) => point.id === 'link.type' && key === type)?.plugin.name ?? CORE_NAME;
  }

  #setEarly(path: string, value: SysctlValue): void {
    try {
      this.sysctl.set(path, value);
      this.#later.delete(path);
    } catch (error) {
      if (!SysctlError.is(error) || error.code !== 'ENOENT' || !this.sysctl.mayAppear(path)) throw error;
      this.#later.set(path, value);
    }
  }

  #betweenTurns(what: string): void {
    if (this.#core.loop.inTurn) throw new Error(`${what} works between two turns: call it from a microtask`);
  }
}
