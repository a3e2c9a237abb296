// Limits of what is held out of order. What is told of it is in spec/scenarios/scripts/sack.
import { expect } from 'chai';
import { Lab, mss, sackPermitted } from './lab.js';

/** Pieces of one octet that a receive buffer of 128 KiB holds, at Linux's price of a small segment. */
const FIT = Math.ceil(131_072 / 769);

describe('a receive buffer over its limit', () => {
  /** Every second octet from `first` on, `count` of them. */
  const fill = (lab: Lab, first: number, count: number): void => {
    for (let i = 0; i < count; i++) lab.in('.', { seq: first + 2 * i, ack: 1, len: 1 });
    lab.sent();
  };
  const open = (): Lab => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_sack': 1 } });
    lab.accepted({ options: [...mss(1000), ...sackPermitted] });
    return lab;
  };

  it('takes no segment further ahead than all that is held, and acknowledges nothing of it [Linux tcp_prune_queue]', () => {
    const lab = open();
    fill(lab, 1001, FIT);
    lab.in('.', { seq: 1001 + 2 * FIT, ack: 1, len: 1 });
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.counters()).to.include({ ofoQueue: FIT, ofoDrop: 1, pruneCalled: 1, rcvPruned: 1 }).and.not.have.property('ofoPruned');
  });

  it('gives up what lies furthest ahead for a segment nearer by, and tells of it no more [RFC 2018 §8]', () => {
    const lab = open();
    fill(lab, 1001, FIT);
    lab.in('.', { seq: 501, ack: 1, len: 1 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.options).to.equal('sack 501:502');
    expect(lab.counters())
      .to.include({ ofoQueue: FIT + 1, pruneCalled: 1, ofoPruned: 1 })
      .and.not.have.any.keys('ofoDrop', 'rcvPruned');
    // The sender repeats what lies between: the octets that were kept count, those given up are gone.
    lab.in('.', { seq: 1, ack: 1, len: 1000 });
    lab.in('.', { seq: 1002, ack: 1, len: 1 });
    expect(lab.sent().at(-1)).to.equal('. 1:1(0) ack 1004');
    lab.in('.', { seq: 1004, ack: 1, len: 2 * FIT - 4 });
    expect(lab.sent()).to.deep.equal([`. 1:1(0) ack ${1000 + 2 * FIT}`]);
  });
});
