// System calls of a script: made, waited for, and held against what they are to answer.
import { ERRNO } from '@protoloom/contracts';
import { ScriptFailure } from '../failure.js';
import type { Call, ScriptEvent } from '../language/script.js';
import type { Mismatch } from '../packets/compare.js';
import { calls } from '../system/calls/index.js';
import type { Operation } from '../system/operation.js';
import { errnoText, symbol } from '../system/symbols.js';
import { Args, numberIn, written } from '../system/values.js';
import type { Stage } from './stage.js';
import { compareTime, seconds } from './timing.js';

/** A call that waits. */
interface Pending {
  readonly call: Call;
  readonly args: Args;
  readonly operation: Operation;
  readonly event: ScriptEvent;
  readonly endUs: number;
  readonly toleranceUs: number;
}

export class CallEvents {
  readonly #stage: Stage;
  #pending: Pending | undefined;
  #retrying = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    stage.onReady = () => this.#retryLater();
  }

  begin(event: ScriptEvent, call: Call, tolerance: number): void {
    const definition = Object.hasOwn(calls, call.name) ? calls[call.name] : undefined;
    if (definition === undefined)
      throw new ScriptFailure(`the call ${call.name} is not understood; there is ${Object.keys(calls).sort().join(', ')}`);
    if (call.endUs !== undefined) this.finishPending();
    const args = new Args(call.name, call.args, definition.fewest, definition.most);
    const operation = definition.begin(this.#stage.process, args);
    const base = event.time.kind === 'relative' ? this.#stage.nowUs - event.time.us : 0;
    const endUs = call.endUs === undefined ? this.#stage.nowUs : base + call.endUs;
    const pending: Pending = {
      call,
      args,
      operation,
      event,
      endUs,
      toleranceUs: this.#stage.tolerance(endUs, this.#stage.nowUs),
    };
    const result = operation.attempt();
    if (result !== -ERRNO.EAGAIN || !operation.waits) {
      this.#returned(pending, result, tolerance);
      return;
    }
    if (call.endUs === undefined)
      throw new ScriptFailure(
        `${call.name} would wait: say until when, as in ${seconds(event.time.us)}...${seconds(event.time.us + 1e6)} ${call.name}(…)`,
      );
    this.#stage.tell('call', `${call.name} waits`);
    this.#pending = pending;
    const { timeoutUs = Number.POSITIVE_INFINITY } = operation;
    if (timeoutUs !== Number.POSITIVE_INFINITY) this.#stage.later(timeoutUs, () => this.#expire(pending));
  }

  /** Tries the call that waits again, once the turn is over. */
  #retryLater(): void {
    if (this.#pending === undefined || this.#retrying) return;
    this.#retrying = true;
    this.#stage.later(0, () => {
      this.#retrying = false;
      const pending = this.#pending;
      if (pending === undefined) return;
      const result = pending.operation.attempt();
      if (result !== -ERRNO.EAGAIN) this.#ended(pending, result);
    });
  }

  #expire(pending: Pending): void {
    if (this.#pending !== pending) return;
    this.#ended(pending, pending.operation.expired?.() ?? -ERRNO.EAGAIN);
  }

  /** A call that waited returns. */
  #ended(pending: Pending, result: number): void {
    this.#pending = undefined;
    this.#returned(pending, result, pending.toleranceUs);
  }

  /** Waits for the call that waits, until it is due. */
  finishPending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#stage.advanceTo(pending.endUs + pending.toleranceUs + 1);
    if (this.#pending !== pending) return;
    this.#stage.event = pending.event;
    throw new ScriptFailure(`${pending.call.name} does not return by ${seconds(pending.endUs + pending.toleranceUs)}`);
  }

  /** A call is over: its time, its value, its error, and what it filled in. */
  #returned({ call, operation, event, endUs }: Pending, result: number, tolerance: number): void {
    this.#stage.tell('call', `${call.name}(${call.args.map(written).join(', ')}) = ${told(result)}`);
    const found: Mismatch[] = [];
    if (call.endUs !== undefined)
      found.push(...compareTime('time of return', { fromUs: endUs, toUs: endUs, any: false }, this.#stage.nowUs, tolerance));
    found.push(...this.#compareResult(call, operation, result));
    if (result >= 0 && found.every(({ field }) => field !== 'result')) found.push(...(operation.compare?.() ?? []));
    if (found.length === 0) return;
    const why = result < 0 ? operation.explain?.(result) : undefined;
    this.#stage.event = event;
    this.#stage.complain(
      new ScriptFailure(why ?? `${call.name}: ${found.map(({ field }) => field).join(', ')} not as expected`, found),
      'syscall',
    );
  }

  #compareResult(call: Call, operation: Operation, result: number): Mismatch[] {
    const { result: value, errno } = call;
    const opened = result >= 0 ? (operation.opened?.() ?? []) : [];
    const expected = numberIn(value);
    if (opened.length > 0 && expected !== undefined && expected >= 0) {
      for (const [i, file] of opened.entries()) this.#stage.process.open(expected + i, file);
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

/** As strace tells a result. */
const told = (result: number): string => (result < 0 ? `-1 ${errnoText(-result)}` : `${result}`);
