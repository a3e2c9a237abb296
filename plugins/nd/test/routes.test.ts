import { expect } from 'chai';
import { Link, routeInformation, routerAdvertisement as router, SECOND } from './link.js';

const ROUTER = { source: 'fe80::1', destination: 'ff02::1' };
const OTHER = { source: 'fe80::2', destination: 'ff02::1' };
const THERE = '2001:db8:77::1';
const NET = '2001:db8:77::';
const plen = (most: number, least = 0) => ({
  'net.ipv6.conf.default.accept_ra_rt_info_max_plen': most,
  'net.ipv6.conf.default.accept_ra_rt_info_min_plen': least,
});

describe('routes that routers tell of [RFC 4191 §2.3, §3]', () => {
  it('lead through them for as long as they say', () => {
    const link = new Link(plen(64));
    link.receive(router({}, routeInformation(NET, 48, 600)), OTHER);
    link.receive(router(), ROUTER);
    const route = link.stack.route.list().find(({ destination }) => destination === '2001:db8:77::/48');
    expect(route).to.include({ gateway: 'fe80::2', metric: 1024, protocol: 9, preference: 'medium', expires: 600 });
    expect(link.nextHop(THERE)).to.equal('fe80::2');
    link.sim.advance(600 * SECOND);
    expect(link.nextHop(THERE)).to.not.equal(undefined);
    expect(link.stack.route.list().some(({ destination }) => destination === '2001:db8:77::/48')).to.equal(false);
  });

  it('are chosen by preference, replaced, and withdrawn with a lifetime of 0', () => {
    const link = new Link(plen(64));
    link.receive(router({ lifetime: 0 }, routeInformation(NET, 48, 600)), ROUTER);
    link.receive(router({ lifetime: 0 }, routeInformation(NET, 48, 600, 0x08)), OTHER);
    expect(link.nextHop(THERE)).to.equal('fe80::2');
    link.receive(router({ lifetime: 0 }, routeInformation(NET, 48, 600, 0x18)), OTHER);
    expect(link.nextHop(THERE)).to.equal('fe80::1');
    link.receive(router({ lifetime: 0 }, routeInformation(NET, 48, 0)), ROUTER);
    expect(link.nextHop(THERE)).to.equal('fe80::2');
  });

  it('to everywhere are a default route, whatever the advertisement itself says [RFC 4191 §3.1]', () => {
    const link = new Link();
    link.receive(router({ lifetime: 0 }, routeInformation('::', 0, 600, 0x08, 0)), ROUTER);
    const route = link.stack.route.list().find(({ destination }) => destination === 'default');
    expect(route).to.include({ gateway: 'fe80::1', preference: 'high', expires: 600 });
    link.receive(router({ lifetime: 1800 }, routeInformation('::', 0, 0, 0, 0)), ROUTER);
    expect(link.nextHop(THERE)).to.equal(undefined);
  });

  for (const [what, sysctls, option] of [
    ['longer than accept_ra_rt_info_max_plen, which is 0 at first', {}, routeInformation(NET, 48, 600)],
    ['shorter than accept_ra_rt_info_min_plen', plen(64, 49), routeInformation(NET, 48, 600)],
    [
      'of a lifetime below accept_ra_min_lft',
      { ...plen(64), 'net.ipv6.conf.default.accept_ra_min_lft': 601 },
      routeInformation(NET, 48, 600),
    ],
    ['of the reserved preference', plen(64), routeInformation(NET, 48, 600, 0x10)],
    ['of more than 128 bits', plen(128), routeInformation(NET, 129, 600)],
    ['of more bits than octets: 65 in 8', plen(128), routeInformation(NET, 65, 600, 0, 8)],
    ['of more bits than octets: 1 in none', plen(128), routeInformation(NET, 1, 600, 0, 0)],
    ['longer than an option is', plen(128), [...routeInformation(NET, 48, 600).with(1, 4), 0, 0, 0, 0, 0, 0, 0, 0]],
  ] as const) {
    it(`are passed over where they are ${what} [RFC 4191 §2.3]`, () => {
      const link = new Link(sysctls);
      const routes = link.stack.route.list().length;
      link.receive(router({ lifetime: 0 }, option), ROUTER);
      expect(link.stack.route.list()).to.have.length(routes);
    });
  }

  it('have a prefix whose bits beyond its length do not count', () => {
    const link = new Link(plen(64));
    link.receive(router({ lifetime: 0 }, routeInformation('2001:db8:77:ffff::', 48, 600, 0, 8)), ROUTER);
    expect(link.nextHop(THERE)).to.equal('fe80::1');
  });
});
