import { FlowTable, halfSipHash, isFlow, SipHash, WordsTable } from '@protoloom/wire';
import { expect } from 'chai';
import fc from 'fast-check';

describe('SipHash', () => {
  const key = Uint8Array.from({ length: 16 }, (_, i) => i);
  /** Of the octets 0, 1, … of these lengths: the reference implementation's vectors, read as little-endian words. */
  const vectors: readonly (readonly [number, number, number])[] = [
    [0, 0x726fdb47, 0xdd0e0e31],
    [1, 0x74f839c5, 0x93dc67fd],
    [8, 0x93f5f579, 0x9a932462 | 0],
    [15, 0xa129ca61, 0x49be45e5],
  ];
  it('gives the published values [SipHash paper, appendix A]', () => {
    const hash = new SipHash(key);
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
    hash.hash(bytes, 0, 15);
    expect([hash.high >>> 0, hash.low >>> 0]).to.deep.equal([0xa129ca61, 0x49be45e5]);
    hash.hash(bytes, 0, 0);
    expect([hash.high >>> 0, hash.low >>> 0]).to.deep.equal([(vectors[0] as readonly number[])[1], (vectors[0] as readonly number[])[2]]);
  });

  it('of words depends on every word and on the key', () => {
    const words = Int32Array.of(1, 2, 3, 4);
    const base = halfSipHash(7, 8, words, 0, 4);
    for (let i = 0; i < 4; i++) {
      const other = words.slice();
      other[i] = (other[i] as number) ^ 1;
      expect(halfSipHash(7, 8, other, 0, 4)).to.not.equal(base);
    }
    expect(halfSipHash(7, 9, words, 0, 4)).to.not.equal(base);
    expect(halfSipHash(7, 8, words, 0, 3)).to.not.equal(base);
  });
});

const COMMANDS = ['set', 'add', 'replace', 'delete', 'remove', 'get'] as const;
type Command = readonly [(typeof COMMANDS)[number], number];
const commands = fc.array(fc.tuple(fc.constantFrom(...COMMANDS), fc.nat(60)), { maxLength: 400 });

describe('flow table', () => {
  /** Of IPv4 and of IPv6, some of which differ in one word alone. */
  const wordsOf = (n: number): Int32Array => Int32Array.of(0, 0, 0xffff, 1, n % 3 === 0 ? n : 0, 0, n % 4 === 0 ? 0 : 0xffff, n % 7);
  const portOf = (n: number): number => 1000 + (n >> 1);
  const hasKey = ({ n }: { n: number }, key: Int32Array): boolean => isFlow(key, wordsOf(n), 0, 4, portOf(n), 80);

  for (const [what, known] of [
    ['whose values do not know their keys', undefined],
    ['whose values know their keys', hasKey],
  ] as const)
    it(`${what} is a map from 4-tuples, whatever is put in and taken out`, () => isMap(known));

  function isMap(known: typeof hasKey | undefined): void {
    fc.assert(
      fc.property(commands, fc.integer(), (list: readonly Command[], seed) => {
        const table = new FlowTable<{ n: number }>(seed, ~seed, known);
        const model = new Map<number, { n: number }>();
        for (const [what, n] of list) {
          const words = wordsOf(n);
          const port = portOf(n);
          const there = model.get(n);
          const value = { n };
          const hash = table.hash(words, 0, 4, port, 80);
          if (what === 'set' || what === 'add') {
            expect(table.get(words, 0, 4, port, 80)).to.equal(there);
            expect(table.asked).to.equal(hash);
            const isNew = what === 'set' ? table.set(words, 0, 4, port, 80, value) : table.add(hash, words, 0, 4, port, 80, value);
            expect(isNew).to.equal(there === undefined);
            if (there === undefined) model.set(n, value);
          } else if (what === 'replace') {
            expect(table.replace(hash, there ?? value, value)).to.equal(there !== undefined);
            if (there !== undefined) model.set(n, value);
          } else if (what === 'remove') {
            // Another with the same key is not meant.
            expect(table.remove(hash, value)).to.equal(false);
            expect(there !== undefined && table.remove(hash, there)).to.equal(model.delete(n));
          } else if (what === 'delete') expect(table.delete(words, 0, 4, port, 80)).to.equal(model.delete(n));
          else expect(table.get(words, 0, 4, port, 80)).to.equal(model.get(n));
          expect(table.size).to.equal(model.size);
        }
        const seen: number[] = [];
        table.forEach(({ n }) => void seen.push(n));
        expect(seen.sort((a, b) => a - b)).to.deep.equal([...model.keys()].sort((a, b) => a - b));
      }),
    );
  }

  it('tells the local side from the remote, and one port from the other', () => {
    const table = new FlowTable<string>(1, 2);
    const words = Int32Array.of(0, 0, 0xffff, 1, 0, 0, 0xffff, 2);
    table.set(words, 0, 4, 80, 5000, 'here');
    expect(table.get(words, 4, 0, 80, 5000)).to.equal(undefined);
    expect(table.get(words, 0, 4, 5000, 80)).to.equal(undefined);
    expect(table.get(words, 0, 4, 80, 5000)).to.equal('here');
  });

  it('by address and one number more', () => {
    const table = new WordsTable<string>(1, 2);
    const words = Int32Array.of(1, 2, 3, 4);
    table.set(words, 0, 9, 'nine');
    expect([table.get(words, 0, 9), table.get(words, 0, 8)]).to.deep.equal(['nine', undefined]);
  });
});
