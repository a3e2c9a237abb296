// OPEN: RFC 9293 §3.10.1, §3.5.
import { attach, definePlugin, PASS, type Verdict } from '@protoloom/contracts';
import { HOOK_OUTPUT } from '@protoloom/contracts/ip';
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { Lab, mss, sackPermitted, timestamps, wscale } from './lab.js';

describe('active open, RFC 9293 §3.10.1', () => {
  it('sends SYN, acknowledges SYN-ACK and is writable [figure 6]', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    expect(lab.sent()).to.deep.equal(['S 0:0(0)']);
    expect(lab.options).to.equal('mss 1460');
    expect(lab.window).to.equal(64_240);
    expect(endpoint.readiness & POLLOUT).to.equal(0);
    lab.in('S.', { ack: 1, options: mss(1460) });
    expect(lab.sent()).to.deep.equal(['. 1:1(0) ack 1']);
    expect(endpoint.readiness & POLLOUT).to.equal(POLLOUT);
    expect(endpoint.takeError()).to.equal(0);
    expect(lab.counters()).to.include({ activeOpens: 1, currEstab: 1 });
  });

  it('offers MSS, SACK, timestamps and scale as Linux lays them out', () => {
    const lab = new Lab({ options: true });
    lab.connect();
    lab.sent();
    expect(lab.options).to.equal('mss 1460,sackOK,TS ecr 0,wscale 10');
  });

  it('is refused by RST with the right ACK, and not by another [§3.10.7.3, second]', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    lab.in('R', { seq: 0 });
    lab.in('R.', { ack: 2 });
    expect(lab.sent()).to.deep.equal([]);
    expect(endpoint.readiness & POLLERR).to.equal(0);
    lab.in('R.', { ack: 1 });
    expect(endpoint.readiness & (POLLERR | POLLHUP | POLLIN | POLLOUT)).to.equal(POLLERR | POLLHUP | POLLIN | POLLOUT);
    expect(endpoint.takeError()).to.equal(111);
    expect(lab.counters()).to.include({ attemptFails: 1 });
  });

  it('resets an ACK of what was not sent [§3.10.7.3, first]', () => {
    const lab = new Lab();
    lab.connect();
    lab.sent();
    lab.in('S.', { ack: 99 });
    expect(lab.sent()).to.deep.equal(['R 99:99(0)']);
    lab.in('S.', { ack: 0 });
    expect(lab.sent()).to.deep.equal(['R 0:0(0)']);
  });

  it('sends the SYN again: four times after a second, then doubling, tcp_syn_retries in all [RFC 6298 §5.5, Linux]', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    for (const second of [1, 1, 1, 1, 1, 2, 4, 8, 16, 32]) {
      lab.advance(second * 1_000_000 - 1_000);
      expect(lab.sent(), `${second}`).to.deep.equal([]);
      lab.advance(1_100);
      expect(lab.sent(), `${second}`).to.deep.equal(['S 0:0(0)']);
    }
    lab.advance(65_000_000);
    expect(lab.sent()).to.deep.equal([]);
    expect(endpoint.takeError()).to.equal(110);
    expect(lab.counters()).to.include({ attemptFails: 1, synRetrans: 10, abortOnTimeout: 1 });
  });

  it('opens from both sides at once [§3.5, figure 7]', () => {
    const lab = new Lab();
    const endpoint = lab.connect();
    lab.sent();
    lab.in('S', { options: mss(1460) });
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    lab.in('S.', { ack: 1, options: mss(1460) });
    expect(endpoint.readiness & POLLOUT).to.equal(POLLOUT);
    lab.write(endpoint, 0, 10);
    expect(lab.sent().at(-1)).to.equal('P. 1:11(10) ack 1');
  });

  it('uses 536 where the peer tells no MSS [§3.7.1, MUST-15]', () => {
    const lab = new Lab();
    const endpoint = lab.connected();
    lab.write(endpoint, 0, 600);
    expect(lab.sent()).to.deep.equal(['. 1:537(536) ack 1', 'P. 537:601(64) ack 1']);
  });
});

describe('passive open, RFC 9293 §3.10.7.2', () => {
  it('answers SYN with SYN-ACK, and hands out the connection after the ACK', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.in('S', { options: mss(1000) });
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    expect(listener.readiness).to.equal(0);
    expect(listener.accept()).to.equal(-11);
    lab.in('.', { seq: 1, ack: 1 });
    expect(listener.readiness).to.equal(POLLIN);
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`${endpoint}`);
    lab.write(endpoint, 0, 1500);
    expect(lab.sent()).to.deep.equal(['. 1:1001(1000) ack 1', 'P. 1001:1501(500) ack 1']);
    expect(lab.counters()).to.include({ passiveOpens: 1, currEstab: 1 });
  });

  it('answers with what the SYN offered, and no more [RFC 7323 §2.5, §3.2, RFC 2018 §2]', () => {
    const lab = new Lab({ options: true });
    lab.listen();
    lab.in('S', { options: [...mss(1460), ...sackPermitted, ...timestamps(700, 0), ...wscale(7)] });
    lab.sent();
    expect(lab.options).to.equal('mss 1460,sackOK,TS ecr 700,wscale 10');
    lab.in('S', { from: 5001, options: mss(1460) });
    lab.sent();
    expect(lab.options).to.equal('mss 1460');
  });

  it('sends the SYN-ACK again for a SYN that comes again, and on time-out up to tcp_synack_retries', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_synack_retries': 2 } });
    lab.listen();
    lab.in('S');
    lab.in('S');
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1', 'S. 0:0(0) ack 1']);
    lab.advance(1_001_000);
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    lab.advance(2_001_000);
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
    lab.advance(60_000_000);
    expect(lab.sent()).to.deep.equal([]);
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal(['R 1:1(0)']);
  });

  it('takes data that comes with the handshake’s ACK', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.in('S');
    lab.sent();
    lab.in('P.', { seq: 1, ack: 1, len: 10 });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`${endpoint}`);
    expect(lab.read(endpoint)).to.equal(10);
  });

  it('answers SYNs when connections have had their turn, in the order in which they came', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    lab.arrive('S', { from: 5001, seq: 700, options: mss(1000) });
    lab.arrive('S', { from: 5002, seq: 800, options: mss(1000) });
    endpoint.send(Uint8Array.of(1, 2, 3), 0, 3, undefined);
    lab.advance(0);
    expect(lab.sent().map((segment) => segment.replace(/ .* /, ' '))).to.deep.equal(['P. 1', 'S. 701', 'S. 801']);
  });

  it('does not answer a SYN that is taken back before its turn ends, and answers those about it', () => {
    const lab = new Lab();
    lab.listen();
    for (const from of [5001, 5002, 5003]) lab.arrive('S', { from, seq: from, options: mss(1000) });
    lab.arrive('R', { from: 5002, seq: 5003 });
    lab.advance(0);
    const acks = ['S. 0:0(0) ack 5002', 'S. 0:0(0) ack 5004'];
    expect(lab.sent()).to.deep.equal(acks);
    expect(lab.counters()).to.include({ embryonicRsts: 1 });
    lab.advance(1_100_000);
    expect(lab.sent(), 'a second later').to.deep.equal(acks);
  });

  it('answers the other SYNs where one answer fails, and that one a second later', () => {
    let fails = true;
    const hook = definePlugin({
      name: '@example/failing-hook',
      version: '0.1.0',
      api: '^1.0.0',
      attaches: { output: attach(HOOK_OUTPUT, 0, '^1.0') },
      create: () => ({
        handlers: {
          output: (): Verdict => {
            if (!fails) return PASS;
            fails = false;
            throw new Error('the hook fails');
          },
        },
      }),
    });
    const lab = new Lab({ plugins: [hook] });
    lab.listen();
    for (const from of [5001, 5002, 5003]) lab.arrive('S', { from, seq: from, options: mss(1000) });
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 5003', 'S. 0:0(0) ack 5004']);
    expect(lab.stack.faults).to.deep.equal({ '@example/failing-hook': 1 });
    lab.advance(1_100_000);
    expect(lab.sent()).to.include('S. 0:0(0) ack 5002');
  });

  it('resets a wrong ACK in SYN-RECEIVED, and ends at a RST in the right place [§3.10.7.4]', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.in('S');
    lab.sent();
    lab.in('.', { seq: 1, ack: 77 });
    expect(lab.sent()).to.deep.equal(['R 77:77(0)']);
    lab.in('R', { seq: 1 });
    lab.in('.', { seq: 1, ack: 1 });
    expect(lab.sent()).to.deep.equal(['R 1:1(0)']);
    expect(listener.accept()).to.equal(-11);
    expect(lab.counters()).to.include({ attemptFails: 1, embryonicRsts: 1 });
  });

  it('ignores RST, resets ACK, ignores the rest in LISTEN', () => {
    const lab = new Lab();
    lab.listen();
    lab.in('R');
    lab.in('R.', { ack: 5 });
    expect(lab.sent()).to.deep.equal([]);
    lab.in('.', { seq: 5, ack: 5 });
    expect(lab.sent()).to.deep.equal(['R 5:5(0)']);
  });

  it('drops SYNs when the accept queue is full, as Linux', () => {
    const lab = new Lab();
    const listener = lab.listen(1);
    for (const from of [6000, 6001]) {
      lab.in('S', { from });
      lab.sent();
      lab.in('.', { from, seq: 1, ack: 1 });
    }
    lab.in('S', { from: 6002 });
    expect(lab.sent()).to.deep.equal([]);
    expect(lab.counters()).to.include({ listenOverflows: 1, listenDrops: 1 });
    expect(listener.accept()).to.not.be.a('number');
    lab.in('S', { from: 6002 });
    expect(lab.sent()).to.deep.equal(['S. 0:0(0) ack 1']);
  });

  it('resets what nobody will accept when the listener closes', () => {
    const lab = new Lab();
    const listener = lab.listen();
    lab.in('S');
    lab.sent();
    lab.in('.', { seq: 1, ack: 1 });
    listener.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['R. 1:1(0) ack 1']);
    lab.in('S', { from: 7000 });
    expect(lab.sent().map((text) => text.slice(0, 2))).to.deep.equal(['R.']);
  });
});
