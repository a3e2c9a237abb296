import * as multicast from '@protoloom/contracts/multicast';
import { PEER } from '@protoloom/frames';
import { expect } from 'chai';
import { IgmpHost, query1, query2, query3, summed } from './host.js';

const GROUP = '239.1.2.3';
const OCTETS = [239, 1, 2, 3];
const A = [10, 0, 0, 10];
const B = [10, 0, 0, 11];
const C = [10, 0, 0, 12];
const text = (octets: readonly number[]): string => octets.join('.');
const join = (host: IgmpHost, group = GROUP) => {
  const socket = host.socket();
  expect(host.set(socket, multicast.IP_ADD_MEMBERSHIP, { group, interface: 'eth0' })).to.equal('ok');
  return socket;
};
const leave = (host: IgmpHost, socket: ReturnType<typeof join>, group = GROUP): string =>
  host.set(socket, multicast.IP_DROP_MEMBERSHIP, { group, interface: 'eth0' });
const source = (octets: readonly number[], group = GROUP) => ({ group, interface: 'eth0', source: text(octets) });

describe('IGMPv3: changes [RFC 3376 §5.1]', () => {
  it('a join is told at once as TO_EX{}, and once more within a second, to 224.0.0.22', () => {
    const host = new IgmpHost();
    join(host);
    expect(host.heard()).to.deep.equal([{ to: '224.0.0.22', says: `TO_EX ${GROUP} {}` }]);
    host.sim.advance(1_000_010);
    expect(host.says()).to.deep.equal([`TO_EX ${GROUP} {}`]);
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('a leave is TO_IN{}, as often as igmp_qrv says', () => {
    const host = new IgmpHost({ 'net.ipv4.igmp_qrv': 3 });
    const socket = join(host);
    host.sim.advance(5_000_000);
    expect(host.says()).to.have.length(3);
    expect(leave(host, socket)).to.equal('ok');
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([`TO_IN ${GROUP} {}`, `TO_IN ${GROUP} {}`, `TO_IN ${GROUP} {}`]);
  });

  it('groups that are joined in one turn are told of in one report', () => {
    const host = new IgmpHost();
    const socket = host.socket();
    for (const group of ['239.0.0.1', '239.0.0.2']) host.set(socket, multicast.IP_ADD_MEMBERSHIP, { group, interface: 'eth0' });
    expect(host.says()).to.deep.equal(['TO_EX 239.0.0.1 {}, TO_EX 239.0.0.2 {}']);
  });

  it('the first source is ALLOW, another ALLOW, one less BLOCK, the last BLOCK', () => {
    const host = new IgmpHost();
    const socket = host.socket();
    const said: string[][] = [];
    for (const [option, octets] of [
      [multicast.IP_ADD_SOURCE_MEMBERSHIP, A],
      [multicast.IP_ADD_SOURCE_MEMBERSHIP, B],
      [multicast.IP_DROP_SOURCE_MEMBERSHIP, A],
      [multicast.IP_DROP_SOURCE_MEMBERSHIP, B],
    ] as const) {
      expect(host.set(socket, option, source(octets))).to.equal('ok');
      host.sim.advance(5_000_000);
      said.push([...new Set(host.says())]);
    }
    const one = (what: string, octets: readonly number[]): string[] => [`${what} ${GROUP} {${text(octets)}}`];
    expect(said).to.deep.equal([one('ALLOW', A), one('ALLOW', B), one('BLOCK', A), one('BLOCK', B)]);
  });

  it('a blocked source is BLOCK, an unblocked one ALLOW', () => {
    const host = new IgmpHost();
    const socket = join(host);
    host.sim.advance(5_000_000);
    host.says();
    host.set(socket, multicast.IP_BLOCK_SOURCE, source(A));
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([`BLOCK ${GROUP} {${text(A)}}`, `BLOCK ${GROUP} {${text(A)}}`]);
    host.set(socket, multicast.IP_UNBLOCK_SOURCE, source(A));
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([`ALLOW ${GROUP} {${text(A)}}`, `ALLOW ${GROUP} {${text(A)}}`]);
  });

  it('filters of several sockets are one: INCLUDE a union, EXCLUDE an intersection less what is included [RFC 3376 §3.2]', () => {
    const host = new IgmpHost();
    const including = host.socket();
    host.set(including, multicast.MCAST_JOIN_SOURCE_GROUP, source(A));
    host.sim.advance(5_000_000);
    host.says();
    const excluding = join(host);
    host.set(excluding, multicast.MCAST_MSFILTER, {
      group: GROUP,
      interface: 'eth0',
      mode: multicast.MCAST_EXCLUDE,
      sources: [A, B].map(text),
    });
    host.sim.advance(5_000_000);
    expect([...new Set(host.says())]).to.deep.equal([`TO_EX ${GROUP} {${text(B)}}`]);
    const other = join(host);
    host.set(other, multicast.MCAST_MSFILTER, { group: GROUP, interface: 'eth0', mode: multicast.MCAST_EXCLUDE, sources: [C].map(text) });
    host.sim.advance(5_000_000);
    expect([...new Set(host.says())]).to.deep.equal([`ALLOW ${GROUP} {${text(B)}}`]);
    leave(host, excluding);
    leave(host, other);
    host.sim.advance(5_000_000);
    expect(host.says().at(-1)).to.equal(`TO_IN ${GROUP} {${text(A)}}`);
  });

  it('a change while another is pending: the mode is told with the sources of now', () => {
    const host = new IgmpHost();
    const socket = join(host);
    expect(host.says()).to.deep.equal([`TO_EX ${GROUP} {}`]);
    host.set(socket, multicast.IP_BLOCK_SOURCE, source(A));
    expect(host.says()).to.deep.equal([`TO_EX ${GROUP} {${text(A)}}`]);
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([`BLOCK ${GROUP} {${text(A)}}`]);
  });

  it('224.0.0.1 is never reported; groups of 224.0.0/24 as igmp_link_local_mcast_reports says [RFC 3376 §6]', () => {
    const host = new IgmpHost({ 'net.ipv4.igmp_link_local_mcast_reports': 0 });
    join(host, '224.0.0.1');
    join(host, '224.0.0.251');
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([]);
    host.query(query3(10));
    host.sim.advance(5_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('closing the socket leaves; stopping the host leaves everything', async () => {
    const host = new IgmpHost();
    const socket = join(host);
    join(host, '239.9.9.9');
    host.sim.advance(5_000_000);
    host.says();
    await socket.close();
    expect(host.says()).to.deep.equal([`TO_IN ${GROUP} {}`]);
    host.sim.advance(5_000_000);
    host.says();
    await host.stack.stop();
    expect(host.says()).to.deep.equal(['TO_IN 239.9.9.9 {}']);
  });

  it('an interface that comes up again tells anew', () => {
    const host = new IgmpHost();
    join(host);
    host.sim.advance(5_000_000);
    host.says();
    host.stack.link.down('eth0');
    host.stack.link.up('eth0');
    host.sim.advance(5_000_000);
    expect([...new Set(host.says())]).to.deep.equal([`TO_EX ${GROUP} {}`]);
  });
});

describe('IGMPv3: queries [RFC 3376 §5.2]', () => {
  function settled(): IgmpHost {
    const host = new IgmpHost();
    join(host);
    const filtered = host.socket();
    host.set(filtered, multicast.IP_ADD_SOURCE_MEMBERSHIP, source(A, '239.7.7.7'));
    host.set(filtered, multicast.IP_ADD_SOURCE_MEMBERSHIP, source(B, '239.7.7.7'));
    host.sim.advance(5_000_000);
    host.says();
    return host;
  }
  const F = [239, 7, 7, 7];

  it('a general query is answered within the response time, once, with all that is current', () => {
    const host = settled();
    host.query(query3(100));
    host.sim.advance(10_000_000);
    expect(host.says()).to.deep.equal([`IS_EX ${GROUP} {}, IS_IN 239.7.7.7 {${text(A)} ${text(B)}}`]);
    host.sim.advance(60_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('a query about a group is answered with that group', () => {
    const host = settled();
    host.query(query3(10, OCTETS));
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`IS_EX ${GROUP} {}`]);
  });

  it('a query about a group and sources is answered with those of them that are wanted', () => {
    const host = settled();
    host.query(query3(10, F, [A, C]));
    host.query(query3(10, F, [B]));
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`IS_IN 239.7.7.7 {${text(A)} ${text(B)}}`]);
    host.query(query3(10, F, [C]));
    host.query(query3(10, [239, 8, 8, 8]));
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('a query about the group while one about sources is pending asks for all of it', () => {
    const host = settled();
    host.query(query3(10, F, [A]));
    host.query(query3(10, F));
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`IS_IN 239.7.7.7 {${text(A)} ${text(B)}}`]);
  });

  it('one answer serves queries that come while it is pending', () => {
    const host = settled();
    host.query(query3(100));
    host.query(query3(100));
    host.sim.advance(20_000_000);
    expect(host.says()).to.have.length(1);
  });

  it('codes from 128 on are mantissa and exponent [RFC 3376 §4.1.1]', () => {
    const host = settled();
    // 0x8f: (15 | 16) << 3 = 248 tenths.
    host.query(query3(0x8f));
    host.sim.advance(24_800_001);
    expect(host.says()).to.have.length(1);
  });

  it('the querier’s robustness is the host’s from then on [RFC 3376 §4.1.6]', () => {
    const host = settled();
    host.query(query3(1, undefined, [], 4));
    host.sim.advance(1_000_000);
    host.says();
    join(host, '239.4.4.4');
    host.sim.advance(10_000_000);
    expect(host.says()).to.have.length(4);
  });
});

describe('IGMPv2 and IGMPv1 [RFC 3376 §7, RFC 2236, RFC 1112]', () => {
  it('force_igmp_version 2: reports go to the group, a leave to 224.0.0.2', () => {
    const host = new IgmpHost({ 'net.ipv4.conf.all.force_igmp_version': 2 });
    const socket = join(host);
    host.sim.advance(11_000_000);
    expect(host.heard()).to.deep.equal([
      { to: GROUP, says: `v2 report ${GROUP}` },
      { to: GROUP, says: `v2 report ${GROUP}` },
    ]);
    leave(host, socket);
    expect(host.heard()).to.deep.equal([{ to: '224.0.0.2', says: `leave ${GROUP}` }]);
  });

  it('force_igmp_version 1: reports of version 1, and no leave', () => {
    const host = new IgmpHost({ 'net.ipv4.conf.all.force_igmp_version': 1 });
    const socket = join(host);
    expect(host.says()).to.deep.equal([`v1 report ${GROUP}`]);
    leave(host, socket);
    host.sim.advance(11_000_000);
    expect(host.says()).to.deep.equal([]);
  });

  it('an older querier is answered in its version, until it has not been heard for the older version’s time', () => {
    const host = new IgmpHost();
    join(host);
    host.sim.advance(5_000_000);
    host.says();
    host.query(query2(100));
    host.sim.advance(10_000_000);
    expect(host.says()).to.deep.equal([`v2 report ${GROUP}`]);
    host.query(query1(), { alert: false });
    host.sim.advance(10_000_000);
    expect(host.says()).to.deep.equal([`v1 report ${GROUP}`]);
    // 2 × 125 s + 10 s after the last.
    host.sim.advance(249_000_000);
    join(host, '239.5.5.5');
    expect(host.says()).to.deep.equal(['v1 report 239.5.5.5']);
    host.sim.advance(20_000_000);
    host.says();
    join(host, '239.6.6.6');
    expect(host.says()).to.deep.equal(['TO_EX 239.6.6.6 {}']);
  });

  it('a report by another host spares ours, and the leave [RFC 2236 §3]', () => {
    const host = new IgmpHost({ 'net.ipv4.conf.all.force_igmp_version': 2 });
    const socket = join(host);
    host.sim.advance(11_000_000);
    host.says();
    host.query(query2(100));
    host.query([0x16, 0, 0, 0, ...OCTETS], { destination: OCTETS });
    host.sim.advance(10_000_000);
    expect(host.says()).to.deep.equal([]);
    leave(host, socket);
    expect(host.says()).to.deep.equal([]);
    expect(host.counts('igmp')).to.include({ inReports: 1 });
  });

  it('a query about a group is answered for that group alone', () => {
    const host = new IgmpHost({ 'net.ipv4.conf.all.force_igmp_version': 2 });
    join(host);
    join(host, '239.2.2.2');
    host.sim.advance(11_000_000);
    host.says();
    host.query(query2(10, OCTETS), { destination: OCTETS });
    host.sim.advance(1_000_000);
    expect(host.says()).to.deep.equal([`v2 report ${GROUP}`]);
  });
});

describe('IGMP messages that are dropped', () => {
  const cases: readonly (readonly [string, readonly number[], Parameters<IgmpHost['query']>[1], string])[] = [
    ['shorter than eight octets [RFC 3376 §4]', [0x11, 0, 0xee, 0xff], {}, 'malformed'],
    ['a query of version 3 cut short [RFC 3376 §7.1]', query3(10).slice(0, 11), {}, 'malformed'],
    ['more sources than octets [RFC 3376 §4.1]', [...query3(10, OCTETS).slice(0, 10), 0, 2, ...A], {}, 'malformed'],
    ['a general query with sources [RFC 3376 §4.1.9]', query3(10, undefined, [A]), {}, 'malformed'],
    ['a query about no group [RFC 3376 §4.1.3]', query3(10, PEER), {}, 'malformed'],
    ['a TTL other than 1 [RFC 3376 §4]', query3(10), { ttl: 2 }, 'badTtl'],
    ['a query without router alert [RFC 3376 §9.1]', query3(10), { alert: false }, 'noRouterAlert'],
    ['a query of version 2 without router alert [RFC 3376 §9.1]', query2(10), { alert: false }, 'noRouterAlert'],
    ['a general query to another group [RFC 3376 §9.1]', query3(10), { destination: OCTETS }, 'badDestination'],
    ['a report of version 3, which is for routers [RFC 3376 §6]', [0x22, 0, 0, 0, 0, 0, 0, 0], {}, 'notForHosts'],
    ['a leave, which is for routers [RFC 2236 §2]', [0x17, 0, 0, 0, ...OCTETS], {}, 'notForHosts'],
    ['a type that nobody knows [RFC 3376 §4]', [0x99, 0, 0, 0, 0, 0, 0, 0], {}, 'notForHosts'],
  ];
  for (const [what, message, options, counter] of cases) {
    it(what, () => {
      const host = new IgmpHost();
      join(host);
      host.sim.advance(5_000_000);
      host.says();
      const before = host.counts('igmp');
      host.query(message, options);
      host.sim.advance(20_000_000);
      expect(host.says()).to.deep.equal([]);
      expect(host.counts('igmp')).to.deep.equal({ ...before, [counter]: 1 });
      expect(host.stack.conservation()).to.include({ inHand: 0 });
    });
  }

  it('a bad checksum [RFC 3376 §4.1.2]', () => {
    const host = new IgmpHost();
    const message = summed(query3(10));
    message[2] = (message[2] as number) ^ 1;
    host.group([...ipHeader(message.length), ...message]);
    expect(host.counts('igmp')).to.deep.equal({ checksum: 1 });
  });
});

/** An IPv4 header for a message to 224.0.0.1 whose checksum is left alone. */
function ipHeader(length: number): number[] {
  const header = [0x45, 0xc0, 0, 20 + length, 0, 1, 0, 0, 1, 2, 0, 0, ...PEER, 224, 0, 0, 1];
  return header.map((octet, at) => (at === 10 || at === 11 ? (summed10(header) >> (at === 10 ? 8 : 0)) & 0xff : octet));
}
function summed10(header: readonly number[]): number {
  let total = 0;
  for (let at = 0; at < header.length; at += 2) total += ((header[at] as number) << 8) | (header[at + 1] as number);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}
