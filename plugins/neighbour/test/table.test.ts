import { IFF_LOOPBACK, IFF_NOARP, INTERFACES, type Interface } from '@protoloom/contracts';
import { NUD_REACHABLE, NUD_STALE } from '@protoloom/contracts/neighbour';
import { AF_INET, AF_INET6 } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { MAC, rig, stateOf, words } from './rig.js';

const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

describe('the neighbour table', () => {
  it('gives the same neighbour for the same address, another on another interface', () => {
    const { lookup, find, simulation, stack, neighbours, moved } = rig();
    expect(find()).to.equal(undefined);
    const peer = lookup();
    expect(lookup()).to.equal(peer);
    expect(find()).to.equal(peer);
    stack.link.add(simulation.device({ name: 'eth1' }));
    const other = neighbours.lookup(stack.service(INTERFACES).byName('eth1') as Interface, AF_INET, words('192.0.2.9'), 0);
    expect(other).not.to.equal(peer);
    expect(moved()).to.deep.equal({ entries: 2, allocs: 2, lookups: 5, hits: 2 });
  });

  it('says what is missing where nobody resolves the family', () => {
    const { neighbours, iface } = rig();
    expect(() => neighbours.lookup(iface, AF_INET6, words('192.0.2.9'), 0)).to.throw('address family 10');
    expect(neighbours.find(iface, AF_INET6, words('192.0.2.9'), 0)).to.equal(undefined);
  });

  for (const [what, to, destination] of [
    ['groups have their link address', '224.0.0.251', '1.0.94.0.0.251'],
    ['broadcast has the link’s', '192.0.2.255', '255.255.255.255.255.255'],
  ] as const) {
    it(`needs no resolution: ${what}`, () => {
      const { lookup, send, sent, told } = rig();
      const peer = lookup(to);
      expect(stateOf(peer)).to.equal('NOARP');
      send(peer);
      expect(sent.map((frame) => frame.destination)).to.deep.equal([destination]);
      expect(told()).to.deep.equal([]);
    });
  }

  it('has its own link address for everybody on interfaces without ARP', () => {
    const { lookup, iface } = rig();
    Object.assign(iface, { flags: iface.flags | IFF_NOARP });
    const peer = lookup();
    expect(stateOf(peer)).to.equal('NOARP');
    expect(peer.linkAddress).to.deep.equal(iface.address);
  });

  it('has one neighbour for every address on a loopback interface', () => {
    const { lookup, iface } = rig();
    Object.assign(iface, { flags: iface.flags | IFF_LOOPBACK });
    expect(lookup('127.0.0.1')).to.equal(lookup('127.0.0.2'));
    expect(Array.from(lookup('127.0.0.1').words)).to.deep.equal([0, 0, 0, 0]);
  });

  it('never has more than gc_thresh3 entries, refuses and counts [bounded memory]', () => {
    const { lookup, send, moved, stack, told } = rig();
    for (let n = 1; n <= 1024; n++) send(lookup(address(n)));
    told();
    const refused = lookup(address(5000));
    expect(refused.dead).to.equal(true);
    send(refused);
    expect(told(), 'nobody is asked for it').to.deep.equal([]);
    expect(stack.packetsInHand).to.equal(1024);
    expect(moved()).to.deep.equal({ entries: 1024, allocs: 1024, lookups: 1025, tableFulls: 1, forcedGcRuns: 2 });
  });

  it('makes room above gc_thresh2 from what has failed', () => {
    const { lookup, send, advanceMs, moved } = rig();
    for (let n = 1; n <= 600; n++) send(lookup(address(n)));
    advanceMs(10_000);
    expect(lookup(address(601)).dead).to.equal(false);
    expect(moved()).to.deep.include({ entries: 513, destroys: 88, resFailed: 600 });
  });

  it('collects, at gc_thresh1 and above, what was not used for gc_stale_time', () => {
    const { lookup, update, send, advanceMs, stack, moved, find } = rig();
    for (let n = 1; n <= 130; n++) update(lookup(address(n)), MAC, NUD_STALE);
    stack.neighbour.add('eth0', '192.0.2.200', '02:00:00:00:00:77');
    advanceMs(59_000);
    send(lookup(address(7)));
    expect(moved()).to.deep.include({ entries: 131, periodicGcRuns: 1 });
    advanceMs(1_000);
    expect(moved()).to.deep.include({ entries: 2, destroys: 129, periodicGcRuns: 2 });
    expect(find(address(7))).not.to.equal(undefined);
    expect(stateOf(find('192.0.2.200') ?? expect.fail())).to.equal('PERMANENT');
  });

  it('collects nothing below gc_thresh1, and keeps no timer for it', () => {
    const { lookup, update, advanceMs, moved, stack } = rig();
    for (let n = 1; n <= 127; n++) update(lookup(address(n)), MAC, NUD_STALE);
    expect(stack.nextTurnUs()).to.equal(Number.POSITIVE_INFINITY);
    advanceMs(600_000);
    expect(moved()).to.deep.equal({ entries: 127, allocs: 127, lookups: 127 });
  });

  it('does not count permanent entries towards the thresholds', () => {
    const { lookup, stack } = rig({ 'net.ipv4.neigh.default.gc_thresh3': 1, 'net.ipv4.neigh.default.gc_thresh2': 1 });
    stack.neighbour.add('eth0', '192.0.2.1', '02:00:00:00:00:01');
    stack.neighbour.add('eth0', '192.0.2.2', '02:00:00:00:00:02');
    expect(lookup('192.0.2.3').dead).to.equal(false);
    expect(lookup('192.0.2.4').dead).to.equal(true);
  });

  it('drops for a dead neighbour until it is looked up again', () => {
    const { lookup, update, send, sent, stack } = rig();
    const peer = lookup();
    update(peer, MAC, NUD_REACHABLE);
    stack.neighbour.flush();
    expect(peer.dead).to.equal(true);
    send(peer);
    expect(sent).to.deep.equal([]);
    expect(lookup()).not.to.equal(peer);
  });
});

describe('interfaces and their neighbours', () => {
  const filled = (sysctls: Record<string, number> = {}) => {
    const all = rig(sysctls);
    all.update(all.lookup('192.0.2.1'), MAC, NUD_REACHABLE);
    all.send(all.lookup('192.0.2.2'));
    all.stack.neighbour.add('eth0', '192.0.2.3', '02:00:00:00:00:03');
    const left = (): string[] => all.stack.neighbour.list().map((one) => one.address);
    return { ...all, left };
  };

  it('forgets all when the interface goes down, and what waited', () => {
    const { stack, left, told, advanceMs } = filled();
    told();
    stack.link.down('eth0');
    expect(told()).to.deep.equal(['removed', 'removed', 'removed']);
    expect(left()).to.deep.equal([]);
    expect(stack.packetsInHand).to.equal(0);
    advanceMs(60_000);
    expect(told()).to.deep.equal([]);
  });

  it('forgets all when the interface goes', () => {
    const { stack, left } = filled();
    stack.link.remove('eth0');
    expect(left()).to.deep.equal([]);
    expect(stack.packetsInHand).to.equal(0);
  });

  it('forgets all but permanent entries when the carrier is lost', () => {
    const { device, left } = filled();
    device.carrier(false);
    expect(left()).to.deep.equal(['192.0.2.3']);
  });

  it('forgets nothing on carrier loss where the protocol would keep it', () => {
    const { device, left } = filled({ 'net.test.evict': 0 });
    device.carrier(false);
    expect(left()).to.deep.equal(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  });

  it('forgets nothing when the MTU changes', () => {
    const { stack, left } = filled();
    stack.link.setMtu('eth0', 1400);
    expect(left()).to.have.length(3);
  });

  it('forgets all when the link address changes', () => {
    const { stack, iface, lookup, update, neighbours } = rig();
    stack.link.down('eth0');
    update(lookup(), MAC, NUD_STALE);
    stack.link.setAddress('eth0', '02:00:00:00:00:55');
    expect(neighbours.find(iface, AF_INET, words('192.0.2.9'), 0)).to.equal(undefined);
  });

  it('forgets a family that is unplugged', async () => {
    const { stack } = filled();
    await stack.unplug('resolver');
    expect(stack.neighbour.list()).to.deep.equal([]);
    expect(stack.packetsInHand).to.equal(0);
  });
});

describe('ip neighbour', () => {
  it('adds, lists and removes permanent entries', () => {
    const { stack, lookup, send, sent } = rig();
    stack.neighbour.add('eth0', '192.0.2.9', '02:00:00:00:00:77');
    expect(stack.neighbour.list()).to.deep.equal([
      { iface: 'eth0', address: '192.0.2.9', linkAddress: '02:00:00:00:00:77', state: 'PERMANENT' },
    ]);
    send(lookup());
    expect(sent.map(({ destination }) => destination)).to.deep.equal(['2.0.0.0.0.119']);
    stack.neighbour.flush();
    expect(stack.neighbour.list({ iface: 'eth0', family: 'inet' })).to.have.length(1);
    expect(stack.neighbour.list({ family: 'inet6' })).to.deep.equal([]);
    stack.neighbour.remove('eth0', '192.0.2.9');
    expect(stack.neighbour.list()).to.deep.equal([]);
  });

  it('lists what is not resolved without an address, and no groups', () => {
    const { stack, lookup, send } = rig();
    send(lookup());
    lookup('224.0.0.1');
    expect(stack.neighbour.list()).to.deep.equal([{ iface: 'eth0', address: '192.0.2.9', linkAddress: undefined, state: 'INCOMPLETE' }]);
  });

  it('refuses mistakes with a code and what is allowed', () => {
    const { stack } = rig();
    const { neighbour } = stack;
    const code = (run: () => void): unknown => {
      try {
        run();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return undefined;
    };
    neighbour.add('eth0', '192.0.2.9', '02:00:00:00:00:77');
    expect(code(() => neighbour.add('eth0', '192.0.2.9', '02:00:00:00:00:78'))).to.equal('EEXIST');
    expect(code(() => neighbour.add('eth9', '192.0.2.9', '02:00:00:00:00:77'))).to.equal('ENODEV');
    expect(code(() => neighbour.add('eth0', '192.0.2.300', '02:00:00:00:00:77'))).to.equal('EINVAL');
    expect(code(() => neighbour.add('eth0', '192.0.2.8', '02:00:00:00:77'))).to.equal('EINVAL');
    expect(code(() => neighbour.add('eth0', '2001:db8::1', '02:00:00:00:00:77'))).to.equal('EAFNOSUPPORT');
    expect(code(() => neighbour.remove('eth0', '192.0.2.1'))).to.equal('ENOENT');
    expect(code(() => neighbour.list({ iface: 'eth9' }))).to.equal('ENODEV');
  });
});
