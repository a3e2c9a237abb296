import { AdditiveIncrease, countedOctets, decrease, ReassemblyStore, slowStart, TokenBucket } from '@protoloom/mechanisms';
import { expect } from 'chai';
import fc from 'fast-check';

describe('reassembly store', () => {
  const addresses = Int32Array.of(0, 0, 0xffff, 1, 0, 0, 0xffff, 2);

  it('is complete when, and only when, every octet has come, in whatever order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), fc.integer(), (cuts, seed) => {
        const edges = [0, ...cuts.sort((a, b) => a - b).map((cut) => cut * 8), 41 * 8];
        const pieces = edges.slice(1).map((to, i) => ({ from: edges[i] as number, to }));
        const shuffled = [...pieces].sort((a, b) => Math.sin(seed + a.from) - Math.sin(seed + b.from));
        const store = new ReassemblyStore<string>(1, 2);
        const datagram = store.open(addresses, 7, 17, 100);
        for (const [i, { from, to }] of shuffled.entries()) {
          const result = store.insert(datagram, from, to, to !== 41 * 8, `${from}`, 10);
          expect(result).to.equal(i === shuffled.length - 1 ? 'complete' : 'inserted');
        }
        expect(datagram.pieces.map(({ from }) => from)).to.deep.equal(pieces.map(({ from }) => from));
        expect(store.memory).to.equal(10 * pieces.length);
        store.remove(datagram);
        expect([store.memory, store.size, store.oldest]).to.deep.equal([0, 0, undefined]);
      }),
    );
  });

  it('tells duplicates, overlaps and impossible ends apart [RFC 5722, RFC 8200 §4.5]', () => {
    const store = new ReassemblyStore<string>(1, 2);
    const datagram = store.open(addresses, 1, 1, 100);
    expect(store.insert(datagram, 0, 16, true, 'a', 1)).to.equal('inserted');
    expect(store.insert(datagram, 0, 16, true, 'a', 1)).to.equal('duplicate');
    expect(store.insert(datagram, 8, 16, true, 'a', 1)).to.equal('duplicate');
    expect(store.insert(datagram, 8, 24, true, 'b', 1)).to.equal('overlap');
    expect(store.insert(datagram, 32, 40, false, 'c', 1)).to.equal('inserted');
    expect(store.insert(datagram, 40, 48, false, 'd', 1)).to.equal('invalid');
    expect(store.insert(datagram, 40, 48, true, 'd', 1)).to.equal('invalid');
  });

  it('keeps datagrams apart by every part of the key, oldest first', () => {
    const store = new ReassemblyStore<string>(1, 2);
    const first = store.open(addresses, 1, 17, 10);
    const second = store.open(addresses, 2, 17, 20);
    const third = store.open(addresses, 1, 6, 30);
    expect(new Set([first, second, third]).size).to.equal(3);
    expect(store.open(addresses, 1, 17, 99)).to.equal(first);
    expect(store.oldest).to.equal(first);
    store.remove(first);
    expect(store.oldest).to.equal(second);
  });
});

describe('token bucket', () => {
  it('lets out its burst at once, then its rate, and no more', () => {
    const bucket = new TokenBucket(0, 5);
    const taken = (nowUs: number): number => {
      let count = 0;
      while (bucket.take(nowUs, 10, 5)) count++;
      return count;
    };
    expect(taken(0)).to.equal(5);
    expect(taken(99_999)).to.equal(0);
    expect(taken(100_001)).to.equal(1);
    expect(taken(60_000_000)).to.equal(5);
  });
});

describe('window arithmetic', () => {
  it('windows grow by what an acknowledgement tells to have arrived, not twice by what was SACKed; by SACKs alone where segments are reordered', () => {
    expect(countedOctets({ acked: 3000, delivered: 3000 }, 1000)).to.equal(3000);
    expect(countedOctets({ acked: 9000, delivered: 1000 }, 1000)).to.equal(1000);
    expect(countedOctets({ acked: 1000, delivered: 3000 }, 1000)).to.equal(3000);
    expect(countedOctets({ acked: 0, delivered: 1000, reordered: false }, 1000)).to.equal(0);
    expect(countedOctets({ acked: 0, delivered: 1000, reordered: true }, 1000)).to.equal(1000);
    // A short packet, or a FIN, is a packet.
    expect(countedOctets({ acked: 101, delivered: 101, packets: 2 }, 1000)).to.equal(2000);
  });

  it('doubles in slow start up to ssthresh, and hands on the rest [RFC 5681 §3.1]', () => {
    const window = { cwnd: 10_000, ssthresh: 15_000 };
    expect(slowStart(window, 4000)).to.equal(0);
    expect(window.cwnd).to.equal(14_000);
    expect(slowStart(window, 4000)).to.equal(3000);
    expect(window.cwnd).to.equal(15_000);
  });

  it('adds one segment for each window acknowledged [RFC 5681 equation 3, RFC 3465 §2.1]', () => {
    const window = { cwnd: 10_000 };
    const increase = new AdditiveIncrease();
    for (let i = 0; i < 9; i++) increase.grow(window, 1000, 1000);
    expect(window.cwnd).to.equal(10_000);
    increase.grow(window, 1000, 1000);
    expect(window.cwnd).to.equal(11_000);
  });

  it('never falls below two segments [RFC 5681 equation 4]', () => {
    expect(decrease(10_000, 0.5, 1000)).to.equal(5000);
    expect(decrease(1000, 0.5, 1000)).to.equal(2000);
  });
});
