// Timeouts: RFC 9293 §3.10.8, RFC 6298, and what the network says in between.
import { POLLERR, SO_KEEPALIVE, SOL_SOCKET } from '@protoloom/contracts/socket';
import { TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_USER_TIMEOUT } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const TCP = 6;
const full = { options: mss(1000) };

describe('retransmission, RFC 6298 §5', () => {
  it('sends the first segment again after the RTO, doubling it [R6298-5.4, R6298-5.5]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 2500);
    lab.sent();
    // The handshake took no time: the RTO is at its floor of 200 ms, and a tick of 4 ms.
    for (const ms of [204, 408, 816, 1632]) {
      lab.advance(ms * 1000 - 10_000);
      expect(lab.sent(), `${ms}`).to.deep.equal([]);
      lab.advance(10_500);
      expect(lab.sent(), `${ms}`).to.deep.equal(['. 1:1001(1000) ack 1']);
    }
    expect(lab.counters()).to.include({ timeouts: 4, retransSegs: 4 });
  });

  it('goes on from what was acknowledged, the rest being lost [RFC 5681 §3.1]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 3000);
    lab.sent();
    lab.advance(210_000);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1']);
    lab.in('.', { seq: 1, ack: 1001 });
    expect(lab.sent()).to.deep.equal(['. 1001:2001(1000) ack 1', 'P. 2001:3001(1000) ack 1']);
    lab.in('.', { seq: 1, ack: 3001 });
    lab.advance(10_000_000);
    expect(lab.sent()).to.deep.equal([]);
  });

  it('starts again with each ACK of new data, and stops with the last [R6298-5.2, R6298-5.3]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 2000);
    lab.sent();
    lab.advance(150_000);
    lab.in('.', { seq: 1, ack: 1001 });
    lab.advance(150_000);
    expect(lab.sent()).to.deep.equal([]);
    lab.in('.', { seq: 1, ack: 2001 });
    lab.advance(5_000_000);
    expect(lab.sent()).to.deep.equal([]);
  });

  it('three duplicate ACKs send the first segment again [RFC 5681 §3.2]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 5000);
    lab.sent();
    lab.in('.', { seq: 1, ack: 1 });
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal([]);
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1']);
  });

  it('sends a FIN again', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 100);
    endpoint.close();
    lab.advance(0);
    lab.sent();
    lab.advance(210_000);
    lab.in('.', { seq: 1, ack: 101 });
    lab.advance(1_000_000);
    expect(lab.sent()).to.include('F. 101:101(0) ack 1');
  });

  it('gives up after R2: tcp_retries2, 15 as 924.6 s [RFC 9293 §3.8.3]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 100);
    lab.advance(920_000_000);
    expect(endpoint.readiness & POLLERR).to.equal(0);
    lab.advance(200_000_000);
    expect(endpoint.readiness & POLLERR).to.equal(POLLERR);
    expect(endpoint.takeError()).to.equal(110);
    expect(lab.counters()).to.include({ abortOnTimeout: 1 });
  });

  it('gives up after TCP_USER_TIMEOUT [RFC 5482 §3.1]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, TCP, TCP_USER_TIMEOUT, 3000);
    lab.write(endpoint, 0, 100);
    lab.advance(2_900_000);
    expect(endpoint.takeError()).to.equal(0);
    lab.advance(10_000_000);
    expect(endpoint.takeError()).to.equal(110);
  });
});

describe('zero window, RFC 9293 §3.8.6.1', () => {
  it('is probed from the RTO on, doubling, for as long as the peer answers; and ends at once', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ ...full, win: 1000 });
    lab.write(endpoint, 0, 2000);
    lab.in('.', { seq: 1, ack: 1001, win: 0 });
    lab.sent();
    let probes = 0;
    for (let second = 0; second < 2000; second++) {
      lab.advance(1_000_000);
      for (const probe of lab.sent()) {
        expect(probe).to.equal('. 1000:1000(0) ack 1');
        probes++;
        lab.in('.', { seq: 1, ack: 1001, win: 0 });
        expect(lab.sent()).to.deep.equal([]);
      }
    }
    expect(probes).to.be.within(20, 40);
    lab.in('.', { seq: 1, ack: 1001, win: 5000 });
    expect(lab.sent()).to.deep.equal(['P. 1001:2001(1000) ack 1']);
  });

  it('ends a connection whose peer does not answer tcp_retries2 probes', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_retries2': 3 } });
    const { endpoint } = lab.accepted({ ...full, win: 1000 });
    lab.write(endpoint, 0, 2000);
    lab.in('.', { seq: 1, ack: 1001, win: 0 });
    lab.advance(30_000_000);
    expect(endpoint.takeError()).to.equal(110);
    expect(lab.counters()).to.include({ winProbe: 3 });
  });
});

describe('keep-alive, RFC 9293 §3.8.4', () => {
  const open = () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, TCP, TCP_KEEPIDLE, 10);
    lab.sockets.setOption(endpoint, TCP, TCP_KEEPINTVL, 5);
    lab.sockets.setOption(endpoint, TCP, TCP_KEEPCNT, 2);
    lab.sockets.setOption(endpoint, SOL_SOCKET, SO_KEEPALIVE, 1);
    return { lab, endpoint };
  };

  it('is off by default', () => {
    const lab = new Lab();
    lab.accepted(full);
    lab.advance(8000_000_000);
    expect(lab.sent()).to.deep.equal([]);
  });

  it('probes a silent peer, and leaves one alone that answers', () => {
    const { lab } = open();
    lab.advance(10_100_000);
    expect(lab.sent()).to.deep.equal(['. 0:0(0) ack 1']);
    lab.in('.', { seq: 1, ack: 1 });
    lab.advance(9_000_000);
    expect(lab.sent()).to.deep.equal([]);
    lab.advance(2_000_000);
    expect(lab.sent()).to.deep.equal(['. 0:0(0) ack 1']);
  });

  it('resets after the last probe', () => {
    const { lab, endpoint } = open();
    lab.advance(25_000_000);
    expect(lab.sent()).to.deep.equal(['. 0:0(0) ack 1', '. 0:0(0) ack 1', 'R. 1:1(0) ack 1']);
    expect(endpoint.takeError()).to.equal(110);
    expect(lab.counters()).to.include({ keepAlive: 2, abortOnTimeout: 1 });
  });
});

describe('addresses that go', () => {
  it('end their connections with ECONNABORTED', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.stack.address.remove('tun0', '192.0.2.1/24');
    lab.advance(0);
    expect(endpoint.takeError()).to.equal(103);
  });
});
