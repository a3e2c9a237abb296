// Connections at rest.
import { IPPROTO_TCP } from '@protoloom/contracts/socket';
import { TCP_NODELAY } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const full = { options: mss(1000) };
const SECOND_US = 1_000_000;
const buffers = (lab: Lab): number => (lab.stack.snapshot()['@protoloom/tcp'] as { mem: number }).mem;

describe('a connection at rest', () => {
  it('holds no buffers once nothing has come or gone for a while, and not before', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 3000);
    lab.in('P.', { seq: 1, ack: 3001, len: 500 });
    expect(lab.read(endpoint)).to.equal(500);
    lab.advance(SECOND_US / 2);
    expect(buffers(lab)).to.be.above(0);
    lab.advance(2 * SECOND_US);
    expect(buffers(lab)).to.equal(0);
  });

  it('keeps what waits to be read, or to be acknowledged', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.in('P.', { seq: 1, ack: 1, len: 500 });
    lab.advance(10 * SECOND_US);
    expect(lab.read(endpoint)).to.equal(500);
    lab.write(endpoint, 0, 10);
    lab.sent();
    lab.advance(10 * SECOND_US);
    expect(lab.sent()).to.include('P. 1:11(10) ack 501');
  });

  it('goes on both ways as if it had not rested', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    for (let round = 0; round < 3; round++) {
      const from = 1000 * round;
      lab.write(endpoint, from, 1000);
      expect(lab.sent()).to.deep.equal([`P. ${from + 1}:${from + 1001}(1000) ack ${from + 1}`]);
      lab.in('P.', { seq: from + 1, ack: from + 1001, len: 1000 });
      expect(lab.read(endpoint)).to.equal(1000);
      lab.advance(5 * SECOND_US);
      lab.sent();
      expect(buffers(lab)).to.equal(0);
    }
  });

  it('takes an option that makes it look for something to send', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.advance(5 * SECOND_US);
    expect(lab.sockets.setOption(endpoint, IPPROTO_TCP, TCP_NODELAY, 1)).to.equal(0);
    lab.advance(5 * SECOND_US);
    expect(lab.stack.faults).to.deep.equal({});
  });

  it('repairs a loss after it [RFC 6298 §5.4]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted(full);
    lab.write(endpoint, 0, 1000);
    lab.sent();
    lab.in('.', { seq: 1, ack: 1001 });
    lab.advance(5 * SECOND_US);
    lab.write(endpoint, 1000, 1000);
    expect(lab.sent()).to.deep.equal(['P. 1001:2001(1000) ack 1']);
    lab.advance(SECOND_US);
    expect(lab.sent()).to.include('P. 1001:2001(1000) ack 1');
    lab.in('.', { seq: 1, ack: 2001 });
    lab.advance(5 * SECOND_US);
    expect([lab.sent(), buffers(lab)]).to.deep.equal([[], 0]);
  });
});
