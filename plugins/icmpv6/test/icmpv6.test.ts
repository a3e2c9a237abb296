import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, Simulation } from '@protoloom/sim';
import { expect } from 'chai';
import { TunHost } from './host.js';
import { address, checksum, count, icmp6, ip6, OURS, THEIRS, udp6 } from './packets.js';

const ALL_NODES = address([0xff, 2], 1);
const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
const echo = (data: readonly number[] = count(20), header = {}): number[] => icmp6(128, 0, [0x12, 0x34, 0, 7, ...data], header);
const typeAndCode = (packet: Uint8Array | undefined): number[] => (packet === undefined ? [] : [...packet.subarray(40, 42)]);
/** Whether the checksum of what was sent holds. */
function expectSummed(packet: Uint8Array): void {
  expect(checksum(58, [...packet.subarray(40)], [...packet.subarray(8, 24)], [...packet.subarray(24, 40)])).to.equal(0);
}

describe('ICMPv6 echo [RFC 4443 §4.1, §4.2]', () => {
  it('is answered from the address that was asked, with its identifier, number, data and traffic class', () => {
    const host = new TunHost();
    host.stack.address.add('tun0', '2001:db8::77/64');
    const asked = address([0x20, 1, 0x0d, 0xb8], 0x77);
    host.receive(echo(count(21), { destination: asked, trafficClass: 0xb8 }));
    const [reply, ...more] = host.sent();
    expect(more).to.deep.equal([]);
    expect([...(reply as Uint8Array).subarray(8, 40)]).to.deep.equal([...asked, ...THEIRS]);
    expect(typeAndCode(reply)).to.deep.equal([129, 0]);
    expect([...(reply as Uint8Array).subarray(44)]).to.deep.equal([0x12, 0x34, 0, 7, ...count(21)]);
    // Its flow label follows.
    expect([...(reply as Uint8Array).subarray(0, 2)].map((octet, i) => (i === 0 ? octet : octet & 0xf0))).to.deep.equal([0x6b, 0x80]);
    expectSummed(reply as Uint8Array);
    expect(host.counts('icmpv6')).to.deep.equal({ inMsgs: 1, inEchos: 1, replied: 1, outMsgs: 1, outEchoReplies: 1 });
  });

  it('to a group is answered from an address of ours, unless echo_ignore_multicast', () => {
    for (const [ignore, replies] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const host = new TunHost({ 'net.ipv6.icmp.echo_ignore_multicast': ignore });
      host.receive(echo([], { destination: ALL_NODES }));
      const sent = host.sent();
      expect(sent.map((packet) => [...packet.subarray(8, 24)])).to.deep.equal(new Array(replies).fill(OURS));
    }
  });

  const left: readonly (readonly [string, number[], Record<string, number>, Record<string, number>])[] = [
    ['with echo_ignore_all', echo(), { 'net.ipv6.icmp.echo_ignore_all': 1 }, { inEchos: 1, ignored: 1 }],
    ['with a bad checksum [RFC 4443 §2.3]', ip6([128, 0, 1, 2, 0, 1, 0, 1], { next: 58 }), {}, { checksum: 1 }],
    ['shorter than its header [RFC 4443 §2.4 (d)]', icmp6(128, 0, [1, 2]), {}, { inEchos: 1, malformed: 1 }],
    ['of an informational type that nobody knows [RFC 4443 §2.4 (b)]', icmp6(200, 0, [0, 0, 0, 0]), {}, { unknownType: 1 }],
    ['that is a reply nobody waits for', icmp6(129, 0, [0, 1, 0, 1]), {}, { inEchoReplies: 1, ignored: 1 }],
  ];
  for (const [what, packet, sysctls, counts] of left) {
    it(`is left ${what}`, () => {
      const host = new TunHost(sysctls);
      host.receive(packet);
      expect(host.sent()).to.deep.equal([]);
      expect(host.counts('icmpv6')).to.deep.equal({ inMsgs: 1, ...counts });
    });
  }
});

describe('ICMPv6 errors that are sent [RFC 4443 §2.4]', () => {
  const nobody = (header = {}): number[] => udp6(7000, 4242, count(1400), header);

  it('quote as much as fits into 1280 octets, from the address that was hit [RFC 4443 §2.4 (c), §2.2]', () => {
    const host = new TunHost();
    host.receive(nobody());
    const [error] = host.sent() as [Uint8Array];
    expect(error.length).to.equal(1280);
    expect(typeAndCode(error)).to.deep.equal([1, 4]);
    expect([...error.subarray(8, 24)]).to.deep.equal(OURS);
    expect([...error.subarray(48)]).to.deep.equal(nobody().slice(0, 1280 - 48));
    expectSummed(error);
    expect(host.counts('icmpv6')).to.deep.equal({ outMsgs: 1, outDestUnreachs: 1 });
  });

  it('point at a next header that nobody knows [RFC 8200 §4, RFC 4443 §3.4]', () => {
    const host = new TunHost();
    host.receive(ip6([1, 2, 3]));
    const [error] = host.sent() as [Uint8Array];
    expect(typeAndCode(error)).to.deep.equal([4, 1]);
    expect([...error.subarray(44, 48)]).to.deep.equal(u32(6));
    expect(host.counts('ipv6')).to.include({ inReceives: 1, unknownProtocol: 1 });
  });

  /** Behind destination options, which hide nothing. */
  const behindOptions = (message: readonly number[]): number[] => ip6([58, 0, 1, 4, 0, 0, 0, 0, ...message], { next: 60 });
  const error = [1, 4, 0, 0, 0, 0, 0, 0, ...udp6(1, 2, [])];
  const forbidden: readonly (readonly [string, readonly number[]])[] = [
    ['an ICMPv6 error (e.1)', behindOptions(error)],
    ['a redirect (e.2)', behindOptions([137, 0, 0, 0, ...count(36)])],
    ['what cannot be seen to be no error (e.1)', behindOptions([])],
    ['a group (e.3)', ip6(count(8), { destination: ALL_NODES })],
    ['a source of a subnet’s routers (e.6)', nobody({ source: address([0x20, 1, 0x0d, 0xb8], 0) })],
    ['a source of zero (e.6)', nobody({ source: address([], 0) })],
  ];
  for (const [what, packet] of forbidden) {
    it(`are never sent about ${what}`, () => {
      const host = new TunHost();
      host.receive(packet);
      expect(host.sent()).to.deep.equal([]);
      expect(host.stack.conservation()).to.deep.equal({ received: 1, made: 0, fates: 1, inHand: 0 });
    });
  }

  it('are never sent about a group or a broadcast of the link, whatever the address in the packet (e.4), (e.5)', () => {
    for (const [to, errors] of [
      ['own', 1],
      [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0],
      [[0x33, 0x33, 0, 0, 0, 1], 0],
    ] as const) {
      const sim = new Simulation(3);
      const stack = sim.host({ plugins: linuxHost, sysctls: { 'net.ipv6.conf.default.addr_gen_mode': 1 } });
      const device = sim.device();
      const sent: Uint8Array[] = [];
      stack.link.add(device);
      stack.link.up('eth0');
      stack.address.add('eth0', '2001:db8::2/64', { noDad: true });
      stack.neighbour.add('eth0', '2001:db8::1', '02:00:00:00:00:99');
      sim.advance(3_000_000);
      device.onFrame = ({ bytes }) => void sent.push(bytes);
      const header = [...(to === 'own' ? (device.address as Uint8Array) : to), 2, 0, 0, 0, 0, 0x99, 0x86, 0xdd];
      device.arrive(plainFrame(Uint8Array.from([...header, ...nobody()])));
      sim.advance(10);
      expect(sent).to.have.length(errors);
    }
  });

  it('are sent to anycast addresses with error_anycast_as_unicast (e.6)', () => {
    const host = new TunHost({ 'net.ipv6.icmp.error_anycast_as_unicast': 1 });
    host.receive(nobody({ source: address([0x20, 1, 0x0d, 0xb8], 0) }));
    expect(host.sent().map(typeAndCode)).to.deep.equal([[1, 4]]);
  });

  it('are limited for each destination, and come back with time (f)', () => {
    const host = new TunHost({ 'net.ipv6.icmp.ratelimit': 1000 });
    const errors = (): number => {
      for (let i = 0; i < 20; i++) host.receive(nobody());
      return host.sent().length;
    };
    expect(errors()).to.equal(6);
    expect(host.counts('icmpv6')['outRateLimitHost']).to.equal(14);
    // A /64's limit is a quarter of what the sysctl says.
    host.sim.advance(250_000);
    expect(errors()).to.equal(1);
  });

  it('are limited for all destinations of both families together (f)', () => {
    const host = new TunHost({ 'net.ipv4.icmp_msgs_burst': 3, 'net.ipv4.icmp_msgs_per_sec': 1 });
    for (let i = 10; i < 30; i++) host.receive(nobody({ source: address([0x20, 1, 0x0d, 0xb8], i) }));
    expect(host.sent()).to.have.length(3);
    expect(host.counts('icmpv6')['outRateLimitGlobal']).to.equal(17);
    expect(host.stack.counters.mib()['Icmp.OutRateLimitGlobal']).to.equal(17);
  });

  it('are not limited where the mask leaves their type out (f)', () => {
    const host = new TunHost({ 'net.ipv6.icmp.ratelimit': 1000, 'net.ipv6.icmp.ratemask': '0,2-127' });
    for (let i = 0; i < 20; i++) host.receive(nobody());
    expect(host.sent()).to.have.length(20);
    expect(host.stack.sysctl.text('net.ipv6.icmp.ratemask')).to.equal('0,2-127');
    expect(() => host.stack.sysctl.set('net.ipv6.icmp.ratemask', '3-256')).to.throw(/types from 0 to 255/);
  });
});

describe('ICMPv6 errors that come in [RFC 4443 §2.4 (d)]', () => {
  /** A socket at 5000, connected to port 9 of the peer's, and what its datagrams look like. */
  const connected = async (host: TunHost) => {
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    await socket.bind({ port: 5000 });
    await socket.connect({ address: '2001:db8::1', port: 9 });
    return socket;
  };
  const quoted = udp6(5000, 9, [1], { source: OURS, destination: THEIRS });
  const inOptions = ip6([17, 0, 1, 4, 0, 0, 0, 0, ...quoted.slice(40)], { source: OURS, destination: THEIRS, next: 60 });

  for (const [what, packet, code] of [
    ['port unreachable', icmp6(1, 4, [0, 0, 0, 0, ...quoted]), 'ECONNREFUSED'],
    ['port unreachable, the datagram behind options', icmp6(1, 4, [0, 0, 0, 0, ...inOptions]), 'ECONNREFUSED'],
    ['prohibited', icmp6(1, 1, [0, 0, 0, 0, ...quoted]), 'EACCES'],
    ['a code of destination unreachable that nobody knows', icmp6(1, 99, [0, 0, 0, 0, ...quoted]), 'EPROTO'],
    ['parameter problem', icmp6(4, 1, [0, 0, 0, 6, ...quoted]), 'EPROTO'],
    ['packet too big', icmp6(2, 0, [...u32(1300), ...quoted]), 'EMSGSIZE'],
  ] as const) {
    it(`reach the socket whose datagram they quote: ${what}`, async () => {
      const host = new TunHost();
      const socket = await connected(host);
      host.receive(packet);
      expect(host.counts('icmpv6')).to.include({ inMsgs: 1, inErrors: 1 });
      const error: unknown = await socket.recv().catch((reason: unknown) => reason);
      expect(String(error)).to.contain(code);
    });
  }

  it('of a type that nobody knows reach the transport as well [RFC 4443 §2.4 (a)]', () => {
    const host = new TunHost();
    host.receive(icmp6(100, 0, [0, 0, 0, 0, ...quoted]));
    expect(host.counts('icmpv6')).to.deep.equal({ inMsgs: 1, inErrors: 1 });
  });

  it('are not believed when they quote too little, and found nowhere when they quote another’s', () => {
    const host = new TunHost();
    host.receive(icmp6(1, 4, [0, 0, 0, 0, ...quoted.slice(0, 47)]));
    host.receive(icmp6(1, 4, [0, 0, 0, 0, ...inOptions.slice(0, 41)]));
    host.receive(icmp6(1, 4, [0, 0, 0, 0, ...ip6(count(8), { source: OURS, destination: THEIRS, next: 99 })]));
    expect(host.counts('icmpv6')).to.deep.equal({ inMsgs: 3, inDestUnreachs: 3, malformed: 2, inErrors: 1 });
    expect(host.counts('ip')).to.deep.equal({ errorsUnclaimed: 1 });
  });
});

describe('path MTU discovery over IPv6 [RFC 8201]', () => {
  const datagram = async (host: TunHost, octets: number, to = '2001:db8::1'): Promise<unknown> => {
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    await socket.connect({ address: to, port: 9 });
    return socket.send(new Uint8Array(octets)).catch((error: unknown) => String(error));
  };
  const tooBig = (mtu: number, code = 0, source = OURS, destination = THEIRS): number[] => {
    const reply = icmp6(129, 0, [0x12, 0x34, 0, 7, ...count(1400)], { source, destination });
    return icmp6(2, code, [...u32(mtu), ...reply.slice(0, 1200)]);
  };

  it('learns from an echo reply of ours that was too big [RFC 8201 §5.2]', async () => {
    const host = new TunHost();
    expect(await datagram(host, 1400)).to.equal(1400);
    host.receive(tooBig(1300));
    expect(host.stack.counters.mib()['Icmp6.InPktTooBigs']).to.equal(1);
    host.sent();
    host.receive(echo(count(1400)));
    const whole = host.sent().filter((packet) => packet.length > 1300);
    expect(whole).to.deep.equal([]);
  });

  /** What leaves of a datagram of 1400 octets: the lengths of its packets. */
  const lengths = async (host: TunHost, to = '2001:db8::1'): Promise<number[]> => {
    host.sent();
    await datagram(host, 1400, to);
    return host.sent().map((packet) => packet.length);
  };
  const WHOLE = [1448];
  /** The most that fits, by eight octets, and the rest. */
  const CUT = [1296, 208];

  for (const [what, message, expected] of [
    ['an MTU below the path’s', tooBig(1300), CUT],
    ['a code that is not 0: whatever it is [RFC 4443 §3.2]', tooBig(1300, 9), CUT],
    ['an MTU above the path’s: it is no discovery [RFC 8201 §4]', tooBig(1600), WHOLE],
    ['an MTU below 1280 [RFC 8201 §4]', tooBig(1279), WHOLE],
    ['a bad checksum [RFC 4443 §2.3]', tooBig(1300).with(-1, 0xaa), WHOLE],
    ['the quotation of another host’s packet [RFC 8201 §4]', tooBig(1300, 0, THEIRS, OURS), WHOLE],
    ['the quotation of a packet to somebody else [RFC 8201 §4]', tooBig(1300, 0, OURS, address([0x20, 1, 0x0d, 0xb8], 9)), WHOLE],
  ] as const) {
    it(`learns, or does not, from a report with ${what}`, async () => {
      const host = new TunHost();
      host.receive(message);
      expect(await lengths(host)).to.deep.equal(expected);
    });
  }

  it('goes down step by step, never up before the time [RFC 8201 §4]', async () => {
    const host = new TunHost();
    for (const [mtu, longest] of [
      [1400, 1400],
      [1300, 1296],
      [1400, 1296],
    ] as const) {
      host.receive(tooBig(mtu));
      expect((await lengths(host))[0]).to.equal(longest);
    }
  });

  it('forgets after mtu_expires, ten minutes, and tries what is longer again [RFC 8201 §4]', async () => {
    const host = new TunHost();
    host.receive(tooBig(1300));
    host.sim.advance(599_000_000);
    expect(await lengths(host)).to.deep.equal(CUT);
    host.sim.advance(1_000_000);
    expect(await lengths(host)).to.deep.equal(WHOLE);
  });

  it('learns of the way to a group, which many routers may tell of [RFC 8201 §5.2]', async () => {
    const host = new TunHost();
    const group = address([0xff, 0x0e], 0x77);
    host.stack.route.add({ destination: 'ff00::/8', iface: 'tun0' });
    host.receive(tooBig(1400, 0, OURS, group));
    host.receive(tooBig(1300, 0, OURS, group));
    expect(await lengths(host, 'ff0e::77')).to.deep.equal(CUT);
  });

  it('does not believe an MTU below 1280 [RFC 8201 §4]', async () => {
    const host = new TunHost();
    host.receive(tooBig(1279));
    expect(host.counts('icmpv6')).to.deep.equal({ inMsgs: 1, inPktTooBigs: 1, smallMtu: 1 });
    expect(await datagram(host, 1400)).to.equal(1400);
  });
});
