import { expect } from 'chai';
import { address, advertisement, Link, OURS, SECOND, solicitation, sourceLink, targetLink } from './link.js';

const OUR_GROUP = 'ff02::1:ff00:2';
const GROUP_MAC = [0x33, 0x33, 0xff, 0, 0, 2];
const NO_LINK_LOCAL = { 'net.ipv6.conf.default.addr_gen_mode': 1 };
/** 2001:db8::2 has just been added. */
const checking = (sysctls = {}): Link => {
  const link = new Link({ ...NO_LINK_LOCAL, ...sysctls }, false);
  link.stack.link.up('eth0');
  link.stack.address.add('eth0', `${OURS}/64`);
  return link;
};

describe('duplicate address detection [RFC 4862 §5.4]', () => {
  it('asks once from :: after up to a second, with a nonce, and takes the address a second later', () => {
    const link = checking();
    expect(link.flags(OURS)).to.deep.equal(['permanent', 'tentative']);
    link.sim.advance(SECOND);
    const [probe, ...more] = link.sent();
    expect(more).to.deep.equal([]);
    expect(probe).to.include({ source: '::', destination: OUR_GROUP, hops: 255 });
    expect(probe?.to).to.deep.equal(GROUP_MAC);
    expect(probe?.message.slice(4, 26)).to.deep.equal([0, 0, 0, 0, ...address(OURS), 14, 1]);
    expect(probe?.message).to.have.length(32);
    link.sim.runTo((probe?.atUs ?? 0) + SECOND - 20);
    expect(link.flags(OURS)).to.include('tentative');
    link.sim.advance(20);
    expect(link.flags(OURS)).to.deep.equal(['permanent']);
    expect(link.sent()).to.deep.equal([]);
  });

  it('asks as often as dad_transmits says, without nonce where enhanced_dad is off for all and for the interface [RFC 7527]', () => {
    const link = checking({
      'net.ipv6.conf.default.dad_transmits': 3,
      'net.ipv6.conf.default.enhanced_dad': 0,
      'net.ipv6.conf.all.enhanced_dad': 0,
    });
    link.sim.advance(3 * SECOND);
    expect(link.sent().map(({ message }) => message.length)).to.deep.equal([24, 24, 24]);
    expect(link.flags(OURS)).to.include('tentative');
    link.sim.advance(1.2 * SECOND);
    expect(link.flags(OURS)).to.deep.equal(['permanent']);
  });

  for (const [what, sysctls] of [
    ['dad_transmits 0', { 'net.ipv6.conf.default.dad_transmits': 0 }],
    ['accept_dad 0', { 'net.ipv6.conf.default.accept_dad': 0 }],
  ] as const) {
    it(`is left with ${what}`, () => {
      const link = checking(sysctls);
      expect(link.flags(OURS)).to.deep.equal(['permanent']);
      link.sim.advance(3 * SECOND);
      expect(link.sent()).to.deep.equal([]);
    });
  }

  it('answers nothing for an address that is tentative, and does not speak from it', () => {
    const link = checking();
    link.receive(solicitation(OURS, [1, 1, 2, 0, 0, 0, 0, 0x99]), { destination: OUR_GROUP });
    expect(link.counts()).to.deep.equal({ inNeighborSolicits: 1, tentative: 1 });
    link.receive([128, 0, 0, 0, 0, 1, 0, 1]);
    expect(link.sent()).to.deep.equal([]);
    expect(link.stack.counters.of('@protoloom/ipv6')['notForUs']).to.equal(1);
  });

  const conflicts: readonly (readonly [string, (link: Link) => void])[] = [
    ['somebody else asks for it [RFC 4862 §5.4.3]', (link) => link.receive(solicitation(OURS), { source: '::', destination: OUR_GROUP })],
    ['somebody has it [RFC 4862 §5.4.4]', (link) => link.receive(advertisement(OURS, 0x20, targetLink), { destination: 'ff02::1' })],
    [
      'somebody else asks for it with another nonce [RFC 7527 §4.2]',
      (link) => link.receive(solicitation(OURS, [14, 1, 1, 2, 3, 4, 5, 6]), { source: '::', destination: OUR_GROUP }),
    ],
  ];
  for (const [what, happens] of conflicts) {
    it(`finds a duplicate where ${what}: it is never used`, () => {
      const link = checking();
      link.sim.advance(SECOND);
      link.sent();
      happens(link);
      expect(link.flags(OURS)).to.deep.equal(['permanent', 'tentative', 'dadfailed']);
      expect(link.counts()['conflicts']).to.equal(1);
      link.sim.advance(5 * SECOND);
      link.receive([128, 0, 0, 0, 0, 1, 0, 1]);
      expect(link.sent()).to.deep.equal([]);
      expect(link.stack.route.list().some(({ table, destination }) => table === 'local' && destination === `${OURS}/128`)).to.equal(false);
    });
  }

  const PROBE = { source: '::', destination: OUR_GROUP };
  const TOLD = { destination: 'ff02::1' };
  const told = advertisement(OURS, 0x20, targetLink);
  const invalid: readonly (readonly [string, readonly number[], Parameters<Link['receive']>[1]])[] = [
    ['a probe from another link: hop limit 254 [RFC 4861 §7.1.1]', solicitation(OURS), { ...PROBE, hops: 254 }],
    ['a probe with a bad checksum [RFC 4861 §7.1.1]', solicitation(OURS), { ...PROBE, badChecksum: true }],
    ['a probe with code 1 [RFC 4861 §7.1.1]', solicitation(OURS).with(1, 1), PROBE],
    ['a probe of 23 octets [RFC 4861 §7.1.1]', solicitation(OURS).slice(0, 23), PROBE],
    ['a probe with an option of length 0 [RFC 4861 §7.1.1]', solicitation(OURS, [14, 0, 0, 0, 0, 0, 0, 0]), PROBE],
    ['a probe with a link address [RFC 4861 §7.1.1]', solicitation(OURS, sourceLink), PROBE],
    ['a probe to all nodes [RFC 4861 §7.1.1]', solicitation(OURS), { ...PROBE, destination: 'ff02::1' }],
    ['a probe for a group [RFC 4861 §7.1.1]', solicitation('ff02::1'), PROBE],
    ['a probe for another address of the group [RFC 4862 §5.4.3]', solicitation('2001:db8:1::2'), PROBE],
    ['a question for the address, from somebody who has one [RFC 4862 §5.4.3]', solicitation(OURS, sourceLink), { destination: OUR_GROUP }],
    ['a probe in fragments [RFC 6980 §5]', solicitation(OURS), { ...PROBE, fragmented: true }],
    ['an answer from another link: hop limit 254 [RFC 4861 §7.1.2]', told, { ...TOLD, hops: 254 }],
    ['an answer with a bad checksum [RFC 4861 §7.1.2]', told, { ...TOLD, badChecksum: true }],
    ['an answer with code 1 [RFC 4861 §7.1.2]', told.with(1, 1), TOLD],
    ['an answer of 23 octets [RFC 4861 §7.1.2]', told.slice(0, 23), TOLD],
    ['an answer with an option of length 0 [RFC 4861 §7.1.2]', advertisement(OURS, 0x20, [2, 0, 0, 0, 0, 0, 0, 0]), TOLD],
    ['an answer to all nodes that is said to be solicited [RFC 4861 §7.1.2]', advertisement(OURS, 0x60, targetLink), TOLD],
    ['an answer about another address [RFC 4862 §5.4.4]', advertisement('2001:db8::3', 0x20, targetLink), TOLD],
  ];
  for (const [what, message, header] of invalid) {
    it(`goes on, and finds the address free, after ${what}`, () => {
      const link = checking();
      link.sim.advance(SECOND);
      link.receive(message, header);
      link.sim.advance(SECOND);
      expect(link.flags(OURS)).to.deep.equal(['permanent']);
    });
  }

  it('is not fooled by its own probe that comes back [RFC 7527 §4.2]', () => {
    const link = checking();
    link.sim.advance(SECOND);
    const [probe] = link.sent();
    link.receive(probe?.message ?? [], { source: '::', destination: OUR_GROUP });
    expect(link.counts()).to.include({ ownProbe: 1 });
    link.sim.advance(SECOND);
    expect(link.flags(OURS)).to.deep.equal(['permanent']);
  });

  it('begins anew when the interface comes up again, for addresses that keep_addr_on_down keeps', () => {
    const link = checking({ 'net.ipv6.conf.default.keep_addr_on_down': 1 });
    link.sim.advance(3 * SECOND);
    link.stack.link.down('eth0');
    link.stack.link.up('eth0');
    expect(link.flags(OURS)).to.include('tentative');
  });

  it('ends with the address', () => {
    const link = checking();
    link.stack.address.remove('eth0', OURS);
    link.sim.advance(3 * SECOND);
    expect(link.sent()).to.deep.equal([]);
  });
});

describe('the link-local address [RFC 4862 §5.3]', () => {
  const linkLocals = (link: Link): string[] =>
    link.stack.address
      .list({ iface: 'eth0', family: 'inet6' })
      .map((one) => one.address)
      .filter((text) => text.startsWith('fe80'));
  const up = (sysctls = {}): Link => {
    const link = new Link(sysctls, false);
    link.stack.link.up('eth0');
    return link;
  };

  it('is made of the link address when the interface comes up, and goes with it [RFC 2464 §5]', () => {
    const link = up();
    expect(linkLocals(link)).to.deep.equal(['fe80::53:ff:fe00:1/64']);
    link.stack.link.down('eth0');
    expect(linkLocals(link)).to.deep.equal([]);
  });

  it('is none with addr_gen_mode 1', () => {
    expect(linkLocals(up(NO_LINK_LOCAL))).to.deep.equal([]);
  });

  it('is stable and opaque where there is a secret, another one for another secret [RFC 7217 §5]', () => {
    const made = (secret: string): string[] => linkLocals(up({ 'net.ipv6.conf.default.stable_secret': secret }));
    expect(made('2001:db8::1')).to.deep.equal(made('2001:db8::1'));
    expect(made('2001:db8::1')).to.not.deep.equal(made('2001:db8::2'));
    expect(made('2001:db8::1')).to.not.deep.equal(['fe80::53:ff:fe00:1/64']);
    expect(() => made('secret')).to.throw(/128 bits in the form of an IPv6 address/);
  });

  it('is another one where the stable one is a duplicate, as often as idgen_retries says [RFC 7217 §6]', () => {
    const link = up({ 'net.ipv6.conf.default.addr_gen_mode': 3 });
    const seen = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const [made = ''] = linkLocals(link);
      const target = made.replace('/64', '');
      seen.add(target);
      link.sim.advance(SECOND);
      link.receive(advertisement(target, 0x20, targetLink), { destination: 'ff02::1' });
    }
    expect(seen.size).to.equal(4);
  });

  it('takes IPv6 from the interface where EUI-64 fails, with accept_dad 2 [RFC 4862 §5.4.5]', () => {
    for (const [accept, left] of [
      [1, 1],
      [2, 0],
    ] as const) {
      const link = up({ 'net.ipv6.conf.default.accept_dad': accept });
      link.receive(advertisement('fe80::53:ff:fe00:1', 0x20, targetLink), { destination: 'ff02::1' });
      expect(linkLocals(link)).to.have.length(left);
    }
  });

  it('is announced, as every address, with ndisc_notify [RFC 4861 §7.2.6]', () => {
    const link = up({ 'net.ipv6.conf.default.ndisc_notify': 1 });
    link.sim.advance(3 * SECOND);
    const told = link.sent().filter(({ message }) => message[0] === 136);
    expect(told.map(({ source, destination }) => [source, destination])).to.deep.equal([['fe80::53:ff:fe00:1', 'ff02::1']]);
    expect(told[0]?.message[4]).to.equal(0x20);
  });
});
