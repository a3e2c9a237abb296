import * as ip from '@protoloom/contracts/ipv4';
import * as multicast from '@protoloom/contracts/multicast';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  MSG_DONTWAIT,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { ethernet, FrameHost, udp } from '@protoloom/frames';
import type { Socket } from '@protoloom/stack';
import { expect } from 'chai';

const GROUP = '239.1.2.3';
const OCTETS = [239, 1, 2, 3];
const PORT = 5000;
const ours = { group: GROUP, interface: 'eth0' };

const open = (host: FrameHost, port = PORT): Socket => {
  const socket = host.stack.socket(AF_INET, SOCK_DGRAM);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  void socket.bind({ port });
  return socket;
};
/** The errno's name, or ok. */
const set = (socket: Socket, name: number, value: Parameters<Socket['setsockopt']>[2], level = IPPROTO_IP): string => {
  try {
    socket.setsockopt(level, name, value);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const mac = ([, a = 0, b = 0, c = 0]: readonly number[]): number[] => [1, 0, 0x5e, a & 0x7f, b, c];
function arrives(host: FrameHost, data: number, group = OCTETS, source = [10, 0, 0, 1]): void {
  host.frame(ethernet(mac(group), 0x0800, udp(7, PORT, [data], { source, destination: group })));
}
async function all(socket: Socket): Promise<number[]> {
  const got: number[] = [];
  for (;;) {
    const received = await socket.recvfrom(100, { flags: MSG_DONTWAIT }).catch(() => undefined);
    if (received === undefined) return got;
    got.push(received.data[0] as number);
  }
}

describe('memberships of sockets', () => {
  it('a filter is told as it was set, by either option; none where the socket is no member [RFC 3678 §4.1.3, §4.2.2]', () => {
    const host = new FrameHost();
    const socket = open(host);
    const told = (name: number): unknown => socket.getsockopt(IPPROTO_IP, name, ours);
    expect(() => told(multicast.MCAST_MSFILTER)).to.throw('EADDRNOTAVAIL');
    set(socket, multicast.IP_ADD_MEMBERSHIP, ours);
    expect(told(multicast.MCAST_MSFILTER)).to.deep.equal({ mode: multicast.MCAST_EXCLUDE, sources: [] });
    set(socket, multicast.MCAST_MSFILTER, { ...ours, mode: multicast.MCAST_INCLUDE, sources: ['10.0.0.9', '10.0.0.8'] });
    for (const name of [multicast.MCAST_MSFILTER, multicast.IP_MSFILTER])
      expect(told(name)).to.deep.equal({ mode: multicast.MCAST_INCLUDE, sources: ['10.0.0.9', '10.0.0.8'] });
    expect(() => socket.getsockopt(IPPROTO_IP, multicast.MCAST_MSFILTER)).to.throw('EINVAL');
  });

  it('IP_MULTICAST_ALL is 0 or 1, IPV6_MULTICAST_ALL whatever it is [Linux: ip(7)]', () => {
    const socket = new FrameHost().stack.socket(AF_INET6, SOCK_DGRAM);
    expect(set(socket, multicast.IP_MULTICAST_ALL, 2)).to.equal('EINVAL');
    expect(set(socket, multicast.IPV6_MULTICAST_ALL, 2, IPPROTO_IPV6)).to.equal('ok');
    expect(socket.getsockopt(IPPROTO_IPV6, multicast.IPV6_MULTICAST_ALL)).to.equal(1);
  });

  it('each member has a copy of its own; whom the filter keeps away has none [RFC 3376 §3.2, RFC 3678 §3]', async () => {
    const host = new FrameHost();
    const any = open(host);
    const included = open(host);
    const blocking = open(host);
    const other = open(host);
    other.setsockopt(IPPROTO_IP, multicast.IP_MULTICAST_ALL, 0);
    set(any, multicast.IP_ADD_MEMBERSHIP, ours);
    set(included, multicast.IP_ADD_SOURCE_MEMBERSHIP, { ...ours, source: '10.0.0.9' });
    set(blocking, multicast.MCAST_JOIN_GROUP, ours);
    set(blocking, multicast.MCAST_BLOCK_SOURCE, { ...ours, source: '10.0.0.9' });
    arrives(host, 1);
    arrives(host, 2, OCTETS, [10, 0, 0, 9]);
    expect(await all(any)).to.deep.equal([1, 2]);
    expect(await all(included)).to.deep.equal([2]);
    expect(await all(blocking)).to.deep.equal([1]);
    expect(await all(other)).to.deep.equal([]);
    expect(host.stack.conservation()).to.include({ inHand: 0 });
  });

  it('a socket that is no member takes what others have joined, unless IP_MULTICAST_ALL is 0 [Linux: ip(7)]', async () => {
    const host = new FrameHost();
    const member = open(host);
    const bystander = open(host);
    set(member, multicast.IP_ADD_MEMBERSHIP, ours);
    expect(bystander.getsockopt(IPPROTO_IP, multicast.IP_MULTICAST_ALL)).to.equal(1);
    arrives(host, 1);
    bystander.setsockopt(IPPROTO_IP, multicast.IP_MULTICAST_ALL, 0);
    arrives(host, 2);
    expect(await all(bystander)).to.deep.equal([1]);
    expect(await all(member)).to.deep.equal([1, 2]);
  });

  it('a group that the merged filter of the interface refuses goes no further than IP [RFC 3376 §3.2]', async () => {
    const host = new FrameHost();
    const socket = open(host);
    set(socket, multicast.IP_ADD_SOURCE_MEMBERSHIP, { ...ours, source: '10.0.0.9' });
    arrives(host, 1);
    expect(host.counts('ipv4')).to.include({ notMember: 1 });
    expect(host.counts('udp')).to.not.have.property('notJoined');
  });

  it('the link’s filter follows joins and leaves, groups of one link address counted [RFC 1112 §6.4]', async () => {
    const host = new FrameHost();
    const socket = open(host);
    const twin = '238.129.2.3';
    arrives(host, 1);
    set(socket, multicast.IP_ADD_MEMBERSHIP, ours);
    set(socket, multicast.IP_ADD_MEMBERSHIP, { group: twin, interface: 'eth0' });
    arrives(host, 2);
    set(socket, multicast.IP_DROP_MEMBERSHIP, ours);
    arrives(host, 3);
    set(socket, multicast.IP_DROP_MEMBERSHIP, { group: twin, interface: 'eth0' });
    arrives(host, 4);
    expect(await all(socket)).to.deep.equal([2]);
    expect(host.stack.counters.of('@protoloom/ipv4')).to.include({ notMember: 1 });
    const { otherGroup } = host.stack.counters.of('@protoloom/ethernet');
    expect(otherGroup).to.equal(2);
  });

  it('end with their socket, and with their interface', async () => {
    const host = new FrameHost({}, 1500, false);
    const socket = open(host);
    set(socket, multicast.IP_ADD_MEMBERSHIP, ours);
    const groups = (): unknown => (host.stack.snapshot()['@protoloom/multicast'] as { groups: number }).groups;
    expect(groups()).to.equal(1);
    await socket.close();
    expect(groups()).to.equal(0);
    set(open(host), multicast.IP_ADD_MEMBERSHIP, ours);
    host.stack.link.remove('eth0');
    expect(groups()).to.equal(0);
  });
});

describe('errnos of the membership options [Linux: ip(7), RFC 3678 §4]', () => {
  type Step = readonly [number, Parameters<Socket['setsockopt']>[2], string];
  const from = (source: string) => ({ ...ours, source });
  const cases: readonly (readonly [string, readonly Step[]])[] = [
    ['an address that is no group', [[multicast.IP_ADD_MEMBERSHIP, { group: '10.0.0.1' }, 'EINVAL']]],
    ['text that is no address', [[multicast.IP_ADD_MEMBERSHIP, { group: 'nobody' }, 'EINVAL']]],
    ['an interface that is not there', [[multicast.IP_ADD_MEMBERSHIP, { group: GROUP, interface: 'eth9' }, 'ENODEV']]],
    ['no interface, and no route to the group', [[multicast.IP_ADD_MEMBERSHIP, { group: GROUP }, 'ENODEV']]],
    [
      'joining twice',
      [
        [multicast.IP_ADD_MEMBERSHIP, ours, 'ok'],
        [multicast.IP_ADD_MEMBERSHIP, ours, 'EADDRINUSE'],
      ],
    ],
    ['leaving what was not joined', [[multicast.IP_DROP_MEMBERSHIP, ours, 'EADDRNOTAVAIL']]],
    ['blocking without a membership', [[multicast.IP_BLOCK_SOURCE, from('10.0.0.9'), 'EINVAL']]],
    [
      'blocking twice, unblocking what is not blocked',
      [
        [multicast.MCAST_JOIN_GROUP, ours, 'ok'],
        [multicast.MCAST_UNBLOCK_SOURCE, from('10.0.0.9'), 'EADDRNOTAVAIL'],
        [multicast.MCAST_BLOCK_SOURCE, from('10.0.0.9'), 'ok'],
        [multicast.MCAST_BLOCK_SOURCE, from('10.0.0.9'), 'EADDRNOTAVAIL'],
        [multicast.MCAST_UNBLOCK_SOURCE, from('10.0.0.9'), 'ok'],
      ],
    ],
    [
      'mixing the modes',
      [
        [multicast.MCAST_JOIN_SOURCE_GROUP, from('10.0.0.9'), 'ok'],
        [multicast.MCAST_BLOCK_SOURCE, from('10.0.0.8'), 'EINVAL'],
      ],
    ],
    [
      'a source twice; the last one leaves the group',
      [
        [multicast.MCAST_JOIN_SOURCE_GROUP, from('10.0.0.9'), 'ok'],
        [multicast.MCAST_JOIN_SOURCE_GROUP, from('10.0.0.9'), 'EADDRNOTAVAIL'],
        [multicast.MCAST_LEAVE_SOURCE_GROUP, from('10.0.0.9'), 'ok'],
        [multicast.MCAST_LEAVE_GROUP, ours, 'EADDRNOTAVAIL'],
      ],
    ],
    [
      'a filter without a membership, and INCLUDE of nothing, which leaves',
      [
        [multicast.MCAST_MSFILTER, { ...ours, mode: multicast.MCAST_INCLUDE, sources: ['10.0.0.9'] }, 'EINVAL'],
        [multicast.MCAST_JOIN_GROUP, ours, 'ok'],
        [multicast.MCAST_MSFILTER, { ...ours, mode: 7, sources: [] }, 'EINVAL'],
        [multicast.MCAST_MSFILTER, { ...ours, mode: multicast.MCAST_INCLUDE, sources: [] }, 'ok'],
        [multicast.MCAST_LEAVE_GROUP, ours, 'EADDRNOTAVAIL'],
      ],
    ],
    [
      'octets of ip_msfilter, with as many sources as it says',
      [
        [multicast.IP_ADD_MEMBERSHIP, ours, 'ok'],
        [multicast.IP_MSFILTER, Uint8Array.of(...OCTETS, 10, 0, 0, 2, 1, 0, 0, 0, 1, 0, 0, 0, 10, 0, 0, 9), 'ok'],
        [multicast.IP_MSFILTER, Uint8Array.of(...OCTETS, 10, 0, 0, 2, 1, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 9), 'EINVAL'],
        [multicast.IP_MSFILTER, Uint8Array.of(...OCTETS, 10, 0, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0), 'EINVAL'],
        [multicast.IP_MSFILTER, Uint8Array.of(...OCTETS, 10, 0, 0, 2), 'EINVAL'],
      ],
    ],
    [
      'octets of ip_mreq and ip_mreqn, and too few of them',
      [
        [multicast.IP_ADD_MEMBERSHIP, Uint8Array.of(...OCTETS, 10, 0, 0, 2), 'ok'],
        [multicast.IP_DROP_MEMBERSHIP, Uint8Array.of(...OCTETS, 0, 0, 0, 0, 2, 0, 0, 0), 'ok'],
        [multicast.IP_ADD_MEMBERSHIP, Uint8Array.of(...OCTETS, 10, 0, 0, 77), 'ENODEV'],
        [multicast.IP_ADD_MEMBERSHIP, Uint8Array.of(...OCTETS), 'EINVAL'],
        [multicast.IP_ADD_SOURCE_MEMBERSHIP, Uint8Array.of(...OCTETS, 10, 0, 0, 2, 10, 0, 0, 9), 'ok'],
      ],
    ],
    [
      'more groups than igmp_max_memberships',
      [
        [multicast.IP_ADD_MEMBERSHIP, ours, 'ok'],
        [multicast.IP_ADD_MEMBERSHIP, { ...ours, group: '239.1.1.2' }, 'ok'],
        [multicast.IP_ADD_MEMBERSHIP, { ...ours, group: '239.1.1.3' }, 'ENOBUFS'],
      ],
    ],
    [
      'more sources than igmp_max_msf',
      [
        [multicast.IP_ADD_SOURCE_MEMBERSHIP, from('10.0.0.7'), 'ok'],
        [multicast.IP_ADD_SOURCE_MEMBERSHIP, from('10.0.0.8'), 'ok'],
        [multicast.IP_ADD_SOURCE_MEMBERSHIP, from('10.0.0.9'), 'ENOBUFS'],
      ],
    ],
  ];
  for (const [what, steps] of cases) {
    it(what, () => {
      const host = new FrameHost({ 'net.ipv4.igmp_max_memberships': 2, 'net.ipv4.igmp_max_msf': 2 });
      const socket = open(host);
      expect(steps.map(([option, value]) => set(socket, option, value))).to.deep.equal(steps.map(([, , result]) => result));
    });
  }

  it('connections join nothing; an INET socket nothing of IPv6', () => {
    const host = new FrameHost();
    expect(set(host.stack.socket(AF_INET, SOCK_STREAM), multicast.IP_ADD_MEMBERSHIP, ours)).to.equal('EPROTO');
    expect(set(open(host), multicast.IPV6_JOIN_GROUP, { group: 'ff02::9' }, IPPROTO_IPV6)).to.equal('ENOPROTOOPT');
  });

  it('IPv6: groups by index and by octets of ipv6_mreq [RFC 3493 §5.2]', () => {
    const host = new FrameHost();
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    const mreq = Uint8Array.of(0xff, 2, ...new Array<number>(13).fill(0), 9, 2, 0, 0, 0);
    expect(set(socket, multicast.IPV6_JOIN_GROUP, { group: 'ff02::9', interface: 2 }, IPPROTO_IPV6)).to.equal('ok');
    expect(set(socket, multicast.IPV6_JOIN_GROUP, mreq, IPPROTO_IPV6)).to.equal('EADDRINUSE');
    expect(set(socket, multicast.IPV6_LEAVE_GROUP, mreq, IPPROTO_IPV6)).to.equal('ok');
    expect(set(socket, multicast.IPV6_LEAVE_GROUP, { group: 'ff02::9' }, IPPROTO_IPV6)).to.equal('EADDRNOTAVAIL');
  });
});

describe('sending to groups [RFC 1112 §6.1]', () => {
  async function send(host: FrameHost, socket: Socket, data: number): Promise<Uint8Array[]> {
    await socket.sendto(Uint8Array.of(data), { address: GROUP, port: PORT });
    return host.sent().filter((packet) => packet[9] === 17);
  }

  it('by IP_MULTICAST_IF, with TTL 1 unless IP_MULTICAST_TTL says another', async () => {
    const host = new FrameHost();
    const socket = open(host, 1);
    const none: unknown = await send(host, socket, 1).catch((error: unknown) => error);
    expect(none).to.have.property('code', 'ENETUNREACH');
    socket.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_IF, 2);
    expect((await send(host, socket, 1)).map((packet) => packet[8])).to.deep.equal([1]);
    socket.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_TTL, 9);
    expect((await send(host, socket, 1)).map((packet) => packet[8])).to.deep.equal([9]);
  });

  it('IP_MULTICAST_IF takes an index, an address, in_addr, ip_mreq and ip_mreqn; an address is the source too [Linux: ip(7)]', async () => {
    const host = new FrameHost();
    host.stack.address.add('eth0', '10.0.0.3/24');
    const native = (index: number) => [...new Uint8Array(Int32Array.of(index).buffer)];
    const any = [0, 0, 0, 0];
    const forms: readonly (readonly [value: Parameters<Socket['setsockopt']>[2], last: number | string])[] = [
      [2, 2],
      ['10.0.0.3', 3],
      [Uint8Array.of(10, 0, 0, 3), 3],
      [Uint8Array.of(...any, 10, 0, 0, 3), 3],
      [Uint8Array.of(...any, ...any, ...native(2)), 2],
      [Uint8Array.of(...any, 10, 0, 0, 3, ...native(2)), 3],
      [99, 'EADDRNOTAVAIL'],
      ['9.9.9.9', 'EADDRNOTAVAIL'],
      [Uint8Array.of(...any, ...any, ...native(99)), 'EADDRNOTAVAIL'],
      [Uint8Array.of(1), 'EINVAL'],
    ];
    for (const [value, last] of forms) {
      const socket = open(host, 1);
      const result = set(socket, ip.IP_MULTICAST_IF, value);
      const sent = result === 'ok' ? await send(host, socket, 1) : [];
      expect([value, result === 'ok' ? sent[0]?.[15] : result]).to.deep.equal([value, last]);
      await socket.close();
    }
    const stream = host.stack.socket(AF_INET, SOCK_STREAM);
    expect(set(stream, ip.IP_MULTICAST_IF, 2)).to.equal('EINVAL');
  });

  it('comes back to members here, unless IP_MULTICAST_LOOP is 0; with TTL 0 it does not leave', async () => {
    const host = new FrameHost();
    const member = open(host);
    set(member, multicast.IP_ADD_MEMBERSHIP, ours);
    const sender = open(host, 1);
    sender.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_IF, 2);
    expect(await send(host, sender, 1)).to.have.length(1);
    sender.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_LOOP, 0);
    expect(await send(host, sender, 2)).to.have.length(1);
    sender.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_LOOP, 1);
    sender.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_TTL, 0);
    expect(await send(host, sender, 3)).to.have.length(0);
    host.sim.advance(100);
    expect(await all(member)).to.deep.equal([1, 3]);
    expect(host.stack.conservation()).to.include({ inHand: 0 });
  });

  it('does not come back where nobody here is a member', async () => {
    const host = new FrameHost();
    const sender = open(host, 1);
    sender.setsockopt(IPPROTO_IP, ip.IP_MULTICAST_IF, 2);
    expect(await send(host, sender, 1)).to.have.length(1);
    expect(host.counts('ipv4')).to.not.have.property('looped');
  });
});
