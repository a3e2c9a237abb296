// SEND and RECEIVE: RFC 9293 §3.7.4, §3.8.6, RFC 5681 §4.2, and what the device is given.
import { POLLOUT, SO_RCVBUF, SOL_SOCKET } from '@protoloom/contracts/socket';
import { TCP_CORK, TCP_INFO, TCP_NODELAY } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab, mss, octet, wscale } from './lab.js';

const TCP = 6;
const full = { options: mss(1000) };

describe('sending', () => {
  it('cuts the stream into segments, the last with PSH [RFC 9293 §3.7.1]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 2500);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1', '. 1001:2001(1000) ack 1', 'P. 2001:2501(500) ack 1']);
    expect(lab.payload[0]).to.equal(octet(2000));
    expect(lab.counters()).to.include({ origDataSent: 3 });
  });

  it('gives a device that cuts one super-segment', () => {
    const lab = new Lab({ offload: true });
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 4500);
    expect(lab.sent()).to.deep.equal(['P. 1:4501(4500) ack 1 x5']);
  });

  it('counts of a super-segment the segments that are not acknowledged whole [Linux: tcp_tso_acked]', () => {
    const lab = new Lab({ offload: true });
    const { endpoint } = lab.accepted(full);
    const unacknowledged = (): number => {
      const info = lab.sockets.getOption(endpoint, TCP, TCP_INFO) as Readonly<Record<string, number>>;
      return info['tcpi_unacked'] ?? Number.NaN;
    };
    lab.write(endpoint, 0, 4500);
    const counts = [unacknowledged()];
    for (const ack of [2501, 2900, 3001, 4501]) {
      lab.in('.', { seq: 1, ack });
      counts.push(unacknowledged());
    }
    expect(counts).to.deep.equal([5, 3, 3, 2, 0]);
  });

  it('stays within the peer’s window, and goes on when it opens', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ ...full, win: 2000 });
    lab.write(endpoint, 0, 3000);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1', 'P. 1001:2001(1000) ack 1']);
    lab.in('.', { seq: 1, ack: 2001, win: 4000 });
    expect(lab.sent()).to.deep.equal(['P. 2001:3001(1000) ack 1']);
  });

  it('scales the peer’s window but for the SYN’s [RFC 7323 §2.2]', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_window_scaling': 1 } });
    const listener = lab.listen();
    lab.in('S', { options: [...mss(1000), ...wscale(3)], win: 1000 });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, win: 250 });
    lab.sent();
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`${endpoint}`);
    lab.write(endpoint, 0, 3000);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1', 'P. 1001:2001(1000) ack 1']);
  });

  it('holds a small segment while another is unacknowledged: Nagle as Minshall [§3.7.4]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 10);
    lab.write(endpoint, 10, 10);
    expect(lab.sent()).to.deep.equal(['P. 1:11(10) ack 1']);
    lab.write(endpoint, 20, 1000);
    expect(lab.sent()).to.deep.equal(['. 11:1011(1000) ack 1']);
    lab.in('.', { seq: 1, ack: 11 });
    expect(lab.sent()).to.deep.equal(['P. 1011:1021(10) ack 1']);
  });

  it('sends a small segment behind full ones at once', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 1000);
    lab.write(endpoint, 1000, 10);
    expect(lab.sent()).to.deep.equal(['P. 1:1001(1000) ack 1', 'P. 1001:1011(10) ack 1']);
  });

  it('holds nothing with TCP_NODELAY', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, TCP, TCP_NODELAY, 1);
    lab.write(endpoint, 0, 10);
    lab.write(endpoint, 10, 10);
    expect(lab.sent()).to.deep.equal(['P. 1:11(10) ack 1', 'P. 11:21(10) ack 1']);
  });

  it('holds all that is not full with TCP_CORK, 200 ms long as Linux', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, TCP, TCP_CORK, 1);
    lab.write(endpoint, 0, 10);
    expect(lab.sent()).to.deep.equal([]);
    lab.write(endpoint, 10, 1000);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1']);
    lab.sockets.setOption(endpoint, TCP, TCP_CORK, 0);
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['P. 1001:1011(10) ack 1']);
  });

  it('sends no silly segment into a window smaller than one, but when its time is over [§3.8.6.2.1]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ ...full, win: 3000 });
    lab.write(endpoint, 0, 4000);
    lab.in('.', { seq: 1, ack: 3001, win: 300 });
    lab.sent();
    expect(lab.sent()).to.deep.equal([]);
    lab.advance(300_000);
    expect(lab.sent()).to.deep.equal(['P. 3001:3301(300) ack 1']);
  });

  it('takes no more than the send buffer, and says when there is room', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ ...full, win: 1000 });
    let written = 0;
    for (;;) {
      const result = lab.write(endpoint, written, 10_000);
      if (result <= 0) break;
      written += result;
    }
    expect(lab.write(endpoint, written, 1)).to.equal(-11);
    expect(endpoint.readiness & POLLOUT).to.equal(0);
    for (let acked = 1000; acked <= written; acked += 1000) lab.in('.', { seq: 1, ack: 1 + acked, win: 1000 });
    expect(endpoint.readiness & POLLOUT).to.equal(POLLOUT);
  });

  it('counts across the wrap of its own sequence numbers', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    let at = 0;
    for (let round = 0; round < 20; round++) {
      lab.write(endpoint, at, 3000);
      at += 3000;
      lab.in('.', { seq: 1, ack: 1 + at });
    }
    expect(lab.sent()).to.have.length(60);
  });
});

describe('acknowledging', () => {
  it('at the start at once, later every second full segment, else within 40 ms [RFC 5681 §4.2, Linux]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    // Our answers make the session interactive: what comes is acknowledged late.
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 11']);
    lab.read(endpoint);
    lab.write(endpoint, 0, 10);
    lab.in('.', { seq: 11, ack: 11 });
    lab.sent();
    lab.in('P.', { seq: 11, ack: 11, len: 10 });
    expect(lab.sent()).to.deep.equal([]);
    lab.advance(41_000);
    expect(lab.sent()).to.deep.equal(['. 11:11(0) ack 21']);
    expect(lab.counters()).to.include({ delayedAcks: 1 });
  });

  it('lets an acknowledgement ride with data', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    lab.read(endpoint);
    lab.write(endpoint, 0, 10);
    lab.in('.', { seq: 11, ack: 11 });
    lab.sent();
    lab.in('P.', { seq: 11, ack: 11, len: 10 });
    lab.write(endpoint, 10, 10);
    expect(lab.sent()).to.deep.equal(['P. 11:21(10) ack 21']);
    lab.advance(100_000);
    expect(lab.sent()).to.deep.equal([]);
  });

  it('acknowledges a coalesced segment once', () => {
    const lab = new Lab();
    lab.accepted(full);
    lab.in('P.', { seq: 1, ack: 1, len: 8000, gso: 1000 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 8001']);
  });

  it('tells of the window: its right edge never moves left, and closes [§3.8.6]', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.sockets.setOption(listener, SOL_SOCKET, SO_RCVBUF, 10_000);
    lab.in('S', full);
    lab.sent();
    lab.in('.', { seq: 1, ack: 1 });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`${endpoint}`);
    lab.sent();
    let edge = 0;
    let at = 0;
    while (at < 10_000) {
      const len = edge > 0 ? Math.min(500, edge - 1 - at) : 500;
      lab.in('P.', { seq: 1 + at, ack: 1, len });
      at += len;
      lab.advance(50_000);
      const [ack] = lab.sent().slice(-1);
      if (ack === undefined) continue;
      const now = Number(ack.split('ack ')[1]) + lab.window;
      expect(now).to.be.at.least(edge);
      edge = now;
      if (lab.window === 0) break;
    }
    expect(lab.window).to.equal(0);
    lab.in('P.', { seq: edge, ack: 1, len: 500 });
    expect(lab.sent()).to.deep.equal([`. 1:1(0) ack ${edge}`]);
    // RFC 9293 §3.8.6.2.2: the reader makes room, and the peer hears of it.
    expect(lab.read(endpoint, 9000)).to.equal(9000);
    expect(lab.sent()).to.deep.equal([`. 1:1(0) ack ${edge}`]);
    // As much as the buffer holds besides a segment, in whole segments of the peer's.
    expect(lab.window).to.equal(8040);
    expect(lab.counters()).to.include({ toZeroWindowAdv: 1, fromZeroWindowAdv: 1, beyondWindow: 1 });
  });
});
