// All measures with all contenders, interleaved: what the machine does meanwhile meets them all.
import type { ContenderName } from './contenders/contender.js';
import type { Figure, Measure, Sample } from './measures.js';
import { unavailable } from './peers.js';
import { type Length, run } from './run.js';

/** What was measured of one contender. A run that failed has no sample; `skipped` says why there are none at all. */
export interface Result {
  readonly measure: Measure;
  readonly contender: ContenderName;
  /** By the number of the run: those of one number belong together. */
  readonly samples: (Sample | undefined)[];
  skipped?: string;
}

export interface Extent extends Length {
  readonly runs: number;
  /** No run is begun later, ms from the first. */
  readonly budgetMs: number;
}

/** A figure run by run, NaN where there is none. */
export const valuesOf = ({ samples }: Result, { of }: Figure): number[] =>
  samples.map((sample) => (sample === undefined ? Number.NaN : of(sample)));

const duration = (ms: number): string => (ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

/** @param progress told before each run. */
export async function measureAll(
  measures: readonly Measure[],
  contenders: readonly ContenderName[],
  extent: Extent,
  progress: (text: string) => void,
): Promise<readonly Result[]> {
  const results: Result[] = measures.flatMap((measure) =>
    measure.contenders.filter((name) => contenders.includes(name)).map((contender) => ({ measure, contender, samples: [] })),
  );
  for (const name of new Set(results.map(({ contender }) => contender))) {
    const reason = unavailable(name, () => progress(`compiling ${name}`));
    if (reason === undefined) continue;
    for (const result of results) if (result.contender === name) result.skipped = reason;
  }
  const startMs = performance.now();
  const taking = results.filter(({ skipped }) => skipped === undefined);
  const all = extent.runs * taking.length;
  let taken = 0;
  for (let i = 0; i < extent.runs; i++) {
    for (const result of taking) {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs > extent.budgetMs) return results;
      const left =
        taken === 0 ? '' : `, about ${duration(Math.min((elapsedMs / taken) * (all - taken), extent.budgetMs - elapsedMs))} left`;
      progress(`run ${i + 1} of ${extent.runs}${left}: ${result.measure.name}: ${result.contender}`);
      await runOf(result, i, extent);
      taken++;
    }
  }
  return results;
}

/** A run that fails is tried again in the next round; whoever has failed in all of two rounds is given up. */
async function runOf(result: Result, i: number, extent: Extent): Promise<void> {
  const { measure, contender, samples } = result;
  if (result.skipped !== undefined) return;
  try {
    samples[i] = await run(measure, contender, extent);
  } catch (error) {
    samples[i] = undefined;
    const isGivenUp = i + 1 >= Math.min(2, extent.runs) && samples.every((sample) => sample === undefined);
    if (isGivenUp) result.skipped = (error as Error).message.split('\n')[0] as string;
  }
}
