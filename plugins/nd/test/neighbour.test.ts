import { AF_INET6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { address, advertisement, Link, type Octets, OURS, PEER_MAC, SECOND, solicitation, sourceLink, THEIRS, targetLink } from './link.js';

/** The solicited-node group of 2001:db8::2, and of ::1. */
const OUR_GROUP = 'ff02::1:ff00:2';
const THEIR_GROUP = 'ff02::1:ff00:1';
const OUR_LINK_LOCAL = 'fe80::53:ff:fe00:1';
const state = (link: Link): string | undefined => link.stack.neighbour.list().find((one) => one.address === THEIRS)?.state;
const linkAddress = (link: Link): string | undefined => link.stack.neighbour.list().find((one) => one.address === THEIRS)?.linkAddress;
const patched = (octets: Octets, at: number, ...values: number[]): number[] => [
  ...octets.slice(0, at),
  ...values,
  ...octets.slice(at + values.length),
];

describe('messages that are not believed', () => {
  const good = solicitation(OURS, sourceLink);
  const told = advertisement(THEIRS, 0x60, targetLink);
  const cases: readonly (readonly [string, Octets, Parameters<Link['receive']>[1], string])[] = [
    ['a solicitation with a hop limit of 254 [RFC 4861 §7.1.1]', good, { hops: 254 }, 'hopLimit'],
    ['a solicitation with code 1 [RFC 4861 §7.1.1]', patched(good, 1, 1), {}, 'code'],
    ['a solicitation in fragments [RFC 6980 §5]', good, { fragmented: true }, 'fragmented'],
    ['a solicitation of 23 octets [RFC 4861 §7.1.1]', solicitation(OURS).slice(0, 23), {}, 'truncated'],
    ['a solicitation of a group [RFC 4861 §7.1.1]', solicitation('ff02::1', sourceLink), {}, 'badTarget'],
    ['a solicitation with an option of length 0 [RFC 4861 §7.1.1]', solicitation(OURS, [1, 0, ...PEER_MAC]), {}, 'badOption'],
    ['a solicitation with half an option [RFC 4861 §7.1.1]', solicitation(OURS, [1, 2, ...PEER_MAC]), {}, 'badOption'],
    ['a solicitation with one octet behind [RFC 4861 §7.1.1]', solicitation(OURS, [1]), {}, 'badOption'],
    [
      'a link address option of 16 octets [RFC 2464 §6]',
      solicitation(OURS, [1, 2, ...PEER_MAC, ...new Array<number>(8).fill(0)]),
      {},
      'linkAddressLength',
    ],
    ['a solicitation from :: to no solicited-node group [RFC 4861 §7.1.1]', solicitation(OURS), { source: '::' }, 'dadDestination'],
    ['a solicitation from :: with a link address [RFC 4861 §7.1.1]', good, { source: '::', destination: OUR_GROUP }, 'dadLinkAddress'],
    ['a solicitation of somebody else [RFC 4861 §7.2.3]', solicitation(THEIRS, sourceLink), {}, 'notForUs'],
    [
      'a solicitation to a group that tells no link address [RFC 4861 §4.3]',
      solicitation(OURS),
      { destination: OUR_GROUP },
      'noLinkAddress',
    ],
    ['an advertisement with a hop limit of 64 [RFC 4861 §7.1.2]', told, { hops: 64 }, 'hopLimit'],
    ['an advertisement with code 1 [RFC 4861 §7.1.2]', patched(told, 1, 1), {}, 'code'],
    ['an advertisement of 20 octets [RFC 4861 §7.1.2]', told.slice(0, 20), {}, 'truncated'],
    ['an advertisement of a group [RFC 4861 §7.1.2]', advertisement('ff02::1', 0x20, targetLink), {}, 'badTarget'],
    ['an advertisement to a group, said to be solicited [RFC 4861 §7.1.2]', told, { destination: 'ff02::1' }, 'solicitedGroup'],
    ['an advertisement with an option of length 0 [RFC 4861 §7.1.2]', advertisement(THEIRS, 0x60, [2, 0, ...PEER_MAC]), {}, 'badOption'],
    ['an advertisement that nobody waits for [RFC 4861 §7.2.5]', told, {}, 'unsolicited'],
    [
      'an advertisement of our own address [RFC 4862 §5.4.4]',
      advertisement(OURS, 0x20, targetLink),
      { destination: 'ff02::1' },
      'ownAddress',
    ],
  ];
  for (const [what, message, header, fate] of cases) {
    it(`such as ${what}, counted once`, () => {
      const link = new Link();
      const before = link.stack.conservation();
      link.receive(message, header);
      const received = message[0] === 135 ? 'inNeighborSolicits' : 'inNeighborAdvertisements';
      const { outNeighborSolicits: _, ...counts } = link.counts();
      expect(counts).to.deep.equal({ [received]: 1, [fate]: 1 });
      expect(link.sent()).to.deep.equal([]);
      expect(link.stack.neighbour.list({ family: 'inet6' })).to.deep.equal([]);
      expect(link.stack.conservation().fates - before.fates).to.equal(1);
    });
  }

  it('options that nobody knows are passed over [RFC 4861 §7.1.1]', () => {
    const link = new Link();
    link.receive(solicitation(OURS, [200, 1, 0, 0, 0, 0, 0, 0], sourceLink), { destination: OUR_GROUP });
    expect(link.sent()).to.have.length(1);
  });
});

describe('solicitations are answered [RFC 4861 §7.2.3, §7.2.4]', () => {
  it('to the asker, who is known then: solicited, overriding, with our link address', () => {
    const link = new Link();
    link.receive(solicitation(OURS, sourceLink), { destination: OUR_GROUP });
    const [answer, ...more] = link.sent();
    expect(more).to.deep.equal([]);
    expect(answer).to.include({ source: OURS, destination: THEIRS, hops: 255 });
    expect(answer?.to).to.deep.equal(PEER_MAC);
    expect(answer?.message.slice(4)).to.deep.equal([0x60, 0, 0, 0, ...address(OURS), 2, 1, ...link.mac]);
    // The answer itself has used the neighbour: RFC 4861 §7.3.3.
    expect(state(link)).to.equal('DELAY');
    expect(link.counts()).to.include({ inNeighborSolicits: 1, answered: 1, outNeighborAdvertisements: 1 });
  });

  it('without our link address where it is known already: the question came to it', () => {
    const link = new Link();
    link.receive(solicitation(OURS, sourceLink));
    expect(link.sent()[0]?.message.slice(4)).to.deep.equal([0x40, 0, 0, 0, ...address(OURS)]);
  });

  it('with it always where force_tllao says so [RFC 4861 §4.4], and of the traffic class ndisc_tclass', () => {
    const link = new Link({ 'net.ipv6.conf.default.force_tllao': 1, 'net.ipv6.conf.default.ndisc_tclass': 0xc0 });
    link.receive(solicitation(OURS, sourceLink));
    const [answer] = link.sent();
    expect(answer?.message.slice(24)).to.deep.equal([2, 1, ...link.mac]);
    expect(answer?.trafficClass).to.equal(0xc0);
  });

  it('to everybody, where somebody checks whether the address is free', () => {
    const link = new Link();
    link.receive(solicitation(OURS), { source: '::', destination: OUR_GROUP });
    const [answer] = link.sent();
    expect(answer).to.include({ source: OURS, destination: 'ff02::1' });
    expect(answer?.to).to.deep.equal([0x33, 0x33, 0, 0, 0, 1]);
    expect(answer?.message.slice(4)).to.deep.equal([0x20, 0, 0, 0, ...address(OURS), 2, 1, ...link.mac]);
    expect(link.stack.neighbour.list({ family: 'inet6' })).to.deep.equal([]);
  });
});

describe('a neighbour is asked for [RFC 4861 §7.2.2]', () => {
  const send = async (link: Link, to = THEIRS): Promise<void> => {
    const socket = link.stack.socket(AF_INET6, SOCK_DGRAM);
    await socket.connect({ address: to, port: 9 });
    await socket.send('x');
    link.sim.advance(10);
  };
  const resolved = async (flags = 0x60): Promise<Link> => {
    const link = new Link();
    await send(link);
    link.sent();
    link.receive(advertisement(THEIRS, flags, targetLink));
    return link;
  };

  it('from the waiting packet’s source, at its solicited-node group, three times a second apart; then the packet is unreachable', async () => {
    const link = new Link();
    await send(link);
    link.sim.advance(2.5 * SECOND);
    const asked = link.sent();
    expect(asked.map(({ to }) => to)).to.deep.equal(new Array(3).fill([0x33, 0x33, 0xff, 0, 0, 1]));
    for (const one of asked) {
      expect(one).to.include({ source: OURS, destination: THEIR_GROUP, hops: 255 });
      expect(one.message.slice(4)).to.deep.equal([0, 0, 0, 0, ...address(THEIRS), 1, 1, ...link.mac]);
    }
    const [a = 0, b = 0, c = 0] = asked.map(({ atUs }) => atUs);
    expect([b - a, c - b]).to.deep.equal([SECOND, SECOND]);
    link.sim.advance(SECOND);
    expect(state(link)).to.equal('FAILED');
    expect(link.stack.counters.mib()['Icmp6.InDestUnreachs']).to.equal(1);
  });

  it('and is reachable once it has answered; told unasked it is stale, and in use at once [RFC 4861 §7.2.5]', async () => {
    expect(state(await resolved(0x60))).to.equal('REACHABLE');
    expect(state(await resolved(0x20))).to.equal('DELAY');
  });

  it('and told unasked is not believed with drop_unsolicited_na', async () => {
    const link = new Link({ 'net.ipv6.conf.all.drop_unsolicited_na': 1 });
    await send(link);
    link.receive(advertisement(THEIRS, 0x20, targetLink));
    expect([state(link), link.counts()['ignored']]).to.deep.equal(['INCOMPLETE', 1]);
    link.receive(advertisement(THEIRS, 0x60, targetLink));
    expect(state(link)).to.equal('REACHABLE');
  });

  it('and does not change its link address without the override flag: it is doubted [RFC 4861 §7.2.5]', async () => {
    const other = [2, 1, 2, 0, 0, 0, 0, 0x98];
    const link = await resolved();
    link.receive(advertisement(THEIRS, 0, other));
    expect([state(link), linkAddress(link)]).to.deep.equal(['STALE', '02:00:00:00:00:99']);
    link.receive(advertisement(THEIRS, 0x20, other));
    expect([state(link), linkAddress(link)]).to.deep.equal(['STALE', '02:00:00:00:00:98']);
    link.receive(advertisement(THEIRS, 0x60, other));
    expect(state(link)).to.equal('REACHABLE');
  });

  it('is probed by unicast when it is used after its time, and fails after three [RFC 4861 §7.3.3]', async () => {
    const link = await resolved();
    link.sim.advance(46 * SECOND);
    expect(state(link)).to.equal('STALE');
    await send(link);
    expect(state(link)).to.equal('DELAY');
    link.sim.advance(7.5 * SECOND);
    const probes = link.sent();
    expect(probes).to.have.length(3);
    for (const probe of probes) {
      expect(probe.destination).to.equal(THEIRS);
      expect(probe.to).to.deep.equal(PEER_MAC);
    }
    link.sim.advance(2 * SECOND);
    expect(state(link)).to.equal('FAILED');
  });

  it('link-local neighbours from the link-local address', async () => {
    const link = new Link();
    await send(link, 'fe80::9%eth0');
    expect(link.sent().map(({ source }) => source)).to.deep.equal([OUR_LINK_LOCAL]);
  });
});
