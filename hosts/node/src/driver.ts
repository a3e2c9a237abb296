// Drives a stack on Node's event loop: a turn when something has happened, a timer for what is due later, nothing while it is idle.
import type { Stack } from '@protoloom/stack';

/** A timer of one shot. */
export interface DriverTimer {
  arm(us: number): void;
  cancel(): void;
  close(): void;
}
export type MakeTimer = (expired: () => void) => DriverTimer;

/** Turns in a row before Node's other events have their chance. */
const TURNS_AT_ONCE = 8;

/** Node's own timer: it resolves a millisecond. */
const nodeTimer: MakeTimer = (expired) => {
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => clearTimeout(timer);
  return {
    arm(us) {
      cancel();
      timer = setTimeout(expired, Math.ceil(us / 1000));
      timer.unref();
    },
    cancel,
    close: cancel,
  };
};

export class Driver {
  readonly #stack: Stack;
  readonly #nowUs: () => number;
  readonly #timer: DriverTimer;
  #immediate: NodeJS.Immediate | undefined;
  #running = false;
  #armedUs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(stack: Stack, nowUs: () => number, makeTimer: MakeTimer = nodeTimer) {
    this.#stack = stack;
    this.#nowUs = nowUs;
    this.#timer = makeTimer(() => this.#expired());
    stack.onWork = (atOnce) => (atOnce ? this.#run() : this.#wake());
    if (!this.#sleep()) this.#wake();
  }

  /** No more turns. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stack.onWork = undefined;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#timer.close();
  }

  /** Work has come between two turns: it is done once the present callback has returned. */
  #wake(): void {
    if (this.#running || this.#immediate !== undefined || this.#stopped) return;
    this.#immediate = setImmediate(this.#runSoon);
  }

  readonly #runSoon = (): void => {
    this.#immediate = undefined;
    this.#run();
  };

  #expired(): void {
    this.#armedUs = Number.POSITIVE_INFINITY;
    this.#run();
  }

  #run(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    let asleep = false;
    try {
      for (let i = 0; i < TURNS_AT_ONCE && !asleep; i++) {
        this.#stack.turn();
        asleep = this.#sleep();
      }
    } finally {
      this.#running = false;
      if (!asleep) this.#wake();
    }
  }

  /** Leaves the next turn to the timer. @returns false where it is due now. */
  #sleep(): boolean {
    const nextUs = this.#stack.nextTurnUs();
    // The timer stands where it should: the clock need not be asked.
    if (nextUs === this.#armedUs || this.#stopped) return true;
    const leftUs = nextUs - this.#nowUs();
    if (leftUs <= 0) return false;
    this.#armedUs = nextUs;
    if (nextUs === Number.POSITIVE_INFINITY) this.#timer.cancel();
    else this.#timer.arm(leftUs);
    return true;
  }
}
