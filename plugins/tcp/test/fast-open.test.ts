// Fast Open, RFC 7413: what scripts of one conversation cannot tell.
import { IPPROTO_TCP, MSG_FASTOPEN } from '@protoloom/contracts/socket';
import { TCP_FASTOPEN, TCP_METRICS } from '@protoloom/contracts/tcp';
import { expect } from 'chai';
import { Lab, mss } from './lab.js';

const MINUTE_US = 60_000_000;
/** As a server, without cookies. */
const WITHOUT_COOKIES = { 'net.ipv4.tcp_fastopen': 0x202 };

/** A listener that takes text of so many SYNs. */
function listening(most: number): { lab: Lab; listener: ReturnType<Lab['listen']> } {
  const lab = new Lab({ sysctls: WITHOUT_COOKIES });
  const listener = lab.listen();
  expect(lab.sockets.setOption(listener, IPPROTO_TCP, TCP_FASTOPEN, most)).to.equal(0);
  return { lab, listener };
}

/** A SYN with ten octets from a port; how the SYN-ACK goes. */
function syn(lab: Lab, from: number): string {
  lab.in('S', { len: 10, from, options: mss(1000) });
  return lab.sent().join();
}

const WHOLE = 'S. 0:0(0) ack 11';
const ALONE = 'S. 0:0(0) ack 1';

describe('Fast Open, RFC 7413', () => {
  it('beyond the limit of open handshakes the text of a SYN is not taken; one that is over makes room [§5.1]', () => {
    const { lab } = listening(2);
    expect([syn(lab, 5001), syn(lab, 5002), syn(lab, 5003)]).to.deep.equal([WHOLE, WHOLE, ALONE]);
    expect(lab.counters()).to.include({ fastOpenPassive: 2, fastOpenListenOverflow: 1 });
    // The SYN again: the same SYN-ACK, whose number the handshake ends with.
    expect(syn(lab, 5001)).to.equal(WHOLE);
    lab.in('.', { seq: 11, ack: 1, from: 5001 });
    expect(syn(lab, 5005)).to.equal(WHOLE);
  });

  it('a peer that resets what was accepted keeps its place for a minute: spoofed SYNs are answered by such resets [§5.1]', () => {
    const { lab, listener } = listening(1);
    expect(syn(lab, 5001)).to.equal(WHOLE);
    expect(typeof listener.accept()).to.equal('object');
    lab.in('R', { seq: 11, from: 5001 });
    lab.advance(MINUTE_US / 2);
    expect(syn(lab, 5002)).to.equal(ALONE);
    lab.advance(MINUTE_US / 2);
    lab.sent();
    expect(syn(lab, 5003)).to.equal(WHOLE);
  });

  it('a peer that resets what nobody has accepted keeps none', () => {
    const { lab, listener } = listening(1);
    expect(syn(lab, 5001)).to.equal(WHOLE);
    lab.in('R', { seq: 11, from: 5001 });
    expect(syn(lab, 5002)).to.equal(WHOLE);
    // What came before the reset may be read.
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    expect([lab.read(endpoint), lab.read(endpoint)]).to.deep.equal([10, -104]);
  });

  it('a listener that is closed resets what it has opened', () => {
    const { lab, listener } = listening(5);
    syn(lab, 5001);
    listener.close();
    lab.advance(0);
    expect(lab.sent()).to.deep.equal(['R. 1:1(0) ack 11']);
  });

  it('the handshake is given up one SYN-ACK later than without [tcp_synack_retries]', () => {
    const { lab, listener } = listening(5);
    syn(lab, 5001);
    const endpoint = listener.accept();
    if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
    expect(lab.read(endpoint)).to.equal(10);
    lab.advance(200 * 1_000_000);
    expect(lab.sent()).to.have.length(6);
    expect(lab.read(endpoint)).to.equal(-110);
  });

  it('keys: four hexadecimal words each, one key or two, or nothing changes [§4.1.2]', () => {
    const { stack } = new Lab();
    const path = 'net.ipv4.tcp_fastopen_key';
    expect(stack.sysctl.text(path)).to.equal('00000000-00000000-00000000-00000000');
    stack.sysctl.set(path, '1-2-3-4,a-b-c-d');
    expect(stack.sysctl.text(path)).to.equal('00000001-00000002-00000003-00000004,0000000a-0000000b-0000000c-0000000d');
    for (const wrong of ['1-2-3', '1-2-3-4-5', '1-2-3-g', '1-2-3-123456789', '1-2-3-4,1-2-3-4,1-2-3-4', ''])
      expect(() => stack.sysctl.set(path, wrong), wrong).to.throw('four hexadecimal words');
    expect(stack.sysctl.text(path)).to.match(/^00000001-/);
  });

  it('a listener makes a key at random where none was set', () => {
    const lab = new Lab({ sysctls: { 'net.ipv4.tcp_fastopen': 0x402 } });
    lab.listen();
    expect(lab.stack.sysctl.text('net.ipv4.tcp_fastopen_key')).to.not.match(/^0+-0+-0+-0+$/);
  });

  it('remembers a server by both addresses, and forgets it when told [§4.1.3]', () => {
    const lab = new Lab();
    const endpoint = lab.open();
    const message = lab.sockets.message();
    Object.assign(message.address, lab.address(lab.peerPort, 0xc000_0202));
    message.hasAddress = true;
    message.flags = MSG_FASTOPEN;
    expect(endpoint.send(new Uint8Array(10), 0, 10, message)).to.equal(-115);
    lab.advance(0);
    lab.sent();
    expect(lab.options).to.equal('mss 1460,opt 34');
    lab.in('S.', { ack: 1, options: [...mss(1000), 34, 6, 1, 2, 3, 4, 1, 1] });
    const metrics = lab.stack.service(TCP_METRICS);
    const [metric] = metrics.list();
    expect(metric?.peer.join()).to.equal([0, 0, 0xffff, 0xc000_0202 | 0].join());
    expect(metric?.local.join()).to.equal([0, 0, 0xffff, 0xc000_0201 | 0].join());
    expect(metric).to.include({ fastOpenMss: 1000, fastOpenLosses: 0 });
    expect([...(metric?.fastOpenCookie ?? [])]).to.deep.equal([1, 2, 3, 4]);
    expect(metrics.flush(lab.address(0, 0xc000_0203).words)).to.equal(0);
    expect(metrics.flush(lab.address(0, 0xc000_0202).words)).to.equal(1);
    expect(metrics.list()).to.deep.equal([]);
  });
});
