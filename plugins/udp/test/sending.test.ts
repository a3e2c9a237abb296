import { CSUM_PARTIAL } from '@protoloom/contracts';
import { IP_MULTICAST_IF, IP_PKTINFO } from '@protoloom/contracts/ipv4';
import {
  AF_INET,
  IPPROTO_IP,
  IPPROTO_UDP,
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_OOB,
  newViews,
  POLLOUT,
  SO_BINDTODEVICE,
  SO_DONTROUTE,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { GSO_UDP, UDP_GRO, UDP_SEGMENT } from '@protoloom/contracts/udp';
import { FrameHost, HOST, PEER, udp } from '@protoloom/frames';
import { plainFrame } from '@protoloom/sim';
import { expect } from 'chai';
import { codeOf } from './errors.js';

const open = (host: FrameHost) => host.stack.socket(AF_INET, SOCK_DGRAM);
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 7) & 0xff);
const peer = { address: PEER.join('.'), port: 9 };
/** UDP header and payload of what our port 5000 sends to the peer's port 9. */
const ours = (data: readonly number[]) => udp(5000, 9, data, { source: HOST, destination: PEER }).slice(20);

describe('UDP: the way that a datagram takes', () => {
  const beyond = { address: '192.0.2.1', port: 9 };

  it('is looked for again when an option has changed: SO_DONTROUTE, SO_BINDTODEVICE', async () => {
    const host = new FrameHost();
    host.stack.route.add({ destination: '192.0.2.0/24', gateway: PEER.join('.') });
    const socket = open(host);
    expect(await codeOf(socket.sendto('x', beyond))).to.equal('worked');
    socket.setsockopt(SOL_SOCKET, SO_DONTROUTE, 1);
    expect(await codeOf(socket.sendto('x', beyond))).to.equal('ENETUNREACH');
    socket.setsockopt(SOL_SOCKET, SO_DONTROUTE, 0);
    expect(await codeOf(socket.sendto('x', beyond))).to.equal('worked');
    host.stack.link.up('lo');
    socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'lo');
    host.sent();
    await socket.sendto('x', beyond);
    expect(host.sent()).to.deep.equal([]);
  });

  it('that MSG_DONTROUTE asks for is for one datagram alone', async () => {
    const host = new FrameHost();
    host.stack.route.add({ destination: '10.0.0.1/32', gateway: '10.0.0.9' });
    const socket = open(host);
    await socket.connect(peer);
    for (const [flags, code] of [
      [0, 'worked'],
      [MSG_DONTROUTE, 'ENETUNREACH'],
      [0, 'worked'],
    ] as const)
      expect(await codeOf(socket.send('x', { flags }))).to.equal(code);
  });

  it('starts at an address of ours, not at the group that the socket is bound to', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ address: '224.0.0.251', port: 5000 });
    await socket.sendto(Uint8Array.of(1), peer);
    await socket.connect(peer);
    await socket.send(Uint8Array.of(2));
    expect(socket.getsockname().address).to.equal('224.0.0.251');
    expect(host.sent().map((packet) => [...packet.subarray(12, 16)])).to.deep.equal([[...HOST], [...HOST]]);
  });

  it('starts for every later peer where it did for the first, until AF_UNSPEC', async () => {
    const host = new FrameHost();
    host.stack.address.add('eth0', '10.9.0.2/24');
    const socket = open(host);
    await socket.connect({ address: '10.9.0.1', port: 1 });
    await socket.connect(peer);
    expect(socket.getsockname().address).to.equal('10.9.0.2');
    await socket.disconnect();
    await socket.connect(peer);
    expect(socket.getsockname().address).to.equal('10.0.0.2');
  });

  it('that IP_PKTINFO asks for is for one datagram alone; an address that is not ours has none [Linux: ip(7)]', async () => {
    const host = new FrameHost();
    host.stack.address.add('eth0', '10.0.0.3/24');
    const socket = open(host);
    const from = (last: number, ifindex = 0) => ({
      to: peer,
      controls: [{ level: IPPROTO_IP, type: IP_PKTINFO, value: { ifindex, specDst: 0x0a00_0000 + last } }],
    });
    expect(await codeOf(socket.sendmsg('x', from(3)))).to.equal('worked');
    expect(await codeOf(socket.sendto('x', peer))).to.equal('worked');
    expect(host.sent().map((packet) => packet[15])).to.deep.equal([3, 2]);
    expect(await codeOf(socket.sendmsg('x', from(77)))).to.equal('ENETUNREACH');
    expect(await codeOf(socket.sendmsg('x', from(3, 99)))).to.equal('ENODEV');
  });

  it('to a group leaves by IP_MULTICAST_IF', async () => {
    const host = new FrameHost();
    const second = host.sim.device();
    const frames: Uint8Array[] = [];
    second.onFrame = ({ bytes }) => void frames.push(bytes);
    host.stack.link.add(second, { name: 'eth1' });
    host.stack.link.up('eth1');
    host.stack.address.add('eth1', '10.1.0.2/24');
    host.stack.route.add({ destination: 'default', gateway: PEER.join('.') });
    host.sim.advance(1000);
    host.sent();
    frames.length = 0;
    const socket = open(host);
    const index = host.stack.link.list().find(({ name }) => name === 'eth1')?.index ?? 0;
    const group = { address: '239.1.2.3', port: 9 };
    await socket.sendto('x', group);
    expect([host.sent().length, frames.length]).to.deep.equal([1, 0]);
    socket.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, index);
    await socket.sendto('x', group);
    expect([host.sent().length, frames.length]).to.deep.equal([0, 1]);
    expect([...(frames[0] as Uint8Array).subarray(26, 30)]).to.deep.equal([10, 1, 0, 2]);
  });
});

describe('UDP: ports and peers that were chosen, as Linux', () => {
  it('a port goes with AF_UNSPEC where bind() did not name it, and stays where it did', async () => {
    const host = new FrameHost();
    const [chosen, named] = [open(host), open(host)];
    await named.bind({ port: 7 });
    for (const socket of [chosen, named]) {
      await socket.connect(peer);
      expect(socket.getsockname().address).to.equal('10.0.0.2');
      await socket.disconnect();
    }
    expect(chosen.getsockname()).to.deep.equal({ address: '0.0.0.0', port: 0 });
    expect(named.getsockname()).to.deep.equal({ address: '0.0.0.0', port: 7 });
    expect(await codeOf(chosen.bind({ port: 8 }))).to.equal('worked');
  });

  it('bind() refuses what is neither ours nor a group: an address that a route makes unreachable', async () => {
    const host = new FrameHost();
    host.stack.route.add({ destination: '192.0.2.0/24', type: 7 });
    expect(await codeOf(open(host).bind({ address: '192.0.2.1', port: 7 }))).to.equal('EADDRNOTAVAIL');
  });

  it('MSG_OOB is EOPNOTSUPP', async () => {
    expect(await codeOf(open(new FrameHost()).sendto('x', peer, { flags: MSG_OOB }))).to.equal('EOPNOTSUPP');
  });

  it('65,507 octets go over IPv4, and not one more', async () => {
    const host = new FrameHost();
    const socket = open(host);
    expect(await codeOf(socket.sendto(new Uint8Array(65_507), peer))).to.equal('worked');
    expect(await codeOf(socket.sendto(new Uint8Array(65_508), peer))).to.equal('EMSGSIZE');
    expect(host.counts('udp')).to.deep.equal({ outDatagrams: 1 });
  });
});

describe('UDP: SO_SNDBUF', () => {
  /** To a neighbour that does not answer: what is sent waits. */
  const nobody = { address: '10.0.0.77', port: 9 };

  it('holds so much memory; then EAGAIN, counted, until what waits is gone', async () => {
    const host = new FrameHost();
    const socket = open(host);
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    expect(socket.readiness & POLLOUT).to.equal(POLLOUT);
    let sent = 0;
    while (sent < 100 && (await codeOf(socket.sendto(new Uint8Array(1000), nobody, { flags: MSG_DONTWAIT }))) === 'worked') sent++;
    expect(sent).to.be.within(2, 8);
    expect(host.counts('udp')).to.deep.equal({ outDatagrams: sent, sndbufErrors: 1 });
    expect(socket.readiness & POLLOUT).to.equal(0);
    const writable = socket.poll(POLLOUT);
    host.sim.advance(10_000_000);
    expect(await writable).to.equal(POLLOUT);
    expect(host.stack.packetsInHand).to.equal(0);
    expect(await codeOf(socket.sendto('x', peer))).to.equal('worked');
  });

  it('is given back by datagrams that leave, are refused, or outlive their socket', async () => {
    const host = new FrameHost();
    const socket = open(host);
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    for (let i = 0; i < 100; i++)
      expect(await codeOf(socket.sendto(new Uint8Array(1000), peer, { flags: MSG_DONTWAIT }))).to.equal('worked');
    for (let i = 0; i < 100; i++) await codeOf(socket.sendto(new Uint8Array(1000), { address: '203.0.113.1', port: 9 }));
    expect(socket.readiness & POLLOUT).to.equal(POLLOUT);
    await socket.sendto(new Uint8Array(1000), nobody);
    await socket.close();
    host.sim.advance(10_000_000);
    expect([host.stack.packetsInHand, host.stack.faults]).to.deep.equal([0, {}]);
  });

  it('reserve() and commit() write in place, and are refused alike', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 5000 });
    const { endpoint } = socket;
    const views = newViews();
    expect(endpoint.reserve(4, views)).to.equal(-89);
    await socket.connect(peer);
    expect(endpoint.reserve(8, views)).to.equal(8);
    views.first.set([1, 2, 3], views.firstAt);
    expect(endpoint.commit(9)).to.equal(-22);
    expect(endpoint.commit(3)).to.equal(3);
    expect(host.sent().map((packet) => [...packet.subarray(20)])).to.deep.equal([ours([1, 2, 3])]);
  });
});

describe('UDP_SEGMENT', () => {
  const sizes = (host: FrameHost) => host.sent().map((packet) => packet.length - 28);

  it('cuts one write into datagrams, each with lengths and checksums of its own', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 5000 });
    socket.setsockopt(IPPROTO_UDP, UDP_SEGMENT, 1000);
    expect(socket.getsockopt(IPPROTO_UDP, UDP_SEGMENT)).to.equal(1000);
    const data = count(2501);
    expect(await socket.sendto(Uint8Array.from(data), peer)).to.equal(2501);
    const packets = host.sent();
    for (const [i, packet] of packets.entries()) {
      expect(packet.length).to.equal((packet[2] as number) * 256 + (packet[3] as number));
      expect([...packet.subarray(20)]).to.deep.equal(ours(data.slice(1000 * i, 1000 * (i + 1))));
    }
    expect(packets).to.have.length(3);
    // As on Linux: one write is one datagram to the counter.
    expect(host.counts('udp')).to.deep.equal({ outDatagrams: 1 });
  });

  it('is taken for one write from a control message, and leaves shorter writes whole', async () => {
    const host = new FrameHost();
    const socket = open(host);
    const controls = [{ level: IPPROTO_UDP, type: UDP_SEGMENT, value: 600 }];
    await socket.sendmsg(new Uint8Array(1200), { to: peer, controls });
    await socket.sendmsg(new Uint8Array(600), { to: peer, controls });
    await socket.sendto(new Uint8Array(1200), peer);
    expect(sizes(host)).to.deep.equal([600, 600, 600, 1200]);
  });

  it('refuses pieces longer than the path takes, too many of them, and sizes that are none', async () => {
    const host = new FrameHost();
    const socket = open(host);
    for (const [size, octets, code] of [
      [1472, 1473, 'worked'],
      [1473, 1474, 'EINVAL'],
      [10, 1280, 'worked'],
      [10, 1281, 'EINVAL'],
    ] as const) {
      socket.setsockopt(IPPROTO_UDP, UDP_SEGMENT, size);
      expect(await codeOf(socket.sendto(new Uint8Array(octets), peer)), `${octets} by ${size}`).to.equal(code);
    }
    for (const size of [-1, 65_536]) expect(() => socket.setsockopt(IPPROTO_UDP, UDP_SEGMENT, size)).to.throw('EINVAL');
  });
});

describe('UDP: a coalesced datagram', () => {
  it('that a device hands up is read as the datagrams that it stands for', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    const data = count(250);
    const whole = udp(1, 9, data);
    const frame = Uint8Array.from([...host.mac, 2, 0, 0, 0, 0, 0x99, 8, 0, ...whole]);
    host.device.arrive({
      ...plainFrame(frame),
      gsoKind: GSO_UDP,
      gsoSize: 100,
      gsoSegments: 3,
      csum: CSUM_PARTIAL,
      csumStart: 34,
      csumOffset: 6,
    });
    host.sim.advance(10);
    for (const from of [0, 100, 200]) {
      const { data: piece, port, address } = await socket.recvmsg();
      expect([[...piece], port, address]).to.deep.equal([data.slice(from, from + 100), 1, PEER.join('.')]);
    }
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 3, queued: 1 });
    expect([host.stack.packetsInHand, host.stack.faults]).to.deep.equal([0, {}]);
  });

  it('is read as one by a socket with UDP_GRO, which is told how long each is [Linux: udp(7)]', async () => {
    const host = new FrameHost();
    host.stack.link.up('lo');
    host.sim.advance(10);
    const [from, to] = [open(host), open(host)];
    await to.bind({ address: '127.0.0.1', port: 9 });
    to.setsockopt(IPPROTO_UDP, UDP_GRO, 1);
    for (const size of [8, 0]) {
      from.setsockopt(IPPROTO_UDP, UDP_SEGMENT, size);
      await from.sendto(Uint8Array.from(count(20)), { address: '127.0.0.1', port: 9 });
    }
    host.sim.advance(10);
    const told = [await to.recvmsg(), await to.recvmsg()].map(({ data, controls }) => [data.length, controls]);
    expect(told).to.deep.equal([
      [20, [{ level: IPPROTO_UDP, type: UDP_GRO, value: 8 }]],
      [20, []],
    ]);
    expect(host.counts('udp')).to.include({ inDatagrams: 2 });
  });

  it('that we send to ourselves is read so too, by each of those that it is for', async () => {
    const host = new FrameHost();
    host.stack.link.up('lo');
    host.sim.advance(10);
    const [from, to] = [open(host), open(host)];
    await to.bind({ address: '127.0.0.1', port: 9 });
    from.setsockopt(IPPROTO_UDP, UDP_SEGMENT, 8);
    await from.sendto(Uint8Array.from(count(20)), { address: '127.0.0.1', port: 9 });
    host.sim.advance(10);
    for (const [start, end] of [
      [0, 8],
      [8, 16],
      [16, 20],
    ] as const)
      expect([...(await to.recv())]).to.deep.equal(count(20).slice(start, end));
    expect(await codeOf(to.recv(1, { flags: MSG_DONTWAIT }))).to.equal('EAGAIN');
  });
});
