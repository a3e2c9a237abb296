import { copyOctets, copyView, copyViewed, type Octets } from '@protoloom/wire';
import { expect } from 'chai';

const ROOM = 160;
const OFFSETS = [0, 1, 2, 3, 5, 8];
const LENGTHS = [...Array(40).keys(), 63, 64, 65, 127, 128, 129, 135, 140];

/** Octets that begin within their buffer, as a part of a larger one does. */
const octets = (fill: (index: number) => number): Octets => {
  const bytes = new Uint8Array(new ArrayBuffer(ROOM + 8), 3, ROOM).map((_, i) => fill(i));
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
};

describe('copying octets', () => {
  const ways: Record<string, (from: Octets, begin: number, end: number, into: Octets, at: number) => void> = {
    'from array to array': (from, begin, end, into, at) => copyOctets(from.bytes, begin, end, into.bytes, at),
    'from view to view': (from, begin, end, into, at) => copyView(from.view, begin, end, into.view, at),
    'where both have views': copyViewed,
  };
  for (const [way, copy] of Object.entries(ways)) {
    it(`${way} copies those alone, at any offsets and lengths`, () => {
      const from = octets((i) => (i * 7 + 129) & 0xff);
      for (const begin of OFFSETS) {
        for (const at of OFFSETS) {
          for (const length of LENGTHS) {
            const into = octets(() => 0x55);
            const expected = into.bytes.slice();
            for (let i = 0; i < length; i++) expected[at + i] = from.bytes[begin + i] as number;
            copy(from, begin, begin + length, into, at);
            expect(into.bytes, `${length} octets from ${begin} to ${at}`).to.deep.equal(expected);
          }
        }
      }
    });
  }
});
