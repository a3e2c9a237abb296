// Where a script plays: a fresh stack on a device in virtual time, the process that uses it, and a record of what happens.
import type { Plugin, SysctlValue } from '@protoloom/contracts';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { ScriptFailure } from '../failure.js';
import type { ScriptEvent } from '../language/script.js';
import type { Settings } from '../settings.js';
import { Process } from '../system/process.js';
import { seconds, toleranceUs } from './timing.js';
import { Wire } from './wire.js';

const DEVICE = 'tun0';

/** What is kept of a run, as it goes on. */
export interface Kept {
  readonly conversation: string[];
  readonly warnings: string[];
  readonly output: string[];
}

export interface StageOptions {
  readonly stack?: readonly Plugin[];
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
  readonly strictTime?: boolean;
  readonly seed?: number;
  /** False: layers go their general ways alone. */
  readonly fastPaths?: boolean;
}

export class Stage {
  /** What plays, for messages. */
  event: ScriptEvent | undefined;
  /** When the event before was over, µs since the script's beginning. */
  lastEventUs = 0;
  readonly settings: Settings;
  readonly stack: Stack;
  readonly wire: Wire;
  readonly process: Process;
  readonly kept: Kept;
  /** Told when a descriptor may have become ready. */
  onReady: () => void = () => undefined;
  readonly #strict: boolean;
  readonly #sim: Simulation;
  readonly #startUs: number;
  /** Thrown by what runs within the simulation: told once it is the script's turn. */
  #thrown: unknown;

  /** @throws AssemblyError, SysctlError where the stack cannot be; ScriptFailure where it takes no address of the script's. */
  constructor(settings: Settings, options: StageOptions, kept: Kept) {
    this.settings = settings;
    this.kept = kept;
    this.#strict = options.strictTime === true;
    this.#sim = new Simulation(options.seed ?? 1);
    this.stack = this.#sim.host({
      plugins: options.stack ?? linuxHost,
      sysctls: options.sysctls ?? {},
      poison: false,
      fastPaths: options.fastPaths !== false,
      log: (level, plugin, message, fields) => this.#log(level, plugin, message, fields),
    });
    this.wire = new Wire(this.#sim, DEVICE, settings.mtu);
    this.#connect();
    this.#startUs = this.#sim.nowUs;
    this.process = new Process(this.stack, settings, this.tolerance(0, 0), () => this.onReady());
  }

  /** The device with its address, and the way to the peer. */
  #connect(): void {
    const { local, remote, gateway, prefixLength } = this.settings;
    const { link, address, route } = this.stack;
    link.add(this.wire.device);
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
    while (this.wire.next() !== undefined);
  }

  // ---- time ------------------------------------------------------------------------------------------------------------------------

  /** µs since the script's beginning. */
  get nowUs(): number {
    return this.sinceStart(this.#sim.nowUs);
  }

  sinceStart(us: number): number {
    return us - this.#startUs;
  }

  /** When the stack has something to do next, as `nowUs`; Infinity: never. */
  get nextTurnUs(): number {
    return this.sinceStart(Math.max(this.stack.nextTurnUs(), this.#sim.nowUs));
  }

  /** Lets everything happen up to then. What is past stays as it is. */
  advanceTo(us: number): void {
    this.#sim.runTo(Math.max(this.#sim.nowUs, this.#startUs + us));
    // What the script does next happens now, not when the stack last had something to do.
    this.stack.enter();
    const thrown = this.#thrown;
    this.#thrown = undefined;
    if (thrown !== undefined) throw thrown;
  }

  /** Everything that is due now. */
  settle(): void {
    this.advanceTo(this.nowUs);
  }

  /** Runs something of the script within the simulation, in so many µs; what it throws is told in the script's turn. */
  later(us: number, run: () => void): void {
    this.#sim.at(this.#sim.nowUs + us, () => {
      if (this.#thrown !== undefined) return;
      this.stack.enter();
      try {
        run();
      } catch (error) {
        this.#thrown = error;
      }
    });
  }

  /** How far an event may be off that is due then, µs. */
  tolerance(dueUs: number, sinceUs: number = this.lastEventUs): number {
    return toleranceUs(this.settings, this.#strict, dueUs - sinceUs);
  }

  // ---- telling ---------------------------------------------------------------------------------------------------------------------

  tell(what: string, text: string, atUs: number = this.nowUs): void {
    this.kept.conversation.push(`${seconds(atUs)} ${what.padEnd(7)} ${text}`);
  }

  /** What fails is told only, where the script says that it is not fatal. */
  complain(failure: ScriptFailure, kind: 'packet' | 'syscall'): void {
    if (!this.settings.nonFatal.has(kind)) throw failure;
    const [first] = failure.mismatches;
    const detail = first === undefined ? '' : ` (${first.field}: expected ${first.expected}, was ${first.actual})`;
    this.kept.warnings.push(`${this.event?.line ?? 0}: ${failure.message}${detail}`);
    this.tell('warning', `${failure.message}${detail}`);
  }

  /** What the stack itself has to say. */
  #log(level: string, plugin: string, message: string, fields: unknown): void {
    const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
    this.kept.conversation.push(`${level.padEnd(16)} ${plugin}: ${message}${more}`);
  }
}
