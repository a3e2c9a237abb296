// The first figure of each measure as SVG: everyone as a part of the most in the row, with the interval of the median.
import { CONTENDERS, type ContenderName } from './contenders/contender.js';
import type { Measure } from './measures.js';
import { figure } from './report.js';
import { type Estimate, estimate } from './statistics.js';
import { type Result, valuesOf } from './suite.js';

const WIDTH = 860;
const LABELS = 330;
const RIGHT = 150;
const BAR = 12;
const GAP = 14;
const TOP = 40;
const COLOURS: Readonly<Record<ContenderName, string>> = {
  limit: '#999',
  kernel: '#555',
  protoloom: '#06c',
  'protoloom-ipv4': '#9cf',
  'protoloom-http': '#69c',
  gvisor: '#090',
  lwip: '#a60',
  smoltcp: '#c30',
  slirp4netns: '#808',
  'node-net': '#393',
  'node-http': '#6a6',
};

interface Bar {
  readonly contender: ContenderName;
  readonly found: Estimate;
}
interface Row {
  readonly measure: Measure;
  readonly bars: readonly Bar[];
}

function rowsOf(results: readonly Result[]): readonly Row[] {
  return [...new Set(results.map(({ measure }) => measure))].flatMap((measure) => {
    const [first] = measure.figures;
    const bars = CONTENDERS.flatMap((contender) => {
      const result = results.find((one) => one.measure === measure && one.contender === contender);
      const found = result === undefined || first === undefined ? undefined : estimate(valuesOf(result, first));
      return found === undefined ? [] : [{ contender, found }];
    });
    return bars.length === 0 ? [] : [{ measure, bars }];
  });
}

export function bars(results: readonly Result[]): string {
  const parts: string[] = [];
  let y = TOP;
  for (const { measure, bars: own } of rowsOf(results)) {
    const most = Math.max(...own.map(({ found }) => found.to));
    const x = (value: number): string => (LABELS + (Math.max(value, 0) / most) * (WIDTH - LABELS - RIGHT)).toFixed(1);
    parts.push(`<text x="${LABELS - 8}" y="${y + 10}" text-anchor="end">${measure.name}, ${measure.figures[0]?.unit}</text>`);
    for (const { contender, found } of own) {
      const middle = y + BAR / 2;
      parts.push(
        `<rect x="${LABELS}" y="${y}" width="${(Number(x(found.median)) - LABELS).toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[contender]}"/>`,
        `<line x1="${x(found.from)}" y1="${middle}" x2="${x(found.to)}" y2="${middle}" stroke="#000"/>`,
        `<text x="${Number(x(found.to)) + 6}" y="${y + 10}">${contender} ${figure(found.median)}</text>`,
      );
      y += BAR;
    }
    y += GAP;
  }
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="11" fill="#333">`,
    '<title>Medians, with their intervals</title>',
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    '<text x="16" y="22" font-size="14">Medians, with their intervals, as a part of the most in each row</text>',
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}
