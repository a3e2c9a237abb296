// The accept queue and what overflows it, as Linux: RFC 9293 §3.9.1.1 leaves it to the implementation.
import { expect } from 'chai';
import { Lab, type LabOptions, mss } from './lab.js';

/** A listener whose accept queue is full: one more than its backlog of 1. */
function full(options: LabOptions = {}): { lab: Lab; listener: ReturnType<Lab['listen']> } {
  const lab = new Lab(options);
  const listener = lab.listen(1);
  for (const from of [5001, 5002]) shake(lab, from);
  return { lab, listener };
}

/** A handshake from a port; what the ACK that ends it is answered with. */
function shake(lab: Lab, from: number): string[] {
  lab.in('S', { from, options: mss(1000) });
  lab.sent();
  lab.in('.', { seq: 1, ack: 1, from });
  return lab.sent();
}

/** Accepts, and tells what came. */
const accepts = (listener: ReturnType<Lab['listen']>): number => {
  const accepted = listener.accept();
  return typeof accepted === 'number' ? accepted : 0;
};

describe('a full accept queue, as Linux', () => {
  it('holds one connection more than the backlog; then SYNs are dropped, without an answer', () => {
    const { lab, listener } = full();
    lab.in('S', { from: 5003, options: mss(1000) });
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.counters()).to.include({ passiveOpens: 2, listenOverflows: 1, listenDrops: 1, synDropped: 1 });
    expect([accepts(listener), accepts(listener), accepts(listener)]).to.deep.equal([0, 0, -11]);
    lab.in('S', { from: 5003, options: mss(1000) });
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
  });

  /** Two handshakes under way at once, of which the queue has room for the first. */
  function race(options: LabOptions = {}): ReturnType<typeof full> & { answer: string[] } {
    const lab = new Lab(options);
    const listener = lab.listen(1);
    shake(lab, 5001);
    lab.in('S', { from: 5003, options: mss(1000) });
    lab.sent();
    const { iss } = lab;
    shake(lab, 5002);
    lab.iss = iss;
    lab.in('.', { seq: 1, ack: 1, from: 5003 });
    return { lab, listener, answer: lab.sent() };
  }

  it('a handshake that ends meanwhile stays half open: its ACK is dropped, and the SYN-ACK goes out again', () => {
    const { lab, listener, answer } = race();
    expect(answer).to.deep.equal([]);
    expect(lab.counters()).to.include({ passiveOpens: 2, listenOverflows: 1, listenDrops: 1, synDropped: 1 });
    expect([accepts(listener), accepts(listener), accepts(listener)]).to.deep.equal([0, 0, -11]);
    lab.advance(1_100_000);
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    lab.in('.', { seq: 1, ack: 1, from: 5003 });
    expect(accepts(listener)).to.equal(0);
  });

  it('with tcp_abort_on_overflow it is reset', () => {
    const { lab, answer } = race({ sysctls: { 'net.ipv4.tcp_abort_on_overflow': 1 } });
    expect(answer).to.deep.equal(['R 1:1(0)']);
    expect(lab.counters()).to.include({ listenOverflows: 1, listenDrops: 1, embryonicRsts: 1 });
  });

  it('net.core.somaxconn bounds the backlog', () => {
    const lab = new Lab({ sysctls: { 'net.core.somaxconn': 1 } });
    const listener = lab.listen(100);
    for (const from of [5001, 5002, 5003]) shake(lab, from);
    expect([accepts(listener), accepts(listener), accepts(listener)]).to.deep.equal([0, 0, -11]);
  });
});
