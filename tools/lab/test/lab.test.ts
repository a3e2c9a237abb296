// A few quick cells of the lab, its models, and its writing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  type Cell,
  type ControllerName,
  contend,
  cubicCurveWindow,
  cubicWindow,
  fairness,
  friendliness,
  isWithin,
  jain,
  type Measurement,
  measure,
  median,
  type Outcome,
  ratioOf,
  renoWindow,
  reportOf,
  svg,
} from '@protoloom/lab';
import { expect } from 'chai';

const cell = (parts: Partial<Cell>): Cell => ({ controller: 'newreno', mbit: 10, rttMs: 50, loss: 'random', p: 0.01, seed: 1, ...parts });
const within = (measurement: Measurement): unknown =>
  expect(ratioOf(measurement), `${measurement.carried} of ${measurement.expected} bit/s`).to.be.within(0.75, 1.25);

describe('the models', () => {
  it('Reno: 1.22 / sqrt(p) with every acknowledgement counted, 0.87 / sqrt(p) with every second [RFC 3649 §2]', () => {
    expect(renoWindow(0.01)).to.be.closeTo(12.2, 0.1);
    expect(renoWindow(0.01, 2)).to.be.closeTo(8.7, 0.1);
  });

  it('CUBIC: the table of RFC 9438 §5.2, RTT of 0.1 s and of 0.01 s', () => {
    for (const [p, rtt, window] of [
      [1e-4, 0.1, 187],
      [1e-5, 0.1, 1054],
      [1e-6, 0.1, 5926],
      [1e-6, 0.01, 1054],
    ] as const)
      expect(cubicCurveWindow(p, rtt), `p ${p}, ${rtt} s`).to.be.closeTo(window, window / 100);
    expect(cubicWindow(1e-3, 0.01)).to.equal(renoWindow(1e-3));
  });

  it('Jain’s index: 1 where all have the same, 1/n where one has all', () => {
    expect(jain([3, 3])).to.equal(1);
    expect(jain([1, 0, 0, 0])).to.equal(0.25);
    expect(median([5, 1, 3])).to.equal(3);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
  });
});

describe('controllers on simulated paths', function () {
  this.timeout(60_000);

  for (const controller of ['newreno', 'cubic'] as const) {
    it(`${controller}: 1 % random loss, within a quarter of its model [RFC 3649 §2, RFC 9438 §5]`, () => {
      const measured = measure(cell({ controller }));
      expect(measured.epochs).to.be.at.least(100);
      within(measured);
    });

    it(`${controller}: fills a link behind a queue of one bandwidth-delay product, and one without loss`, () => {
      const measured = measure(cell({ controller, rttMs: 20, loss: 'queue', p: 0 }));
      expect(measured).to.include({ model: 'link' });
      expect(measured.epochs).to.be.at.least(100);
      within(measured);
      within(measure(cell({ controller, mbit: 50, loss: 'none', p: 0 })));
    });
  }

  it('the same seed gives the same figures, another gives others', () => {
    const parts = { rttMs: 10, p: 0.02 };
    const first = measure(cell(parts));
    expect(measure(cell(parts))).to.deep.equal(first);
    expect(measure(cell({ ...parts, seed: 2 })).carried).to.not.equal(first.carried);
  });

  it('a cell that needs more than ten million packets is marked, not measured', () => {
    const measured = measure(cell({ mbit: 1000, rttMs: 200, loss: 'queue', p: 0 }));
    expect(measured.tooMany).to.be.greaterThan(10_000_000);
    expect(isWithin(measured)).to.equal(true);
  });
});

describe('two connections at one bottleneck', function () {
  this.timeout(60_000);
  const seeds = [1, 2, 3];

  // The lab takes ten seeds and three minutes each, and finds more.
  for (const controller of ['newreno', 'cubic'] as const satisfies readonly ControllerName[]) {
    it(`of ${controller} share it: Jain’s index 0.9 at least, the median of ${seeds.length} seeds`, () => {
      const indices = seeds.map((seed) => contend(fairness(controller, seed, true)).jain);
      expect(median(indices), indices.join(', ')).to.be.at.least(0.9);
    });
  }

  it('CUBIC beside NewReno in the Reno-friendly region: within a quarter of each other [RFC 9438 §4.3]', () => {
    const ratios = seeds.map((seed) => {
      const [one, other] = contend({ ...friendliness(0.005, seed, true), seconds: 60 }).carried;
      return one / other;
    });
    expect(median(ratios), ratios.join(', ')).to.be.within(0.75, 1.25);
  });
});

describe('the report', () => {
  const outcome = (carried: number): Outcome => ({
    kind: 'cell',
    measurement: {
      cell: cell({}),
      carried,
      expected: 10e6,
      model: 'reno',
      epochs: 100,
      timeouts: 1,
      packets: 12_345,
      rttMs: 51,
      ackRatio: 2,
    },
  });
  const extent = { controllers: ['newreno'] as const, seed: 1, quick: false };

  it('has measurement over model, and names what is further from it than a quarter', () => {
    const good = reportOf([outcome(8e6)], extent);
    expect(good.markdown).to.contain('| 10 Mbit/s, 50 ms | 8.00 / 10.0 (0.80) |');
    expect(good.outside).to.deep.equal([]);
    const bad = reportOf([outcome(7e6)], extent);
    expect(bad.markdown).to.contain('**7.00 / 10.0 (0.70)**');
    expect(bad.outside).to.have.length(1);
  });

  it('draws a plot: one point for each that was measured, within the frame', () => {
    const drawn = svg({
      title: 'a < b',
      x: 'seconds',
      y: 'segments',
      lines: [
        {
          label: '',
          points: [
            [0, 0],
            [1, 50],
            [2, 100],
          ],
        },
      ],
      marks: [{ at: 80, label: 'pipe' }],
    });
    expect(drawn).to.contain('a &lt; b');
    const points = /points="([^"]*)"/.exec(drawn)?.[1]?.split(' ') ?? [];
    expect(points).to.have.length(3);
    expect(points[0]).to.equal('60.0,296.0');
  });

  it('draws several lines over powers of ten', () => {
    const lines = [1, 2].map((factor) => ({ label: `times ${factor}`, points: [1, 10, 100].map((at) => [at, factor * at] as const) }));
    const drawn = svg({ title: 'growth', x: 'how many', y: 'ns', lines, marks: [], logarithmic: true });
    const [first] = [...drawn.matchAll(/points="([^"]*)"/g)].map(([, points = '']) =>
      points.split(' ').map((point) => Number(point.split(',')[0])),
    );
    expect(first).to.deep.equal([60, 452, 844]);
    expect(drawn).to.contain('>times 2<').and.contain('>100<');
  });
});

describe('npm run lab', () => {
  const bin = fileURLToPath(new URL('../bin/lab.js', import.meta.url));
  const run = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });

  it('says how it is used, and refuses what it does not know', () => {
    expect(run('--help').stdout).to.contain('usage: npm run lab');
    for (const [args, message] of [
      [['--controller', 'bbr'], 'there are reno, newreno, cubic'],
      [['--seed', '0'], '--seed 0'],
      [['--nonsense'], '--nonsense'],
    ] as const) {
      const { status, stderr } = run(...args);
      expect(status).to.equal(2);
      expect(stderr).to.contain(message);
    }
  });
});
