// A script against a fresh stack, in virtual time that moves from event to event.
import type { Plugin, SysctlValue } from '@protoloom/contracts';
import { type CodeHost, runCode, type Scope } from '../code/evaluator.js';
import { codeHost } from '../code/names.js';
import { ScriptFailure, ScriptSkipped } from '../failure.js';
import { parseScript } from '../language/parser.js';
import type { Script, ScriptEvent } from '../language/script.js';
import { ScriptError } from '../language/text.js';
import type { Definitions } from '../language/values.js';
import type { Mismatch } from '../packets/compare.js';
import { type Given, readSettings, usualDefinitions } from '../settings.js';
import { runShell, type ShellContext } from '../shell/shell.js';
import { CallEvents } from './calls.js';
import { PacketEvents } from './packets.js';
import { Stage } from './stage.js';
import { compareTime, dueAt, seconds } from './timing.js';

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
  /** False: the stack's layers go their general ways alone. */
  readonly fastPaths?: boolean;
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
  /** What differed where the script says that it is not fatal. */
  readonly warnings: readonly string[];
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
  const warnings: string[] = [];
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
    warnings,
    output,
  });
  let stage: Stage | undefined;
  try {
    const given = givenOf(options);
    const script = parseScript(text, definitions, (lines) => usualDefinitions(lines, given));
    const settings = readSettings(script.options, given);
    if (script.missing !== undefined) {
      const { name, line, column } = script.missing;
      throw new ScriptError(`${name} stands for nothing: --define ${name}=VALUE says for what`, line, column);
    }
    for (const one of settings.ignored) conversation.push(`ignored  ${one}`);
    stage = new Stage(settings, options, { conversation, warnings, output });
    new Playback(script, stage, options).play();
    return result('pass', { durationUs: stage.nowUs });
  } catch (error) {
    const { event, nowUs = 0 } = stage ?? {};
    const place = { line: event?.line ?? 0, column: event?.column ?? 0, event: event?.text ?? '', durationUs: nowUs };
    if (error instanceof ScriptSkipped) return result('skip', { reason: error.message });
    if (error instanceof ScriptError) return result('fail', { ...place, line: error.line, column: error.column, reason: error.message });
    if (error instanceof ScriptFailure) return result('fail', { ...place, reason: error.message, mismatches: error.mismatches });
    if (stage === undefined) throw error;
    const { name, message, stack } = error as Error;
    conversation.push(stack ?? message);
    return result('fail', { ...place, reason: `the run breaks off: ${name}: ${message.split('\n')[0]}` });
  }
}

const givenOf = ({ options = {} }: RunOptions): Given => new Map(Object.entries(options));

/** The events of a script, one after the other. */
class Playback {
  readonly #script: Script;
  readonly #stage: Stage;
  readonly #packets: PacketEvents;
  readonly #calls: CallEvents;
  readonly #shell: ShellContext;
  readonly #scope: Scope = new Map();

  constructor(script: Script, stage: Stage, options: RunOptions) {
    this.#script = script;
    this.#stage = stage;
    this.#packets = new PacketEvents(stage);
    this.#calls = new CallEvents(stage);
    this.#shell = {
      stack: stage.stack,
      settings: stage.settings,
      process: stage.process,
      device: stage.wire.device,
      restore: new Map(),
      counted: {},
      note: (text) => stage.tell('command', text),
      readFile: (path) => options.readFile?.(path),
    };
  }

  play(): void {
    const { init, events, cleanup } = this.#script;
    for (const name of this.#stage.settings.initScripts) runShell(this.#shell, name);
    for (const command of init) this.#at(command, () => runShell(this.#shell, command.text));
    if (events[0]?.time.kind === 'absolute' && events[0].time.us !== 0)
      throw new ScriptError('the first event is at time 0', events[0].line, events[0].column);
    let before: ScriptEvent | undefined;
    for (const event of events) {
      this.#stage.event = event;
      if (before?.time.kind === 'absolute' && event.time.kind === 'absolute' && event.time.us < before.time.us)
        throw new ScriptError(`time goes back from ${seconds(before.time.us)} to ${seconds(event.time.us)}`, event.line, event.column);
      this.#play(event);
      before = event;
    }
    this.#calls.finishPending();
    if (cleanup !== undefined) this.#at(cleanup, () => runShell(this.#shell, cleanup.text));
    this.#stage.event = undefined;
    const [fault] = Object.entries(this.#stage.stack.faults);
    if (fault !== undefined) throw new ScriptFailure(`${fault[0]} threw, ${fault[1]} times: its log tells more`);
  }

  /** Runs something of the script that is no event. */
  #at({ line, column, text }: { line: number; column: number; text: string }, run: () => void): void {
    this.#stage.event = {
      line,
      column,
      text: text.trim().split('\n').at(-1) ?? '',
      time: { kind: 'any', us: 0, endUs: 0 },
      action: { kind: 'command', text, line, column },
    };
    run();
    this.#stage.event = undefined;
  }

  #play(event: ScriptEvent): void {
    const due = dueAt(event.time, this.#stage.nowUs);
    const tolerance = this.#stage.tolerance(due.toUs);
    const { action } = event;
    if (action.kind === 'packet' && action.direction === 'out') this.#packets.expect(event, action.packet, due, tolerance);
    else {
      this.#stage.advanceTo(due.fromUs);
      const late = compareTime('time of the event', due, this.#stage.nowUs, tolerance);
      if (late.length > 0) throw new ScriptFailure('the event comes too late', late);
      this.#act(event, action, tolerance);
    }
    this.#stage.lastEventUs = this.#stage.nowUs;
  }

  #act(event: ScriptEvent, action: Exclude<ScriptEvent['action'], { kind: 'packet'; direction: 'out' }>, tolerance: number): void {
    switch (action.kind) {
      case 'packet':
        this.#packets.inject(action);
        break;
      case 'call':
        this.#calls.begin(event, action, tolerance);
        break;
      case 'command':
        this.#stage.tell('command', action.text.trim());
        runShell(this.#shell, action.text);
        break;
      case 'code':
        runCode(action, this.#scope, this.#codeHost());
        break;
    }
    this.#stage.settle();
  }

  #codeHost(): CodeHost {
    return codeHost(this.#stage.process, (text) => {
      this.#stage.kept.output.push(text);
      this.#stage.tell('print', text);
    });
  }
}
