// What was measured, as Markdown: model beside measurement, fairness, plots.
import { type Cell, type ControllerName, type Measurement, MOST_PACKETS, type Trace } from './cell.js';
import type { Shares } from './fairness.js';
import { type Extent, LOSSES, type Outcome } from './jobs.js';
import { median } from './models.js';
import { type Plot, svg } from './svg.js';

/** How far a measurement may be from its model. */
export const TOLERANCE = 0.25;
const MEGA = 1_000_000;

export interface Report {
  readonly markdown: string;
  /** By the path beside the Markdown. */
  readonly plots: ReadonlyMap<string, string>;
  /** Cells further from their model than TOLERANCE, in words. */
  readonly outside: readonly string[];
}

export const ratioOf = ({ carried, expected }: Measurement): number => carried / expected;
export const isWithin = (measurement: Measurement): boolean =>
  measurement.tooMany !== undefined || Math.abs(ratioOf(measurement) - 1) <= TOLERANCE;

const lossName = ({ loss, p }: Pick<Cell, 'loss' | 'p'>): string =>
  loss === 'none' ? 'no loss' : loss === 'queue' ? 'queue of one BDP' : `${Number((p * 100).toPrecision(2))} % random`;
const figure = (bitsPerSecond: number): string => {
  const mbit = bitsPerSecond / MEGA;
  return mbit >= 100 ? mbit.toFixed(0) : mbit >= 10 ? mbit.toFixed(1) : mbit.toFixed(2);
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** Measurement / model (ratio). */
function cellText(measurement: Measurement | undefined): string {
  if (measurement === undefined) return '';
  if (measurement.tooMany !== undefined) return `needs ${(measurement.tooMany / MEGA).toFixed(0)} M packets`;
  const ratio = `(${ratioOf(measurement).toFixed(2)}${measurement.model === 'link' ? ', link' : ''})`;
  const text = `${figure(measurement.carried)} / ${figure(measurement.expected)} ${ratio}`;
  return isWithin(measurement) ? text : `**${text}**`;
}

function grid(controller: ControllerName, measurements: readonly Measurement[]): string {
  const own = measurements.filter(({ cell }) => cell.controller === controller);
  const paths = [...new Map(own.map(({ cell }) => [`${cell.mbit}/${cell.rttMs}`, cell])).values()].sort(
    (a, b) => a.mbit - b.mbit || a.rttMs - b.rttMs,
  );
  const losses = LOSSES.filter(({ loss, p }) => own.some(({ cell }) => cell.loss === loss && cell.p === p));
  const rows = paths.map(({ mbit, rttMs }) => [
    `${mbit} Mbit/s, ${rttMs} ms`,
    ...losses.map(({ loss, p }) =>
      cellText(own.find(({ cell }) => cell.mbit === mbit && cell.rttMs === rttMs && cell.loss === loss && cell.p === p)),
    ),
  ]);
  return table(['path', ...losses.map(lossName)], rows);
}

/** Epochs, timeouts and so on of the cells with a model of their own. */
function details(measurements: readonly Measurement[]): string {
  const rows = measurements
    .filter(({ cell, tooMany }) => cell.loss === 'random' && tooMany === undefined)
    .map(({ cell, epochs, timeouts, packets, rttMs, ackRatio, model }) => [
      cell.controller,
      `${cell.mbit} Mbit/s, ${cell.rttMs} ms`,
      lossName(cell),
      model,
      String(epochs),
      String(timeouts),
      packets.toLocaleString('en'),
      rttMs.toFixed(1),
      ackRatio.toFixed(2),
    ]);
  return table(['controller', 'path', 'loss', 'model', 'loss epochs', 'timeouts', 'packets', 'mean RTT, ms', 'segments per ACK'], rows);
}

function shares(all: readonly Shares[]): string {
  const kinds = new Map<string, Shares[]>();
  for (const one of all) {
    const { controllers, mbit, rttMs, p } = one.contest;
    const key = row([
      controllers[0] === controllers[1] ? `two of ${controllers[0]}` : `${controllers[0]} beside ${controllers[1]}`,
      `${mbit} Mbit/s, ${rttMs} ms`,
      p === 0 ? 'queue of one BDP' : `${p * 100} % random`,
    ]).slice(0, -2);
    kinds.set(key, [...(kinds.get(key) ?? []), one]);
  }
  const lines = [...kinds].map(([key, runs]) => {
    const indices = runs.map((run) => run.jain);
    const ratio = median(runs.map(({ carried: [one, other] }) => one / other));
    return `${key} | ${runs.length} | ${median(indices).toFixed(3)} | ${Math.min(...indices).toFixed(3)} | ${ratio.toFixed(2)} |`;
  });
  const head = ['who', 'path', 'loss', 'seeds', 'Jain index, median', 'least', 'first / second, median'];
  return [row(head), row(head.map(() => '---')), ...lines.sort()].join('\n');
}

const plotOf = ({ controller, mbit, rttMs, pipe, most, points }: Trace): Plot => ({
  title: `${controller}: ${mbit} Mbit/s, ${rttMs} ms, drop-tail queue of one bandwidth-delay product`,
  x: 'seconds',
  y: 'cwnd, segments',
  lines: [{ label: '', points }],
  marks: [
    { at: pipe, label: 'the pipe' },
    { at: most, label: 'the pipe and its queue' },
  ],
});

export function reportOf(outcomes: readonly Outcome[], { controllers, seed, quick }: Extent): Report {
  const measurements = outcomes
    .flatMap((outcome) => (outcome.kind === 'cell' ? [outcome.measurement] : []))
    .sort(
      ({ cell: a }, { cell: b }) =>
        controllers.indexOf(a.controller) - controllers.indexOf(b.controller) || a.mbit - b.mbit || a.rttMs - b.rttMs || a.p - b.p,
    );
  const traces = outcomes.flatMap((outcome) => (outcome.kind === 'trace' ? [outcome.trace] : []));
  const contests = outcomes.flatMap((outcome) => (outcome.kind === 'contest' ? [outcome.shares] : []));
  const outside = measurements.filter((one) => !isWithin(one));
  const plots = new Map(traces.map((one) => [`plots/cwnd-${one.controller}.svg`, svg(plotOf(one))]));
  const markdown = `# Congestion control, measured

Written by \`npm run lab${quick ? ' -- --quick' : ''}\`${seed === 1 ? '' : ` with seed ${seed}`}: whole hosts on simulated wires, in virtual time; the same seed gives the same figures.

## Throughput, beside what the models say

Mbit/s of text that the receiver has read, over the model's (their ratio). One connection, over at least 100 loss epochs, 400 of random loss, after a warm-up. The models:

- Reno and NewReno: \`sqrt(3 / (2 b p)) · MSS / RTT\` (RFC 3649 §2, after Mathis et al.). They count octets, so that delayed acknowledgements change nothing: b is 1,
  and the constant 1.22.
- CUBIC: RFC 9438 §5.1, or Reno's in the Reno-friendly region of §4.3, whichever is larger. Both take losses to come at equal distances. Where they come at
  random, CUBIC's curve carries 1.30 / 1.05 = 1.23 times as much without fast convergence (Poojary and Sharma, An Asymptotic Approximation of TCP CUBIC, 2015), and where
  the two regions meet, the larger of both windows is larger than either's mean: ratios above one are to be expected there.
- *link*: no model applies, or it asks for more than there is; the measure is what the link carries of text, ${((1448 / 1500) * 100).toFixed(1)} % of its rate.

\`p\` is the path's, the round trip is the mean that was measured. Random loss comes on top of a queue of one bandwidth-delay product; without loss the queue has no end.
Cells that would need more than ${MOST_PACKETS.toLocaleString('en')} packets say so and are not measured. Bold: further from the model than ${TOLERANCE * 100} %.

${controllers.map((controller) => `### ${controller}\n\n${grid(controller, measurements)}`).join('\n\n')}

### The cells with random loss

${details(measurements)}

## Fairness

Two connections at one bottleneck, whose round trips differ by up to a tenth and whose starts by up to two seconds, from the seed; measured once they have
converged. Packets are up to a tenth of a round trip late at random, without which senders stay in phase at a drop-tail queue. CUBIC beside NewReno is in the Reno-friendly region, where RFC 9438 §4.3 has them alike.

${shares(contests)}

## The window over time

${[...plots.keys()].map((path) => `![${path}](${path})`).join('\n\n')}
`;
  return {
    markdown,
    plots,
    outside: outside.map(
      (one) => `${one.cell.controller}, ${one.cell.mbit} Mbit/s, ${one.cell.rttMs} ms, ${lossName(one.cell)}: ${cellText(one)}`,
    ),
  };
}
