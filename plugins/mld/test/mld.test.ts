import * as multicast from '@protoloom/contracts/multicast';
import { expect } from 'chai';
import { MldHost, octetsOf, query1, query2, report1 } from './host.js';

const GROUP = 'ff05::1234';
const ours = { group: GROUP, interface: 'tun0' };
const A = '2001:db8::a';
const B = '2001:db8::b';
const join = (host: MldHost, group = GROUP) => {
  const socket = host.socket();
  expect(host.set(socket, multicast.IPV6_JOIN_GROUP, { group, interface: 'tun0' })).to.equal('ok');
  return socket;
};
const leave = (host: MldHost, socket: ReturnType<typeof join>): string => host.set(socket, multicast.IPV6_LEAVE_GROUP, ours);
const settled = (sysctls = {}): MldHost => {
  const host = new MldHost(sysctls);
  join(host);
  host.sim.advance(15_000_000);
  host.says();
  return host;
};
/** What concerns these tests: solicited-node groups come and go with addresses. */
const about = (said: readonly string[]): string[] => said.filter((one) => one.includes('ff05:'));

describe('MLDv2: changes [RFC 3810 §6.1]', () => {
  it('a join is TO_EX{} to ff02::16, at once, and once more within a second', () => {
    const host = new MldHost();
    join(host);
    expect(host.heard()).to.deep.equal([{ to: 'ff02::16', says: `TO_EX ${GROUP} {}` }]);
    host.sim.advance(1_000_010);
    expect(host.says()).to.deep.equal([`TO_EX ${GROUP} {}`]);
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([]);
    expect(host.counts()).to.include({ outReports2: host.stack.counters.mib()['Icmp6.OutMLDv2Reports'] });
  });

  it('a leave is TO_IN{}, as often as mld_qrv says', () => {
    const host = new MldHost({ 'net.ipv6.mld_qrv': 3 });
    const socket = join(host);
    host.sim.advance(5_000_000);
    host.says();
    expect(leave(host, socket)).to.equal('ok');
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal(new Array(3).fill(`TO_IN ${GROUP} {}`));
  });

  it('sources are allowed and blocked one by one [RFC 3810 §6.1]', () => {
    const host = new MldHost();
    const socket = host.socket();
    const said: string[] = [];
    for (const [option, source] of [
      [multicast.MCAST_JOIN_SOURCE_GROUP, A],
      [multicast.MCAST_JOIN_SOURCE_GROUP, B],
      [multicast.MCAST_LEAVE_SOURCE_GROUP, A],
      [multicast.MCAST_LEAVE_SOURCE_GROUP, B],
    ] as const) {
      expect(host.set(socket, option, { ...ours, source })).to.equal('ok');
      host.sim.advance(5_000_000);
      said.push(...new Set(host.says()));
    }
    expect(said).to.deep.equal([`ALLOW ${GROUP} {${A}}`, `ALLOW ${GROUP} {${B}}`, `BLOCK ${GROUP} {${A}}`, `BLOCK ${GROUP} {${B}}`]);
  });

  it('ff02::1, and groups of one node, are never reported [RFC 3810 §6]', () => {
    const host = new MldHost();
    for (const group of ['ff02::1', 'ff01::9']) join(host, group);
    host.sim.advance(5_000_000);
    host.receive(query2(1000));
    host.sim.advance(5_000_000);
    expect(host.says().filter((said) => /ff02::1 |ff01::9/.test(said))).to.deep.equal([]);
  });

  it('closing the socket leaves; stopping the host leaves everything', async () => {
    const host = settled();
    await join(host, 'ff05::9').close();
    host.sim.advance(5_000_000);
    expect(host.says().at(-1)).to.equal('TO_IN ff05::9 {}');
    await host.stack.stop();
    expect(host.says().join()).to.contain(`TO_IN ${GROUP} {}`);
  });

  it('leaves from :: until the link has an address of ours, and is then told again [RFC 3810 §5.2.13]', () => {
    const host = new MldHost();
    host.stack.address.remove('tun0', 'fe80::2/64');
    host.sim.advance(5_000_000);
    host.says();
    join(host);
    host.sim.advance(5_000_000);
    expect(about(host.says())).to.deep.equal([`from ::: TO_EX ${GROUP} {}`, `from ::: TO_EX ${GROUP} {}`]);
    host.stack.address.add('tun0', 'fe80::2/64');
    host.sim.advance(5_000_000);
    expect(host.says().join()).to.contain(`TO_EX ${GROUP} {}`);
  });
});

describe('MLDv2: queries [RFC 3810 §6.2]', () => {
  it('a general query is answered within the response time, once', () => {
    const host = settled();
    host.receive(query2(10_000));
    host.receive(query2(10_000));
    host.sim.advance(10_000_000);
    const said = host.says();
    expect(said).to.have.length(1);
    expect(said[0]).to.contain(`IS_EX ${GROUP} {}`);
  });

  it('a query about a group, and about sources, is answered with what is wanted of that', () => {
    const host = settled();
    host.receive(query2(1000, GROUP), { destination: GROUP });
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`IS_EX ${GROUP} {}`]);
    host.set(host.socket(), multicast.MCAST_JOIN_SOURCE_GROUP, { group: 'ff05::7', interface: 'tun0', source: A });
    host.sim.advance(5_000_000);
    host.says();
    host.receive(query2(1000, 'ff05::7', [A, B]), { destination: 'fe80::2' });
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`IS_IN ff05::7 {${A}}`]);
  });

  it('codes from 32,768 on are mantissa and exponent [RFC 3810 §5.1.3]', () => {
    const host = settled();
    // (0 | 0x1000) << 3 = 32,768 ms.
    host.receive(query2(0x8000));
    host.sim.advance(32_768_001);
    expect(host.says()).to.have.length(1);
  });
});

describe('MLDv1 [RFC 3810 §8, RFC 2710]', () => {
  it('force_mld_version 1: reports go to the group, a done to ff02::2', () => {
    const host = new MldHost({ 'net.ipv6.conf.all.force_mld_version': 1 });
    const socket = join(host);
    host.sim.advance(11_000_000);
    expect(host.heard()).to.deep.equal([
      { to: GROUP, says: `report ${GROUP}` },
      { to: GROUP, says: `report ${GROUP}` },
    ]);
    leave(host, socket);
    expect(host.heard()).to.deep.equal([{ to: 'ff02::2', says: `done ${GROUP}` }]);
  });

  it('an older querier is answered in its version, until it has not been heard for the older version’s time', () => {
    const host = settled();
    host.receive(query1(10_000));
    host.sim.advance(10_000_000);
    expect(about(host.says())).to.deep.equal([`report ${GROUP}`]);
    host.sim.advance(251_000_000);
    join(host, 'ff05::6');
    expect(host.says()).to.deep.equal(['TO_EX ff05::6 {}']);
  });

  it('force_mld_version 2 leaves queries of version 1 aside', () => {
    const host = settled({ 'net.ipv6.conf.all.force_mld_version': 2 });
    host.receive(query1(10_000));
    host.sim.advance(10_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('a report by another host spares ours, and the done [RFC 2710 §4]', () => {
    const host = new MldHost({ 'net.ipv6.conf.all.force_mld_version': 1 });
    const socket = join(host);
    host.sim.advance(11_000_000);
    host.says();
    host.receive(query1(10_000));
    host.receive(report1(GROUP), { destination: GROUP });
    host.sim.advance(10_000_000);
    leave(host, socket);
    expect(about(host.says())).to.deep.equal([]);
    expect(host.counts()).to.include({ inReports: 1 });
  });
});

describe('MLD messages that are dropped', () => {
  type Case = readonly [string, readonly number[], Parameters<MldHost['receive']>[1], string];
  const cases: readonly Case[] = [
    ['shorter than 24 octets [RFC 3810 §5.1]', query1(1000).slice(0, 23), {}, 'malformed'],
    ['between a query of version 1 and one of version 2 [RFC 3810 §8.1]', query2(1000).slice(0, 26), {}, 'malformed'],
    ['more sources than octets [RFC 3810 §5.1.10]', [...query2(1000, GROUP).slice(0, 26), 0, 2, ...octetsOf(A)], {}, 'malformed'],
    ['a general query with sources [RFC 3810 §5.1.10]', query2(1000, '::', [A]), {}, 'malformed'],
    ['a query about no group [RFC 3810 §5.1.5]', query2(1000, A), {}, 'malformed'],
    ['a hop limit other than 1 [RFC 3810 §6.2]', query2(1000), { hops: 2 }, 'badHopLimit'],
    ['a source that is not the link’s own [RFC 3810 §5.1.14]', query2(1000), { source: A }, 'badSource'],
    ['a query without router alert [RFC 3810 §6.2]', query2(1000), { alert: false }, 'noRouterAlert'],
    ['a general query to another group [RFC 3810 §5.1.15]', query2(1000), { destination: GROUP }, 'badDestination'],
    ['a report of version 2, which is for routers [RFC 3810 §6]', [143, 0, 0, 0, 0, 0, 0, 0], {}, 'inReports2'],
    ['a done, which is for routers [RFC 2710 §4]', [132, ...report1(GROUP).slice(1)], {}, 'inDones'],
    ['a report about no group [RFC 2710 §3.6]', report1(A), {}, 'malformed'],
    ['a report without router alert [RFC 2710 §3]', report1(GROUP), { alert: false }, 'noRouterAlert'],
  ];
  for (const [what, message, options, counter] of cases) {
    it(what, () => {
      const host = settled();
      const before = host.counts();
      host.receive(message, options);
      host.sim.advance(20_000_000);
      expect(host.says()).to.deep.equal([]);
      expect(host.counts()).to.deep.equal({ ...before, [counter]: 1 });
      expect(host.stack.conservation()).to.include({ inHand: 0 });
    });
  }
});
