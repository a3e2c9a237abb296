import { FrameHost } from '@protoloom/frames';
import { expect } from 'chai';

const SECOND = 1_000_000;
const ADDRESS = '2001:db8::2/64';
const host = (options = {}): FrameHost => {
  const made = new FrameHost();
  made.stack.address.add('eth0', ADDRESS, { noDad: true, ...options });
  return made;
};
const info = ({ stack }: FrameHost) => stack.address.list({ family: 'inet6', iface: 'eth0' })[0];

describe('an address with lifetimes [RFC 4862 §5.5.4]', () => {
  it('is deprecated when it is no longer preferred, and gone with its routes when it is no longer valid', () => {
    const made = host({ validLifetime: 30, preferredLifetime: 10 });
    expect(info(made)).to.include({ validLifetime: 30, preferredLifetime: 10 });
    expect(info(made)?.flags).to.deep.equal([]);
    made.sim.advance(10 * SECOND);
    expect(info(made)?.flags).to.deep.equal(['deprecated']);
    expect(info(made)).to.include({ validLifetime: 20, preferredLifetime: 0 });
    made.sim.advance(20 * SECOND);
    expect(info(made)).to.equal(undefined);
    expect(made.stack.route.list().filter(({ family, iface }) => family === 'inet6' && iface === 'eth0')).to.deep.equal([]);
  });

  it('has others when they are changed', () => {
    const made = host({ validLifetime: 30, preferredLifetime: 10 });
    made.sim.advance(20 * SECOND);
    made.stack.address.change('eth0', ADDRESS, { validLifetime: 100, preferredLifetime: 50 });
    expect(info(made)?.flags).to.deep.equal([]);
    made.sim.advance(99 * SECOND);
    expect(info(made)?.flags).to.deep.equal(['deprecated']);
    made.stack.address.change('eth0', ADDRESS, {});
    made.sim.advance(1000 * SECOND);
    expect(info(made)?.flags).to.deep.equal(['permanent']);
    expect(() => made.stack.address.change('eth0', '2001:db8::3/64', {})).to.throw(/EADDRNOTAVAIL/);
  });

  it('has none at first: it is permanent', () => {
    const made = host();
    expect(info(made)?.flags).to.deep.equal(['permanent']);
    expect(info(made)).to.include({ validLifetime: undefined, preferredLifetime: undefined });
  });
});

describe('subnets of several interfaces', () => {
  it('may be the same: each has its own route [RFC 4007 §5]', () => {
    const { stack, sim } = new FrameHost();
    stack.link.add(sim.device({ name: 'eth1' }));
    stack.link.up('eth1');
    for (const iface of ['eth0', 'eth1']) stack.address.add(iface, `fe80::${iface === 'eth0' ? 1 : 2}/64`, { noDad: true });
    const routes = stack.route.list().filter(({ destination, table }) => destination === 'fe80::/64' && table === 'main');
    expect(routes.map(({ iface, metric }) => [iface, metric])).to.deep.equal([
      ['eth0', 256],
      ['eth1', 256],
    ]);
  });
});
