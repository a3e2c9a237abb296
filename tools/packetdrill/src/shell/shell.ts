// What is in backticks: commands that are understood, and done on the stack itself. No process is ever started.
import type { SimDevice } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { fail, ScriptFailure } from '../failure.js';
import type { Settings } from '../settings.js';
import { PlainFile } from '../system/files.js';
import type { Process } from '../system/process.js';
import { ip } from './ip.js';
import { ethtool, tc } from './link.js';
import { nstat } from './nstat.js';
import { procNetTcp, ss } from './ss.js';
import { echoed, procPath, setSysctls, sysctl } from './sysctl.js';
import { parseShell, type Simple } from './words.js';

/** What a command gave. */
export interface Done {
  readonly status: number;
  readonly output: string;
}

export const done = (output = ''): Done => ({ status: 0, output });

/** What commands work on. */
export interface ShellContext {
  readonly stack: Stack;
  readonly settings: Settings;
  readonly process: Process;
  readonly device: SimDevice;
  /** Sysctls that `set_sysctls.py` has changed, as they were. */
  readonly restore: Map<string, string>;
  /** Counters as `nstat` showed them last. */
  counted: Readonly<Record<string, number>>;
  /** Notes for whoever wants the whole conversation. */
  note(text: string): void;
  /** A script's own file, such as defaults.sh; undefined: there is none. */
  readFile(path: string): string | undefined;
}

type Command = (context: ShellContext, words: readonly string[], input: string) => Done;

const COMMANDS: Readonly<Record<string, Command>> = {
  sysctl,
  ip,
  tc,
  ethtool,
  nstat,
  ss,
  grep,
  cat: (context, [, path]) => done(`${echoed(context, procPath(path ?? '') ?? fail(`cat: ${path} is not understood; /proc/sys/… is`))}\n`),
  echo: (_, words) => done(`${words.slice(1).join(' ')}\n`),
  true: () => done(),
  ':': () => done(),
  false: () => ({ status: 1, output: '' }),
  rm: (context, words) => {
    for (const path of words.slice(1)) context.process.disk.delete(path);
    return done();
  },
  dd,
  'set_sysctls.py': setSysctls,
};

/** Files within files, beyond which a script is refused. */
const DEEPEST = 10;
class TooDeep extends ScriptFailure {}

/** Runs a text. @throws ScriptFailure where a command fails, or is not understood. */
export function runShell(context: ShellContext, text: string): void {
  const status = run(context, text, 0);
  if (status !== 0) fail(`the command ended with ${status}: ${text.trim().split('\n').at(-1)}`);
}

function run(context: ShellContext, text: string, depth: number): number {
  if (depth > DEEPEST) throw new TooDeep(`files call one another more than ${DEEPEST} deep`);
  let status = 0;
  const lists = parseShell(text, { PPID: '1', PACKETDRILL_PID: '1' });
  for (const [i, { when, commands }] of lists.entries()) {
    if ((when === 'and' && status !== 0) || (when === 'or' && status === 0)) continue;
    const hasOther = lists[i + 1]?.when === 'or';
    let output = '';
    for (const command of commands) {
      const result = hasOther ? orElse(() => runSimple(context, command, output, depth)) : runSimple(context, command, output, depth);
      status = result.status;
      output = command.output === undefined ? result.output : '';
      if (command.output !== undefined) redirect(context, command.output, result.output);
    }
    if (output.trim() !== '') context.note(output.trimEnd());
  }
  return status;
}

/** What cannot be done, where the script says what to do instead. */
function orElse(command: () => Done): Done {
  try {
    return command();
  } catch (error) {
    if (error instanceof ScriptFailure && !(error instanceof TooDeep)) return { status: 1, output: '' };
    throw error;
  }
}

function runSimple(context: ShellContext, { words }: Simple, input: string, depth: number): Done {
  const [first = ''] = words;
  const name = first.slice(first.lastIndexOf('/') + 1);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(context, words, input);
  if (/^sysctl_restore_\w+\.sh$/.test(name)) {
    for (const [path, value] of context.restore) context.stack.sysctl.set(path, value);
    return done();
  }
  if (!name.endsWith('.sh')) return fail(`the command ${first} is not understood; there is ${Object.keys(COMMANDS).join(', ')}`);
  return source(context, first, depth);
}

/** A file of commands, which goes on where one of them fails, as a shell's script does. */
function source(context: ShellContext, path: string, depth: number): Done {
  const text = context.readFile(path) ?? fail(`there is no file ${path}`);
  let status = 0;
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split('\n')) {
    try {
      status = run(context, line, depth + 1);
    } catch (error) {
      if (!(error instanceof ScriptFailure) || error instanceof TooDeep) throw error;
      context.note(`${path}: ${error.message}`);
      status = 0;
    }
  }
  return { status, output: '' };
}

/** Parameters of Linux's modules, by their files, with the value that asks for no more than what the stack's own ones do. */
const MODULE_PARAMETERS: ReadonlyMap<string, string> = new Map([
  // CUBIC leaves slow start before it costs a loss: HyStart on Linux, HyStart++ (RFC 9406) here.
  ['/sys/module/tcp_cubic/parameters/hystart', '1'],
  ['/sys/module/tcp_cubic/parameters/hystart_detect', '3'],
]);

/** `> /dev/null`, a sysctl by its file, and a module's parameter. */
function redirect(context: ShellContext, file: string, output: string): void {
  if (file === '/dev/null') return;
  const usual = MODULE_PARAMETERS.get(file);
  if (usual !== undefined) {
    if (output.trim() !== usual) fail(`${file}: the stack has no such parameter, and does as Linux does with ${usual}`);
    return;
  }
  const path = procPath(file) ?? fail(`> ${file} is not understood; > /dev/null is, and > /proc/sys/…`);
  sysctl(context, ['sysctl', `${path}=${output.trim()}`]);
}

const SOCKET_LISTS = new Set(['/proc/net/tcp', '/proc/net/tcp6']);

/** `grep [-q] [-c] [-v] TEXT`, over what comes in, or over the list of sockets under /proc/net. */
function grep(context: ShellContext, words: readonly string[], input: string): Done {
  const flags = words.slice(1).filter((word) => word.startsWith('-'));
  const [pattern, ...files] = words.slice(1).filter((word) => !word.startsWith('-'));
  const other = files.find((file) => !SOCKET_LISTS.has(file));
  if (pattern === undefined || other !== undefined)
    return fail(`grep: takes a pattern, and reads /proc/net/tcp or what a command before it tells, not ${other}`);
  const text = files.length === 0 ? input : procNetTcp(context);
  const matches = new RegExp(pattern.replaceAll(/[()+?{}|]/g, '\\$&'));
  const found = text.split('\n').filter((line) => line !== '' && matches.test(line) !== flags.includes('-v'));
  const output = flags.includes('-q') ? '' : flags.includes('-c') ? `${found.length}\n` : found.map((line) => `${line}\n`).join('');
  return { status: found.length > 0 ? 0 : 1, output };
}

/** `dd if=/dev/zero of=FILE bs=N count=N`: a file of zeros, in memory. */
function dd(context: ShellContext, words: readonly string[]): Done {
  const given = Object.fromEntries(words.slice(1).map((word) => word.split('=')));
  const bytes = sizeOf(given['bs'] ?? '512') * Number(given['count'] ?? Number.NaN);
  if (given['if'] !== '/dev/zero' || given['of'] === undefined || !(bytes <= 0x1000_0000))
    return fail('dd: takes if=/dev/zero of=FILE bs=N count=N');
  context.process.disk.set(given['of'], new PlainFile(given['of'], new Uint8Array(bytes)));
  return done();
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, k: 1024, M: 1024 * 1024 };
function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([KkM]?)$/.exec(text) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (UNITS[unit] as number);
}
