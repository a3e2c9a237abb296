// Every run as JSON: the machine, samples, what they make, what was to hold.
import { cpus, release, totalmem } from 'node:os';
import { MEASURES } from './measures.js';
import { estimate } from './statistics.js';
import { type Result, valuesOf } from './suite.js';
import { judgeAll } from './targets.js';

/** What the figures were measured on. */
export const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
});

export function resultsAsJson(results: readonly Result[]): string {
  const told = results.map((result) => {
    const { measure, contender, samples, skipped } = result;
    const { contenders: _, figures, ...setting } = measure;
    return {
      ...setting,
      contender,
      ...(skipped === undefined ? {} : { skipped }),
      figures: figures.map((figure) => ({ unit: figure.unit, ...estimate(valuesOf(result, figure)) })),
      samples,
    };
  });
  const targets = judgeAll(results).map(({ target, estimate: found, holds }) => ({ ...target, ...found, holds }));
  return `${JSON.stringify({ machine: machine(), results: told, targets }, null, 2)}\n`;
}

interface Told extends Pick<Result, 'contender' | 'skipped'> {
  readonly name: string;
  readonly samples: readonly (Result['samples'][number] | null)[];
}

/** What `resultsAsJson` has told, of those measures that still are; figures measured anew take the place of theirs. */
export function withEarlier(json: string, anew: readonly Result[]): Result[] {
  const earlier = (JSON.parse(json) as { results: readonly Told[] }).results;
  return MEASURES.flatMap((measure) =>
    measure.contenders.flatMap((contender): Result[] => {
      const found = anew.find((one) => one.measure === measure && one.contender === contender);
      if (found !== undefined) return [found];
      const told = earlier.find((one) => one.name === measure.name && one.contender === contender);
      if (told === undefined) return [];
      const samples = told.samples.map((sample) => sample ?? undefined);
      return [{ measure, contender, samples, ...(told.skipped === undefined ? {} : { skipped: told.skipped }) }];
    }),
  );
}
