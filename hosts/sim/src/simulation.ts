// A simulation: stacks on virtual wires in virtual time. One seed, one run.
import { type Plugin, type SysctlValue } from '@protoloom/contracts';
import { assemble, type LogLevel, type Stack } from '@protoloom/stack';
import { SimDevice, type SimDeviceOptions } from './device.js';
import { Events } from './events.js';
import { Random } from './random.js';
import { type Impairment, WireDirection } from './wire.js';

export interface HostOptions {
  readonly plugins: readonly Plugin[];
  readonly sysctls?: Readonly<Record<string, SysctlValue>>;
  readonly log?: (level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Overwrites released buffers, so that their use shows. On where left out. */
  readonly poison?: boolean;
  /** As `assemble` has it. */
  readonly fastPaths?: boolean;
}

/** Turns of one host at one time, after which it is said to spin. */
const SPIN = 100_000;

export class Simulation {
  /** Virtual time, µs. */
  nowUs: number;
  readonly random: Random;
  readonly #events = new Events();
  readonly #stacks: Stack[] = [];
  #addresses = 0;

  /** @param seed of everything that is left to chance. @param startUs where time begins. */
  constructor(seed = 1, startUs = 1_000_000) {
    this.random = new Random(seed);
    this.nowUs = startUs;
  }

  /** Assembles and starts a host whose time is the simulation's. */
  host({ plugins, sysctls = {}, log, poison = true, fastPaths = true }: HostOptions): Stack {
    const stack = assemble({
      plugins,
      sysctls,
      poison,
      fastPaths,
      host: {
        nowUs: () => this.nowUs,
        entropy: (bytes) => this.random.fill(bytes),
        ...(log === undefined ? {} : { log }),
      },
    });
    stack.start();
    this.#stacks.push(stack);
    return stack;
  }

  /** A device that no wire is in yet. Ethernet ones have an address of their own. */
  device(options: SimDeviceOptions = {}): SimDevice {
    const number = ++this.#addresses;
    return new SimDevice({ address: Uint8Array.of(0x02, 0x53, 0, 0, number >> 8, number), ...options });
  }

  /** Joins devices by a wire, or several as on one segment. @returns the direction out of each, in their order. */
  wire(devices: readonly SimDevice[], impairment: Impairment = {}): WireDirection[] {
    return devices.map((device) => {
      const direction = new WireDirection(
        devices.filter((other) => other !== device),
        impairment,
        this,
        this.random,
      );
      device.onFrame = (frame) => direction.send(frame);
      return direction;
    });
  }

  /** Something of the test's own, at a time. */
  at(atUs: number, run: () => void): void {
    this.#events.at(Math.max(atUs, this.nowUs), run);
  }

  /** Runs all that is due up to `untilUs`, without letting promises settle in between: for what works below the socket facade. */
  runTo(untilUs: number): void {
    for (;;) {
      this.#runDue();
      const next = this.#nextUs();
      if (next > untilUs) break;
      this.nowUs = Math.max(this.nowUs, next);
    }
    this.nowUs = Math.max(this.nowUs, untilUs);
  }

  advance(us: number): void {
    this.runTo(this.nowUs + us);
  }

  /**
   * Runs until `done` holds, `during` settles, or `limitUs` of virtual time have passed, letting promises settle after every step.
   * @returns what `during` gave. @throws Error when time runs out first.
   */
  async run<T>(during: Promise<T> | (() => boolean), limitUs = 60_000_000): Promise<T> {
    const endUs = this.nowUs + limitUs;
    let settled: { value?: T; error?: unknown } | undefined;
    if (typeof during !== 'function') {
      during.then(
        (value) => {
          settled = { value };
        },
        (error: unknown) => {
          settled = { error };
        },
      );
    }
    for (;;) {
      await settle();
      this.#runDue();
      await settle();
      if (settled !== undefined) {
        if ('error' in settled) throw settled.error;
        return settled.value as T;
      }
      if (typeof during === 'function' && during()) return undefined as T;
      const next = this.#nextUs();
      if (next <= this.nowUs) continue;
      if (next > endUs)
        throw new Error(next === Number.POSITIVE_INFINITY ? 'nothing is left to happen' : `not done after ${limitUs} µs of virtual time`);
      this.nowUs = next;
    }
  }

  /** Stops every host. */
  async stop(): Promise<void> {
    await this.run(Promise.all(this.#stacks.map((stack) => stack.stop())));
  }

  #nextUs(): number {
    let next = this.#events.nextUs;
    for (const stack of this.#stacks) next = Math.min(next, Math.max(stack.nextTurnUs(), this.nowUs));
    return next;
  }

  #runDue(): void {
    for (let step = 0; ; step++) {
      if (step > SPIN) throw new Error(`a host has work without end at ${this.nowUs} µs`);
      let busy = false;
      while (this.#events.nextUs <= this.nowUs) {
        this.#events.run();
        busy = true;
      }
      for (const stack of this.#stacks) {
        if (stack.nextTurnUs() > this.nowUs) continue;
        stack.turn();
        busy = true;
      }
      if (!busy) return;
    }
  }
}

/** Lets every promise that can settle do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
