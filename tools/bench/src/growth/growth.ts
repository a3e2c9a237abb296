// How the time for a packet grows with what a host has of connections, routes, neighbours, timers: it should not.
import { type Estimate, estimate } from '../statistics.js';
import { type Case, type Dimension, makeCase, SIZES } from './cases.js';

/** Nanoseconds for a frame, in one case. */
export interface Point extends Omit<Estimate, 'count'> {
  readonly what: Dimension;
  /** How many of it. */
  readonly count: number;
}

export interface Extent {
  readonly rounds: number;
  /** Of one case in one round, ms. */
  readonly ms: number;
}

/** Exchanges between two looks at the clock. */
const AT_A_TIME = 256;
/** Before anything is counted: code that is compiled while it runs, tables that grow. */
const WARM_STEPS = 30_000;

/** Nanoseconds for a frame, over about so many milliseconds. */
function timed({ pair, step }: Case, ms: number): number {
  const frames = pair.frames;
  const startMs = performance.now();
  let elapsedMs = 0;
  do {
    for (let i = 0; i < AT_A_TIME; i++) step();
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < ms);
  return (elapsedMs * 1e6) / (pair.frames - frames);
}

/** One dimension after the other; its cases are there together, and measured in turn. */
export async function measureGrowth(extent: Extent, progress: (text: string) => void): Promise<readonly Point[]> {
  const points: Point[] = [];
  for (const [what, sizes] of Object.entries(SIZES) as [Dimension, readonly number[]][]) {
    const cases: Case[] = [];
    for (const count of sizes) {
      progress(`growth: a host with ${count} ${what}`);
      const made = await makeCase(what, count);
      for (let i = 0; i < Math.max(WARM_STEPS, 2 * count); i++) made.step();
      cases.push(made);
    }
    const values = cases.map((): number[] => []);
    for (let round = 0; round < extent.rounds; round++) {
      progress(`growth: ${what}, round ${round + 1} of ${extent.rounds}`);
      for (const [i, one] of cases.entries()) values[i]?.push(timed(one, extent.ms));
    }
    for (const [i, { count, pair }] of cases.entries()) {
      const found = estimate(values[i] ?? []);
      if (found !== undefined) points.push({ ...found, what, count });
      await pair.stop();
    }
  }
  return points;
}

/** The last of a dimension beside its first. */
export function growthOf(points: readonly Point[], what: Dimension): number {
  const own = points.filter((point) => point.what === what);
  return (own.at(-1)?.median ?? Number.NaN) / (own[0]?.median ?? Number.NaN);
}
