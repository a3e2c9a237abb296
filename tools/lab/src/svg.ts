// A line over time as SVG: axes, a few ticks, reference lines. Plain markup that a browser and a diff both read.

export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly (readonly [number, number])[];
  /** Horizontal lines with a label. */
  readonly marks: readonly { readonly at: number; readonly label: string }[];
}

const WIDTH = 860;
const HEIGHT = 340;
const MARGIN = { left: 60, right: 16, top: 34, bottom: 44 };
const TICKS = 6;

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

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function svg({ title, x, y, points, marks }: Plot): string {
  const mostX = Math.max(1e-9, ...points.map(([at]) => at));
  const mostY = 1.05 * Math.max(1e-9, ...points.map(([, value]) => value), ...marks.map(({ at }) => at));
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const atX = (value: number): string => (MARGIN.left + (value / mostX) * (right - MARGIN.left)).toFixed(1);
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
    ...ticksTo(mostX).flatMap((at) => [
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
    `<polyline fill="none" stroke="#06c" stroke-width="1.3" points="${points.map(([at, value]) => `${atX(at)},${atY(value)}`).join(' ')}"/>`,
    '</svg>',
  ].join('\n')}\n`;
}
