// npm run bench -- growth: the time for a packet, with more and more of what a host may have.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { svg } from '@protoloom/lab';
import { Progress } from '../progress.js';
import { figure, table } from '../report.js';
import { type Dimension, EXCHANGES, SIZES } from './cases.js';
import { type Extent, growthOf, measureGrowth, type Point } from './growth.js';

const HELP = `usage: npm run bench -- growth [OPTION]...

Two hosts in one process, joined in memory: nanoseconds for a frame, both hosts' work, with more and more connections, routes, neighbours and timers.

  --quick        few and short rounds
  --plot FILE    also draws it, as SVG
  --json FILE    also writes the figures
`;

const FULL: Extent = { rounds: 15, ms: 200 };
const QUICK: Extent = { rounds: 5, ms: 60 };
const DIMENSIONS = Object.keys(SIZES) as readonly Dimension[];

export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { quick: { type: 'boolean' }, plot: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const points = await measured(values.quick ? QUICK : FULL);
  process.stdout.write(growthReport(points));
  if (values.plot !== undefined) writeFileSync(values.plot, growthPlot(points));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(points, null, 2)}\n`);
}

async function measured(extent: Extent): Promise<readonly Point[]> {
  const progress = new Progress();
  const points = await measureGrowth(extent, (text) => progress.tell(text));
  progress.end();
  return points;
}

/** Measures in full, and draws it in a folder. @returns Markdown. */
export async function document(folder: string): Promise<string> {
  const points = await measured(FULL);
  mkdirSync(join(folder, 'plots'), { recursive: true });
  writeFileSync(join(folder, 'plots', 'growth.svg'), growthPlot(points));
  return `${growthReport(points)}\n![the time for a frame](plots/growth.svg)\n`;
}

export function growthReport(points: readonly Point[]): string {
  const rows = DIMENSIONS.flatMap((what) =>
    points
      .filter((point) => point.what === what)
      .map(({ count, median, from, to }) => [what, count.toLocaleString('en-US'), `${figure(median)} (${figure(from)}–${figure(to)})`]),
  );
  const summary = DIMENSIONS.map(
    (what) => `- ${what}: ${EXCHANGES[what]}; the most take ${growthOf(points, what).toFixed(2)} times what the fewest do.\n`,
  );
  return `Nanoseconds for a frame, both hosts' work (median, interval):\n\n${table([['what', 'how many', 'ns'], ...rows])}\n${summary.join('')}`;
}

export const growthPlot = (points: readonly Point[]): string =>
  svg({
    title: 'Time for a frame, with more of what a host may have',
    x: 'how many',
    y: 'ns',
    lines: DIMENSIONS.map((what) => ({
      label: what,
      points: points.filter((point) => point.what === what).map(({ count, median }) => [count, median] as const),
    })),
    marks: [],
    logarithmic: true,
  });
