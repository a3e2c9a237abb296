import { IP_MTU_DISCOVER, IP_OPTIONS, IP_PMTUDISC_DO, IP_RECVTOS, IP_RECVTTL, IP_TOS, IP_TTL } from '@protoloom/contracts/ipv4';
import { AF_INET, SO_BROADCAST, SOCK_DGRAM, SOL_SOCKET } from '@protoloom/contracts/socket';
import { ethernet, FrameHost, icmp, ip4, PEER, udp } from '@protoloom/frames';
import { wire } from '@protoloom/ipv4';
import { expect } from 'chai';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i & 0xff);
const changed = (packet: readonly number[], at: number, value: number): number[] => packet.map((octet, i) => (i === at ? value : octet));
const echo = icmp(8, 0, [0, 1, 0, 1], count(64));
/** The ICMP message alone, cut into fragments of an IPv4 datagram. */
const message = echo.slice(20);
const piece = (from: number, to: number, more: boolean, id = 5, tos = 0): readonly number[] =>
  ip4(1, message.slice(from, to), { id, fragment: (more ? 0x2000 : 0) | (from / 8), tos });

describe('receiving IPv4', () => {
  const cases: readonly (readonly [string, readonly number[], Record<string, number>])[] = [
    ['a version other than 4 [RFC 1122 §3.2.1.1]', changed(echo, 0, 0x55), { malformed: 1 }],
    ['a header shorter than 20 octets [RFC 791 §3.1]', changed(echo, 0, 0x44), { malformed: 1 }],
    ['a bad checksum [RFC 1122 §3.2.1.2]', changed(echo, 8, 9), { checksum: 1, inNoEctPkts: 1 }],
    ['more octets promised than there are [RFC 791 §3.1]', ip4(1, message).slice(0, 60).concat([]), { truncated: 1, inNoEctPkts: 1 }],
    ['a source of ours [RFC 1122 §3.2.1.3]', ip4(1, message, { source: [10, 0, 0, 2] }), { martianSource: 1, inNoEctPkts: 1 }],
    ['a source that is a group [RFC 1122 §3.2.1.3]', ip4(1, message, { source: [224, 0, 0, 5] }), { martianSource: 1, inNoEctPkts: 1 }],
    [
      'a loopback source from a wire [RFC 1122 §3.2.1.3]',
      ip4(1, message, { source: [127, 0, 0, 1] }),
      { martianSource: 1, inNoEctPkts: 1 },
    ],
    [
      'a loopback destination from a wire [RFC 1122 §3.2.1.3]',
      ip4(1, message, { destination: [127, 0, 0, 1] }),
      { martianDestination: 1, inNoEctPkts: 1 },
    ],
    ['another host’s address [RFC 1122 §3.3.1]', ip4(1, message, { destination: [10, 0, 0, 7] }), { notForUs: 1, inNoEctPkts: 1 }],
    [
      'a group that nobody has joined [RFC 1112 §7.2]',
      ip4(1, message, { destination: [239, 1, 2, 3] }),
      { notMember: 1, inNoEctPkts: 1, inMcastPkts: 1 },
    ],
    [
      'a loose source route [RFC 7126 §4.3]',
      ip4(1, message, { options: [131, 7, 4, 10, 0, 0, 9, 0] }),
      { sourceRouted: 1, inNoEctPkts: 1 },
    ],
  ];
  for (const [what, packet, expected] of cases) {
    it(`drops ${what}, and counts it once`, () => {
      const host = new FrameHost();
      host.frame(ethernet(host.mac, 0x0800, packet, false));
      const counts = host.counts('ipv4');
      const octets = counts['inOctets'];
      expect(octets).to.equal(packet.length);
      delete counts['inOctets'];
      delete counts['inMcastOctets'];
      expect(counts).to.deep.equal({ inReceives: 1, ...expected });
      expect(host.sent()).to.deep.equal([]);
      expect(host.stack.conservation()).to.deep.equal({ received: 1, made: 0, fates: 1, inHand: 0 });
    });
  }

  it('leaves padding aside, and does not look at the TTL of what is ours [RFC 894, RFC 1122 §3.2.1.7]', () => {
    const host = new FrameHost();
    host.receive(icmp(8, 0, [0, 1, 0, 1], [1], { ttl: 0 }));
    const [reply] = host.sent();
    expect(view(reply as Uint8Array).getUint16(2)).to.equal(29);
  });

  it('answers bad options with Parameter Problem and a pointer [RFC 1122 §3.2.2.5]', () => {
    const host = new FrameHost();
    host.receive(ip4(1, message, { options: [7, 1, 0, 0] }));
    const [error] = host.sent();
    expect([...(error as Uint8Array).subarray(20, 25)].filter((_, i) => i !== 2 && i !== 3)).to.deep.equal([12, 0, 20]);
  });

  it('answers an unknown protocol with Protocol Unreachable [RFC 1122 §3.2.2.1]', () => {
    const host = new FrameHost();
    host.receive(ip4(200, [1, 2, 3, 4]));
    const [error] = host.sent();
    expect([...(error as Uint8Array).subarray(20, 22)]).to.deep.equal([3, 2]);
    expect(host.stack.counters.mib()).to.include({ 'Ip.InUnknownProtos': 1, 'Ip.InDelivers': 0 });
  });
});

describe('reassembly [RFC 791 §3.2]', () => {
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [2, 0, 1],
  ];
  const parts = [piece(0, 24, true), piece(24, 48, true), piece(48, message.length, false)];
  for (const order of orders) {
    it(`puts fragments together in the order ${order.join(', ')}`, () => {
      const host = new FrameHost();
      for (const i of order) host.receive(parts[i] as readonly number[]);
      const [reply] = host.sent();
      expect([...(reply as Uint8Array).subarray(24)]).to.deep.equal(message.slice(4));
      expect(host.stack.counters.mib()).to.include({ 'Ip.ReasmReqds': 3, 'Ip.ReasmOKs': 1, 'Ip.ReasmFails': 0 });
      expect(host.stack.packetsInHand).to.equal(0);
    });
  }

  it('passes over exact duplicates, and gives up at an overlap [RFC 5722]', () => {
    const host = new FrameHost();
    host.receive(piece(0, 24, true));
    host.receive(piece(0, 24, true));
    expect(host.counts('ipv4')['fragmentDuplicate']).to.equal(1);
    host.receive(piece(16, 40, true));
    expect(host.counts('ipv4')).to.include({ fragmentRefused: 1, reasmFails: 1 });
    expect(host.stack.packetsInHand).to.equal(0);
  });

  it('sends Time Exceeded code 1 after ipfrag_time, where the first fragment is there [RFC 1122 §3.3.2]', () => {
    const host = new FrameHost();
    host.receive(piece(0, 24, true, 1));
    host.receive(piece(24, 48, true, 2));
    host.sim.advance(29_000_000);
    expect(host.sent()).to.deep.equal([]);
    host.sim.advance(2_000_000);
    const errors = host.sent();
    expect(errors).to.have.length(1);
    expect([...(errors[0] as Uint8Array).subarray(20, 22)]).to.deep.equal([11, 1]);
    expect(host.stack.counters.mib()).to.include({ 'Ip.ReasmTimeout': 2, 'Ip.ReasmFails': 2 });
    expect(host.stack.packetsInHand).to.equal(0);
  });

  it('holds no more than ipfrag_high_thresh, the oldest making room', () => {
    const host = new FrameHost({ 'net.ipv4.ipfrag_high_thresh': 20_000, 'net.ipv4.ipfrag_low_thresh': 10_000 });
    for (let id = 0; id < 200; id++) host.receive(piece(0, 24, true, id));
    expect(host.stack.packetsInHand).to.be.below(45);
    expect(host.counts('ipv4')['reasmFails']).to.be.greaterThan(150);
  });

  it('merges ECN: CE wins, Not-ECT mixed with ECT is dropped [RFC 3168 §5.3]', () => {
    const host = new FrameHost();
    host.receive(piece(0, 24, true, 1, 2));
    host.receive(piece(24, message.length, false, 1, 3));
    expect(host.sent()).to.have.length(1);
    host.receive(piece(0, 24, true, 2, 2));
    host.receive(piece(24, message.length, false, 2, 0));
    expect(host.sent()).to.have.length(0);
    expect(host.counts('ipv4')['reasmFails']).to.equal(1);
  });
});

describe('sending IPv4', () => {
  async function socket(host: FrameHost) {
    const made = host.stack.socket(AF_INET, SOCK_DGRAM);
    await made.bind({ port: 5000 });
    await made.connect({ address: PEER.join('.'), port: 9 });
    return made;
  }

  it('has TTL 64, DF and no options by default; and what the socket says [RFC 1122 §4.1.4]', async () => {
    const host = new FrameHost();
    const made = await socket(host);
    await made.send('a');
    made.setsockopt(0, IP_TTL, 7);
    made.setsockopt(0, IP_TOS, 0x28);
    made.setsockopt(0, IP_OPTIONS, Uint8Array.of(148, 4, 0, 0));
    await made.send('b');
    const [first, second] = host.sent().map((packet) => view(packet));
    const fields = (v: DataView | undefined) =>
      v === undefined ? [] : [wire.ttl(v, 0), wire.trafficClass(v, 0), wire.fragment(v, 0), wire.headerBytes(v, 0)];
    expect(fields(first)).to.deep.equal([64, 0, wire.DF, 20]);
    expect(fields(second)).to.deep.equal([7, 0x28, wire.DF, 24]);
    expect(() => made.setsockopt(0, IP_TTL, 256)).to.throw('EINVAL');
  });

  it('fragments what is longer than the MTU on multiples of eight, options by their copied flag [RFC 791 §3.2]', async () => {
    const host = new FrameHost({}, 600);
    const made = await socket(host);
    made.setsockopt(0, IP_OPTIONS, Uint8Array.of(148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0));
    await made.send(new Uint8Array(1500));
    const pieces = host.sent();
    expect(pieces.map((packet) => packet.length <= 600)).to.deep.equal([true, true, true]);
    let next = 0;
    for (const [i, packet] of pieces.entries()) {
      const v = view(packet);
      const header = wire.headerBytes(v, 0);
      expect(wire.checksumHolds(v, 0, header)).to.equal(true);
      expect(wire.offsetBytes(v, 0)).to.equal(next);
      expect((wire.fragment(v, 0) & wire.MF) !== 0).to.equal(i < pieces.length - 1);
      // Router Alert is copied, Record Route is not.
      expect([packet[20], packet[24]]).to.deep.equal(i === 0 ? [148, 7] : [148, 1]);
      next += packet.length - header;
    }
    expect(next).to.equal(1508);
    expect(new Set(pieces.map((packet) => wire.identification(view(packet), 0))).size).to.equal(1);
    expect(host.stack.counters.mib()).to.include({ 'Ip.FragOKs': 1, 'Ip.FragCreates': 3, 'Ip.FragFails': 0 });
  });

  it('refuses it with EMSGSIZE where it must not be fragmented [RFC 1191]', async () => {
    const host = new FrameHost({}, 600);
    const made = await socket(host);
    made.setsockopt(0, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    const error: unknown = await made.send(new Uint8Array(1500)).catch((reason: unknown) => reason);
    expect(String(error)).to.contain('EMSGSIZE');
    expect(host.counts('ipv4')).to.include({ fragFails: 1 });
  });

  it('gives different identifications to datagrams that may be fragmented [RFC 6864 §4.3]', async () => {
    const host = new FrameHost({}, 600);
    const made = await socket(host);
    for (let i = 0; i < 5; i++) await made.send(new Uint8Array(700));
    expect(new Set(host.sent().map((packet) => wire.identification(view(packet), 0))).size).to.equal(5);
  });

  it('tells TTL and TOS of what came, where they are asked for', async () => {
    const host = new FrameHost();
    const made = await socket(host);
    made.setsockopt(0, IP_RECVTTL, 1);
    made.setsockopt(0, IP_RECVTOS, 1);
    host.receive(udp(9, 5000, [1], { ttl: 33, tos: 0x20 }));
    const { controls } = await host.sim.run(made.recvmsg());
    expect(controls.map(({ value }) => value)).to.have.members([33, 0x20]);
  });

  it('loops a broadcast back to whoever is bound here', async () => {
    const host = new FrameHost();
    const made = host.stack.socket(AF_INET, SOCK_DGRAM);
    await made.bind({ port: 67 });
    made.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    await made.sendto('all', { address: '10.0.0.255', port: 67 });
    expect(Buffer.from((await host.sim.run(made.recvfrom())).data).toString()).to.equal('all');
    expect(host.sent()).to.have.length(1);
  });
});
