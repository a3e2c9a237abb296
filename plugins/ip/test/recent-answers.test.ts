// What is remembered of questions about addresses is what was answered, or nothing.
import { AF_INET, AF_INET6 } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import fc from 'fast-check';
import { RecentAnswers } from '../dist/recent-answers.js';

describe('recent answers', () => {
  /** Addresses that differ in one octet, so that many share a place. */
  const addresses = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(0xffff));
  const questions = fc.record({
    address: addresses,
    family: fc.constantFrom(AF_INET, AF_INET6),
    epoch: fc.nat(2),
    asked: fc.nat(2),
    answer: fc.integer({ min: -200, max: 10 }),
  });

  it('are those to the same question about the same address under the same table', () => {
    fc.assert(
      fc.property(fc.array(questions, { maxLength: 300 }), (list) => {
        const recent = new RecentAnswers(true);
        const model = new Map<string, number>();
        for (const { address, family, epoch, asked, answer } of list) {
          const words = Int32Array.of(9, address[0], address[1], 0xffff, address[2]);
          const key = [family, epoch, asked, ...address].join();
          if (recent.holds(epoch, family, words, 1, asked)) expect(recent.answer).to.equal(model.get(key));
          expect(recent.keep(epoch, family, words, 1, asked, answer)).to.equal(answer);
          model.set(key, answer);
          expect(recent.holds(epoch, family, words, 1, asked)).to.equal(true);
          expect(recent.answer).to.equal(answer);
        }
      }),
    );
  });

  it('of sixteen neighbours in a row are all remembered; none is where nothing is to be', () => {
    const recent = new RecentAnswers(true);
    const none = new RecentAnswers(false);
    const about = (i: number): Int32Array => Int32Array.of(0, 0, 0xffff, 0xc0000200 + i);
    for (let i = 0; i < 16; i++) for (const answers of [recent, none]) answers.keep(1, AF_INET, about(i), 0, 0, i);
    for (let i = 0; i < 16; i++) {
      expect(recent.holds(1, AF_INET, about(i), 0, 0) && recent.answer).to.equal(i);
      expect(none.holds(1, AF_INET, about(i), 0, 0)).to.equal(false);
    }
  });
});
