// What the lab does, as jobs that any thread can take.
import { type Cell, type ControllerName, type Measurement, measure, type Trace, trace } from './cell.js';
import { type Contest, contend, type Shares } from './fairness.js';

export type Job =
  | { readonly kind: 'cell'; readonly cell: Cell }
  | { readonly kind: 'contest'; readonly contest: Contest }
  | {
      readonly kind: 'trace';
      readonly controller: ControllerName;
      readonly mbit: number;
      readonly rttMs: number;
      readonly seconds: number;
      readonly seed: number;
    };
export type Outcome =
  | { readonly kind: 'cell'; readonly measurement: Measurement }
  | { readonly kind: 'contest'; readonly shares: Shares }
  | { readonly kind: 'trace'; readonly trace: Trace };

export function perform(job: Job): Outcome {
  switch (job.kind) {
    case 'cell':
      return { kind: 'cell', measurement: measure(job.cell) };
    case 'contest':
      return { kind: 'contest', shares: contend(job.contest) };
    case 'trace':
      return { kind: 'trace', trace: trace(job.controller, job.mbit, job.rttMs, job.seconds, job.seed) };
  }
}

const RATES_MBIT = [10, 100, 1000] as const;
const RTTS_MS = [10, 50, 200] as const;
export const LOSSES: readonly Pick<Cell, 'loss' | 'p'>[] = [
  { loss: 'none', p: 0 },
  { loss: 'queue', p: 0 },
  { loss: 'random', p: 1e-4 },
  { loss: 'random', p: 1e-3 },
  { loss: 'random', p: 1e-2 },
];
const SEEDS = 10;

export interface Extent {
  readonly controllers: readonly ControllerName[];
  readonly seed: number;
  /** A few paths, without the rarest losses, and shorter contests. */
  readonly quick: boolean;
}

/** Everything that the report needs, the longest first. */
export function jobsOf({ controllers, seed, quick }: Extent): Job[] {
  const rates = quick ? RATES_MBIT.slice(0, 2) : RATES_MBIT;
  const rtts = quick ? [50] : RTTS_MS;
  const losses = quick ? LOSSES.filter(({ p }) => p !== 1e-4) : LOSSES;
  const jobs: Job[] = controllers.flatMap((controller) =>
    rates.flatMap((mbit) =>
      rtts.flatMap((rttMs) => losses.map(({ loss, p }) => ({ kind: 'cell' as const, cell: { controller, mbit, rttMs, loss, p, seed } }))),
    ),
  );
  for (const controller of controllers) jobs.push({ kind: 'trace', controller, mbit: 100, rttMs: 50, seconds: quick ? 30 : 120, seed });
  for (let i = 0; i < SEEDS; i++) {
    for (const controller of controllers) jobs.push({ kind: 'contest', contest: fairness(controller, seed + i, quick) });
    if (controllers.includes('cubic') && controllers.includes('newreno'))
      jobs.push(
        { kind: 'contest', contest: friendliness(0, seed + i, quick) },
        { kind: 'contest', contest: friendliness(0.005, seed + i, quick) },
      );
  }
  return jobs.sort((a, b) => weight(b) - weight(a));
}

/** Two of one kind. */
export const fairness = (controller: ControllerName, seed: number, quick: boolean): Contest => ({
  controllers: [controller, controller],
  mbit: 20,
  rttMs: 40,
  p: 0,
  settleSeconds: quick ? 20 : 60,
  seconds: quick ? 40 : 180,
  seed,
});

/** CUBIC beside NewReno, where RFC 9438 §4.3 wants it to be as Reno is: short round trips, small windows. */
export const friendliness = (p: number, seed: number, quick: boolean): Contest => ({
  controllers: ['cubic', 'newreno'],
  mbit: 20,
  rttMs: 20,
  p,
  settleSeconds: quick ? 15 : 60,
  seconds: quick ? 60 : 180,
  seed,
});

/** About how long a job takes. */
function weight(job: Job): number {
  if (job.kind !== 'cell') return 1e6;
  const { mbit, loss, p } = job.cell;
  if (loss === 'random') return 1 / p + mbit;
  return mbit * 10_000;
}
