import { expect } from 'chai';
import { Link, OURS, prefix, routerAdvertisement as router, SECOND } from './link.js';

const ROUTER = { source: 'fe80::1', destination: 'ff02::1' };
const LINK_LOCAL = 'fe80::53:ff:fe00:1/64';
const addresses = ({ stack }: Link, iface = 'eth0'): string[] => stack.address.list({ iface, family: 'inet6' }).map((one) => one.address);

describe('disable_ipv6', () => {
  it('takes addresses, routes and packets from an interface, and gives it a link-local address back', () => {
    const link = new Link();
    link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
    link.stack.sysctl.set('net.ipv6.conf.eth0.disable_ipv6', 1);
    expect(addresses(link)).to.deep.equal([]);
    expect(link.stack.route.list().filter(({ iface, family }) => iface === 'eth0' && family === 'inet6')).to.deep.equal([]);
    link.sent();
    link.receive([128, 0, 0, 0, 0, 1, 0, 1], { destination: 'ff02::1' });
    link.sim.advance(3 * SECOND);
    expect(link.sent()).to.deep.equal([]);
    expect(link.stack.counters.of('@protoloom/ipv6')['disabled']).to.equal(1);
    expect(() => link.stack.address.add('eth0', `${OURS}/64`)).to.throw(/disabled/);
    const { received, made, fates, inHand } = link.stack.conservation();
    expect(received + made).to.equal(fates + inHand);

    link.stack.sysctl.set('net.ipv6.conf.eth0.disable_ipv6', 0);
    expect(addresses(link)).to.deep.equal([LINK_LOCAL]);
    link.sim.advance(3 * SECOND);
    expect(link.sent().map(({ message }) => message[0])).to.include(135);
  });

  it('set for all reaches every interface, and those to come; one of them may differ', () => {
    const link = new Link();
    link.stack.sysctl.set('net.ipv6.conf.all.disable_ipv6', 1);
    expect([addresses(link), addresses(link, 'lo')]).to.deep.equal([[], []]);
    expect(link.stack.sysctl.get('net.ipv6.conf.default.disable_ipv6')).to.equal(1);
    link.stack.sysctl.set('net.ipv6.conf.lo.disable_ipv6', 0);
    expect(addresses(link, 'lo')).to.deep.equal(['::1/128']);
    expect(addresses(link)).to.deep.equal([]);
  });

  it('is there before the interface is up', () => {
    const link = new Link({ 'net.ipv6.conf.default.disable_ipv6': 1 }, false);
    link.stack.link.up('eth0');
    link.sim.advance(3 * SECOND);
    expect([addresses(link), link.sent()]).to.deep.equal([[], []]);
  });
});

describe('an interface that goes down', () => {
  it('loses its addresses of IPv6, but for those that keep_addr_on_down keeps', () => {
    for (const [keep, left] of [
      [0, []],
      [1, [`${OURS}/64`]],
    ] as const) {
      const link = new Link({ 'net.ipv6.conf.all.keep_addr_on_down': keep });
      link.receive(router({}, prefix('2001:db8:1::', 3600, 1800)), ROUTER);
      link.stack.link.down('eth0');
      expect(addresses(link)).to.deep.equal(left);
      link.stack.link.up('eth0');
      expect(addresses(link)).to.have.members([...left, LINK_LOCAL]);
    }
  });
});
