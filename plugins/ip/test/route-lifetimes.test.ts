import { FrameHost } from '@protoloom/frames';
import { expect } from 'chai';

/** A host with 2001:db8::1/64 on eth0. */
function host(): FrameHost {
  const made = new FrameHost();
  made.stack.address.add('eth0', '2001:db8::1/64', { noDad: true });
  return made;
}
const there = { destination: '2001:db8:1::/48', gateway: '2001:db8::9', iface: 'eth0', metric: 5 };

describe('routes with a lifetime', () => {
  it('tell what is left of it, and end with it', () => {
    const { sim, stack } = host();
    stack.route.add({ ...there, expires: 10 });
    stack.route.add({ ...there, metric: 6 });
    const found = () => stack.route.list().filter(({ destination }) => destination === there.destination);
    sim.advance(4_000_000);
    expect(found().map(({ expires }) => expires)).to.deep.equal([6, undefined]);
    sim.advance(6_000_000);
    expect(found().map(({ metric }) => metric)).to.deep.equal([6]);
  });

  it('have it prolonged by replacing, which what is resolved survives; another gateway is another route', () => {
    const { sim, stack } = host();
    stack.route.replace({ ...there, expires: 10 });
    stack.route.replace({ ...there, expires: 20 });
    sim.advance(15_000_000);
    const found = () => stack.route.list().filter(({ destination }) => destination === there.destination);
    expect(found()).to.have.length(1);
    stack.route.replace({ ...there, gateway: '2001:db8::8' });
    expect(found().map(({ gateway, expires }) => [gateway, expires])).to.deep.equal([['2001:db8::8', undefined]]);
  });

  it('of a link-local gateway need no address of its link', () => {
    const { stack } = host();
    stack.route.add({ destination: 'default', gateway: 'fe80::1', iface: 'eth0' });
    expect(() => stack.route.add({ destination: 'default', gateway: '2001:db8:9::1', metric: 3 })).to.throw(/is on no link/);
  });
});
