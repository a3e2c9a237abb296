import type { SourceFilter } from '@protoloom/contracts/multicast';
import {
  ANY_SOURCE,
  admits,
  CHANGE_TO_EXCLUDE,
  changedSources,
  MODE_IS_INCLUDE,
  mergeFilters,
  NO_SOURCE,
  packRecords,
  sameFilter,
} from '@protoloom/mechanisms';
import { expect } from 'chai';
import fc from 'fast-check';

const source = (last: number): Int32Array => Int32Array.of(0, 0, 0xffff, last);
const group = Int32Array.of(0, 0, 0xffff, -1);
const filter = fc.record({ exclude: fc.boolean(), sources: fc.uniqueArray(fc.nat(5), { maxLength: 6 }).map((all) => all.map(source)) });

describe('source filters', () => {
  it('merged let through exactly what one of them lets through [RFC 3376 §3.2]', () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 5 }), fc.nat(6), (filters: SourceFilter[], last) => {
        const words = source(last);
        expect(admits(mergeFilters(filters), words, 0)).to.equal(filters.some((one) => admits(one, words, 0)));
      }),
    );
  });

  it('of nobody let nothing through, of a membership without a filter everything [RFC 3376 §3.1]', () => {
    expect(sameFilter(mergeFilters([]), NO_SOURCE)).to.equal(true);
    expect(sameFilter(mergeFilters([NO_SOURCE, ANY_SOURCE, { exclude: true, sources: [source(1)] }]), ANY_SOURCE)).to.equal(true);
    expect(admits(ANY_SOURCE, source(1), 0)).to.equal(true);
    expect(admits(NO_SOURCE, source(1), 0)).to.equal(false);
  });

  it('differ by the sources that one has and the other has not, whatever their order', () => {
    const one = { exclude: false, sources: [source(1), source(2)] };
    expect(sameFilter(one, { exclude: false, sources: [source(2), source(1)] })).to.equal(true);
    expect(changedSources(one, { exclude: false, sources: [source(2), source(3)] }).map((words) => words[3])).to.deep.equal([3, 1]);
  });
});

describe('records of membership reports', () => {
  const sources = (count: number): Int32Array[] => Array.from({ length: count }, (_, i) => source(i));
  const sizes = (messages: { sources: readonly Int32Array[] }[][]): number[][] =>
    messages.map((one) => one.map((record) => record.sources.length));

  it('fill messages one after the other', () => {
    const records = [3, 3, 3].map((count) => ({ type: MODE_IS_INCLUDE, group, sources: sources(count) }));
    expect(sizes(packRecords(records, 40, 8, 4))).to.deep.equal([[3, 3], [3]]);
  });

  it('that include more sources than fit are divided, those that exclude more are cut [RFC 3376 §4.2.16]', () => {
    expect(sizes(packRecords([{ type: MODE_IS_INCLUDE, group, sources: sources(20) }], 40, 8, 4))).to.deep.equal([[8], [8], [4]]);
    expect(sizes(packRecords([{ type: CHANGE_TO_EXCLUDE, group, sources: sources(20) }], 40, 8, 4))).to.deep.equal([[8]]);
  });
});
