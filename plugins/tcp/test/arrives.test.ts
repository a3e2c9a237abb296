// SEGMENT ARRIVES: RFC 9293 §3.10.7, RFC 5961.
import { POLLIN, POLLRDHUP } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { Lab, mss, timestamps } from './lab.js';

describe('closed ports, RFC 9293 §3.10.7.1', () => {
  it('resets with SEQ = SEG.ACK, or with ACK = SEG.SEQ + SEG.LEN', () => {
    const lab = new Lab();
    lab.in('.', { seq: 100, ack: 5 });
    expect(lab.sent()).to.deep.equal(['R 5:5(0)']);
    lab.in('S', { seq: 100 });
    expect(lab.sent()).to.deep.equal(['R. 0:0(0) ack 101']);
    lab.in('P.', { seq: 100, ack: 9, len: 10 });
    expect(lab.sent()).to.deep.equal(['R 9:9(0)']);
    expect(lab.counters()).to.deep.equal({ inSegs: 3, outSegs: 3, outRsts: 3, noSocket: 3 });
  });

  it('never resets a RST [§3.5.2]', () => {
    const lab = new Lab();
    lab.in('R', { seq: 1 });
    lab.in('R.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal([]);
  });

  for (const flags of ['', 'F', 'SF', 'SR', 'FR.', 'SFRP', 'P']) {
    it(`drops the flags ${flags || 'none'}`, () => {
      const lab = new Lab();
      lab.listen();
      lab.in(flags);
      expect(lab.sent()).to.deep.equal([]);
      expect(lab.counters()).to.deep.equal({ inSegs: 1, badFlags: 1 });
    });
  }

  it('drops port 0 and a bad checksum', () => {
    const lab = new Lab();
    lab.in('S', { port: 0 });
    lab.in('S', { from: 0 });
    lab.in('S', { spoil: true });
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.counters()).to.deep.equal({ inSegs: 3, badFlags: 2, inCsumErrors: 1 });
  });
});

describe('synchronized states, RFC 9293 §3.10.7.4', () => {
  it('first: answers what is outside the window with an ACK, one in tcp_invalid_ratelimit', () => {
    const lab = new Lab();
    lab.accepted();
    lab.in('.', { seq: 100_000, ack: 1 });
    lab.in('.', { seq: 100_000, ack: 1 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    lab.advance(500_000);
    lab.in('.', { seq: 100_000, ack: 1 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.counters()).to.include({ ackSkippedSeq: 1 });
  });

  it('first: answers octets that it has at once, every time', () => {
    const lab = new Lab();
    lab.accepted();
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    lab.sent();
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 11']);
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 11']);
  });

  it('second: RST exactly at RCV.NXT resets; elsewhere in the window it is challenged; outside it is dropped [RFC 5961 §3.2]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('R', { seq: 2 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    lab.in('R', { seq: 100_000 });
    expect(lab.sent()).to.deep.equal([]);
    lab.in('R', { seq: 1 });
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.read(endpoint)).to.equal(-104);
    expect(lab.read(endpoint)).to.equal(0);
    expect(lab.counters()).to.include({ challengeAck: 1, estabResets: 1 });
    expect(lab.counters()).to.not.have.property('currEstab');
  });

  it('second: what came before a reset is read first', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    lab.in('R', { seq: 11 });
    expect(lab.read(endpoint)).to.equal(10);
    expect(lab.read(endpoint)).to.equal(-104);
  });

  it('fourth: SYN is challenged, in the window or not [RFC 5961 §4.2]', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_invalid_ratelimit': 0 } });
    lab.accepted();
    lab.in('S', { seq: 0 });
    lab.in('S', { seq: 5 });
    lab.in('S', { seq: 200_000 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1', '. 1:1(0) ack 1', '. 1:1(0) ack 1']);
    expect(lab.counters()).to.include({ synChallenge: 3, challengeAck: 3 });
  });

  it('fifth: an ACK of what was not sent is challenged, and so is one from before the window [RFC 5961 §5.2]', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_invalid_ratelimit': 0 } });
    const { endpoint } = lab.accepted();
    lab.in('P.', { seq: 1, ack: 2, len: 5 });
    lab.in('P.', { seq: 1, ack: -70_000, len: 5 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1', '. 1:1(0) ack 1']);
    expect(lab.read(endpoint)).to.equal(-11);
  });

  it('fifth: without ACK it is dropped', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('P', { seq: 1, len: 5 });
    expect(lab.read(endpoint)).to.equal(-11);
  });

  it('fifth: an old ACK still brings its text', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted({ options: mss(1460) });
    lab.write(endpoint, 0, 100);
    lab.in('.', { seq: 1, ack: 101 });
    lab.in('P.', { seq: 1, ack: 1, len: 5 });
    expect(lab.read(endpoint)).to.equal(5);
  });

  it('seventh: text in order is read, across the wrap', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('P.', { seq: 1, ack: 1, len: 100 });
    expect(endpoint.readiness & POLLIN).to.equal(POLLIN);
    expect(lab.read(endpoint)).to.equal(100);
    expect([...lab.payload.subarray(0, 100)]).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
  });

  it('seventh: text out of order is kept and acknowledged at once, one duplicate ACK each; the gap filled, all at once [RFC 5681 §4.2]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('.', { seq: 11, ack: 1, len: 10 });
    lab.in('.', { seq: 31, ack: 1, len: 10 });
    lab.in('.', { seq: 21, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1', '. 1:1(0) ack 1', '. 1:1(0) ack 1']);
    expect(lab.read(endpoint)).to.equal(-11);
    lab.in('.', { seq: 1, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 41']);
    expect(lab.read(endpoint)).to.equal(40);
    expect(lab.payload[39]).to.equal(39);
    expect(lab.counters()).to.include({ ofoQueue: 3 });
  });

  it('seventh: text that overlaps what it has is trimmed', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('.', { seq: 1, ack: 1, len: 10 });
    lab.in('.', { seq: 6, ack: 1, len: 10 });
    expect(lab.read(endpoint)).to.equal(15);
    expect(lab.payload[14]).to.equal(14);
  });

  it('seventh: text that ends beyond the window is taken whole by a reader that has read all, else not at all [Linux]', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    const most = lab.window;
    let sent = 0;
    for (; sent + 1000 <= most; sent += 1000) lab.in('.', { seq: 1 + sent, ack: 1, len: 1000 });
    lab.in('.', { seq: 1 + sent, ack: 1, len: 2000 });
    expect(lab.counters()).to.include({ beyondWindow: 1 });
    expect(lab.read(endpoint, 70_000)).to.equal(sent);
    lab.sent();
    lab.in('.', { seq: 1 + sent + most - 1000, ack: 1, len: 2000 });
    expect(lab.sent()).to.deep.equal([`. 1:1(0) ack ${1 + sent}`]);
    expect(lab.counters()).to.include({ ofoQueue: 1, beyondWindow: 1 });
  });

  it('eighth: FIN ends the stream and is acknowledged', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('FP.', { seq: 1, ack: 1, len: 10 });
    lab.advance(50_000);
    expect(lab.sent().at(-1)).to.equal('. 1:1(0) ack 12');
    expect(endpoint.readiness & (POLLIN | POLLRDHUP)).to.equal(POLLIN | POLLRDHUP);
    expect(lab.read(endpoint)).to.equal(10);
    expect(lab.read(endpoint)).to.equal(0);
  });

  it('eighth: a FIN that comes before its text waits for it', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.in('F.', { seq: 11, ack: 1, len: 10 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.read(endpoint)).to.equal(-11);
    lab.in('.', { seq: 1, ack: 1, len: 10 });
    lab.advance(50_000);
    expect(lab.sent().at(-1)).to.equal('. 1:1(0) ack 22');
    expect(lab.read(endpoint)).to.equal(20);
    expect(lab.read(endpoint)).to.equal(0);
  });
});

describe('PAWS, RFC 7323 §5', () => {
  const open = () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_timestamps': 1 } });
    const listener = lab.listen();
    lab.in('S', { options: [...mss(1460), ...timestamps(1000, 0)] });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, options: timestamps(1001, lab.tsVal) });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`${endpoint}`);
    return { lab, endpoint };
  };

  it('R1: drops what is older than TS.Recent, with an ACK', () => {
    const { lab, endpoint } = open();
    lab.in('P.', { seq: 1, ack: 1, len: 5, options: timestamps(900, 0) });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.read(endpoint)).to.equal(-11);
    expect(lab.counters()).to.include({ pawsEstab: 1 });
    lab.in('P.', { seq: 1, ack: 1, len: 5, options: timestamps(1002, 0) });
    expect(lab.read(endpoint)).to.equal(5);
  });

  it('§5.2: a RST is taken whatever its timestamp', () => {
    const { lab, endpoint } = open();
    lab.in('R', { seq: 1, options: timestamps(1, 0) });
    expect(lab.read(endpoint)).to.equal(-104);
  });

  it('§4.3: TS.Recent follows segments at or left of Last.ACK.sent alone', () => {
    const { lab } = open();
    lab.in('.', { seq: 11, ack: 1, len: 10, options: timestamps(2000, 0) });
    lab.sent();
    expect(lab.options).to.match(/^TS ecr 1001/);
    lab.in('.', { seq: 1, ack: 1, len: 10, options: timestamps(2001, 0) });
    lab.advance(50_000);
    lab.sent();
    expect(lab.options).to.match(/^TS ecr 2001/);
  });

  it('§5.5: after 24 days TS.Recent says nothing', () => {
    const { lab, endpoint } = open();
    lab.advance(25 * 86_400 * 1_000_000);
    lab.in('P.', { seq: 1, ack: 1, len: 5, options: timestamps(900, 0) });
    expect(lab.read(endpoint)).to.equal(5);
  });
});
