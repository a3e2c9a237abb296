// protoloom packetdrill: scripts from files and folders.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { definition, parseScript } from '../language/parser.js';
import { ScriptError } from '../language/text.js';
import type { RunResult } from '../run/run.js';
import { optionNames, optionProblem } from '../settings.js';
import { runFiles } from './pool.js';
import { jsonOf, junitOf, summaryOf, type Totals, textOf } from './report.js';
import { ConfigError, type Plan } from './scripts.js';

export const HELP = `usage: protoloom packetdrill [OPTION]... FILE|FOLDER...

Runs packetdrill scripts (in folders: every *.pkt) against a stack, each against a fresh one, in virtual time: no root, no device, no
waiting, and the same result every time. Exits with 0 where none failed, with 1 where one did.

  -v, --verbose           each script's conversation: packets, calls, commands
  --strict-time           times are exact: no tolerance
  --config FILE           a module whose default export is the list of the stack's plugins (and sysctls, its sysctls);
                          default: the whole Linux-like host
  -D, --define NAME=VALUE what a symbol stands for: a number, a word, "text" or \`a command\`; may be repeated
  --jobs N                threads; default: one for each processor
  --seed N                what is left to chance: ports, initial sequence numbers; default 1
  --json                  one object a line on standard output
  --junit FILE            the results as JUnit's XML, besides
  --dry-run               only reads the scripts

Options of the language prevail over those in the scripts:
  --ip_version=ipv4|ipv6|ipv4-mapped-ipv6  --local_ip=IP  --remote_ip=IP  --gateway_ip=IP  --netmask_ip=MASK
  --bind_port=N  --connect_port=N  --mtu=N  --mss=N  --tolerance_usecs=N  --tolerance_percent=N
  --tcp_ts_tick_usecs=N  --tcp_ts_ecr_scaled  --strict_segments  --non_fatal=packet,syscall  --init_scripts=FILE,...
`;

const OWN = {
  verbose: { type: 'boolean', short: 'v' },
  'strict-time': { type: 'boolean' },
  config: { type: 'string' },
  define: { type: 'string', short: 'D', multiple: true },
  jobs: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  junit: { type: 'string' },
  'dry-run': { type: 'boolean' },
  dry_run: { type: 'boolean' },
} as const;

const OF_SCRIPTS = optionNames().filter(([name]) => !Object.hasOwn(OWN, name));

interface Request {
  readonly paths: readonly string[];
  readonly plan: Plan;
  readonly jobs: number;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly junit: string | undefined;
  readonly dryRun: boolean;
}

/** @throws ConfigError, ERR_PARSE_ARGS_*, ENOENT. */
function parse(argv: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      ...OWN,
      ...Object.fromEntries(OF_SCRIPTS.map(([name, value]) => [name, { type: value ? ('string' as const) : ('boolean' as const) }])),
    },
  });
  if (positionals.length === 0) throw new ConfigError('packetdrill takes files and folders; --help tells more');
  const given = values as Readonly<Record<string, unknown>>;
  const options: Record<string, string | undefined> = {};
  for (const [name, takesValue] of OF_SCRIPTS) {
    if (given[name] === undefined) continue;
    const value = takesValue ? String(given[name]) : undefined;
    const problem = optionProblem(name, value);
    if (problem !== undefined) throw new ConfigError(problem);
    options[name] = value;
  }
  const definitions: Record<string, string> = {};
  for (const text of values.define ?? []) {
    const [symbol, meaning] = definition(text) ?? [];
    if (symbol === undefined || meaning === undefined) throw new ConfigError(`--define ${text}: takes NAME=VALUE`);
    definitions[symbol] = meaning;
  }
  const paths = positionals.flatMap(scriptsIn);
  if (paths.length === 0) throw new ConfigError(`there is no *.pkt in ${positionals.join(', ')}`);
  return {
    paths,
    plan: { options, definitions, strictTime: values['strict-time'] === true, seed: whole('seed', values.seed, 1), config: values.config },
    jobs: whole('jobs', values.jobs, availableParallelism()),
    verbose: values.verbose === true,
    json: values.json === true,
    junit: values.junit,
    dryRun: values['dry-run'] === true || values.dry_run === true,
  };
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ConfigError(`--${name} ${text}: a whole number from 1 on`);
  return Number(text);
}

/** A file as it is; of a folder every script, in the order of their names. */
function scriptsIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .sort()
    .map((name) => join(path, name));
}

/** @returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const { paths, plan, jobs, verbose, json, junit, dryRun } = parse(argv);
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const results: (readonly [string, RunResult])[] = [];
  const each = (path: string, result: RunResult): void => {
    totals[({ pass: 'passed', fail: 'failed', skip: 'skipped' } as const)[result.status]]++;
    if (junit !== undefined) results.push([path, result]);
    process.stdout.write(json ? jsonOf(path, result, verbose) : textOf(path, result, verbose));
  };
  if (dryRun) for (const path of paths) each(path, readOnly(path, plan));
  else await runFiles(paths, plan, jobs, each);
  if (junit !== undefined) writeFileSync(junit, junitOf(results, totals));
  process.stdout.write(json ? `${JSON.stringify(totals)}\n` : summaryOf(totals));
  return totals.failed === 0 ? 0 : 1;
}

/** Only whether it is a script. */
function readOnly(path: string, { definitions }: Plan): RunResult {
  const nothing = { column: 0, event: '', mismatches: [], conversation: [], warnings: [], output: [], durationUs: 0 };
  try {
    parseScript(readFileSync(path, 'utf8'), new Map(Object.entries(definitions)));
    return { ...nothing, status: 'pass', line: 0, reason: '' };
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { ...nothing, status: 'fail', line: error.line, column: error.column, reason: error.message };
  }
}
