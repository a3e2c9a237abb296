// All measures, one after the other, their contenders interleaved: what the machine does meanwhile meets them all.
import { type ContenderName, isCompiledAsItRuns } from './contenders/contender.js';
import type { Figure, Measure, Sample } from './measures.js';
import { unavailable } from './peers.js';
import { Session } from './session.js';

/** What was measured of one contender. A run that failed has no sample; `skipped` says why there are none at all. */
export interface Result {
  readonly measure: Measure;
  readonly contender: ContenderName;
  /** By the number of the run: those of one number belong together. */
  readonly samples: (Sample | undefined)[];
  skipped?: string;
}

export interface Extent {
  /** Before the runs of a process, ms, not counted, in parts like them: caches, windows. */
  readonly warmMs: number;
  /** Before that, of a program that is compiled while it runs: its compiler takes processor time that is then missing to both ends. */
  readonly compileMs: number;
  readonly runs: number;
  /**
   * Of a run. One of each contender is taken in turn, so that what slows the machine for a second or two is in everybody's run; longer ones would be
   * of one contender alone.
   */
  readonly parts: number;
  /** Of a part, ms. */
  readonly ms: number;
  /** Runs of one process; those that follow are a new one's, since no two are compiled alike. */
  readonly runsOfProcess: number;
  /** No run is begun later, ms from the first. */
  readonly budgetMs: number;
}

/** One processor works and compiles in turn: it is done so much later. */
const PINNED_COMPILE = 2;

/** A figure run by run, NaN where there is none. */
export const valuesOf = ({ samples }: Result, { of }: Figure): number[] =>
  samples.map((sample) => (sample === undefined ? Number.NaN : of(sample)));

/** Of connections that stay idle there is one sample in a process; and an idle stack is as idle in one part. */
const partsOf = (measure: Measure, { parts }: Extent): number => (isDriven(measure) ? parts : 1);

/** Somebody sends or asks all the time. */
const isDriven = ({ mode }: Measure): boolean => mode !== 'idle' && mode !== 'rest';

/** Parts of a run make a longer one. */
const together = (a: Sample | undefined, b: Sample): Sample =>
  a === undefined ? b : { counted: a.counted + b.counted, us: a.us + b.us, cpuUs: a.cpuUs + b.cpuUs };

const duration = (ms: number): string => (ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

/** @param progress told before each part of a run. */
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
  const elapsedMs = (): number => performance.now() - startMs;
  const taking = results.filter(({ skipped }) => skipped === undefined);
  const all = extent.runs * taking.reduce((sum, { measure }) => sum + partsOf(measure, extent), 0);
  let taken = 0;
  const tell = (result: Result, run: number): boolean => {
    const leftMs = Math.min((elapsedMs() / Math.max(taken, 1)) * (all - taken), extent.budgetMs - elapsedMs());
    const left = taken === 0 ? '' : `, about ${duration(leftMs)} left`;
    progress(`${result.measure.name}: ${result.contender}, run ${run + 1} of ${extent.runs}${left}`);
    taken++;
    return elapsedMs() <= extent.budgetMs;
  };
  for (const measure of measures) {
    const beside = taking.filter((result) => result.measure === measure);
    // Of connections that stay idle a process has one run.
    const runsOfProcess = measure.mode === 'idle' ? 1 : extent.runsOfProcess;
    for (let from = 0; from < extent.runs; from += runsOfProcess) {
      const to = Math.min(from + runsOfProcess, extent.runs);
      if (!(await processesOf(beside, from, to, extent, tell))) return results;
    }
  }
  return results;
}

/** Runs `from` to `to`, in one process of each contender. @param tell told before each part; false: there is no time for it. */
async function processesOf(
  results: readonly Result[],
  from: number,
  to: number,
  extent: Extent,
  tell: (result: Result, run: number) => boolean,
): Promise<boolean> {
  const { warmMs, compileMs, runs } = extent;
  const runMs = extent.parts * extent.ms;
  const open = new Map<Result, Session>();
  try {
    for (const result of results) {
      if (result.skipped !== undefined) continue;
      try {
        const session = await Session.open(result.measure, result.contender);
        open.set(result, session);
        const compiling = isCompiledAsItRuns(result.contender) ? compileMs * (result.measure.pinned ? PINNED_COMPILE : 1) : 0;
        await session.warm(compiling, runMs);
      } catch (error) {
        failed(result, from, to, runs, error as Error);
      }
    }
    const warming = new Map([...open].filter(([{ measure }]) => isDriven(measure)));
    // In turn, as they are measured: V8 forgets what it has compiled for connections once there has been none for some seconds.
    for (let leftMs = warmMs; leftMs > 0; leftMs -= extent.ms)
      for (const [result, session] of warming) {
        try {
          await session.sample(Math.min(leftMs, extent.ms));
        } catch (error) {
          warming.delete(result);
          failed(result, from, to, runs, error as Error);
        }
      }
    const parts = results[0] === undefined ? 1 : partsOf(results[0].measure, extent);
    for (let run = from; run < to; run++) {
      const running = new Map([...open].filter(([{ skipped }]) => skipped === undefined));
      for (let part = 0; part < parts; part++) {
        for (const [result, session] of running) {
          if (!tell(result, run)) return false;
          try {
            result.samples[run] = together(result.samples[run], await session.sample(runMs / parts));
          } catch (error) {
            running.delete(result);
            failed(result, run, run + 1, runs, error as Error);
          }
        }
      }
    }
    return true;
  } finally {
    for (const session of open.values()) await session.close();
  }
}

/** Runs `from` to `to` of it have failed; whoever fails in all of two is given up. */
function failed(result: Result, from: number, to: number, runs: number, { message }: Error): void {
  const { samples } = result;
  for (let run = from; run < to; run++) samples[run] = undefined;
  if (samples.length >= Math.min(2, runs) && samples.every((sample) => sample === undefined))
    result.skipped = message.split('\n')[0] as string;
}
