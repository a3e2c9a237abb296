// Where the RFCs leave a choice, or Linux takes one of its own: as a Linux 6.18 host was seen to answer.
import { AF_UNSPEC, IPPROTO_TCP, MSG_MORE, POLLHUP, POLLIN, POLLOUT, SHUT_RDWR, SHUT_WR } from '@protoloom/contracts/socket';
import { TCP_DEFER_ACCEPT, TCP_INFO, TCP_LINGER2 } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab, mss, sackPermitted, timestamps, wscale } from './lab.js';

const syn = [...mss(1000), ...sackPermitted, ...wscale(7)];

const open = (win = 1024) => {
  // Without tail loss probes, which a round trip of no time would send at once.
  const lab = new Lab({ options: true, sysctls: { 'net.ipv4.tcp_early_retrans': 0 } });
  const { endpoint, listener } = lab.accepted({ options: syn, win });
  return { lab, endpoint, listener };
};

describe('as Linux', () => {
  it('a round trip is taken to bring ten segments at first: a peer that fills the window from the start makes the buffer grow', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.in('S', { options: mss(1000) });
    lab.sent();
    lab.advance(5000);
    lab.in('.', { seq: 1, ack: 1 });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    const told = (): Record<string, number> => lab.sockets.getOption(endpoint, IPPROTO_TCP, TCP_INFO) as Record<string, number>;
    expect(told()).to.include({ tcpi_rcv_space: 14_600 });
    const before = endpoint.socket.receiveBuffer;
    // The first window tells the round trip, as nothing else does for who only receives; then what was read counts.
    for (const round of [0, 1]) {
      for (let i = 0; i < 40; i++) lab.in('.', { seq: 1 + 1000 * (40 * round + i), ack: 1, len: 1000 });
      lab.advance(5_000);
      lab.stack.enter();
      lab.read(endpoint);
      expect(told()).to.include({ tcpi_rcv_space: round === 0 ? 14_600 : 80_000 });
    }
    expect(endpoint.socket.receiveBuffer).to.be.greaterThan(before);
  });

  it('offers whole segments of text: less the timestamps, where they are spoken', () => {
    const lab = new Lab({ options: true });
    lab.listen();
    lab.in('S', { options: [...mss(1000), ...sackPermitted, ...timestamps(1000, 0), ...wscale(7)] });
    lab.sent();
    expect(lab.window).to.equal(65_160);
    lab.in('S', { from: 5001, options: syn });
    lab.sent();
    expect(lab.window).to.equal(64_240);
  });

  it('takes a RST at the edge of what SACK tells of, and challenges one before it', () => {
    const { lab, endpoint } = open();
    lab.in('P.', { seq: 1001, ack: 1, len: 500, win: 1024 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.options).to.equal('sack 1001:1501');
    lab.in('R', { seq: 600 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    lab.in('R', { seq: 1501 });
    expect(lab.read(endpoint)).to.equal(-104);
  });

  it('reports text that comes twice by D-SACK', () => {
    const { lab } = open();
    lab.in('P.', { seq: 1, ack: 1, len: 100, win: 1024 });
    lab.sent();
    lab.in('P.', { seq: 1, ack: 1, len: 100, win: 1024 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 101']);
    expect(lab.options).to.equal('sack 1:101');
    lab.in('P.', { seq: 51, ack: 1, len: 100, win: 1024 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 151']);
    expect(lab.options).to.equal('sack 51:101');
  });

  it('answers a FIN that comes again in CLOSE-WAIT', () => {
    const { lab } = open();
    lab.in('F.', { seq: 1, ack: 1, win: 1024 });
    expect(lab.sent()).to.deep.equal([]);
    lab.advance(1_100);
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 2']);
    lab.in('F.', { seq: 1, ack: 1, win: 1024 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 2']);
    expect(lab.options).to.equal('sack 1:2');
  });

  it('lets the ACK of a FIN ride with our own, when that follows at once', () => {
    const { lab, endpoint } = open();
    lab.in('F.', { seq: 1, ack: 1, win: 1024 });
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['F. 1:1(0) ack 2']);
  });

  it('challenges an ACK from before the connection', () => {
    const { lab } = open();
    lab.in('.', { seq: 1, ack: -296, win: 1024 });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
  });

  it('answers the SYN-ACK that crosses in a simultaneous open', () => {
    const lab = new Lab({ options: true });
    const endpoint = lab.connect();
    lab.sent();
    lab.in('S', { options: syn });
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    lab.in('S.', { ack: 1, options: syn });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.options).to.equal('sack 0:1');
    expect(endpoint.readiness & POLLOUT).to.equal(POLLOUT);
  });

  it('tries again soon after a SYN-ACK of another connection', () => {
    const lab = new Lab();
    lab.connect();
    lab.sent();
    lab.in('S.', { ack: 0 });
    expect(lab.sent()).to.deep.equal(['R 0:0(0)']);
    lab.advance(9_000);
    expect(lab.sent()).to.deep.equal(['S 0:0(0)']);
  });

  it('leaves text in a SYN-ACK to be sent again', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    lab.in('S.', { ack: 1, len: 100, options: mss(1000) });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(lab.read(endpoint)).to.equal(-11);
  });

  it('gives up connecting by shutdown or connect(AF_UNSPEC), and may connect anew', () => {
    for (const how of ['shutdown', 'unspec'] as const) {
      const lab = new Lab();
      const endpoint = lab.connect();
      lab.sent();
      if (how === 'shutdown') endpoint.shutdown(SHUT_RDWR);
      else {
        const nowhere = lab.address(0, 0);
        nowhere.family = AF_UNSPEC;
        expect(endpoint.connect(nowhere)).to.equal(0);
      }
      expect(endpoint.takeError()).to.equal(104);
      expect(endpoint.readiness & (POLLIN | POLLOUT | POLLHUP)).to.equal(POLLOUT | POLLHUP);
      lab.in('S.', { ack: 1 });
      expect(lab.sent()).to.deep.equal(['R 1:1(0)']);
      expect(endpoint.connect(lab.address(lab.peerPort, 0xc000_0202))).to.equal(-115);
    }
  });

  it('tells of a refusal by the second connect(), and forgets it', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    lab.in('R.', { ack: 1 });
    expect(endpoint.connect(lab.address(lab.peerPort, 0xc000_0202))).to.equal(-111);
    expect(lab.read(endpoint)).to.equal(-107);
    expect(lab.write(endpoint, 0, 10)).to.equal(-32);
  });

  it('writing after a RST: its error once, then EPIPE', () => {
    const { lab, endpoint } = open();
    lab.in('R.', { seq: 1, ack: 1 });
    expect(lab.write(endpoint, 0, 10)).to.equal(-104);
    expect(lab.write(endpoint, 0, 10)).to.equal(-32);
    expect(lab.read(endpoint)).to.equal(0);
  });

  it('counts segments that have arrived, once [TcpExtTCPDelivered]', () => {
    const { lab, endpoint } = open();
    lab.write(endpoint, 0, 2500);
    lab.sent();
    const before = lab.counters()['deliveredPackets'] ?? 0;
    lab.in('.', { seq: 1, ack: 1001 });
    lab.in('.', { seq: 1, ack: 1001 });
    lab.in('.', { seq: 1, ack: 2501 });
    expect(lab.counters()['deliveredPackets']).to.equal(before + 3);
  });

  it('marks with PSH what was pushed: not what MSG_MORE says is to be continued', () => {
    const { lab, endpoint } = open();
    const more = lab.sockets.message();
    more.flags = MSG_MORE;
    endpoint.send(new Uint8Array(2100), 0, 2100, more);
    lab.advance(0);
    // Of a super-segment the last always has it.
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1', 'P. 1001:2001(1000) ack 1']);
    lab.write(endpoint, 2100, 100);
    expect(lab.sent()).to.deep.equal(['P. 2001:2201(200) ack 1']);
  });

  it('TCP_LINGER2 below zero: the ACK of an orphan’s FIN is answered with RST', () => {
    const { lab, endpoint } = open();
    lab.sockets.setOption(endpoint, 6, TCP_LINGER2, -1);
    endpoint.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['F. 1:1(0) ack 1']);
    lab.in('.', { seq: 1, ack: 2, win: 1024 });
    expect(lab.sent()).to.deep.equal(['R 2:2(0)']);
  });

  it('TCP_DEFER_ACCEPT: data completes the handshake, or the ACK of a SYN-ACK sent again', () => {
    for (const late of [false, true]) {
      const lab = new Lab();
      const listener = lab.listen();
      lab.sockets.setOption(listener, 6, TCP_DEFER_ACCEPT, 1);
      lab.in('S', { options: mss(1000) });
      lab.sent();
      lab.in('.', { seq: 1, ack: 1 });
      expect(listener.readiness).to.equal(0);
      if (late) {
        lab.advance(1_010_000);
        expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
        lab.in('.', { seq: 1, ack: 1 });
      } else lab.in('P.', { seq: 1, ack: 1, len: 100 });
      expect(listener.readiness).to.equal(POLLIN);
    }
  });

  it('keeps probing a window that opens by less than a segment, and then uses it', () => {
    const { lab, endpoint } = open(16);
    lab.write(endpoint, 0, 6000);
    expect(lab.sent()).to.have.length(2);
    lab.advance(20_000);
    lab.in('.', { seq: 1, ack: 2001, win: 0 });
    lab.advance(230_000);
    expect(lab.sent()).to.deep.equal(['. 2000:2000(0) ack 1']);
    lab.in('.', { seq: 1, ack: 2001, win: 0 });
    lab.advance(20_000);
    lab.in('.', { seq: 1, ack: 2001, win: 2 });
    lab.advance(400_000);
    expect(lab.sent()).to.deep.equal([]);
    lab.advance(100_000);
    expect(lab.sent()).to.deep.equal(['P. 2001:2257(256) ack 1']);
  });

  it('sends again into a window that was closed over what is outstanding', () => {
    const { lab, endpoint } = open(32);
    lab.write(endpoint, 0, 6000);
    expect(lab.sent()).to.have.length(4);
    lab.advance(20_000);
    lab.in('.', { seq: 1, ack: 2001, win: 0 });
    lab.advance(230_000);
    expect(lab.sent().map((text) => text.replace('P', ''))).to.deep.equal(['. 2001:3001(1000) ack 1']);
    lab.in('.', { seq: 1, ack: 4097, win: 0 });
    expect(lab.sent()).to.deep.equal(['. 2001:2001(0) ack 1']);
  });

  it('half closed both ways is TIME-WAIT to the peer, and POLLHUP to the user', () => {
    const { lab, endpoint } = open();
    endpoint.shutdown(SHUT_WR);
    lab.advance(0);
    lab.in('F.', { seq: 1, ack: 2, win: 1024 });
    expect(endpoint.readiness & POLLHUP).to.equal(POLLHUP);
    lab.sent();
    lab.in('R', { seq: 2 });
    lab.in('.', { seq: 2, ack: 2, win: 1024 });
    expect(lab.sent()).to.deep.equal(['R 2:2(0)']);
  });
});
