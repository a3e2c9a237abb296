import { AF_INET, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { ethernet, FrameHost, HOST, icmp, ip4, PEER, udp } from '@protoloom/frames';
import { expect } from 'chai';

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i & 0xff);
const typeAndCode = (packet: Uint8Array | undefined): number[] => (packet === undefined ? [] : [...packet.subarray(20, 22)]);
const echo = (fields = {}) => icmp(8, 0, [0x12, 0x34, 0, 7], count(20), fields);

describe('echo [RFC 792, RFC 1122 §3.2.2.6]', () => {
  it('is answered from the address that was asked, with its identifier, number and data', () => {
    const host = new FrameHost();
    host.stack.address.add('eth0', '10.0.0.77/24');
    host.receive(echo({ destination: [10, 0, 0, 77] }));
    const [reply] = host.sent();
    expect([...(reply as Uint8Array).subarray(12, 20)]).to.deep.equal([10, 0, 0, 77, ...PEER]);
    expect(typeAndCode(reply)).to.deep.equal([0, 0]);
    expect([...(reply as Uint8Array).subarray(24)]).to.deep.equal([0x12, 0x34, 0, 7, ...count(20)]);
    expect(host.counts('icmpv4')).to.deep.equal({ inMsgs: 1, inEchos: 1, replied: 1, outMsgs: 1, outEchoReps: 1 });
  });

  it('to everybody is left unanswered unless the sysctl says otherwise', () => {
    const all = [255, 255, 255, 255, 255, 255];
    for (const [ignore, replies] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const host = new FrameHost({ 'net.ipv4.icmp_echo_ignore_broadcasts': ignore });
      host.receive(echo({ destination: [10, 0, 0, 255] }), all);
      expect(host.sent()).to.have.length(replies);
    }
  });

  it('is left unanswered with icmp_echo_ignore_all', () => {
    const host = new FrameHost({ 'net.ipv4.icmp_echo_ignore_all': 1 });
    host.receive(echo());
    expect(host.counts('icmpv4')).to.deep.equal({ inMsgs: 1, inEchos: 1, ignored: 1 });
  });

  it('with a bad checksum is dropped, whatever it is', () => {
    const host = new FrameHost();
    host.receive(ip4(1, [8, 0, 1, 2, 0, 1, 0, 1]));
    expect(host.counts('icmpv4')).to.deep.equal({ inMsgs: 1, checksum: 1 });
  });
});

describe('errors that are sent [RFC 1122 §3.2.2]', () => {
  const nobody = (fields = {}) => udp(7000, 4242, count(1000), fields);

  it('quote as much as fits into 576 octets, from the address that was hit', () => {
    const host = new FrameHost();
    host.receive(nobody());
    const [error] = host.sent();
    expect((error as Uint8Array).length).to.equal(576);
    expect(typeAndCode(error)).to.deep.equal([3, 3]);
    expect([...(error as Uint8Array).subarray(28, 60)]).to.deep.equal(nobody().slice(0, 32));
    expect((error as Uint8Array)[1]).to.equal(0xc0);
  });

  const all = [255, 255, 255, 255, 255, 255];
  const forbidden: readonly (readonly [string, readonly number[], readonly number[] | undefined])[] = [
    ['an ICMP error', icmp(3, 3, [0, 0, 0, 0], udp(1, 2, []).slice(0, 28), { options: [7, 1, 0, 0] }), undefined],
    ['a later fragment', ip4(200, count(16), { fragment: 5 }), undefined],
    ['a broadcast of the network', nobody({ destination: [10, 0, 0, 255] }), undefined],
    ['a broadcast of the link', nobody(), all],
    ['a group', ip4(200, count(8), { destination: [224, 0, 0, 1] }), undefined],
    ['a source of zero', nobody({ source: [0, 0, 0, 0] }), undefined],
  ];
  for (const [what, packet, to] of forbidden) {
    it(`are never sent about ${what}`, () => {
      const host = new FrameHost();
      host.receive(packet, to);
      expect(host.sent()).to.deep.equal([]);
      expect(host.stack.conservation()).to.deep.equal({ received: 1, made: 0, fates: 1, inHand: 0 });
    });
  }

  it('are limited for each destination, and come back with time [RFC 1812 §4.3.2.8]', () => {
    const host = new FrameHost();
    const errors = (): number => {
      for (let i = 0; i < 20; i++) host.receive(nobody());
      return host.sent().length;
    };
    expect(errors()).to.equal(6);
    expect(host.counts('icmpv4')['outRateLimitHost']).to.equal(14);
    host.sim.advance(1_000_000);
    expect(errors()).to.equal(1);
  });

  it('are limited for all destinations together', () => {
    const host = new FrameHost({ 'net.ipv4.icmp_msgs_burst': 3, 'net.ipv4.icmp_msgs_per_sec': 1 });
    for (let i = 10; i < 30; i++) host.frame(ethernet(host.mac, 0x0800, nobody({ source: [10, 0, 0, i] })));
    expect(host.counts('icmpv4')['outRateLimitGlobal']).to.equal(17);
  });
});

describe('errors that come in [RFC 1122 §4.1.3.3]', () => {
  it('reach the connected socket whose datagram they quote, at its next call', async () => {
    const host = new FrameHost();
    const socket = host.stack.socket(AF_INET, SOCK_DGRAM);
    await socket.bind({ port: 5000 });
    await socket.connect({ address: PEER.join('.'), port: 9 });
    const quoted = udp(5000, 9, [1], { source: HOST, destination: PEER });
    host.receive(icmp(3, 3, [0, 0, 0, 0], quoted.slice(0, 28)));
    const error: unknown = await socket.recv().catch((reason: unknown) => reason);
    expect(String(error)).to.contain('ECONNREFUSED');
    expect(host.counts('icmpv4')).to.deep.equal({ inMsgs: 1, inDestUnreachs: 1, inErrors: 1 });
  });

  it('are not believed when they quote too little, and found nowhere when they quote another’s', () => {
    const host = new FrameHost();
    host.receive(icmp(3, 3, [0, 0, 0, 0], udp(1, 2, []).slice(0, 20)));
    host.receive(icmp(3, 3, [0, 0, 0, 0], ip4(99, count(8), { source: HOST, destination: PEER })));
    expect(host.counts('icmpv4')).to.deep.equal({ inMsgs: 2, inDestUnreachs: 2, malformed: 1, inErrors: 1 });
    expect(host.counts('ip')).to.deep.equal({ errorsUnclaimed: 1 });
  });
});
