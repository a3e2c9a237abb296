// The table: a measure a block, a contender a line.
import type { Result } from './main.js';
import type { Measure } from './measures.js';
import { median, medianInterval } from './statistics.js';

const figure = (value: number): string => (value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3));

/** The median, and between what it lies. */
function spread(values: readonly number[], format: (value: number) => string): string {
  const { from, to, coverage } = medianInterval(values);
  const sure = coverage >= 0.95 ? '' : ` at ${Math.round(coverage * 100)} %`;
  return `${format(median(values))} (${format(from)}–${format(to)}${sure})`;
}

/** @returns text, with a line's end. */
export function report(results: readonly Result[]): string {
  const lines: string[] = [];
  const measures = new Set<Measure>(results.map(({ measure }) => measure));
  for (const measure of measures) {
    const own = results.filter((result) => result.measure === measure);
    const ours = own.find(({ contender }) => contender === 'protoloom');
    lines.push(`${measure.name}, ${measure.unit}`);
    for (const { contender, values, failed } of own) {
      if (failed !== undefined || values.length === 0) {
        lines.push(`  ${contender.padEnd(12)}failed: ${failed}`);
        continue;
      }
      const line = `  ${contender.padEnd(12)}${spread(values, figure).padEnd(36)}`;
      const ratios = ours === undefined || contender === 'protoloom' ? [] : ours.values.map((value, i) => value / (values[i] as number));
      lines.push(
        ratios.length === 0 || ours?.failed !== undefined
          ? line.trimEnd()
          : `${line}ours: ${spread(ratios, (ratio) => ratio.toFixed(2))} of it`,
      );
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}
