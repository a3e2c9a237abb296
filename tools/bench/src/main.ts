// npm run bench: throughput of one TCP connection both ways, beside the device's limit and the kernel itself, in one run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { main as impaired } from './impaired/main.js';
import { runLimit } from './limit.js';
import { type Case, type Contender, compileClient, type Direction, measure, TOPOLOGY } from './runs.js';
import { runSubject } from './subject.js';

const HELP = `usage: npm run bench -- [OPTION]...
       npm run bench -- impaired [OPTION]...   over a wire that loses, reorders and duplicates; --help says more

One TCP connection between the kernel (CUBIC) and a host on a TAP device, both ways, with and without offloads: beside the limit (the same
device without a stack) and kernel to kernel over veth. Runs are interleaved; every figure is their median.

  --quick        short runs
  --runs N       runs of each, default 5 (quick: 3)
  --json FILE    also writes every run as JSON
`;

const CASES: readonly Case[] = (['in', 'out'] as const).flatMap((direction) => [
  ...[true, false].flatMap((offload) => (['limit', 'protoloom'] as const).map((contender) => ({ contender, direction, offload }))),
  { contender: 'kernel' as const, direction, offload: true },
]);

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
};
const key = ({ contender, direction, offload }: Case): string => `${contender} ${direction} ${offload}`;

/** On a terminal, in place; elsewhere nothing, since the table follows. */
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};

export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'impaired') return impaired(argv.slice(1));
  if (argv[0] === '--serve') return serve(argv);
  const { values } = parseArgs({
    args: [...argv],
    options: { quick: { type: 'boolean' }, runs: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('bench: it makes network namespaces: run it as root\n');
    process.exitCode = 2;
    return;
  }
  const runs = values.runs === undefined ? (values.quick ? 3 : 5) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`bench: --runs ${values.runs}: a whole number from 1 on\n`);
    process.exitCode = 2;
    return;
  }
  const ms = values.quick ? 1000 : 3000;
  compileClient();
  const results = new Map<string, number[]>(CASES.map((one) => [key(one), []]));
  for (let run = 0; run < runs; run++) {
    for (const [index, one] of CASES.entries()) {
      progress(
        `run ${run + 1} of ${runs}, ${index + 1} of ${CASES.length}: ${one.contender} ${one.direction}${one.offload ? '' : ', plain'}`,
      );
      results.get(key(one))?.push(await measure(one, ms));
    }
  }
  progress('');
  report(results, runs, ms);
  if (values.json !== undefined) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(
      values.json,
      `${JSON.stringify({ unit: 'Gbit/s', ms, cases: CASES.map((one) => ({ ...one, runs: results.get(key(one)) })) }, null, 2)}\n`,
    );
  }
}

function report(results: ReadonlyMap<string, readonly number[]>, runs: number, ms: number): void {
  const of = (contender: Contender, direction: Direction, offload: boolean): readonly number[] =>
    results.get(key({ contender, direction, offload })) ?? [];
  const cell = (values: readonly number[]): string =>
    `${median(values).toFixed(2).padStart(7)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`.padEnd(24);
  process.stdout.write(`One TCP connection, Gbit/s: median (least–most) of ${runs} interleaved runs of ${ms / 1000} s\n\n`);
  process.stdout.write(`${''.padEnd(16)}${'limit'.padEnd(24)}${'protoloom'.padEnd(24)}${'of the limit'.padEnd(14)}kernel to kernel\n`);
  for (const direction of ['in', 'out'] as const) {
    for (const offload of [true, false]) {
      const limit = of('limit', direction, offload);
      const ours = of('protoloom', direction, offload);
      const ratio = median(ours.map((value, i) => value / (limit[i] as number)));
      const label = `${direction}, ${offload ? 'offload' : 'plain TAP'}`;
      process.stdout.write(
        `${label.padEnd(16)}${cell(limit)}${cell(ours)}${ratio.toFixed(2).padEnd(14)}${offload ? cell(of('kernel', direction, true)) : ''}\n`,
      );
    }
  }
}

/** Within a namespace: the limit, or the host. */
async function serve([, contender, mode, offload]: readonly string[]): Promise<void> {
  const direction = mode === 'send' ? 'send' : 'receive';
  if (contender === 'limit') return runLimit('bench0', TOPOLOGY.kernel, direction, offload === 'offload');
  await runSubject('bench0', TOPOLOGY.kernel, TOPOLOGY.host, TOPOLOGY.port, direction, offload === 'offload');
}
