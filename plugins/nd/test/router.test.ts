import { expect } from 'chai';
import {
  address,
  advertisement,
  Link,
  mtuOption,
  type Octets,
  prefix,
  redirect,
  routerAdvertisement as router,
  SECOND,
  solicitation,
  sourceLink,
  targetLink,
} from './link.js';

const ROUTER = { source: 'fe80::1', destination: 'ff02::1' };
const OTHER = { source: 'fe80::2', destination: 'ff02::1' };
const FAR = '2001:db8:ffff::1';
const MADE = '2001:db8:1:0:53:ff:fe00:1';
const FOREVER = 0xffffffff;
const defaults = (link: Link): (string | undefined)[] =>
  link.stack.route
    .list()
    .filter(({ destination, family }) => destination === 'default' && family === 'inet6')
    .map(({ gateway }) => gateway);
const lifetimes = (link: Link): (number | undefined)[] => {
  const found = link.stack.address.list({ iface: 'eth0' }).find((one) => one.address.startsWith(MADE));
  return [found?.validLifetime, found?.preferredLifetime];
};

describe('routers are asked for [RFC 4861 §6.3.7, RFC 7559]', () => {
  const up = (sysctls = {}): Link => {
    const link = new Link({ 'net.ipv6.conf.default.dad_transmits': 0, ...sysctls }, false);
    link.stack.link.up('eth0');
    return link;
  };
  const asked = (link: Link): number[] =>
    link
      .sent()
      .filter(({ message }) => message[0] === 133)
      .map(({ atUs }) => atUs);

  it('as soon as there is a link-local address, at ff02::2, with our link address', () => {
    const link = up();
    const [first] = link.sent();
    expect(first).to.include({ source: 'fe80::53:ff:fe00:1', destination: 'ff02::2', hops: 255 });
    expect(first?.to).to.deep.equal([0x33, 0x33, 0, 0, 0, 2]);
    expect(first?.message.slice(4)).to.deep.equal([0, 0, 0, 0, 1, 1, ...link.mac]);
  });

  it('after 4 s, then each time after about twice as long, up to an hour [RFC 7559 §2]', () => {
    const link = up();
    link.sim.advance(20_000 * SECOND);
    const times = asked(link).map((us) => us / SECOND);
    const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
    expect(gaps[0]).to.be.within(3.6, 4.4);
    for (let i = 1; i < 9; i++) expect((gaps[i] as number) / (gaps[i - 1] as number)).to.be.within(1.9, 2.1);
    for (const gap of gaps.slice(11)) expect(gap).to.be.within(3240, 3960);
  });

  it('as often as router_solicitations says, and not at all where accept_ra is off', () => {
    const three = up({ 'net.ipv6.conf.default.router_solicitations': 3 });
    three.sim.advance(1000 * SECOND);
    expect(asked(three)).to.have.length(3);
    const none = up({ 'net.ipv6.conf.default.accept_ra': 0 });
    none.sim.advance(1000 * SECOND);
    expect(asked(none)).to.deep.equal([]);
  });

  it('until one answers', () => {
    const link = up();
    link.sent();
    link.receive(router(), ROUTER);
    link.sim.advance(1000 * SECOND);
    expect(asked(link)).to.deep.equal([]);
  });
});

describe('advertisements and redirects that are not believed', () => {
  const good = router({}, prefix('2001:db8:1::', 3600, 1800));
  const moved = redirect('fe80::2', FAR, targetLink);
  const cases: readonly (readonly [string, Octets, Parameters<Link['receive']>[1], string])[] = [
    ['an advertisement from no link-local address [RFC 4861 §6.1.2]', good, { destination: 'ff02::1' }, 'notLinkLocal'],
    ['an advertisement with a hop limit of 254 [RFC 4861 §6.1.2]', good, { ...ROUTER, hops: 254 }, 'hopLimit'],
    ['an advertisement with code 1 [RFC 4861 §6.1.2]', [134, 1, ...good.slice(2)], ROUTER, 'code'],
    ['an advertisement of 15 octets [RFC 4861 §6.1.2]', good.slice(0, 15), ROUTER, 'truncated'],
    ['an advertisement with an option of length 0 [RFC 4861 §6.1.2]', router({}, [5, 0, 0, 0, 0, 0, 5, 0]), ROUTER, 'badOption'],
    ['a redirect from no link-local address [RFC 4861 §8.1]', moved, {}, 'notLinkLocal'],
    ['a redirect with a hop limit of 64 [RFC 4861 §8.1]', moved, { source: 'fe80::1', hops: 64 }, 'hopLimit'],
    ['a redirect with code 1 [RFC 4861 §8.1]', [137, 1, ...moved.slice(2)], { source: 'fe80::1' }, 'code'],
    ['a redirect of 39 octets [RFC 4861 §8.1]', moved.slice(0, 39), { source: 'fe80::1' }, 'truncated'],
    ['a redirect of a group [RFC 4861 §8.1]', redirect('fe80::2', 'ff0e::1'), { source: 'fe80::1' }, 'badTarget'],
    [
      'a redirect to neither the destination nor a router [RFC 4861 §8.1]',
      redirect('2001:db8::9', FAR),
      { source: 'fe80::1' },
      'badTarget',
    ],
    ['a redirect from another than the first hop [RFC 4861 §8.1]', moved, { source: 'fe80::2' }, 'notFirstHop'],
    [
      'a redirect with an option of length 0 [RFC 4861 §8.1]',
      redirect('fe80::2', FAR, [2, 0, 0, 0, 0, 0, 0, 0]),
      { source: 'fe80::1' },
      'badOption',
    ],
    ['a router solicitation: we are none [RFC 4861 §6.2.6]', [133, 0, 0, 0, 0, 0, 0, 0], { source: 'fe80::9' }, 'ignored'],
  ];
  for (const [what, message, header, fate] of cases) {
    it(`such as ${what}, counted once`, () => {
      const link = new Link();
      const routes = link.stack.route.list();
      link.receive(message, header);
      expect(link.counts()[fate]).to.equal(1);
      expect(link.stack.route.list()).to.deep.equal(routes);
      const { received, made, fates, inHand } = link.stack.conservation();
      expect(received + made).to.equal(fates + inHand);
    });
  }

  for (const [knob, message, header] of [
    ['accept_ra', good, ROUTER],
    ['accept_redirects', moved, { source: 'fe80::1' }],
  ] as const) {
    it(`are ignored where ${knob} is off`, () => {
      const link = new Link({ [`net.ipv6.conf.default.${knob}`]: 0 });
      link.receive(message, header);
      expect(link.counts()).to.include({ ignored: 1 });
    });
  }
});

describe('default routers [RFC 4861 §6.3.4, RFC 4191]', () => {
  it('have the default route for as long as they say', () => {
    const link = new Link();
    link.receive(router({ lifetime: 30 }), ROUTER);
    const route = link.stack.route.list().find(({ destination }) => destination === 'default');
    expect(route).to.include({ gateway: 'fe80::1', iface: 'eth0', metric: 1024, protocol: 9 });
    expect(link.nextHop(FAR)).to.equal('fe80::1');
    link.sim.advance(29 * SECOND);
    expect(defaults(link)).to.deep.equal(['fe80::1']);
    link.sim.advance(1 * SECOND);
    expect(defaults(link)).to.deep.equal([]);
  });

  it('are withdrawn by a lifetime of 0', () => {
    const link = new Link();
    link.receive(router(), ROUTER);
    link.receive(router({ lifetime: 0 }), ROUTER);
    expect(defaults(link)).to.deep.equal([]);
  });

  it('are all kept, and chosen by preference, the first of equals [RFC 4191 §3.2]', () => {
    const link = new Link();
    link.receive(router(), ROUTER);
    link.receive(router(), OTHER);
    expect(defaults(link)).to.deep.equal(['fe80::1', 'fe80::2']);
    expect(link.nextHop(FAR)).to.equal('fe80::1');
    for (const [flags, first, preference] of [
      [0x08, 'fe80::2', 'high'],
      [0x18, 'fe80::1', 'low'],
      // Reserved: as medium.
      [0x10, 'fe80::1', 'medium'],
    ] as const) {
      link.receive(router({ flags }), OTHER);
      expect(link.nextHop(FAR)).to.equal(first);
      const route = link.stack.route.list().find(({ gateway }) => gateway === 'fe80::2');
      expect(route).to.include({ preference, metric: 1024, protocol: 9, expires: 1800 });
    }
    link.receive(router({ lifetime: 0 }), ROUTER);
    expect(link.nextHop(FAR)).to.equal('fe80::2');
  });

  it('have no preference where accept_ra_rtr_pref is off', () => {
    const link = new Link({ 'net.ipv6.conf.default.accept_ra_rtr_pref': 0 });
    link.receive(router(), ROUTER);
    link.receive(router({ flags: 0x08 }), OTHER);
    expect(link.nextHop(FAR)).to.equal('fe80::1');
  });

  it('that do not answer give way, until they answer again: asked once a minute [RFC 4861 §6.3.6, RFC 4191 §3.5]', () => {
    const link = new Link();
    link.receive(router({ flags: 0x08 }, sourceLink), ROUTER);
    link.receive(router({}, sourceLink), OTHER);
    // Probed, as an answer to it is due.
    link.receive(solicitation('2001:db8::2', sourceLink), { source: 'fe80::1' });
    link.sim.advance(9 * SECOND);
    expect(link.nextHop(FAR)).to.equal('fe80::2');
    link.sent();
    link.sim.advance(59.5 * SECOND);
    const asked = link.sent().filter(({ message }) => message[0] === 135);
    expect(asked.map(({ destination }) => destination)).to.deep.equal(['ff02::1:ff00:1']);
    expect(link.nextHop(FAR)).to.equal('fe80::2');
    link.receive(advertisement('fe80::1', 0xe0, targetLink), { source: 'fe80::1' });
    expect(link.nextHop(FAR)).to.equal('fe80::1');
  });

  it('have the metric that ra_defrtr_metric says; shorter lifetimes than accept_ra_min_lft are passed over', () => {
    const link = new Link({ 'net.ipv6.conf.default.ra_defrtr_metric': 77, 'net.ipv6.conf.default.accept_ra_min_lft': 100 });
    link.receive(router({ lifetime: 99 }, prefix('2001:db8:1::', 99, 99)), ROUTER);
    expect(defaults(link)).to.deep.equal([]);
    expect(link.flags(MADE)).to.equal(undefined);
    link.receive(router({ lifetime: 100 }), ROUTER);
    expect(link.stack.route.list().find(({ destination }) => destination === 'default')).to.include({ metric: 77 });
    link.stack.sysctl.set('net.ipv6.conf.eth0.ra_defrtr_metric', 88);
    link.receive(router({ lifetime: 100 }), ROUTER);
    expect(
      link.stack.route
        .list()
        .filter(({ destination }) => destination === 'default')
        .map(({ metric }) => metric),
    ).to.deep.equal([88]);
    link.receive(router({ lifetime: 0 }), ROUTER);
    expect(defaults(link)).to.deep.equal([]);
  });

  it('are not taken with accept_ra_defrtr 0, nor from an address of ours without accept_ra_from_local', () => {
    const link = new Link({ 'net.ipv6.conf.default.accept_ra_defrtr': 0 });
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    expect(defaults(link)).to.deep.equal([]);
    expect(link.flags(MADE)).to.not.equal(undefined);
    for (const knob of [0, 1]) {
      const own = new Link({ 'net.ipv6.conf.default.accept_ra_from_local': knob });
      own.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), { ...ROUTER, source: 'fe80::53:ff:fe00:1' });
      expect(own.counts()['ownAdvertisement'] ?? 0).to.equal(1 - knob);
      expect(own.flags(MADE) === undefined).to.equal(knob === 0);
      // This host itself is no gateway of its own.
      expect(defaults(own)).to.deep.equal([]);
    }
  });

  it('are as many as there is room for, and leave a default route of the user’s', () => {
    const link = new Link();
    link.stack.route.add({ destination: 'default', gateway: '2001:db8::1', metric: 1024 });
    link.receive(router(), ROUTER);
    expect(defaults(link)).to.deep.equal(['2001:db8::1']);
    link.stack.route.remove({ destination: 'default', gateway: '2001:db8::1' });
    for (let i = 1; i < 400; i++) link.receive(router(), { ...ROUTER, source: `fe80::${i.toString(16)}` });
    expect(defaults(link)).to.have.length(256);
  });

  it('that say they are none any more are none [RFC 4861 §7.2.5]', () => {
    const link = new Link();
    link.receive(router({}, sourceLink), ROUTER);
    link.receive(advertisement('fe80::1', 0x20, targetLink), { source: 'fe80::1', destination: 'ff02::1' });
    expect(defaults(link)).to.deep.equal([]);
  });

  it('go with their interface', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    link.stack.link.down('eth0');
    link.stack.link.up('eth0');
    expect(defaults(link)).to.deep.equal([]);
    expect(link.flags(MADE)).to.equal(undefined);
  });

  it('tell the hop limit of the link, from accept_ra_min_hop_limit on [RFC 4861 §6.3.4]', () => {
    const link = new Link({ 'net.ipv6.conf.default.accept_ra_min_hop_limit': 20 });
    const hops = (): unknown => {
      link.sent();
      link.receive([128, 0, 0, 0, 0, 1, 0, 1], { source: 'fe80::99', destination: 'fe80::53:ff:fe00:1', hops: 64 });
      link.receive(advertisement('fe80::99', 0x60, targetLink), { source: 'fe80::99', destination: 'fe80::53:ff:fe00:1' });
      return link.sent().find(({ message }) => message[0] === 129)?.hops;
    };
    expect(hops()).to.equal(64);
    link.receive(router({ hops: 33, lifetime: 0 }), ROUTER);
    expect(hops()).to.equal(33);
    // 0: not said; 19: less than is taken.
    for (const said of [0, 19]) {
      link.receive(router({ hops: said, lifetime: 0 }), ROUTER);
      expect(hops()).to.equal(33);
    }
    expect(link.stack.sysctl.get('net.ipv6.conf.eth0.hop_limit')).to.equal(33);
    link.receive(router({ hops: 44 }), ROUTER);
    expect(link.stack.route.list().find(({ destination }) => destination === 'default')).to.include({ hopLimit: 44 });
  });

  it('tell the MTU of the link, where it is one [RFC 4861 §6.3.4]', () => {
    const link = new Link();
    expect(link.mtu('2001:db8::77')).to.equal(1500);
    link.receive(router({}, mtuOption(1400)), ROUTER);
    expect([link.mtu('2001:db8::77'), link.mtu('fe80::77'), link.mtu(FAR)]).to.deep.equal([1400, 1400, 1400]);
    for (const mtu of [1279, 1501]) {
      link.receive(router({}, mtuOption(mtu)), ROUTER);
      expect(link.mtu('2001:db8::77')).to.equal(1400);
    }
    expect(link.stack.sysctl.get('net.ipv6.conf.eth0.mtu')).to.equal(1400);
    const deaf = new Link({ 'net.ipv6.conf.default.accept_ra_mtu': 0 });
    deaf.receive(router({}, mtuOption(1400)), ROUTER);
    expect(deaf.mtu('2001:db8::77')).to.equal(1500);
  });

  it('tell how neighbours are timed [RFC 4861 §6.3.4]', async () => {
    const link = new Link();
    link.receive(router({ retransMs: 250 }), ROUTER);
    link.receive(solicitation('2001:db8::2', sourceLink));
    link.sent();
    link.sim.advance(5.9 * SECOND);
    expect(link.sent().map(({ message }) => message[0])).to.deep.equal([135, 135, 135]);
  });
});

describe('prefixes [RFC 4861 §6.3.4, RFC 4862 §5.5.3]', () => {
  const route = (link: Link) => link.stack.route.list().find(({ destination }) => destination === '2001:db8:1::/64');

  it('make an address and a route, for as long as they are valid', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    expect(link.flags(MADE)).to.deep.equal(['tentative', 'mngtmpaddr', 'noprefixroute']);
    link.sim.advance(3 * SECOND);
    expect(link.flags(MADE)).to.deep.equal(['mngtmpaddr', 'noprefixroute']);
    expect(route(link)).to.include({ iface: 'eth0', metric: 256 });
    expect(link.nextHop('2001:db8:1::99')).to.equal('2001:db8:1::99');
    link.sim.advance(1800 * SECOND);
    expect(link.flags(MADE)).to.deep.equal(['deprecated', 'mngtmpaddr', 'noprefixroute']);
    link.sim.advance(1800 * SECOND);
    expect([link.flags(MADE), route(link)]).to.deep.equal([undefined, undefined]);
  });

  it('are on the link or autonomous, as their flags say', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800, 0x80)), ROUTER);
    expect(link.flags(MADE)).to.equal(undefined);
    expect(route(link)).to.not.equal(undefined);
    const other = new Link();
    other.receive(router({}, prefix('2001:db8:1::', 3600, 1800, 0x40)), ROUTER);
    expect(other.flags(MADE)).to.not.equal(undefined);
    expect(route(other)).to.equal(undefined);
  });

  for (const [what, option] of [
    ['more preferred than valid (c)', prefix('2001:db8:1::', 10, 20)],
    ['link-local (b)', prefix('fe80::', 3600, 1800)],
    ['groups', prefix('ff02::', 3600, 1800)],
    ['valid for no time (d)', prefix('2001:db8:1::', 0, 0)],
  ] as const) {
    it(`make nothing where they are ${what}`, () => {
      const link = new Link();
      const before = link.stack.address.list().length;
      const routes = link.stack.route.list().filter(({ destination }) => destination !== 'default').length;
      link.receive(router({}, option), ROUTER);
      expect(link.stack.address.list()).to.have.length(before);
      expect(link.stack.route.list().filter(({ destination }) => destination !== 'default')).to.have.length(routes);
    });
  }

  it('make no address where they leave no 64 bits for its identifier (d), nor with autoconf off', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800, 0xc0, 63)), ROUTER);
    expect(link.flags(MADE)).to.equal(undefined);
    const off = new Link({ 'net.ipv6.conf.default.autoconf': 0 });
    off.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    expect(off.flags(MADE)).to.equal(undefined);
    expect(route(off)).to.not.equal(undefined);
  });

  it('shorten what is valid to two hours at most, unless it is less already (e)', () => {
    const link = new Link();
    const says = (valid: number, preferred: number): (number | undefined)[] => {
      link.receive(router({}, prefix('2001:db8:1::', valid, preferred)), ROUTER);
      return lifetimes(link);
    };
    expect(says(100_000, 50_000)).to.deep.equal([100_000, 50_000]);
    expect(says(10, 5)).to.deep.equal([7200, 5]);
    link.sim.advance(3600 * SECOND);
    expect(says(10, 0)).to.deep.equal([3600, 0]);
    expect(link.flags(MADE)).to.include('deprecated');
    expect(says(5000, 5000)).to.deep.equal([5000, 5000]);
    expect(says(FOREVER, FOREVER)).to.deep.equal([undefined, undefined]);
  });

  it('shorten it as they like with ra_honor_pio_life', () => {
    const link = new Link({ 'net.ipv6.conf.default.ra_honor_pio_life': 1 });
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    link.receive(router({}, prefix('2001:db8:1::', 30, 10)), ROUTER);
    expect(lifetimes(link)).to.deep.equal([30, 10]);
  });

  it('make so many addresses at most as max_addresses says', () => {
    const link = new Link({ 'net.ipv6.conf.default.max_addresses': 3 });
    for (let i = 1; i < 9; i++) link.receive(router({}, prefix(`2001:db8:${i}::`, 3600, 1800)), ROUTER);
    expect(link.stack.address.list({ iface: 'eth0' }).filter(({ flags }) => flags.includes('noprefixroute'))).to.have.length(3);
  });

  it('leave the route of an address that a user has added', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8::', 3600, 1800)), ROUTER);
    link.receive(router({}, prefix('2001:db8::', 0, 0)), ROUTER);
    expect(link.nextHop('2001:db8::77')).to.equal('2001:db8::77');
  });
});

describe('redirects [RFC 4861 §8.3]', () => {
  const redirected = (target: string): Link => {
    const link = new Link();
    link.receive(router({}, sourceLink), ROUTER);
    link.receive(redirect(target, FAR, [2, 1, 2, 0, 0, 0, 0, 0x77]), { source: 'fe80::1' });
    return link;
  };

  it('send what goes to the destination by the better router, and nothing else', () => {
    const link = redirected('fe80::2');
    expect(link.nextHop(FAR)).to.equal('fe80::2');
    expect(link.nextHop('2001:db8:ffff::2')).to.equal('fe80::1');
    const known = link.stack.neighbour.list().find(({ address: one }) => one === 'fe80::2');
    expect(known).to.include({ linkAddress: '02:00:00:00:00:77', state: 'STALE' });
  });

  it('tell that the destination itself is on the link', () => {
    expect(redirected(FAR).nextHop(FAR)).to.equal(FAR);
  });

  it('are forgotten when the better router is not reachable [RFC 4861 §7.3.3]', () => {
    const link = redirected('fe80::2');
    link.receive(solicitation('2001:db8::2', [1, 1, 2, 0, 0, 0, 0, 0x77]), { source: 'fe80::2' });
    link.sim.advance(10 * SECOND);
    expect(link.nextHop(FAR)).to.equal('fe80::1');
  });

  it('are as many as there is room for', () => {
    const link = redirected('fe80::2');
    for (let i = 1; i < 400; i++) {
      link.receive([...redirect('fe80::2', '2001:db8:ffff::').slice(0, 38), i >> 8, i & 0xff], { source: 'fe80::1' });
    }
    expect(link.stack.route.list().filter(({ protocol }) => protocol === 1)).to.have.length(256);
    expect(address(FAR)).to.have.length(16);
  });
});
