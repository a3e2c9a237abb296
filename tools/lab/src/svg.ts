// Lines as SVG: axes, a few ticks, reference lines. Plain markup that a browser and a diff both read.

export interface Line {
  /** Beside its end; empty where there is one line alone. */
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** The horizontal axis is logarithmic, from 1 on; its points are marked. */
  readonly logarithmic?: boolean;
  /** Horizontal lines with a label. */
  readonly marks: readonly { readonly at: number; readonly label: string }[];
}

const WIDTH = 860;
const HEIGHT = 340;
const MARGIN = { left: 60, right: 16, top: 34, bottom: 44 };
const TICKS = 6;
const COLOURS = ['#06c', '#c30', '#090', '#808', '#a60'];

/** A step of 1, 2 or 5 times a power of ten that makes about TICKS of them. */
function stepOf(range: number): number {
  const rough = range / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((factor) => power * factor >= rough) ?? 10);
}

function ticksTo(most: number): number[] {
  const step = stepOf(most);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

/** Powers of ten. */
const decadesTo = (most: number): number[] => Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function svg({ title, x, y, lines, marks, logarithmic = false }: Plot): string {
  const points = lines.flatMap((one) => one.points);
  const mostX = Math.max(logarithmic ? 10 : 1e-9, ...points.map(([at]) => at));
  const mostY = 1.05 * Math.max(1e-9, ...points.map(([, value]) => value), ...marks.map(({ at }) => at));
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const share = (value: number): number => (logarithmic ? Math.log10(value) / Math.log10(mostX) : value / mostX);
  const atX = (value: number): string => (MARGIN.left + share(value) * (right - MARGIN.left)).toFixed(1);
  const atY = (value: number): string => (bottom - (value / mostY) * (bottom - MARGIN.top)).toFixed(1);
  const line = (x1: string | number, y1: string | number, x2: string | number, y2: string | number, style: string): string =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ${style}/>`;
  const text = (at: string | number, down: string | number, anchor: string, words: string): string =>
    `<text x="${at}" y="${down}" text-anchor="${anchor}">${escaped(words)}</text>`;
  const grid = 'stroke="#ddd"';
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="14">${escaped(title)}</text>`,
    ...(logarithmic ? decadesTo(mostX) : ticksTo(mostX)).flatMap((at) => [
      line(atX(at), MARGIN.top, atX(at), bottom, grid),
      text(atX(at), bottom + 16, 'middle', String(Number(at.toFixed(6)))),
    ]),
    ...ticksTo(mostY).flatMap((at) => [
      line(MARGIN.left, atY(at), right, atY(at), grid),
      text(MARGIN.left - 6, Number(atY(at)) + 4, 'end', String(Number(at.toFixed(6)))),
    ]),
    ...marks.flatMap(({ at, label }) => [
      line(MARGIN.left, atY(at), right, atY(at), 'stroke="#c60" stroke-dasharray="5 4"'),
      text(right - 4, Number(atY(at)) - 4, 'end', label),
    ]),
    text((MARGIN.left + right) / 2, HEIGHT - 8, 'middle', x),
    `<text x="14" y="${(MARGIN.top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(MARGIN.top + bottom) / 2})">${escaped(y)}</text>`,
    ...lines.flatMap(({ label, points: own }, i) => {
      const colour = COLOURS[i % COLOURS.length];
      const [endX, endY] = own.at(-1) ?? [0, 0];
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="1.3" points="${own.map(([at, value]) => `${atX(at)},${atY(value)}`).join(' ')}"/>`,
        ...(logarithmic ? own.map(([at, value]) => `<circle cx="${atX(at)}" cy="${atY(value)}" r="3" fill="${colour}"/>`) : []),
        ...(label === '' ? [] : [text(atX(endX), Number(atY(endY)) - 8, 'end', label)]),
      ];
    }),
    '</svg>',
  ].join('\n')}\n`;
}
