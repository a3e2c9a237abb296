// Every run as JSON: the machine, samples, what they make, what was to hold.
import { cpus, release, totalmem } from 'node:os';
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
