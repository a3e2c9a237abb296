// npm run bench -- soak: one host that works on and on. Nothing gets slower with age, and its memory stays what it was.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BenchTopology } from './bench-topology.js';
import { MEASURES, type Measure, type Mode } from './measures.js';
import { compilePeer } from './peers.js';
import { Progress } from './progress.js';
import { figure, table } from './report.js';
import { type Bench, driven, residentBytes, serve } from './session.js';
import { estimate } from './statistics.js';
import { Topology } from './topology.js';

const HELP = `usage: npm run bench -- soak [OPTION]...

One host for so many minutes, after one of warming up: transfers both ways, echoes, connections, again and again. The last minute beside the first:
rates, and resident memory.

  --minutes N    default 10, at least 2
  --json FILE    also writes every slice
`;

/** Of each kind in turn; all of them take a fifth of a minute. */
const SLICE_MS = 2000;
const MINUTE_MS = 60_000;
/** As long as TIME-WAIT lasts (2 MSL): what is left of connections grows in number until then. */
const WARM_MS = MINUTE_MS;
/** How much slower the last minute may be, or larger the process. */
export const TOLERANCE = 0.05;

/** What the host does in turn: names of measures. */
const KINDS = [
  'bulk in, offload, 10 connections',
  'bulk out, offload, 10 connections',
  'UDP echo, 64 octets, 64 in flight',
  'TCP ping-pong, one CPU',
  'connections, 16 in flight, we close first',
  'connections, 16 in flight, the peer closes first',
].map((name) => {
  const measure = MEASURES.find((one) => one.name === name);
  if (measure === undefined) throw new Error(`no measure is called ${name}`);
  return measure;
});

/** The ports of the modes, beside each other in one host. */
export const SOAK_MODES: readonly Mode[] = [...new Set(KINDS.map(({ mode }) => mode))];

export interface Slice {
  readonly kind: string;
  /** Since the host is warm, ms. */
  readonly atMs: number;
  /** In the unit of the measure's first figure. */
  readonly value: number;
  readonly residentBytes: number;
}

function refuse(message: string): void {
  process.stderr.write(`bench soak: ${message}\n`);
  process.exitCode = 2;
}

/** @param obstacle what keeps it from being made here. */
export async function main(argv: readonly string[], obstacle: string | undefined): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { minutes: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const minutes = Number(values.minutes ?? 10);
  if (!(minutes >= 2)) return refuse(`--minutes ${values.minutes}: a number from 2 on`);
  if (obstacle !== undefined) return refuse(obstacle);
  const slices = await soak(minutes);
  process.stdout.write(soakReport(slices));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(slices, null, 2)}\n`);
  if (verdictsOf(slices).some(({ holds }) => !holds)) process.exitCode = 1;
}

/** Ten minutes. @returns Markdown. */
export const document = async (): Promise<string> => soakReport(await soak(10));

async function soak(minutes: number): Promise<readonly Slice[]> {
  const progress = new Progress();
  Topology.removeOnSignals(() => progress.end());
  compilePeer();
  const topology = new BenchTopology(false);
  const slices: Slice[] = [];
  try {
    const bench = await serve(topology, 'protoloom', { ...(KINDS[0] as Measure), mode: 'soak' });
    const startMs = performance.now() + WARM_MS;
    for (let elapsedMs = -WARM_MS; elapsedMs < minutes * MINUTE_MS; elapsedMs = performance.now() - startMs) {
      for (const kind of KINDS) {
        const atMs = performance.now() - startMs;
        const when = atMs < 0 ? 'warming up' : `minute ${Math.min(Math.floor(atMs / MINUTE_MS) + 1, minutes)} of ${minutes}`;
        progress.tell(`soak: ${when}: ${kind.name}`);
        const value = await slice(bench, kind, SLICE_MS);
        slices.push({ kind: kind.name, atMs, value, residentBytes: residentBytes(bench.child) });
      }
    }
    return slices.filter(({ atMs }) => atMs >= 0);
  } finally {
    progress.end();
    await topology.remove();
  }
}

async function slice(bench: Bench, kind: Measure, ms: number): Promise<number> {
  const sample = await driven(bench, kind, ms, SOAK_MODES.indexOf(kind.mode));
  return kind.figures[0]?.of(sample) ?? Number.NaN;
}

export interface Verdict {
  readonly what: string;
  /** Of the first minute and of the last, and the last as a part of the first. */
  readonly first: number;
  readonly last: number;
  readonly ratio: number;
  /** The least and the most that the ratio may be, by what the slices of both minutes scatter. */
  readonly from: number;
  readonly to: number;
  readonly holds: boolean;
}

/** The last minute beside the first. A rate holds unless the interval of the ratio lies wholly below what is tolerated. */
export function verdictsOf(slices: readonly Slice[]): readonly Verdict[] {
  const end = Math.max(...slices.map(({ atMs }) => atMs));
  const inFirst = slices.filter(({ atMs }) => atMs < MINUTE_MS);
  const inLast = slices.filter(({ atMs }) => atMs > end - MINUTE_MS);
  const compare = (what: string, of: (slices: readonly Slice[]) => number[], grows: boolean): Verdict[] => {
    const [first, last] = [estimate(of(inFirst)), estimate(of(inLast))];
    if (first === undefined || last === undefined) return [];
    const ratio = last.median / first.median;
    const [from, to] = [last.from / first.to, last.to / first.from];
    const holds = grows ? from <= 1 + TOLERANCE : to >= 1 - TOLERANCE;
    return [{ what, first: first.median, last: last.median, ratio, from, to, holds }];
  };
  return [
    ...KINDS.flatMap(({ name, figures }) =>
      compare(`${name}, ${figures[0]?.unit}`, (some) => some.filter(({ kind }) => kind === name).map(({ value }) => value), false),
    ),
    ...compare('resident memory, MB', (some) => some.map((one) => one.residentBytes / 1e6), true),
  ];
}

export function soakReport(slices: readonly Slice[]): string {
  const minutes = Math.round(Math.max(...slices.map(({ atMs }) => atMs)) / MINUTE_MS);
  const rows = verdictsOf(slices).map(({ what, first, last, ratio, from, to, holds }) => [
    what,
    figure(first),
    figure(last),
    `${ratio.toFixed(2)} (${from.toFixed(2)}–${to.toFixed(2)})`,
    holds ? 'holds' : 'does not hold',
  ]);
  return `One host, ${minutes} minutes; medians of the first and of the last.\n\n${table([['what', 'first minute', 'last minute', 'ratio', `within ${TOLERANCE * 100} %`], ...rows])}`;
}
