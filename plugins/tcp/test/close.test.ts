// CLOSE and ABORT: RFC 9293 §3.6, §3.10.4, §3.10.5.
import { POLLHUP, SHUT_RD, SHUT_WR, SO_LINGER, SOL_SOCKET } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const full = { options: mss(1000) };

/** The peer's next SYN from the same port finds what is left of the connection. */
const remains = (lab: Lab): string => {
  lab.in('.', { seq: 5000, ack: 5000 });
  return lab.sent()[0] ?? 'nothing';
};

describe('close, RFC 9293 §3.6', () => {
  it('by us: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT [figure 12]', () => {
    const lab = new Lab();
    const { endpoint, listener } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['F. 1:1(0) ack 1']);
    lab.in('.', { seq: 1, ack: 2 });
    lab.in('F.', { seq: 1, ack: 2 });
    expect(lab.sent()).to.deep.equal(['. 2:2(0) ack 2']);
    // The FIN again: our ACK was lost. 2 MSL begin anew.
    lab.advance(50_000_000);
    lab.in('F.', { seq: 1, ack: 2 });
    expect(lab.sent()).to.deep.equal(['. 2:2(0) ack 2']);
    lab.advance(50_000_000);
    expect(remains(lab)).to.equal('. 2:2(0) ack 2');
    lab.advance(61_000_000);
    listener.close();
    expect(remains(lab)).to.equal('R 5000:5000(0)');
    expect(lab.counters()).to.not.have.any.keys('currEstab', 'estabResets');
  });

  it('by the peer: CLOSE-WAIT, LAST-ACK, CLOSED', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.in('F.', { seq: 1, ack: 1 });
    lab.advance(50_000);
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 2']);
    lab.write(endpoint, 0, 10);
    lab.in('.', { seq: 2, ack: 11 });
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['P. 1:11(10) ack 2', 'F. 11:11(0) ack 2']);
    lab.in('.', { seq: 2, ack: 12 });
    expect(remains(lab)).to.equal('R 5000:5000(0)');
    expect(lab.counters()).to.not.have.any.keys('currEstab', 'estabResets');
  });

  it('by both at once: CLOSING, TIME-WAIT [figure 13]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    lab.sent();
    lab.in('F.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal(['. 2:2(0) ack 2']);
    lab.in('.', { seq: 2, ack: 2 });
    expect(remains(lab)).to.equal('. 2:2(0) ack 2');
  });

  it('CLOSING sends its FIN again', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    lab.in('F.', { seq: 1, ack: 1 });
    lab.sent();
    lab.advance(1_100_000);
    expect(lab.sent().filter((text) => text === 'F. 1:1(0) ack 2')).to.have.length.at.least(1);
  });

  it('of one half: the other goes on', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    endpoint.shutdown(SHUT_WR);
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['F. 1:1(0) ack 1']);
    expect(lab.write(endpoint, 0, 1)).to.equal(-32);
    lab.in('.', { seq: 1, ack: 2 });
    lab.in('P.', { seq: 1, ack: 2, len: 10 });
    expect(lab.read(endpoint)).to.equal(10);
    lab.in('F.', { seq: 11, ack: 2 });
    expect(lab.read(endpoint)).to.equal(0);
    expect(endpoint.readiness & POLLHUP).to.equal(POLLHUP);
  });

  it('sends what is queued before the FIN, with it', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ ...full, win: 1000 });
    lab.write(endpoint, 0, 1500);
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['. 1:501(500) ack 1', 'P. 501:1001(500) ack 1']);
    lab.in('.', { seq: 1, ack: 1001, win: 1000 });
    expect(lab.sent()).to.deep.equal(['FP. 1001:1501(500) ack 1']);
  });

  it('shutdown of reading leaves the peer alone', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    endpoint.shutdown(SHUT_RD);
    lab.advance(0);
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.read(endpoint)).to.equal(0);
  });

  it('with data unread: RST [RFC 2525 §2.17]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    lab.sent();
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['R. 1:1(0) ack 11']);
    expect(lab.counters()).to.include({ abortOnClose: 1, outRsts: 1 });
  });

  it('with SO_LINGER of 0: RST', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['R. 1:1(0) ack 1']);
    expect(lab.counters()).to.include({ abortOnData: 1 });
  });

  it('with SO_LINGER: waits for the ACK of the FIN', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.sockets.setOption(endpoint, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 5 });
    expect(endpoint.close()).to.equal(-115);
    lab.advance(0);
    expect(endpoint.readiness & POLLHUP).to.equal(0);
    lab.in('.', { seq: 1, ack: 2 });
    expect(endpoint.readiness & POLLHUP).to.equal(POLLHUP);
  });

  it('data for an orphan is reset [RFC 1122 §4.2.2.13]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    lab.in('.', { seq: 1, ack: 2 });
    lab.sent();
    lab.in('P.', { seq: 1, ack: 2, len: 10 });
    expect(lab.sent()).to.deep.equal(['R 2:2(0)']);
    expect(lab.counters()).to.include({ abortOnData: 1 });
  });

  it('an orphan leaves FIN-WAIT-2 after tcp_fin_timeout', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_fin_timeout': 10 } });
    const { endpoint, listener } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    lab.in('.', { seq: 1, ack: 2 });
    listener.close();
    lab.advance(11_000_000);
    lab.sent();
    expect(remains(lab)).to.equal('R 5000:5000(0)');
  });
});

describe('TIME-WAIT', () => {
  const closed = (lab: Lab) => {
    const { endpoint } = lab.accepted(full);
    endpoint.close();
    lab.advance(0);
    lab.in('F.', { seq: 1, ack: 2 });
    lab.sent();
  };

  it('gives way to a SYN beyond the old connection [RFC 6191 §2, RFC 1122 §4.2.2.13]', () => {
    const lab = new Lab();
    closed(lab);
    const { iss } = lab;
    lab.in('S', { seq: 1000 });
    expect(lab.sent()[0]).to.match(/^S\. 0:0\(0\) ack 1001/);
    expect((lab.iss - iss) | 0).to.equal(2 + 65_537);
  });

  it('answers an old SYN with an ACK', () => {
    const lab = new Lab();
    closed(lab);
    lab.in('S', { seq: -1000 });
    expect(lab.sent()).to.deep.equal(['. 2:2(0) ack 2']);
  });

  it('ends at a RST unless tcp_rfc1337 [RFC 1337]', () => {
    for (const [rfc1337, left] of [
      [0, 'R 5000:5000(0)'],
      [1, '. 2:2(0) ack 2'],
    ] as const) {
      const lab = new Lab({ sysctls: { 'net.ipv4.tcp_rfc1337': rfc1337 } });
      closed(lab);
      lab.in('R', { seq: 2 });
      expect(remains(lab)).to.equal(left);
    }
  });
});
