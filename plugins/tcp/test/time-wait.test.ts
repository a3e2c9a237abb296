// What is left of a connection: TIME-WAIT, RFC 9293 §3.3.2, RFC 6191 (reuse), RFC 1337 (resets), with Linux's limits.
import { type Endpoint, SHUT_WR, SO_REUSEADDR, SOL_SOCKET } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { type In, Lab, mss, timestamps } from './lab.js';

const PEER = 0xc000_0202;
const EADDRNOTAVAIL = -99;
const EADDRINUSE = -98;
const EINPROGRESS = -115;

/** Linux's tcp_tw_reuse_delay, and the step that it puts between the old numbers and the new. */
const DELAY_US = 1_000_000;
const STEP = 65_537;

/** We have opened, sent nothing, and closed first; the peer has closed too. Its timestamps count from 1000 on. */
function remains(sysctls: Readonly<Record<string, number>> = {}, stamped = true): { lab: Lab; port: number } {
  const lab = new Lab({ options: stamped, sysctls });
  const options = (val: number): Pick<In, 'options'> => (stamped ? { options: timestamps(val, lab.tsVal) } : {});
  const endpoint = lab.connect();
  lab.sent();
  lab.in('S.', { ack: 1, options: stamped ? [...mss(1460), ...timestamps(1000, lab.tsVal)] : mss(1460) });
  endpoint.shutdown(SHUT_WR);
  lab.advance(0);
  lab.sent();
  lab.in('F.', { seq: 1, ack: 2, ...options(1001) });
  lab.sent();
  return { lab, port: lab.port };
}

/** A connect() from that local port, chosen by bind() or by the stack, which has no other. */
function again(lab: Lab, port: number, how: 'bound' | 'chosen'): number {
  const endpoint = lab.open();
  if (how === 'bound') {
    lab.sockets.setOption(endpoint, SOL_SOCKET, SO_REUSEADDR, 1);
    expect(endpoint.bind(lab.address(port, 0))).to.equal(0);
  } else {
    lab.stack.sysctl.set('net.ipv4.ip_local_port_range', `${port} ${port + 1}`);
    lab.stack.sysctl.set('net.ipv4.ip_local_reserved_ports', `${port + 1}`);
  }
  const result = (endpoint as Endpoint).connect(lab.address(lab.peerPort, PEER));
  lab.advance(0);
  return result;
}

describe('TIME-WAIT gives way to a connection of ours [RFC 6191 §2]', () => {
  it('tcp_tw_reuse 1: after tcp_tw_reuse_delay, with numbers beyond those of the old connection', () => {
    const { lab, port } = remains({ 'net.ipv4.tcp_tw_reuse': 1 });
    const { iss } = lab;
    lab.advance(DELAY_US);
    expect(again(lab, port, 'chosen')).to.equal(EADDRNOTAVAIL);
    lab.advance(1);
    expect(again(lab, port, 'chosen')).to.equal(EINPROGRESS);
    expect(lab.sent()).to.have.length(1);
    expect((lab.iss - (iss + 2)) | 0).to.equal(STEP);
    expect(lab.counters()).to.include({ twReused: 1 });
  });

  it('the delay is tcp_tw_reuse_delay', () => {
    const { lab, port } = remains({ 'net.ipv4.tcp_tw_reuse': 1, 'net.ipv4.tcp_tw_reuse_delay': 5 });
    lab.advance(5001);
    expect(again(lab, port, 'chosen')).to.equal(EINPROGRESS);
  });

  it('tcp_tw_reuse 0: never; 2, as it is by default: not but within the host', () => {
    for (const reuse of [0, 2]) {
      const { lab, port } = remains({ 'net.ipv4.tcp_tw_reuse': reuse });
      lab.advance(10 * DELAY_US);
      expect(again(lab, port, 'chosen')).to.equal(EADDRNOTAVAIL);
    }
  });

  it('where the user has bound the port: at once, whatever tcp_tw_reuse says', () => {
    const { lab, port } = remains({ 'net.ipv4.tcp_tw_reuse': 0 });
    expect(again(lab, port, 'bound')).to.equal(EINPROGRESS);
  });

  it('not without timestamps: nothing would tell old segments from new', () => {
    for (const how of ['bound', 'chosen'] as const) {
      const { lab, port } = remains({ 'net.ipv4.tcp_tw_reuse': 1 }, false);
      lab.advance(10 * DELAY_US);
      expect(again(lab, port, how)).to.equal(EADDRNOTAVAIL);
    }
  });
});

describe('TIME-WAIT and a SYN of the peer’s [RFC 6191 §2, RFC 1122 §4.2.2.13]', () => {
  /** The peer opened, we closed first; then its SYN. */
  function synAfter(seq: number, before: number | undefined, after: number | undefined): string[] {
    const lab = new Lab({ options: true });
    const stamp = (val: number | undefined): number[] => (val === undefined ? [] : timestamps(val, lab.tsVal));
    const listener = lab.listen();
    lab.in('S', { options: [...mss(1460), ...stamp(before)] });
    lab.sent();
    lab.in('.', { seq: 1, ack: 1, options: stamp(before) });
    (listener.accept() as Endpoint).close();
    lab.advance(0);
    lab.in('F.', { seq: 1, ack: 2, options: stamp(before) });
    lab.sent();
    lab.in('S', { seq, options: [...mss(1460), ...stamp(after)] });
    return lab.sent().map((line) => line.replace(/ .*/, ''));
  }

  it('case: a higher sequence number opens anew', () => {
    expect(synAfter(3, undefined, undefined)).to.deep.equal(['S.']);
    expect(synAfter(3, 1000, 1000)).to.deep.equal(['S.']);
  });
  it('case: a lower one with a later timestamp opens anew', () => {
    expect(synAfter(-1000, 1000, 1001)).to.deep.equal(['S.']);
  });
  it('case: a lower one with the same timestamp, or none, is acknowledged', () => {
    expect(synAfter(-1000, 1000, 1000)).to.deep.equal(['.']);
    expect(synAfter(-1000, undefined, undefined)).to.deep.equal(['.']);
  });
  it('case: an earlier timestamp is acknowledged, whatever its sequence number', () => {
    expect(synAfter(3, 1000, 999)).to.deep.equal(['.']);
  });
});

describe('TIME-WAIT and a RST [RFC 1337 §3]', () => {
  it('ends by it, as on Linux; not where tcp_rfc1337 is set', () => {
    for (const rfc1337 of [0, 1]) {
      const { lab } = remains({ 'net.ipv4.tcp_rfc1337': rfc1337 });
      lab.in('R', { seq: 2 });
      lab.in('F.', { seq: 1, ack: 2, options: timestamps(1002, lab.tsVal) });
      expect(lab.sent()[0]?.[0]).to.equal(rfc1337 ? '.' : 'R');
    }
  });

  it('that is not exactly at RCV.NXT changes nothing [RFC 5961 §3.2]', () => {
    const { lab } = remains();
    lab.in('R', { seq: 3 });
    lab.in('F.', { seq: 1, ack: 2, options: timestamps(1002, lab.tsVal) });
    expect(lab.sent()[0]?.[0]).to.equal('.');
  });
});

describe('tcp_max_tw_buckets', () => {
  it('what there is no room for leaves nothing behind, and is counted', () => {
    const { lab } = remains({ 'net.ipv4.tcp_max_tw_buckets': 0 });
    expect(lab.counters()).to.include({ timeWaitOverflow: 1 });
    lab.in('F.', { seq: 1, ack: 2 });
    expect(lab.sent()[0]?.[0]).to.equal('R');
    expect(lab.stack.snapshot()['@protoloom/tcp']).to.include({ tw: 0, inuse: 0 });
  });
});

/** From so many ports of the peer in turn: a connection that we close first, and after it the peer. */
function many(lab: Lab, count: number, from = 1024): void {
  const listener = lab.listen(4096);
  for (let i = 0; i < count; i++) {
    lab.in('S', { from: from + i, options: mss(1460) });
    lab.sent();
    lab.in('.', { from: from + i, seq: 1, ack: 1 });
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    endpoint.close();
    lab.advance(0);
    lab.in('F.', { from: from + i, seq: 1, ack: 2 });
    lab.sent();
    lab.advance(1000);
  }
  listener.close();
}

describe('TIME-WAITs, thousands of them', () => {
  const COUNT = 2500;
  const inTimeWait = (lab: Lab): unknown => (lab.stack.snapshot()['@protoloom/tcp'] as { tw: number }).tw;

  it('each answers for itself, and ends 2 MSL after it began [RFC 9293 §3.3.2]', () => {
    const lab = new Lab({ sysctls: { 'net.core.somaxconn': 4096 } });
    many(lab, COUNT);
    expect(inTimeWait(lab)).to.equal(COUNT);
    for (const i of [0, 1023, 1024, COUNT - 1]) {
      lab.in('F.', { from: 1024 + i, seq: 1, ack: 2 });
      expect(lab.sent()[0]?.[0], `the FIN of the ${i}th again`).to.equal('.');
    }
    // Those that heard a FIN again have all of their time before them; of the others half are over.
    lab.advance(60_000_000 - (COUNT / 2) * 1000);
    expect(inTimeWait(lab)).to.be.within(COUNT / 2, COUNT / 2 + 4);
    lab.advance(60_000_000);
    expect(inTimeWait(lab)).to.equal(0);
    expect(lab.counters()).to.include({ tw: COUNT });
    many(lab, 1);
    expect(inTimeWait(lab)).to.equal(1);
  });

  it('keep their port from who binds it, but not from SO_REUSEADDR, nor other ports from anybody', () => {
    const lab = new Lab({ sysctls: { 'net.core.somaxconn': 4096 } });
    many(lab, 10);
    const bind = (port: number, reuse: number): number => {
      const endpoint = lab.open();
      lab.sockets.setOption(endpoint, SOL_SOCKET, SO_REUSEADDR, reuse);
      const result = endpoint.bind(lab.address(port, 0));
      endpoint.close();
      return result;
    };
    expect(bind(lab.port, 0)).to.equal(EADDRINUSE);
    expect(bind(lab.port, 1)).to.equal(0);
    expect(bind(lab.port + 1, 0)).to.equal(0);
    lab.stack.sysctl.set('net.ipv4.ip_local_port_range', `${lab.port} ${lab.port + 1}`);
    const chosen = Array.from({ length: 8 }, () => {
      const endpoint = lab.open();
      const result = endpoint.bind(lab.address(0, 0));
      const name = lab.address(0, 0);
      endpoint.localAddress(name);
      endpoint.close();
      return result < 0 ? result : name.port;
    });
    expect([...new Set(chosen)]).to.deep.equal([lab.port + 1]);
    lab.advance(60_000_000);
    expect(bind(lab.port, 0)).to.equal(0);
  });

  it('an address that goes takes its own with it', () => {
    const lab = new Lab();
    many(lab, 3);
    lab.stack.address.remove('tun0', '192.0.2.1');
    expect(inTimeWait(lab)).to.equal(0);
  });
});
