// What was measured, as Markdown that a terminal shows as well: everyone side by side, and what was to hold.
import { CONTENDERS } from './contenders/contender.js';
import type { Figure, Measure } from './measures.js';
import { type Estimate, estimate, noise } from './statistics.js';
import { type Result, valuesOf } from './suite.js';
import { judgeAll, type Target, type Verdict } from './targets.js';

export const figure = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

/** A Markdown table, its columns as wide as they have to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return `${[line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')}\n`;
}

/** The median, and half of its interval as a part of it. */
function cell(found: Estimate | undefined): string {
  if (found === undefined) return '';
  const noisy = noise(found);
  return Number.isNaN(noisy) ? figure(found.median) : `${figure(found.median)} ±${Math.round(100 * noisy)} %`;
}

const between = ({ median, from, to }: Estimate): string => `${median.toFixed(2)} (${from.toFixed(2)}–${to.toFixed(2)})`;

function figures(results: readonly Result[]): string {
  const estimates = new Map<Measure, Map<Figure, Map<string, Estimate>>>();
  for (const result of results) {
    const { measure, contender } = result;
    const byFigure = estimates.get(measure) ?? new Map<Figure, Map<string, Estimate>>();
    estimates.set(measure, byFigure);
    for (const one of measure.figures) {
      const found = estimate(valuesOf(result, one));
      const byContender = byFigure.get(one) ?? new Map<string, Estimate>();
      byFigure.set(one, byContender);
      if (found !== undefined) byContender.set(contender, found);
    }
  }
  const shown = CONTENDERS.filter((name) => results.some(({ contender, samples }) => contender === name && samples.some((one) => one)));
  const rows = [...estimates].flatMap(([{ name }, byFigure]) =>
    [...byFigure].map(([{ unit }, found]) => [name, unit, ...shown.map((contender) => cell(found.get(contender)))]),
  );
  return table([['measure', 'unit', ...shown], ...rows]);
}

const bound = ({ atLeast, atMost }: Target): string => (atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`);

const targets = (verdicts: readonly Verdict[]): string =>
  table([
    ['ours to', 'median (interval)', 'target', 'verdict'],
    ...verdicts.map(({ target, estimate: found, holds }) => [
      target.what,
      between(found),
      bound(target),
      holds ? 'holds' : 'does not hold',
    ]),
  ]);

/** Why somebody is missing, once for each reason. */
function missing(results: readonly Result[]): string {
  const reasons = new Map<string, string[]>();
  for (const { contender, measure, skipped } of results) {
    if (skipped === undefined) continue;
    const key = `${contender}: ${skipped}`;
    reasons.set(key, [...(reasons.get(key) ?? []), measure.name]);
  }
  return [...reasons]
    .map(([reason, names]) => `skipped: ${reason} (${names.length === 1 ? names[0] : `${names.length} measures`})\n`)
    .join('');
}

/** @returns text, with a line's end. */
export function report(results: readonly Result[]): string {
  const verdicts = judgeAll(results);
  const counts = results.flatMap(({ samples }) => (samples.length > 0 ? [samples.length] : []));
  const runs = counts.length === 0 ? 0 : Math.max(...counts);
  const sure = runs >= 6 ? 'with 95 %' : 'less surely than with 95 %, which takes six runs';
  const parts = [
    `Medians of ${runs} interleaved run${runs === 1 ? '' : 's'}; ±: half of the interval that holds the median ${sure}.\n`,
    figures(results),
    ...(verdicts.length === 0 ? [] : ['Ratios of pairs of runs; a target holds when the interval reaches it.\n', targets(verdicts)]),
    missing(results),
  ];
  return parts.filter((part) => part !== '').join('\n');
}
