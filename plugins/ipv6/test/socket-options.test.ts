import { ERRNO } from '@protoloom/contracts';
import { IP_TTL } from '@protoloom/contracts/ipv4';
import * as ip6 from '@protoloom/contracts/ipv6';
import {
  AF_INET,
  AF_INET6,
  type Control,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  type OptionValue,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { UDP_NO_CHECK6_RX } from '@protoloom/contracts/udp';
import { ethernet, FrameHost, PEER_MAC } from '@protoloom/frames';
import { plainFrame } from '@protoloom/sim';
import { type Socket, SocketError } from '@protoloom/stack';
import { Ip6Address } from '@protoloom/wire';
import { expect } from 'chai';

const OURS = '2001:db8::2';
const THEIRS = '2001:db8::9';
const OURS4 = '10.0.0.2';

function hostWith(sysctls: Readonly<Record<string, number>> = {}, mtu = 1500): FrameHost {
  const host = new FrameHost(sysctls, mtu);
  host.stack.address.add('eth0', `${OURS}/64`, { noDad: true });
  host.stack.address.add('eth0', 'fe80::2/64', { noDad: true });
  const mac = PEER_MAC.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  for (const peer of [THEIRS, 'fe80::9']) host.stack.neighbour.add('eth0', peer, mac);
  host.sim.advance(1000);
  host.sent();
  return host;
}
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return SocketError.is(error) ? error.code : String(error);
  }
};
const open = (host: FrameHost, type = SOCK_DGRAM): Socket => host.stack.socket(AF_INET6, type);
const set = (socket: Socket, name: number, value: OptionValue): Promise<string> =>
  codeOf(() => socket.setsockopt(IPPROTO_IPV6, name, value));
const get = (socket: Socket, name: number): OptionValue => socket.getsockopt(IPPROTO_IPV6, name);
const control = (type: number, value: OptionValue): Control => ({ level: IPPROTO_IPV6, type, value });
const send = (socket: Socket, bytes: number, to = THEIRS, controls: readonly Control[] = []): Promise<string> =>
  codeOf(() => socket.sendmsg(new Uint8Array(bytes), { to: { address: to, port: 9 }, controls }));

describe('options of IPPROTO_IPV6 [RFC 3493 §5, RFC 3542; ranges and errnos as Linux 6.18 answers them]', () => {
  const ranges: readonly (readonly [string, number, readonly (readonly [number, string, number])[]])[] = [
    [
      'IPV6_UNICAST_HOPS',
      ip6.IPV6_UNICAST_HOPS,
      [
        [-2, 'EINVAL', 64],
        [-1, 'ok', 64],
        [0, 'ok', 0],
        [255, 'ok', 255],
        [256, 'EINVAL', 64],
      ],
    ],
    [
      'IPV6_MULTICAST_HOPS',
      ip6.IPV6_MULTICAST_HOPS,
      [
        [-2, 'EINVAL', 1],
        [-1, 'ok', 1],
        [0, 'ok', 0],
        [256, 'EINVAL', 1],
      ],
    ],
    [
      'IPV6_MULTICAST_LOOP',
      ip6.IPV6_MULTICAST_LOOP,
      [
        [-1, 'EINVAL', 1],
        [0, 'ok', 0],
        [2, 'EINVAL', 1],
      ],
    ],
    [
      'IPV6_MULTICAST_IF',
      ip6.IPV6_MULTICAST_IF,
      [
        [99, 'ENODEV', 0],
        [-1, 'ENODEV', 0],
        [0, 'ok', 0],
      ],
    ],
    [
      'IPV6_TCLASS',
      ip6.IPV6_TCLASS,
      [
        [-2, 'EINVAL', 0],
        [-1, 'ok', 0],
        [3, 'ok', 3],
        [255, 'ok', 255],
        [256, 'EINVAL', 0],
      ],
    ],
    [
      'IPV6_MTU_DISCOVER',
      ip6.IPV6_MTU_DISCOVER,
      [
        [-1, 'EINVAL', 1],
        [0, 'ok', 0],
        [5, 'ok', 5],
        [6, 'EINVAL', 1],
      ],
    ],
    [
      'IPV6_RECVERR',
      ip6.IPV6_RECVERR,
      [
        [0, 'ok', 0],
        [5, 'ok', 1],
      ],
    ],
    [
      'IPV6_V6ONLY',
      ip6.IPV6_V6ONLY,
      [
        [0, 'ok', 0],
        [5, 'ok', 1],
      ],
    ],
    [
      'IPV6_DONTFRAG',
      ip6.IPV6_DONTFRAG,
      [
        [0, 'ok', 0],
        [5, 'ok', 1],
      ],
    ],
    [
      'IPV6_FREEBIND',
      ip6.IPV6_FREEBIND,
      [
        [0, 'ok', 0],
        [1, 'ok', 1],
      ],
    ],
    [
      'IPV6_FLOWINFO_SEND',
      ip6.IPV6_FLOWINFO_SEND,
      [
        [0, 'ok', 0],
        [3, 'ok', 1],
      ],
    ],
    [
      'IPV6_ADDR_PREFERENCES [RFC 5014 §3]',
      ip6.IPV6_ADDR_PREFERENCES,
      [
        [0, 'ok', 0x500],
        [1, 'ok', 0x401],
        [2, 'ok', 0x402],
        [3, 'EINVAL', 0x500],
        [4, 'ok', 0x104],
        [6, 'ok', 6],
        [0x102, 'EINVAL', 0x500],
      ],
    ],
  ];
  for (const [label, name, values] of ranges) {
    it(`${label} takes what it may, and tells it`, async () => {
      const host = hostWith();
      for (const [value, result, told] of values) {
        const socket = open(host);
        expect([value, await set(socket, name, value), get(socket, name)]).to.deep.equal([value, result, told]);
      }
    });
  }

  it('are not for sockets of AF_INET', async () => {
    const socket = hostWith().stack.socket(AF_INET, SOCK_DGRAM);
    expect(await set(socket, ip6.IPV6_V6ONLY, 1)).to.equal('ENOPROTOOPT');
  });

  it('IPV6_MTU is at least 1280, and tells the path’s where there is a peer', async () => {
    const socket = open(hostWith());
    expect(await set(socket, ip6.IPV6_MTU, 1279)).to.equal('EINVAL');
    expect(await codeOf(() => get(socket, ip6.IPV6_MTU))).to.equal('ENOTCONN');
    await socket.connect({ address: THEIRS, port: 9 });
    expect(get(socket, ip6.IPV6_MTU)).to.equal(1500);
    expect(get(socket, ip6.IPV6_PATHMTU)).to.deep.equal({ ip6m_mtu: 1500 });
  });

  it('tclass, hop limit and flow label stand in what is sent, by option or by message', async () => {
    const host = hostWith();
    const socket = open(host);
    await set(socket, ip6.IPV6_TCLASS, 0x28);
    await set(socket, ip6.IPV6_UNICAST_HOPS, 7);
    await send(socket, 1);
    await send(socket, 1, THEIRS, [control(ip6.IPV6_TCLASS, 4), control(ip6.IPV6_HOPLIMIT, 9), control(ip6.IPV6_FLOWINFO, 0x12345)]);
    const heads = host.sent().map((packet) => {
      const view = new DataView(packet.buffer, packet.byteOffset);
      return [(view.getUint16(0) >> 4) & 0xff, view.getUint8(7), view.getUint32(0) & 0xfffff];
    });
    expect(heads.map(([tclass, hops]) => [tclass, hops])).to.deep.equal([
      [0x28, 7],
      [4, 9],
    ]);
    expect(heads[1]?.[2]).to.equal(0x12345);
    for (const [type, value] of [
      [ip6.IPV6_TCLASS, 256],
      [ip6.IPV6_HOPLIMIT, -2],
      [ip6.IPV6_DONTFRAG, 2],
    ] as const)
      expect(await send(socket, 1, THEIRS, [control(type, value)])).to.equal('EINVAL');
  });

  it('messages of one family are nothing to datagrams of the other', async () => {
    const host = hostWith();
    const socket = open(host);
    await send(socket, 1, '::ffff:10.0.0.1', [control(ip6.IPV6_TCLASS, 4), control(ip6.IPV6_HOPLIMIT, 9)]);
    await send(socket, 1, THEIRS, [{ level: IPPROTO_IP, type: IP_TTL, value: 9 }]);
    const [four, six] = host.sent();
    expect([four?.[1], four?.[8], six?.[7]]).to.deep.equal([0, 64, 64]);
  });

  it('what is asked for is told with what comes in [RFC 3542 §6]', async () => {
    const host = hostWith();
    const [from, to] = [open(host), open(host)];
    await to.bind({ address: OURS, port: 9 });
    for (const name of [ip6.IPV6_RECVPKTINFO, ip6.IPV6_RECVHOPLIMIT, ip6.IPV6_RECVTCLASS]) await set(to, name, 1);
    await set(from, ip6.IPV6_TCLASS, 0x20);
    await send(from, 1, OURS);
    host.sim.advance(10);
    const lo = host.stack.link.list().find(({ name }) => name === 'lo')?.index;
    const { controls } = await to.recvmsg();
    expect(controls.map(({ type, value }) => [type, value])).to.have.deep.members([
      [ip6.IPV6_PKTINFO, { ipi6_addr: OURS, ipi6_ifindex: lo }],
      [ip6.IPV6_HOPLIMIT, 64],
      [ip6.IPV6_TCLASS, 0x20],
    ]);
  });
});

describe('datagrams that are longer than the path takes [RFC 3542 §11; Linux ipv6(7)]', () => {
  const results: readonly (readonly [string, number, number, string])[] = [
    ['IPV6_MTU_DISCOVER DONT cuts them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_DONT, 'ok'],
    ['WANT cuts them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_WANT, 'ok'],
    ['DO refuses them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_DO, 'EMSGSIZE'],
    ['PROBE refuses them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_PROBE, 'EMSGSIZE'],
    ['INTERFACE refuses them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_INTERFACE, 'EMSGSIZE'],
    ['OMIT cuts them', ip6.IPV6_MTU_DISCOVER, ip6.IPV6_PMTUDISC_OMIT, 'ok'],
    ['IPV6_DONTFRAG refuses them', ip6.IPV6_DONTFRAG, 1, 'EMSGSIZE'],
  ];
  for (const [what, name, value, result] of results) {
    it(what, async () => {
      const socket = open(hostWith());
      await set(socket, name, value);
      expect(await send(socket, 3000)).to.equal(result);
    });
  }

  it('IPV6_MTU bounds fragments', async () => {
    const host = hostWith();
    const socket = open(host);
    await set(socket, ip6.IPV6_MTU, 1280);
    await send(socket, 1300);
    const sent = host.sent().map(({ length }) => length);
    expect(sent).to.have.length(2);
    expect(Math.max(...sent)).to.be.at.most(1280);
  });

  it('a refusal is told in the error queue of who asks for errors', async () => {
    const socket = open(hostWith());
    await set(socket, ip6.IPV6_DONTFRAG, 1);
    await set(socket, ip6.IPV6_RECVERR, 1);
    await send(socket, 3000);
    const { controls } = await socket.recvmsg(100, { flags: 0x2000 });
    expect(controls[0]?.value).to.include({ ee_errno: ERRNO.EMSGSIZE, ee_info: 1500 });
  });
});

describe('bind and connect between the families [RFC 3493 §3.7 and §5.3]', () => {
  type Name = readonly [family: number, address: string, v6Only?: number];
  const any: Record<string, Name> = {
    '::': [AF_INET6, '', 0],
    ':: only': [AF_INET6, '', 1],
    '0.0.0.0': [AF_INET, ''],
    ip4: [AF_INET, OURS4],
    ip6: [AF_INET6, OURS, 0],
    mapped: [AF_INET6, `::ffff:${OURS4}`, 0],
    'mapped any': [AF_INET6, '::ffff:0.0.0.0', 0],
  };
  /** Those whose ports are others' too: as Linux 6.18 answers, whichever comes first. */
  const FREE = new Set(
    ['0.0.0.0', 'ip4', 'mapped', 'mapped any'].flatMap((four) => [':: only', 'ip6'].flatMap((six) => [`${four}+${six}`, `${six}+${four}`])),
  );
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    it(`a port is another's where an address could be for both: type ${type}`, async () => {
      for (const first of Object.keys(any)) {
        for (const second of Object.keys(any)) {
          const host = hostWith();
          const results: string[] = [];
          for (const name of [first, second]) {
            const [family, address, v6Only] = any[name] as Name;
            const socket = host.stack.socket(family, type);
            if (v6Only !== undefined) await set(socket, ip6.IPV6_V6ONLY, v6Only);
            results.push(await codeOf(() => socket.bind({ address, port: 7777 })));
          }
          expect([first, second, ...results]).to.deep.equal([first, second, 'ok', FREE.has(`${first}+${second}`) ? 'ok' : 'EADDRINUSE']);
        }
      }
    });

    it(`SO_REUSEADDR lets both have it: type ${type}`, async () => {
      const host = hostWith();
      for (const family of [AF_INET6, AF_INET]) {
        const socket = host.stack.socket(family, type);
        socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
        await socket.bind({ port: 7777 });
      }
    });

    it(`IPV6_V6ONLY is set before bind, and by net.ipv6.bindv6only: type ${type}`, async () => {
      const host = hostWith({ 'net.ipv6.bindv6only': 1 });
      const socket = open(host, type);
      expect(get(socket, ip6.IPV6_V6ONLY)).to.equal(1);
      expect(await codeOf(() => socket.bind({ address: `::ffff:${OURS4}`, port: 1 }))).to.equal('EINVAL');
      expect(await codeOf(() => socket.connect({ address: `::ffff:${OURS4}`, port: 1 }))).to.equal('ENETUNREACH');
      const bound = open(host, type);
      await bound.bind({ port: 1 });
      expect(await set(bound, ip6.IPV6_V6ONLY, 0)).to.equal('EINVAL');
    });

    it(`who is bound to an address of the one family does not speak to the other: type ${type}`, async () => {
      const host = hostWith();
      const [six, mapped, mappedAny] = [open(host, type), open(host, type), open(host, type)];
      await six.bind({ address: OURS, port: 0 });
      await mapped.bind({ address: `::ffff:${OURS4}`, port: 0 });
      await mappedAny.bind({ address: '::ffff:0.0.0.0', port: 0 });
      expect(await codeOf(() => six.connect({ address: `::ffff:${OURS4}`, port: 9 }))).to.equal('ENETUNREACH');
      expect(await codeOf(() => mapped.connect({ address: OURS, port: 9 }))).to.equal('EAFNOSUPPORT');
      expect(await codeOf(() => mappedAny.connect({ address: OURS, port: 9 }))).to.equal('EAFNOSUPPORT');
    });
  }

  it('a source that was chosen for one family is none for the other', async () => {
    const host = hostWith();
    const socket = open(host);
    await socket.connect({ address: THEIRS, port: 9 });
    expect(await send(socket, 1, '::ffff:10.0.0.1')).to.equal('ok');
  });

  it('IPV6_FREEBIND and net.ipv6.ip_nonlocal_bind let it be bound to what is nobody’s here', async () => {
    const socket = open(hostWith());
    expect(await codeOf(() => socket.bind({ address: 'fd99::1', port: 1 }))).to.equal('EADDRNOTAVAIL');
    await set(socket, ip6.IPV6_FREEBIND, 1);
    await socket.bind({ address: 'fd99::1', port: 1 });
    expect(await send(socket, 1)).to.equal('ok');
    await open(hostWith({ 'net.ipv6.ip_nonlocal_bind': 1 })).bind({ address: 'fd99::1', port: 1 });
  });
});

describe('zones [RFC 4007 §6, §11]', () => {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    it(`bind to a link-local address needs one, and binds the socket to its interface: type ${type}`, async () => {
      const host = hostWith();
      expect(await codeOf(() => open(host, type).bind({ address: 'fe80::2', port: 0 }))).to.equal('EINVAL');
      expect(await codeOf(() => open(host, type).bind({ address: 'fe80::2%99', port: 0 }))).to.equal('ENODEV');
      expect(await codeOf(() => open(host, type).bind({ address: 'fe80::2%lo', port: 0 }))).to.equal('EADDRNOTAVAIL');
      expect(await codeOf(() => open(host, type).bind({ address: 'fe80::2%nowhere', port: 0 }))).to.equal('EINVAL');
      const socket = open(host, type);
      await socket.bind({ address: 'fe80::2%eth0', port: 0 });
      expect(socket.getsockname().address).to.equal('fe80::2%eth0');
      expect(socket.getsockopt(SOL_SOCKET, SO_BINDTODEVICE)).to.equal('eth0');
    });

    it(`connect to a link-local address needs one, the socket's own if it has one: type ${type}`, async () => {
      const host = hostWith();
      expect(await codeOf(() => open(host, type).connect({ address: 'fe80::9', port: 9 }))).to.equal('EINVAL');
      const elsewhere = open(host, type);
      elsewhere.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'lo');
      expect(await codeOf(() => elsewhere.connect({ address: 'fe80::9%eth0', port: 9 }))).to.equal('EINVAL');
    });
  }

  it('a datagram from a link-local peer tells its zone, and is answered there', async () => {
    const host = hostWith();
    const [one, other] = [open(host), open(host)];
    await one.bind({ address: 'fe80::2%eth0', port: 9 });
    await other.bind({ address: 'fe80::2%eth0', port: 10 });
    await other.connect({ address: 'fe80::9%eth0', port: 9 });
    await other.send('x');
    expect(Ip6Address.fromBytes(host.sent()[0] as Uint8Array, 24).toString()).to.equal('fe80::9');
    expect(other.getpeername().address).to.equal('fe80::9%eth0');
  });

  it('a packet to a link-local address of another interface is not for us [RFC 4007 §9]', async () => {
    const host = hostWith();
    const other = host.sim.device({ name: 'eth1' });
    host.stack.link.add(other);
    host.stack.link.up('eth1');
    const socket = open(host);
    await socket.bind({ port: 9 });
    const words = (text: string): number[] => [...Ip6Address.parse(text).toBytes()];
    // Over IPv6 a checksum has to be there: the option lets it be none.
    socket.setsockopt(IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
    const packet = [0x60, 0, 0, 0, 0, 9, 17, 64, ...words('fe80::9'), ...words('fe80::2'), 0, 7, 0, 9, 0, 9, 0, 0, 1];
    const before = host.stack.counters.of('@protoloom/ipv6')['notForUs'] ?? 0;
    other.arrive(plainFrame(ethernet([...(other.address as Uint8Array)], 0x86dd, packet)));
    host.sim.advance(10);
    expect(host.stack.counters.of('@protoloom/ipv6')['notForUs']).to.equal(before + 1);
    host.frame(ethernet(host.mac, 0x86dd, packet));
    expect(await socket.recvfrom()).to.include({ address: 'fe80::9%eth0', port: 7 });
  });

  it('our own are reached by theirs', async () => {
    const host = hostWith();
    host.stack.link.up('lo');
    const [from, to] = [open(host), open(host)];
    await to.bind({ address: 'fe80::2%eth0', port: 9 });
    await from.connect({ address: 'fe80::2%eth0', port: 9 });
    await from.send('x');
    host.sim.advance(10);
    expect((await to.recvfrom()).address).to.equal('fe80::2%eth0');
    const [listener, client] = [open(host, SOCK_STREAM), open(host, SOCK_STREAM)];
    await listener.bind({ port: 80 });
    await listener.listen();
    await host.sim.run(client.connect({ address: 'fe80::2%eth0', port: 80 }));
    expect((await listener.accept()).getpeername().address).to.equal('fe80::2%eth0');
  });

  it('groups of the link need one too; those that reach further do not', async () => {
    const host = hostWith();
    expect(await codeOf(() => open(host).bind({ address: 'ff02::5', port: 0 }))).to.equal('EINVAL');
    expect(await codeOf(() => open(host).bind({ address: 'ff02::5%eth0', port: 0 }))).to.equal('ok');
    expect(await codeOf(() => open(host).bind({ address: 'ff05::5', port: 0 }))).to.equal('ok');
    expect(await codeOf(() => open(host, SOCK_STREAM).bind({ address: 'ff05::5', port: 0 }))).to.equal('EINVAL');
    expect(await codeOf(() => open(host).connect({ address: 'ff02::5', port: 9 }))).to.equal('EINVAL');
    const socket = open(host);
    await set(socket, ip6.IPV6_MULTICAST_IF, host.stack.link.list().find(({ name }) => name === 'eth0')?.index ?? 0);
    expect(await codeOf(() => socket.connect({ address: 'ff02::5', port: 9 }))).to.equal('ok');
  });
});

describe('IPV6_PKTINFO [RFC 3542 §6.2]', () => {
  const from = (ipi6_addr: string, ipi6_ifindex = 0): readonly Control[] => [control(ip6.IPV6_PKTINFO, { ipi6_addr, ipi6_ifindex })];

  it('as a message says where a datagram leaves from', async () => {
    const host = hostWith();
    host.stack.address.add('eth0', '2001:db8::3/64', { noDad: true });
    expect(await send(open(host), 1, THEIRS, from('2001:db8::3'))).to.equal('ok');
    expect(Ip6Address.fromBytes(host.sent()[0] as Uint8Array, 8).toString()).to.equal('2001:db8::3');
  });

  it('with what is not ours, or no interface, or another one than the socket’s, sends nothing', async () => {
    const host = hostWith();
    expect(await send(open(host), 1, THEIRS, from('2001:db8::77'))).to.equal('EINVAL');
    expect(await send(open(host), 1, THEIRS, from(OURS, 99))).to.equal('ENODEV');
    expect(await send(open(host), 1, THEIRS, from('fe80::2'))).to.equal('EINVAL');
    const bound = open(host);
    bound.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'lo');
    expect(await send(bound, 1, THEIRS, from('::', 2))).to.equal('EINVAL');
  });

  it('as an option names the interface for what says none', async () => {
    const host = hostWith();
    const index = host.stack.link.list().find(({ name }) => name === 'eth0')?.index ?? 0;
    const socket = open(host);
    expect(await set(socket, ip6.IPV6_PKTINFO, { ipi6_addr: OURS, ipi6_ifindex: index })).to.equal('ok');
    expect(await send(socket, 1, 'ff02::77')).to.equal('ok');
    expect(await set(socket, ip6.IPV6_PKTINFO, 1)).to.equal('EINVAL');
  });
});
