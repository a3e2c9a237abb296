import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { FrameHost, HOST, PEER, udp } from '@protoloom/frames';
import { SocketError } from '@protoloom/stack';
import { expect } from 'chai';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const octets = (line: string): number[] => [...Buffer.from(line)];
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'worked',
    (error: unknown) => (SocketError.is(error) ? error.code : String(error)),
  );
const open = (host: FrameHost) => host.stack.socket(AF_INET, SOCK_DGRAM);

describe('UDP: who gets a datagram', () => {
  it('the connected socket, then the bound address, then the wildcard', async () => {
    const host = new FrameHost();
    const sockets = { any: open(host), bound: open(host), connected: open(host) };
    for (const socket of Object.values(sockets)) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    await sockets.any.bind({ port: 9 });
    await sockets.bound.bind({ address: HOST.join('.'), port: 9 });
    await sockets.connected.bind({ address: HOST.join('.'), port: 9 });
    await sockets.connected.connect({ address: PEER.join('.'), port: 1 });
    host.stack.address.add('eth0', '10.0.0.3/24');
    host.receive(udp(1, 9, octets('connected')));
    host.receive(udp(2, 9, octets('bound')));
    host.receive(udp(2, 9, octets('any'), { destination: [10, 0, 0, 3] }));
    for (const [name, socket] of Object.entries(sockets)) expect(text(await socket.recv())).to.equal(name);
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 3, queued: 3 });
  });

  it('nobody: it is answered with Port Unreachable, and counted [RFC 1122 §4.1.3.1]', () => {
    const host = new FrameHost();
    host.receive(udp(1, 9, [1]));
    expect(host.counts('udp')).to.deep.equal({ noPorts: 1 });
    expect(host.sent()).to.have.length(1);
  });

  it('everybody who wants it, a copy each, of one that is for all; and nobody is told off [RFC 1122 §3.3.6]', async () => {
    const host = new FrameHost();
    const sockets = [open(host), open(host)];
    for (const socket of sockets) {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      await socket.bind({ port: 68 });
    }
    const all = [255, 255, 255, 255, 255, 255];
    host.receive(udp(67, 68, octets('all'), { destination: [255, 255, 255, 255] }), all);
    host.receive(udp(67, 69, octets('none'), { destination: [255, 255, 255, 255] }), all);
    for (const socket of sockets) expect(text(await socket.recv())).to.equal('all');
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 2, queued: 1, notJoined: 1 });
    expect(host.sent()).to.deep.equal([]);
    expect(host.stack.packetsInHand).to.equal(0);
  });
});

describe('UDP: what is wrong with a datagram [RFC 768]', () => {
  const bad = (at: number, value: number) => udp(1, 9, [1, 2, 3]).map((octet, i) => (i === at ? value : octet));
  for (const [what, packet, fate] of [
    ['a length beyond the packet', bad(25, 200), 'malformed'],
    ['a length shorter than the header', bad(25, 7), 'malformed'],
    ['a bad checksum', bad(30, 99), 'checksum'],
  ] as const) {
    it(`${what} drops it`, async () => {
      const host = new FrameHost();
      await open(host).bind({ port: 9 });
      host.receive(packet);
      expect(host.counts('udp')).to.deep.equal({ [fate]: 1 });
    });
  }

  it('a checksum of zero is none, over IPv4', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    host.receive(udp(1, 9, [7]).map((octet, i) => (i === 26 || i === 27 ? 0 : octet)));
    expect([...(await socket.recv())]).to.deep.equal([7]);
  });
});

describe('UDP sockets', () => {
  it('hold no more than SO_RCVBUF, and drop the newest', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 2304);
    for (let i = 0; i < 50; i++) host.receive(udp(1, 9, [i]));
    const kept = host.counts('udp')['queued'] as number;
    expect(kept).to.be.within(2, 20);
    expect(host.counts('udp')['rcvbufErrors']).to.equal(50 - kept);
    for (let i = 0; i < kept; i++) expect([...(await socket.recv())]).to.deep.equal([i]);
    expect(await codeOf(socket.recv(1, { flags: MSG_DONTWAIT }))).to.equal('EAGAIN');
  });

  it('show with MSG_PEEK, and tell a true length with MSG_TRUNC', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    host.receive(udp(1, 9, octets('hello')));
    expect(text(await socket.recv(2, { flags: MSG_PEEK }))).to.equal('he');
    const short = new Uint8Array(2);
    expect(await socket.recvInto(short, { flags: MSG_PEEK | MSG_TRUNC })).to.equal(5);
    const { data, address, port, flags } = await socket.recvmsg(3);
    expect([text(data), address, port, flags & MSG_TRUNC]).to.deep.equal(['hel', '10.0.0.1', 1, MSG_TRUNC]);
    expect(await codeOf(socket.recv(1, { flags: MSG_DONTWAIT }))).to.equal('EAGAIN');
  });

  it('refuse as Linux', async () => {
    const host = new FrameHost();
    const socket = open(host);
    expect(await codeOf(socket.send('x'))).to.equal('EDESTADDRREQ');
    expect(await codeOf(socket.sendto('x', { address: '10.0.0.255', port: 9 }))).to.equal('EACCES');
    expect(await codeOf(socket.sendto(new Uint8Array(65_508), { address: '10.0.0.1', port: 9 }))).to.equal('EMSGSIZE');
    expect(await codeOf(socket.sendto('x', { address: '192.0.2.1', port: 9 }))).to.equal('ENETUNREACH');
    expect(await codeOf(socket.sendto('x', { address: '10.0.0.1', port: 0 }))).to.equal('EINVAL');
    expect(await codeOf(open(host).bind({ address: '10.0.0.9', port: 1 }))).to.equal('EADDRNOTAVAIL');
    const first = open(host);
    await first.bind({ port: 77 });
    expect(await codeOf(first.bind({ port: 78 }))).to.equal('EINVAL');
    expect(await codeOf(open(host).bind({ port: 77 }))).to.equal('EADDRINUSE');
    expect(await codeOf(first.listen())).to.equal('EOPNOTSUPP');
    socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    expect(await codeOf(socket.sendto('x', { address: '10.0.0.255', port: 9 }))).to.equal('worked');
  });

  it('that are not bound get a port of ip_local_port_range [RFC 6056 §3.2]', async () => {
    const host = new FrameHost({ 'net.ipv4.ip_local_port_range': '40000 40003', 'net.ipv4.ip_local_reserved_ports': '40001' });
    const ports = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const socket = open(host);
      await socket.bind({ port: 0 });
      ports.add(socket.getsockname().port);
    }
    expect([...ports]).to.have.members([40_000, 40_002, 40_003]);
    expect(await codeOf(open(host).bind({ port: 0 }))).to.equal('EADDRINUSE');
  });

  it('forget their peer with AF_UNSPEC, and hear others again', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    await socket.connect({ address: '10.0.0.1', port: 1 });
    host.receive(udp(2, 9, octets('other')));
    expect(host.counts('udp')).to.deep.equal({ noPorts: 1 });
    await socket.disconnect();
    expect(() => socket.getpeername()).to.throw('ENOTCONN');
    host.receive(udp(2, 9, octets('other')));
    expect(text(await socket.recv())).to.equal('other');
  });

  it('send a right checksum, and a computed zero as its other form [RFC 768]', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 5000 });
    for (let i = 0; i < 300; i++) await socket.sendto(Uint8Array.of(i >> 8, i), { address: '10.0.0.1', port: 9 });
    for (const [i, packet] of host.sent().entries()) {
      const expected = udp(5000, 9, [i >> 8, i & 0xff], { source: HOST, destination: PEER });
      expect([...packet.subarray(20)]).to.deep.equal(expected.slice(20));
    }
  });

  it('give their octets and memory back when they are closed', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    host.receive(udp(1, 9, [1]));
    expect(host.stack.packetsInHand).to.equal(1);
    await socket.close();
    await socket.close();
    expect(host.stack.packetsInHand).to.equal(0);
    expect(await codeOf(socket.recv())).to.equal('EBADF');
    await open(host).bind({ port: 9 });
  });
});
