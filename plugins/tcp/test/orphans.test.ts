// Connections without a user: tcp_max_orphans, tcp_orphan_retries; and what all buffers together may take: tcp_mem.
import { POLLOUT } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const full = { options: mss(1460) };
const SECOND_US = 1_000_000;
const PAGE_BYTES = 4096;
const sockstat = (lab: Lab): unknown => lab.stack.snapshot()['@protoloom/tcp'];

/** A connection that its user has left with data that the peer does not acknowledge. */
function orphaned(sysctls: Readonly<Record<string, number | string>>): Lab {
  const lab = new Lab({ sysctls: { 'net.ipv4.tcp_early_retrans': 0, ...sysctls } });
  const { endpoint } = lab.accepted(full);
  lab.write(endpoint, 0, 100);
  endpoint.close();
  lab.advance(0);
  return lab;
}

const retransmissions = (lab: Lab): number => lab.sent().filter((line) => line.includes('1:101')).length;

describe('orphans [RFC 1122 §4.2.3.5, tcp_orphan_retries]', () => {
  it('are told of by sockstat, and end with their connection', () => {
    const lab = orphaned({});
    expect(sockstat(lab)).to.include({ inuse: 2, orphan: 1, tw: 0 });
    lab.in('R', { seq: 1 });
    expect(sockstat(lab)).to.include({ inuse: 1, orphan: 0, tw: 0 });
  });

  it('in FIN-WAIT-2 they are none any more, but what a TIME-WAIT is', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_max_orphans': 1 } });
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    expect(sockstat(lab)).to.include({ inuse: 2, orphan: 1, tw: 0 });
    lab.in('.', { seq: 1, ack: 2 });
    expect(sockstat(lab)).to.include({ inuse: 1, orphan: 0, tw: 1 });
    lab.in('F.', { seq: 1, ack: 2 });
    expect(sockstat(lab)).to.include({ inuse: 1, orphan: 0, tw: 1 });
  });

  it('end silently once so many retransmissions would have gone unanswered', () => {
    const lab = orphaned({ 'net.ipv4.tcp_orphan_retries': 2 });
    lab.sent();
    lab.advance(60 * SECOND_US);
    expect(retransmissions(lab)).to.be.within(2, 4);
    expect(sockstat(lab)).to.include({ orphan: 0 });
    expect(lab.counters()).to.include({ abortOnTimeout: 1 });
  });

  it('0 stands for 8', () => {
    const tries = (retries: number): number => {
      const lab = orphaned({ 'net.ipv4.tcp_orphan_retries': retries });
      lab.sent();
      lab.advance(1000 * SECOND_US);
      return retransmissions(lab);
    };
    expect(tries(0)).to.equal(tries(8)).and.to.be.above(tries(3));
  });
});

describe('tcp_max_orphans', () => {
  it('beyond it a connection that is left is reset, and counted', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_max_orphans': 0 } });
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    expect(lab.sent().at(-1)?.[0]).to.equal('R');
    expect(lab.counters()).to.include({ abortOnMemory: 1 });
    expect(sockstat(lab)).to.include({ orphan: 0 });
  });

  it('near it, one of which the network complains ends at its next timeout', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_max_orphans': 1, 'net.ipv4.tcp_early_retrans': 0 } });
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 100);
    endpoint.close();
    lab.advance(0);
    lab.icmp(1, 1);
    lab.sent();
    lab.advance(2 * SECOND_US);
    expect(lab.sent().map((line) => line[0])).to.deep.equal(['R']);
    expect(lab.counters()).to.include({ abortOnMemory: 1 });
  });
});

describe('tcp_mem', () => {
  /** Least, pressure and limit in pages. */
  const limited = (mem: string): Lab => new Lab({ sysctls: { 'net.ipv4.tcp_mem': mem, 'net.ipv4.tcp_early_retrans': 0 } });

  it('counts what buffers take, and forgets it with the connection', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    expect(sockstat(lab)).to.include({ mem: 0 });
    lab.in('.', { seq: 1, ack: 1, len: 5000 });
    // Until the device is polled again it is in the device's own frame.
    lab.in('.', { seq: 5001, ack: 1 });
    expect(sockstat(lab)).to.include({ mem: 2 });
    lab.in('R', { seq: 5001, ack: 1 });
    endpoint.close();
    expect(sockstat(lab)).to.include({ mem: 0 });
  });

  it('pressure begins beyond the second value, ends below the first, and is counted in times and milliseconds', () => {
    const lab = limited('0 1 1000');
    const { endpoint } = lab.accepted(full);
    lab.in('.', { seq: 1, ack: 1, len: 5000 });
    lab.in('.', { seq: 5001, ack: 1 });
    expect(lab.counters()).to.include({ memoryPressures: 1 });
    lab.advance(SECOND_US);
    expect(lab.read(endpoint)).to.equal(5000);
    expect(lab.counters()).to.include({ memoryPressuresChrono: 1000 });
    expect(sockstat(lab)).to.include({ mem: 0 });
  });

  it('under pressure a window that was filled opens again by no more than four segments', () => {
    for (const [mem, window] of [
      ['0 1 1000', 4 * 1460],
      ['100 100 1000', 43 * 1460],
    ] as const) {
      const lab = limited(mem);
      const { endpoint } = lab.accepted(full);
      for (let at = 1; at < 62_780; at += 1460) lab.in('.', { seq: at, ack: 1, len: 1460 });
      expect(lab.read(endpoint)).to.equal(62_780);
      lab.sent();
      expect(lab.window).to.equal(window);
    }
  });

  it('at the limit, text is dropped while some waits to be read; the window closes, and opens with the reading', () => {
    const lab = limited('0 0 0');
    const { endpoint } = lab.accepted(full);
    lab.in('.', { seq: 1, ack: 1, len: 1460 });
    lab.sent();
    lab.in('.', { seq: 1461, ack: 1, len: 1460 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1461']);
    expect(lab.window).to.equal(0);
    expect(lab.counters()).to.include({ rcvQDrop: 1 });
    expect(lab.read(endpoint)).to.equal(1460);
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1461']);
    expect(lab.window).to.be.above(1460);
    lab.in('.', { seq: 1461, ack: 1, len: 1460 });
    expect(lab.read(endpoint)).to.equal(1460);
  });

  it('pressure ends with what is acknowledged', () => {
    const lab = limited('1 1 1000');
    const { endpoint } = lab.accepted(full);
    expect(lab.write(endpoint, 0, 2 * PAGE_BYTES)).to.equal(2 * PAGE_BYTES);
    lab.advance(SECOND_US / 10);
    expect(sockstat(lab)).to.include({ mem: 2 });
    lab.in('.', { seq: 1, ack: 1 + 2 * PAGE_BYTES });
    expect(sockstat(lab)).to.include({ mem: 0 });
    expect(lab.counters()).to.include({ memoryPressures: 1, memoryPressuresChrono: 100 });
  });

  it('at the limit, a writer waits, and is woken when there is memory', () => {
    const lab = limited('0 0 1');
    const { endpoint, listener } = lab.accepted(full);
    expect(lab.write(endpoint, 0, 2 * PAGE_BYTES)).to.equal(2 * PAGE_BYTES);
    lab.in('S', { from: 5001, ...full });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, from: 5001 });
    const other = listener.accept();
    if (typeof other === 'number') throw new Error(`accept: ${other}`);
    expect(lab.write(other, 0, 100)).to.equal(-11);
    let woken = 0;
    other.listener = { ready: () => void woken++ };
    lab.in('R', { seq: 1, ack: 1 });
    expect(woken).to.equal(1);
    expect(other.readiness & POLLOUT).to.equal(POLLOUT);
    expect(lab.write(other, 0, 100)).to.equal(100);
  });

  it('at the limit, an orphan with much to send is reset', () => {
    const lab = limited('0 0 1');
    const { endpoint } = lab.accepted(full);
    expect(lab.write(endpoint, 0, 2 * PAGE_BYTES)).to.equal(2 * PAGE_BYTES);
    lab.sent();
    endpoint.close();
    lab.advance(0);
    expect(lab.sent().map((line) => line[0])).to.deep.equal(['R']);
    expect(lab.counters()).to.include({ abortOnMemory: 1 });
    expect(sockstat(lab)).to.include({ orphan: 0, mem: 0 });
  });
});
