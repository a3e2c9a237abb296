import { expect } from 'chai';
import { advertisement, Link, prefix, routerAdvertisement as router, SECOND, solicitation, sourceLink, targetLink } from './link.js';

const LINK_LOCAL = 'fe80::53:ff:fe00:1';
const GROUP = 'ff02::1:ff00:1';
const PEER = { source: 'fe80::99', destination: LINK_LOCAL };
const knob = (name: string): string => `net.ipv6.conf.default.${name}`;
const up = (sysctls = {}): Link => {
  const link = new Link({ [knob('optimistic_dad')]: 1, ...sysctls }, false);
  link.stack.link.up('eth0');
  return link;
};
const ofType = (link: Link, type: number) => link.sent().filter(({ message }) => message[0] === type);

describe('optimistic addresses [RFC 4429]', () => {
  it('are in use while they are checked, which begins at once', () => {
    const link = up();
    expect(link.flags(LINK_LOCAL)).to.deep.equal(['permanent', 'tentative', 'optimistic']);
    link.sim.advance(10_000);
    expect(ofType(link, 135)[0]).to.include({ source: '::', destination: GROUP });
    link.receive(solicitation(LINK_LOCAL, sourceLink), { source: 'fe80::99', destination: GROUP });
    link.receive([128, 0, 0, 0, 0, 1, 0, 1], { ...PEER, hops: 64 });
    expect(ofType(link, 129)).to.have.length(1);
    link.sim.advance(1.1 * SECOND);
    expect(link.flags(LINK_LOCAL)).to.deep.equal(['permanent']);
  });

  it('are answered for without overriding anything [RFC 4429 §3.3]', () => {
    const link = up();
    link.receive(solicitation(LINK_LOCAL, sourceLink), { source: 'fe80::99', destination: GROUP });
    link.sim.advance(2 * SECOND);
    link.receive(solicitation(LINK_LOCAL, sourceLink), { source: 'fe80::99', destination: GROUP });
    expect(ofType(link, 136).map(({ message }) => message[4])).to.deep.equal([0x40, 0x60]);
  });

  it('ask routers without telling our link address, and no neighbour [RFC 4429 §2.2, §3.2]', () => {
    const link = up();
    const asked = link.sent();
    expect(asked.find(({ message }) => message[0] === 133)?.message).to.have.length(8);
    link.receive([128, 0, 0, 0, 0, 1, 0, 1], { ...PEER, hops: 64 });
    expect(ofType(link, 135)).to.deep.equal([]);
    link.sim.advance(5 * SECOND);
    expect(link.sent().find(({ message }) => message[0] === 133)?.message).to.have.length(16);
  });

  for (const [what, message, header] of [
    ['somebody else checks it, too', solicitation(LINK_LOCAL), { source: '::', destination: GROUP }],
    ['somebody has it', advertisement(LINK_LOCAL, 0x20, targetLink), { destination: 'ff02::1' }],
  ] as const) {
    it(`are used no more where ${what} [RFC 4429 §3.3]`, () => {
      const link = up();
      link.receive(message, header);
      expect(link.flags(LINK_LOCAL)).to.deep.equal(['permanent', 'tentative', 'dadfailed']);
      const local = link.stack.route.list().filter(({ table, family }) => table === 'local' && family === 'inet6');
      expect(local.map(({ destination }) => destination)).to.deep.equal(['::1/128']);
      link.sent();
      link.receive(solicitation(LINK_LOCAL, sourceLink), { source: 'fe80::99', destination: GROUP });
      expect(link.sent()).to.deep.equal([]);
    });
  }

  it('are no sources where there are others, unless use_optimistic [RFC 4429 §3.1]', () => {
    for (const [use, source] of [
      [0, '2001:db8::2'],
      [1, '2001:db8:1:0:53:ff:fe00:1'],
    ] as const) {
      const link = new Link({ [knob('optimistic_dad')]: 1, [knob('use_optimistic')]: use });
      link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), { source: 'fe80::1', destination: 'ff02::1' });
      expect(link.flags('2001:db8:1:0:53:ff:fe00:1')).to.include('optimistic');
      expect(link.source('2001:db8:1::9')).to.equal(source);
      link.sim.advance(2 * SECOND);
      expect(link.source('2001:db8:1::9')).to.equal('2001:db8:1:0:53:ff:fe00:1');
    }
  });
});
