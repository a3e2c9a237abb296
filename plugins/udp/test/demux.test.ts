import {
  AF_INET,
  AF_INET6,
  IPPROTO_UDP,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { UDP_NO_CHECK6_RX, UDP_NO_CHECK6_TX } from '@protoloom/contracts/udp';
import { FrameHost, HOST, PEER, udp } from '@protoloom/frames';
import { expect } from 'chai';
import { codeOf } from './errors.js';
import { ip6Host, receive6 } from './ip6.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const octets = (line: string): number[] => [...Buffer.from(line)];
const open = (host: FrameHost) => host.stack.socket(AF_INET, SOCK_DGRAM);

describe('UDP: sockets that fit a datagram, as Linux weighs them', () => {
  it('an address outweighs an interface, and an interface a wildcard', async () => {
    const host = new FrameHost();
    const [wildcard, device, address] = [open(host), open(host), open(host)];
    for (const socket of [wildcard, device, address]) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    device.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'eth0');
    await address.bind({ address: HOST.join('.'), port: 9 });
    await device.bind({ port: 9 });
    await wildcard.bind({ port: 9 });
    host.receive(udp(1, 9, octets('address')));
    expect(text(await address.recv())).to.equal('address');
    await address.close();
    host.receive(udp(1, 9, octets('device')));
    expect(text(await device.recv())).to.equal('device');
    await device.close();
    host.receive(udp(1, 9, octets('wildcard')));
    expect(text(await wildcard.recv())).to.equal('wildcard');
  });

  it('of two that are connected alike the second goes on when the first is closed', async () => {
    const host = new FrameHost();
    const sockets = [open(host), open(host)] as const;
    for (const socket of sockets) {
      socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
      await socket.bind({ address: HOST.join('.'), port: 9 });
      await socket.connect({ address: PEER.join('.'), port: 1 });
    }
    await sockets[0].close();
    host.receive(udp(1, 9, octets('still')));
    expect(text(await sockets[1].recv())).to.equal('still');
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 1, queued: 1 });
  });

  it('one that has its port alone hears its peer alone while it is connected, by the interface that it is bound to', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ address: HOST.join('.'), port: 9 });
    await socket.connect({ address: PEER.join('.'), port: 1 });
    for (const port of [2, 1]) host.receive(udp(port, 9, [port]));
    expect([...(await socket.recv())]).to.deep.equal([1]);
    socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'lo');
    host.receive(udp(1, 9, [3]));
    socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, '');
    host.receive(udp(1, 9, [4]));
    expect([...(await socket.recv())]).to.deep.equal([4]);
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 2, queued: 2, noPorts: 2 });
  });

  it('one that is connected from a group hears its peer alone', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ address: '255.255.255.255', port: 9 });
    await socket.connect({ address: PEER.join('.'), port: 1 });
    const all = [255, 255, 255, 255, 255, 255];
    for (const port of [2, 1]) host.receive(udp(port, 9, [port], { destination: [255, 255, 255, 255] }), all);
    expect([...(await socket.recv())]).to.deep.equal([1]);
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 1, queued: 1, notJoined: 1 });
  });
});

describe('UDP: bind() over both families, as Linux', () => {
  const native = '2001:db8::2';
  for (const [first, second, code, what] of [
    ['0.0.0.0', native, 'worked', 'an address of IPv6 beside the wildcard of IPv4'],
    [native, '0.0.0.0', 'worked', 'the wildcard of IPv4 beside an address of IPv6'],
    ['10.0.0.2', native, 'worked', 'addresses of two families'],
    ['0.0.0.0', '::', 'EADDRINUSE', 'the wildcard of both beside that of IPv4'],
    ['::', '0.0.0.0', 'EADDRINUSE', 'the wildcard of IPv4 beside that of both'],
    ['::', '10.0.0.2', 'EADDRINUSE', 'an address of IPv4 beside the wildcard of both'],
    ['10.0.0.2', '::', 'EADDRINUSE', 'the wildcard of both beside an address of IPv4'],
    [native, '::', 'EADDRINUSE', 'the wildcard of both beside an address of IPv6'],
    [native, native, 'EADDRINUSE', 'the same address twice'],
  ] as const) {
    it(`${what}: ${code === 'worked' ? 'both' : code}`, async () => {
      const { host } = ip6Host();
      const socketFor = (address: string) => host.stack.socket(address.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
      await socketFor(first).bind({ address: first, port: 7 });
      expect(await codeOf(socketFor(second).bind({ address: second, port: 7 }))).to.equal(code);
    });
  }

  it('a datagram over IPv4 goes to the wildcard of IPv4 first, with SO_REUSEADDR', async () => {
    const { host } = ip6Host();
    const sockets = [host.stack.socket(AF_INET, SOCK_DGRAM), host.stack.socket(AF_INET6, SOCK_DGRAM)] as const;
    for (const socket of sockets) {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      await socket.bind({ port: 9 });
    }
    host.receive(udp(1, 9, octets('four')));
    expect(text(await sockets[0].recv())).to.equal('four');
    await sockets[0].close();
    host.receive(udp(1, 9, octets('mapped')));
    expect(await sockets[1].recvmsg()).to.deep.include({ address: '::ffff:10.0.0.1', port: 1 });
  });
});

describe('UDP over IPv6: no checksum', () => {
  it('is dropped where the socket has not asked for such [RFC 8200 §8.1]', async () => {
    const { host } = ip6Host();
    await host.stack.socket(AF_INET6, SOCK_DGRAM).bind({ port: 9 });
    receive6(host, [7], [0, 0]);
    expect(host.counts('udp')).to.deep.equal({ checksum: 1 });
  });

  it('is taken with UDP_NO_CHECK6_RX, which does not let wrong ones in [RFC 6935 §5]', async () => {
    const { host } = ip6Host();
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    socket.setsockopt(IPPROTO_UDP, UDP_NO_CHECK6_RX, 1);
    expect(socket.getsockopt(IPPROTO_UDP, UDP_NO_CHECK6_RX)).to.equal(1);
    await socket.bind({ port: 9 });
    receive6(host, [7], [0, 0]);
    receive6(host, [8], [1, 2]);
    expect([...(await socket.recv())]).to.deep.equal([7]);
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 1, queued: 1, checksum: 1 });
  });

  it('is dropped, and not reported, where nobody listens', async () => {
    const { host } = ip6Host();
    receive6(host, [7], [0, 0]);
    expect(host.counts('udp')).to.deep.equal({ checksum: 1 });
  });

  it('is sent with UDP_NO_CHECK6_TX alone [RFC 6935 §5]', async () => {
    const { host, sent } = ip6Host();
    const socket = host.stack.socket(AF_INET6, SOCK_DGRAM);
    await socket.bind({ port: 5 });
    const to = { address: '2001:db8::2', port: 9 };
    host.stack.link.up('lo');
    await socket.sendto(Uint8Array.of(1), to);
    socket.setsockopt(IPPROTO_UDP, UDP_NO_CHECK6_TX, 1);
    await socket.sendto(Uint8Array.of(1), to);
    expect(sent.map(({ partial }) => partial)).to.deep.equal([true, false]);
    expect(sent[1]?.octets).to.deep.equal([0, 5, 0, 9, 0, 9, 0, 0, 1]);
  });

  it('has options that other sockets do not have', () => {
    const stream = new FrameHost().stack.socket(AF_INET, SOCK_STREAM);
    expect(() => stream.setsockopt(IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)).to.throw('ENOPROTOOPT');
  });
});
