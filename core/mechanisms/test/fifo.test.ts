// The queue that keeps its room.
import { Fifo } from '@protoloom/mechanisms';
import { expect } from 'chai';

describe('a queue', () => {
  it('gives back in the order in which it was given, however it grows and wraps', () => {
    const queue = new Fifo<number>();
    const model: number[] = [];
    for (let i = 0; i < 1000; i++) {
      for (let n = i % 7; n > 0; n--) {
        queue.push(1000 * i + n);
        model.push(1000 * i + n);
      }
      for (let n = i % 5; n > 0; n--) {
        expect(queue.first).to.equal(model[0]);
        expect(queue.shift()).to.equal(model.shift());
      }
      expect(queue.length).to.equal(model.length);
    }
  });

  it('answers undefined where it is empty', () => {
    const queue = new Fifo<number>();
    expect(queue.shift()).to.equal(undefined);
    queue.push(1);
    queue.shift();
    expect([queue.first, queue.shift(), queue.length]).to.deep.equal([undefined, undefined, 0]);
  });

  it('is of use after it has been emptied of very many', () => {
    const queue = new Fifo<number>();
    for (let i = 0; i < 10_000; i++) queue.push(i);
    for (let i = 0; i < 10_000; i++) expect(queue.shift()).to.equal(i);
    queue.push(7);
    expect([queue.length, queue.first]).to.deep.equal([1, 7]);
  });
});
