// npm run bench -- profile: what a packet costs in each layer, and what it allocates.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { BenchTopology } from '../bench-topology.js';
import { MEASURES, type Measure } from '../measures.js';
import { compilePeer } from '../peers.js';
import { Progress } from '../progress.js';
import { figure, table } from '../report.js';
import { finished, serve } from '../session.js';
import { Topology } from '../topology.js';
import type { ByPackage } from './sampler.js';
import { IDLE } from './sampler.js';

const HELP = `usage: npm run bench -- profile [OPTION]...

Where the time of a host goes, by package: nanoseconds for each frame that it receives or sends (a super-segment is one), from a profile of the
processor; and the octets that its code allocates for each, from one of the heap.

  --only TEXT    measures whose names contain it; may be repeated
  --ms N         of each profile, default 5000
`;

/** What is profiled unless --only says otherwise. */
const USUAL = [
  'bulk in, offload',
  'bulk out, offload',
  'bulk in, plain',
  'bulk out, plain',
  'UDP echo, 64 octets, 64 in flight',
  'TCP ping-pong, one CPU',
];
const WARM_MS = 2500;

/** What a host answers when asked for a profile. */
export interface Profile {
  readonly frames: number;
  readonly by: ByPackage;
}

/** Of one measure: µs and octets by package. */
export interface Cost {
  readonly measure: string;
  readonly time: Profile;
  readonly allocation: Profile;
}

const MODES = new Set<Measure['mode']>(['receive', 'send', 'udp-echo', 'echo', 'close-first', 'close-last']);
const PROFILED = MEASURES.filter(({ mode, idle }) => MODES.has(mode) && idle === 0);

/** @param obstacle what keeps it from being made here. */
export async function main(argv: readonly string[], obstacle: string | undefined): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { only: { type: 'string', multiple: true }, ms: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const ms = Number(values.ms ?? 5000);
  const measures = PROFILED.filter(({ name }) => values.only?.some((text) => name.includes(text)) ?? USUAL.includes(name));
  const reason = !(ms > 0)
    ? `--ms ${values.ms}: a number above 0`
    : measures.length === 0
      ? `--only ${values.only?.join(' ')}: no measure is called so; --list names them`
      : obstacle;
  if (reason !== undefined) {
    process.stderr.write(`bench profile: ${reason}\n`);
    process.exitCode = 2;
    return;
  }
  process.stdout.write(profileReport(await profileAll(measures, ms)));
}

/** The usual measures. @returns Markdown. */
export const document = async (): Promise<string> =>
  profileReport(
    await profileAll(
      PROFILED.filter(({ name }) => USUAL.includes(name)),
      5000,
    ),
  );

async function profileAll(measures: readonly Measure[], ms: number): Promise<readonly Cost[]> {
  const progress = new Progress();
  Topology.removeOnSignals(() => progress.end());
  compilePeer();
  const costs: Cost[] = [];
  for (const measure of measures) {
    progress.tell(`profile: ${measure.name}`);
    costs.push(await profile(measure, ms));
  }
  progress.end();
  return costs;
}

async function profile(measure: Measure, ms: number): Promise<Cost> {
  const topology = new BenchTopology(measure.pinned);
  try {
    const { child, lines, client } = await serve(topology, 'protoloom', measure);
    const drive = (forMs: number): Promise<string> => finished(client(measure.mode, forMs, measure.count), forMs);
    const during = async (what: 'time' | 'allocation'): Promise<Profile> => {
      const answer = async (): Promise<string> => ((await once(lines, 'line')) as [string])[0];
      const begun = answer();
      child.stdin?.write(`${what}\n`);
      await begun;
      await drive(ms);
      const told = answer();
      child.stdin?.write(`${what}\n`);
      return JSON.parse(await told) as Profile;
    };
    await drive(WARM_MS);
    return { measure: measure.name, time: await during('time'), allocation: await during('allocation') };
  } finally {
    await topology.remove();
  }
}

/** A row for each package that has at least so much of any column. */
const LEAST_SHARE = 0.005;

function perFrame(costs: readonly Cost[], of: (cost: Cost) => Profile, scale: number): string {
  const own = costs.map((cost) => {
    const { by, frames } = of(cost);
    const entries = Object.entries(by).filter(([name]) => name !== IDLE);
    const all = entries.reduce((sum, [, value]) => sum + value, 0);
    return { frames, all, by: new Map(entries) };
  });
  const names = new Set(own.flatMap(({ by, all }) => [...by].filter(([, value]) => value >= LEAST_SHARE * all).map(([name]) => name)));
  const most = (name: string): number => Math.max(...own.map(({ by, all }) => (by.get(name) ?? 0) / Math.max(all, 1)));
  const cell = (value: number, frames: number): string => (frames === 0 ? '' : figure((value * scale) / frames));
  return table([
    ['', ...costs.map(({ measure }) => measure)],
    ...[...names].sort((a, b) => most(b) - most(a)).map((name) => [name, ...own.map(({ by, frames }) => cell(by.get(name) ?? 0, frames))]),
    ['all', ...own.map(({ all, frames }) => cell(all, frames))],
    ['frames', ...own.map(({ frames }) => frames.toLocaleString('en-US'))],
  ]);
}

export const profileReport = (costs: readonly Cost[]): string =>
  `Nanoseconds for a frame, of code of its own, by package:\n\n${perFrame(costs, ({ time }) => time, 1000)}
Octets allocated for a frame, by package:\n\n${perFrame(costs, ({ allocation }) => allocation, 1)}`;
