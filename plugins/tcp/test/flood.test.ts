// A flood of SYNs: RFC 4987. PROTOLOOM_FLOOD_SYNS says how many, 20 000 where it is not set.
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const SYNS = Number(process.env['PROTOLOOM_FLOOD_SYNS'] ?? 20_000);
const BACKLOG = 128;
const MOST_GROWTH = 64 * 1024 * 1024;

/** SYNs of which no handshake ends. @returns how many were answered. */
function flood(lab: Lab, count: number): number {
  let answers = 0;
  for (let i = 0; i < count; i++) {
    lab.in('S', { seq: i * 64_000, from: 1024 + (i % 60_000), options: mss(1460) });
    answers += lab.sent().length;
  }
  return answers;
}

describe('SYN flood, RFC 4987', () => {
  it('keeps no state beyond the SYN queue, and lets a client in [§3.6]', function () {
    this.timeout(0);
    const lab = new Lab();
    lab.peerPort = 1000;
    const listener = lab.listen(BACKLOG);
    const before = process.memoryUsage().heapUsed;
    // The ports come round: what is in the queue still answers its SYN's peer alone, and not every other SYN.
    expect(flood(lab, SYNS / 2)).to.be.above(0.99 * (SYNS / 2));
    // In the middle of it, in no time at all.
    lab.in('S', { options: mss(1460) });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1 });
    const endpoint = listener.accept();
    expect(typeof endpoint).to.equal('object');
    flood(lab, SYNS / 2);
    expect(process.memoryUsage().heapUsed - before).to.be.below(MOST_GROWTH);
    expect(lab.counters()).to.include({ syncookiesRecv: 1, passiveOpens: 1 });
  });

  it('drops what the queue has no room for where cookies are off [tcp_syncookies = 0]', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_syncookies': 0 } });
    lab.listen(BACKLOG);
    expect(flood(lab, 1000)).to.equal(BACKLOG + 1);
    expect(lab.counters()).to.include({ reqQFullDrop: 1000 - BACKLOG - 1, listenDrops: 1000 - BACKLOG - 1 });
  });

  it('resets an ACK that brings back no cookie, or one of more than two minutes ago', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_syncookies': 2 } });
    lab.listen(BACKLOG);
    lab.in('S');
    lab.sent();
    lab.in('.', { seq: 1, ack: 77 });
    expect(lab.sent()).to.deep.equal(['R 77:77(0)']);
    lab.advance(119_000_000);
    lab.in('S', { from: 4000 });
    lab.sent();
    lab.advance(61_000_000);
    const { iss } = lab;
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.iss).to.equal(iss);
    expect(lab.sent()).to.deep.equal(['R 1:1(0)']);
    expect(lab.counters()).to.include({ syncookiesSent: 2, syncookiesFailed: 2 });
  });
});
