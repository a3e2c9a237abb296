import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { Ip6Host, ip6, TEST_TRANSPORT } from '@protoloom/frames';
import { expect } from 'chai';

const FRAGMENT = 44;
const PLUGIN = '@protoloom/ipv6-fragment';
const payload = Array.from({ length: 64 }, (_, i) => i);
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

interface Piece {
  readonly id?: number;
  readonly next?: number;
  readonly trafficClass?: number;
  readonly source?: readonly number[];
}
const header = (next: number, from: number, more: boolean, id = 7): number[] => [
  next,
  0,
  from >> 8,
  (from & 0xf8) | (more ? 1 : 0),
  0,
  0,
  0,
  id,
];
function piece(from: number, to: number, more: boolean, { id, next = TEST_TRANSPORT, ...fields }: Piece = {}): readonly number[] {
  return ip6([...header(next, from, more, id), ...payload.slice(from, to)], { next: FRAGMENT, ...fields });
}

describe('reassembly over IPv6 [RFC 8200 §4.5]', () => {
  const pieces = [piece(0, 24, true), piece(24, 48, true), piece(48, 64, false)];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    it(`puts fragments together in the order ${order.join(', ')}`, () => {
      const host = new Ip6Host();
      for (const i of order) host.receive(pieces[i] as number[]);
      expect(host.received).to.deep.equal([payload]);
      expect(host.counts(PLUGIN)).to.deep.equal({ held: 3, reassembled: 1 });
      expect(host.stack.counters.mib()['Ip6.ReasmReqds']).to.equal(3);
      expect(host.stack.counters.mib()['Ip6.ReasmOKs']).to.equal(1);
      expect(host.stack.conservation()).to.include({ received: 3, made: 1, fates: 4, inHand: 0 });
    });
  }

  it('keeps the headers in front of the fragment header, and reads those behind it', () => {
    const host = new Ip6Host();
    const padding = (next: number): number[] => [next, 0, 1, 4, 0, 0, 0, 0];
    host.receive(ip6([...padding(FRAGMENT), ...header(60, 0, true), ...padding(TEST_TRANSPORT), 1, 2, 3, 0, 0, 0, 0, 0], { next: 0 }));
    host.receive(ip6([...padding(FRAGMENT), ...header(60, 16, false), 4], { next: 0 }));
    expect(host.received).to.deep.equal([[1, 2, 3, 0, 0, 0, 0, 0, 4]]);
  });

  it('takes the next header from the first fragment, whatever the others say', () => {
    const host = new Ip6Host();
    host.receive(piece(48, 64, false, { next: 59 }));
    host.receive(piece(0, 48, true));
    expect(host.received).to.deep.equal([payload]);
  });

  it('tells packets apart by source, destination and identification', () => {
    const host = new Ip6Host();
    host.receive(piece(0, 24, true, { id: 1 }));
    host.receive(piece(24, 64, false, { id: 2 }));
    host.receive(piece(24, 64, false, { id: 1, source: [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 9] }));
    expect(host.received).to.deep.equal([]);
    host.receive(piece(24, 64, false, { id: 1 }));
    expect(host.received).to.deep.equal([payload]);
  });

  it('takes an exact duplicate for nothing', () => {
    const host = new Ip6Host();
    for (const one of [pieces[0], pieces[0], pieces[1], pieces[1], pieces[2]]) host.receive(one as number[]);
    expect(host.received).to.deep.equal([payload]);
    expect(host.counts(PLUGIN)).to.deep.equal({ held: 3, duplicate: 2, reassembled: 1 });
  });

  it('handles an atomic fragment alone, beside others of its identification [RFC 6946 §4]', () => {
    const host = new Ip6Host();
    host.receive(piece(0, 24, true));
    host.receive(piece(0, 64, false));
    expect(host.received).to.deep.equal([payload]);
    host.receive(piece(24, 64, false));
    expect(host.received).to.deep.equal([payload, payload]);
    expect(host.counts(PLUGIN)).to.deep.equal({ held: 2, atomic: 1, reassembled: 1 });
  });

  it('merges congestion marks, and drops what mixes them with Not-ECT [RFC 3168 §5.3]', () => {
    const host = new Ip6Host();
    host.receive(piece(0, 24, true, { trafficClass: 2 }));
    host.receive(piece(24, 64, false, { trafficClass: 3 }));
    expect(host.received).to.have.length(1);
    host.receive(piece(0, 24, true, { trafficClass: 0 }));
    host.receive(piece(24, 64, false, { trafficClass: 3 }));
    expect(host.received).to.have.length(1);
    expect(host.counts(PLUGIN)).to.include({ reasmFails: 1 });
  });

  it('sends Time Exceeded code 1 after 60 s, where the first fragment is there', () => {
    const host = new Ip6Host();
    host.receive(piece(0, 24, true, { id: 1 }));
    host.receive(piece(24, 64, false, { id: 2 }));
    host.sim.advance(59_900_000);
    expect(host.counts(PLUGIN)).to.deep.equal({ held: 2 });
    host.sim.advance(100_000);
    expect(host.problems).to.deep.equal([['time exceeded 1', 0]]);
    expect(host.counts(PLUGIN)).to.deep.equal({ held: 2, reasmFails: 2, reasmTimeout: 2 });
    expect(host.stack.conservation()).to.include({ inHand: 0 });
  });

  it('holds no more than ip6frag_high_thresh: the oldest go, without traffic of others [RFC 8200 §4.5]', () => {
    const host = new Ip6Host({ sysctls: { 'net.ipv6.ip6frag_high_thresh': 40_000, 'net.ipv6.ip6frag_low_thresh': 20_000 } });
    for (let id = 0; id < 200; id++) host.receive(piece(0, 24, true, { id }));
    const { bytes, datagrams } = (host.stack.snapshot()[PLUGIN] as { reassembly: { bytes: number; datagrams: number } }).reassembly;
    expect(bytes).to.be.below(42_000);
    expect(host.counts(PLUGIN)['reasmFails']).to.equal(200 - datagrams);
    host.receive(piece(24, 64, false, { id: 199 }));
    expect(host.received).to.deep.equal([payload]);
  });
});

describe('fragments that are refused', () => {
  type Problems = (readonly [string, number])[];
  const beyond = (from: number, more: boolean): readonly number[] =>
    ip6([...header(TEST_TRANSPORT, from, more), ...payload], { next: FRAGMENT });
  const cases: readonly (readonly [string, readonly (readonly number[])[], Record<string, number>, Problems])[] = [
    [
      'an overlap, silently, and the packet with it [RFC 5722 §4]',
      [piece(0, 24, true), piece(16, 64, false)],
      { held: 1, overlap: 1, reasmFails: 1 },
      [],
    ],
    [
      'one that covers others, silently, and the packet with it [RFC 5722 §4]',
      [piece(24, 48, true), piece(0, 64, true)],
      { held: 1, overlap: 1, reasmFails: 1 },
      [],
    ],
    [
      'no multiple of eight with more to follow, code 0 at the payload length [RFC 8200 §4.5]',
      [piece(0, 21, true)],
      { badLength: 1 },
      [['parameter problem 0', 4]],
    ],
    [
      'what reaches beyond 65,535 octets, code 0 at the offset [RFC 8200 §4.5]',
      [beyond(65_528, false)],
      { tooLong: 1 },
      [['parameter problem 0', 42]],
    ],
    [
      'a header that is cut short, code 0 at it [Linux]',
      [ip6([TEST_TRANSPORT, 0, 0, 0], { next: FRAGMENT })],
      { truncated: 1 },
      [['parameter problem 0', 40]],
    ],
    ['one without octets [RFC 8200 §4.5]', [piece(24, 24, true)], { invalid: 1, reasmFails: 1 }, []],
    ['one beyond the last [RFC 8200 §4.5]', [piece(24, 48, false), piece(48, 56, true)], { held: 1, invalid: 1, reasmFails: 1 }, []],
    ['a last one before another [RFC 8200 §4.5]', [piece(48, 64, true), piece(24, 32, false)], { held: 1, invalid: 1, reasmFails: 1 }, []],
    ['a second end [RFC 8200 §4.5]', [piece(48, 64, false), piece(40, 48, false)], { held: 1, invalid: 1, reasmFails: 1 }, []],
    [
      'a first one without all of a TCP header, code 3 [RFC 7112 §5]',
      [piece(0, 16, true, { next: 6 })],
      { incompleteHeaders: 1 },
      [['parameter problem 3', 0]],
    ],
    [
      'a first one that ends within options, code 3 [RFC 7112 §5]',
      [ip6([...header(60, 0, true), TEST_TRANSPORT, 1, 1, 4, 0, 0, 0, 0], { next: FRAGMENT })],
      { incompleteHeaders: 1 },
      [['parameter problem 3', 0]],
    ],
    [
      'a fragment in a fragment, code 0 at the inner header [Linux]',
      [ip6([...header(FRAGMENT, 0, false), ...header(TEST_TRANSPORT, 0, false), 1], { next: FRAGMENT })],
      { atomic: 1, nested: 1 },
      [['parameter problem 0', 48]],
    ],
  ];
  for (const [what, packets, expected, problems] of cases) {
    it(what, () => {
      const host = new Ip6Host();
      for (const packet of packets) host.receive(packet);
      expect(host.received).to.deep.equal([]);
      expect(host.counts(PLUGIN)).to.deep.equal(expected);
      expect(host.problems).to.deep.equal(problems);
      expect(host.stack.conservation()).to.include({ received: packets.length, fates: packets.length, inHand: 0 });
    });
  }

  it('all of them, where the plugin is not there: an unknown next header [RFC 8200 §4]', () => {
    const host = new Ip6Host({ without: ['ipv6-fragment'] });
    host.receive(piece(0, 24, true));
    expect(host.problems).to.deep.equal([['parameter problem 1', 6]]);
  });
});

describe('sending in fragments [RFC 8200 §4.5]', () => {
  const octets = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7) & 0xff);
  async function send(host: Ip6Host, bytes: Uint8Array): Promise<Uint8Array[]> {
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    await socket.connect({ address: '2001:db8::1', port: 9 });
    await socket.send(bytes);
    return host.sent();
  }

  it('cuts on multiples of eight, none longer than the MTU, under one identification', async () => {
    const host = new Ip6Host();
    const pieces = await send(host, octets);
    expect(pieces.map((one) => one.length)).to.deep.equal([1496, 1496, 40 + 8 + 4008 - 2 * 1448]);
    const views = pieces.map(view);
    expect(views.map((v) => [v.getUint8(6), v.getUint8(40), v.getUint16(4)])).to.deep.equal(
      pieces.map((one) => [FRAGMENT, 17, one.length - 40]),
    );
    expect(views.map((v) => v.getUint16(42))).to.deep.equal([1, 1448 | 1, 2896]);
    expect(new Set(views.map((v) => v.getUint32(44))).size).to.equal(1);
    expect(pieces.flatMap((one) => [...one.subarray(48)]).slice(8)).to.deep.equal([...octets]);
    expect(host.counts(PLUGIN)).to.deep.equal({ fragOks: 1, fragCreates: 3, fragOctets: 1496 * 2 + 1160 });
    expect(host.stack.counters.mib()['Ip6.OutTransmits']).to.equal(3);
  });

  it('gives every packet another identification, which nobody can predict [RFC 7739 §5]', async () => {
    const host = new Ip6Host();
    const ids: number[] = [];
    for (let i = 0; i < 8; i++) ids.push(view((await send(host, octets))[0] as Uint8Array).getUint32(44));
    const steps = ids.slice(1).map((id, i) => id - (ids[i] as number));
    expect(new Set(ids).size).to.equal(8);
    expect(new Set(steps).size).to.equal(7);
  });

  it('has what was sent put together again', async () => {
    const sender = new Ip6Host();
    const receiver = new Ip6Host();
    const socket = receiver.stack.socket(AF_INET6, SOCK_DGRAM);
    receiver.stack.address.add('tun0', '2001:db8::1/64');
    await socket.bind({ address: '2001:db8::1', port: 9 });
    const datagram = Uint8Array.from({ length: 60_000 }, (_, i) => i * 31);
    for (const one of (await send(sender, datagram)).reverse()) receiver.receive([...one]);
    const { data } = await socket.recvfrom();
    expect(data).to.deep.equal(datagram);
  });

  it('goes back to its sender with EMSGSIZE where the plugin is not there', async () => {
    const host = new Ip6Host({ without: ['ipv6-fragment'] });
    const error: unknown = await send(host, octets).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'EMSGSIZE');
  });
});
