import { MEASURES, type Slice, soakVerdicts } from '@protoloom/bench';
import { expect } from 'chai';

const KIND = 'TCP ping-pong, one CPU';
const MINUTE_MS = 60_000;

/** Two minutes of slices, five in each. */
const slices = (first: number, last: number, firstMb = 100, lastMb = 100): Slice[] =>
  [0, 1].flatMap((minute) =>
    Array.from({ length: 6 }, (_, i) => ({
      kind: KIND,
      atMs: minute * MINUTE_MS + i * 10_000 + 1,
      value: minute === 0 ? first : last,
      residentBytes: (minute === 0 ? firstMb : lastMb) * 1e6,
    })),
  );
const holds = (some: readonly Slice[]): Record<string, boolean> =>
  Object.fromEntries(soakVerdicts(some).map((one) => [one.what.split(',')[0], one.holds]));

describe('a soak', () => {
  it('is of measures that there are', () => {
    expect(MEASURES.map(({ name }) => name)).to.include(KIND);
  });

  it('holds where the last minute is within 5 % of the first', () => {
    expect(holds(slices(1000, 960))).to.deep.equal({ 'TCP ping-pong': true, 'resident memory': true });
  });

  it('does not where rates fall, or memory grows, by more', () => {
    expect(holds(slices(1000, 940))).to.deep.equal({ 'TCP ping-pong': false, 'resident memory': true });
    expect(holds(slices(1000, 1000, 100, 106))).to.deep.equal({ 'TCP ping-pong': true, 'resident memory': false });
  });
});
