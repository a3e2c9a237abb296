// npm run lab: congestion controllers on simulated paths, beside their published models; writes the report and its plots.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTROLLERS, type ControllerName } from './cell.js';
import { type Job, jobsOf } from './jobs.js';
import { performAll } from './pool.js';
import { reportOf } from './report.js';

const HELP = `usage: npm run lab -- [OPTION]...

Every controller over simulated paths in virtual time: throughput beside its published model, fairness, the window over time.
Writes docs/congestion-control.md and docs/plots/*.svg.

  --quick             a few paths, and shorter; writes nothing unless --out says where
  --controller NAME   only this one (${Object.keys(CONTROLLERS).join(', ')}); may be given again
  --seed N            of everything left to chance, default 1
  --jobs N            threads, default as many as there are cores
  --out FOLDER        in place of docs
`;

const COUNT = /^[1-9]\d{0,8}$/;

export async function main(argv: readonly string[]): Promise<void> {
  const parsed = argumentsOf(argv);
  if (parsed === undefined) return;
  const { controllers, seed, quick, threads, out } = parsed;
  const extent = { controllers, seed, quick };
  const jobs = jobsOf(extent);
  let done = 0;
  const outcomes = await performAll(jobs, threads, (job) => progress(++done, jobs.length, job));
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const { markdown, plots, outside } = reportOf(outcomes, extent);
  if (out === undefined) process.stdout.write(markdown);
  else {
    for (const [path, text] of [['congestion-control.md', markdown] as const, ...plots]) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), text);
    }
    process.stdout.write(`written: ${join(out, 'congestion-control.md')} and ${plots.size} plots\n`);
  }
  if (outside.length > 0) process.stdout.write(`further from the model than a quarter:\n${outside.map((one) => `  ${one}\n`).join('')}`);
}

interface Arguments {
  readonly controllers: readonly ControllerName[];
  readonly seed: number;
  readonly quick: boolean;
  readonly threads: number;
  readonly out: string | undefined;
}

function argumentsOf(argv: readonly string[]): Arguments | undefined {
  const refuse = (message: string): undefined => {
    process.stderr.write(`lab: ${message}\n`);
    process.exitCode = 2;
    return undefined;
  };
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const { quick = false, seed = '1', jobs = String(availableParallelism()), controller = Object.keys(CONTROLLERS) } = values;
  for (const [name, value] of Object.entries({ seed, jobs }))
    if (!COUNT.test(value)) return refuse(`--${name} ${value}: a whole number from 1 on`);
  const unknown = controller.find((name) => !(name in CONTROLLERS));
  if (unknown !== undefined) return refuse(`--controller ${unknown}: there are ${Object.keys(CONTROLLERS).join(', ')}`);
  const out = values.out ?? (quick ? undefined : 'docs');
  return { controllers: controller as ControllerName[], seed: Number(seed), quick, threads: Number(jobs), out };
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean' },
      controller: { type: 'string', multiple: true },
      seed: { type: 'string' },
      jobs: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  }).values;

/** On a terminal in place; elsewhere a line now and then. */
function progress(done: number, all: number, job: Job): void {
  const what =
    job.kind === 'cell'
      ? `${job.cell.controller}, ${job.cell.mbit} Mbit/s, ${job.cell.rttMs} ms`
      : job.kind === 'contest'
        ? job.contest.controllers.join(' beside ')
        : `the window of ${job.controller}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${done} of ${all}: ${what}`);
  else if (done % 10 === 0 || done === all) process.stderr.write(`${done} of ${all}\n`);
}
