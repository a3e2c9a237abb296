import { IP_RECVERR } from '@protoloom/contracts/ipv4';
import {
  AF_INET,
  IPPROTO_IP,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_PEEK,
  newMessage,
  newViews,
  POLLERR,
  POLLHUP,
  POLLIN,
  SHUT_RDWR,
  SO_ERROR,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '@protoloom/contracts/socket';
import { FrameHost, HOST, icmp, PEER, udp } from '@protoloom/frames';
import { expect } from 'chai';
import { codeOf } from './errors.js';

const open = (host: FrameHost) => host.stack.socket(AF_INET, SOCK_DGRAM);
const ALL = [255, 255, 255, 255, 255, 255];
const peer = { address: PEER.join('.'), port: 9 };

describe('UDP: InDatagrams, as Linux counts them', () => {
  it('are those that were read: not while they wait, nor when they are peeked at, nor thrown away unread', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    for (let i = 0; i < 3; i++) host.receive(udp(1, 9, [i]));
    await socket.recv(1, { flags: MSG_PEEK });
    expect(host.counts('udp')).to.deep.equal({ queued: 3 });
    await socket.recv();
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 1, queued: 3 });
    expect(socket.endpoint.consume(1)).to.equal(1);
    await socket.close();
    expect(host.counts('udp')).to.deep.equal({ inDatagrams: 2, queued: 3 });
    expect(host.stack.packetsInHand).to.equal(0);
  });

  it('and RcvbufErrors every copy that found no room, while the datagram has one fate', async () => {
    const host = new FrameHost();
    const sockets = [open(host), open(host), open(host)];
    for (const socket of sockets) {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 0);
      await socket.bind({ port: 68 });
    }
    const send = () => host.receive(udp(67, 68, new Array<number>(1200).fill(1), { destination: [255, 255, 255, 255] }), ALL);
    const dropped = () => {
      const { 'Udp.RcvbufErrors': rcvbuf, 'Udp.InErrors': errors } = host.stack.counters.mib();
      return [rcvbuf, errors];
    };
    send();
    expect(dropped()).to.deep.equal([0, 0]);
    for (let i = 0; i < 3; i++) send();
    const queuedAll = host.counts('udp')['queued'] as number;
    const fullAll = host.counts('udp')['rcvbufErrors'] ?? 0;
    expect(queuedAll + fullAll).to.equal(4);
    expect(dropped()).to.deep.equal([3 * fullAll, 3 * fullAll]);
    // The last to be asked is full while the first has room again: one copy is dropped, and the datagram is delivered.
    while ((await codeOf((sockets[0] as (typeof sockets)[0]).recv(1, { flags: MSG_DONTWAIT }))) === 'worked');
    const before = host.counts('udp');
    const { fates } = host.stack.conservation();
    send();
    const after = host.counts('udp');
    expect(host.stack.conservation().fates).to.equal(fates + 1);
    expect(after['queued']).to.equal((before['queued'] ?? 0) + 1);
    expect((after['copiesDropped'] ?? 0) - (before['copiesDropped'] ?? 0)).to.equal(2);
  });
});

describe('UDP: what a call that finds nothing answers', () => {
  it('MSG_ERRQUEUE: EAGAIN, and the datagram stays', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    host.receive(udp(1, 9, [5]));
    expect(await codeOf(socket.recv(1, { flags: MSG_ERRQUEUE | MSG_DONTWAIT }))).to.equal('EAGAIN');
    expect([...(await socket.recv())]).to.deep.equal([5]);
  });

  it('shutdown() of an unconnected socket is ENOTCONN, and wakes all the same, as on Linux', async () => {
    const socket = open(new FrameHost());
    await socket.bind({ port: 9 });
    expect(await codeOf(socket.shutdown(SHUT_RDWR))).to.equal('ENOTCONN');
    expect(socket.readiness & (POLLIN | POLLHUP)).to.equal(POLLIN | POLLHUP);
    expect(await codeOf(socket.sendto('x', peer))).to.equal('EPIPE');
  });
});

describe('UDP: ICMP errors [RFC 1122 §4.1.3.3]', () => {
  /** An error of the peer's about what our port 5000 sent to its port 9. */
  const about = (type: number, code: number, rest = [0, 0, 0, 0], to: readonly number[] = PEER) =>
    icmp(type, code, rest, udp(5000, 9, [1, 2], { source: HOST, destination: to }).slice(0, 28));
  const bound = async (connected: boolean) => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 5000 });
    if (connected) await socket.connect(peer);
    return { host, socket };
  };

  for (const [what, packet, code] of [
    ['port unreachable is ECONNREFUSED', about(3, 3), 'ECONNREFUSED'],
    ['protocol unreachable is ENOPROTOOPT', about(3, 2), 'ENOPROTOOPT'],
    ['prohibited is EHOSTUNREACH', about(3, 13), 'EHOSTUNREACH'],
    ['a parameter problem is EPROTO', about(12, 0), 'EPROTO'],
    ['fragmentation needed is EMSGSIZE', about(3, 4, [0, 0, 5, 0]), 'EMSGSIZE'],
  ] as const) {
    it(`${what} at the next call of a connected socket, once`, async () => {
      for (const call of ['send', 'recv'] as const) {
        const { host, socket } = await bound(true);
        host.receive(packet);
        expect(socket.readiness & POLLERR).to.equal(POLLERR);
        expect(await codeOf(call === 'send' ? socket.send('x') : socket.recv(1, { flags: MSG_DONTWAIT }))).to.equal(code);
        expect(socket.readiness & POLLERR).to.equal(0);
        expect(await codeOf(socket.send('x'))).to.equal('worked');
      }
    });
  }

  it('an unconnected socket hears of none, unless it asks with IP_RECVERR', async () => {
    const { host, socket } = await bound(false);
    await socket.sendto('x', peer);
    host.receive(about(3, 3));
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).to.equal(0);
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    host.receive(about(3, 3));
    expect(await codeOf(socket.sendto('x', peer))).to.equal('ECONNREFUSED');
  });

  it('soft ones are not told, unless IP_RECVERR asks for them: net and host unreachable, time exceeded', async () => {
    const { host, socket } = await bound(true);
    const soft = [about(3, 0), about(3, 1), about(11, 0)];
    for (const packet of soft) host.receive(packet);
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).to.equal(0);
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    for (const packet of soft) {
      host.receive(packet);
      expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).to.be.oneOf([101, 113]);
    }
  });

  it('those of others do not reach it: another port of ours, another peer', async () => {
    const { host, socket } = await bound(true);
    host.receive(icmp(3, 3, [0, 0, 0, 0], udp(5001, 9, [1], { source: HOST, destination: PEER }).slice(0, 28)));
    host.receive(about(3, 3, [0, 0, 0, 0], [10, 0, 0, 9]));
    expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).to.equal(0);
  });

  it('fragmentation needed is for the path that it quotes, whoever was sent to since [RFC 1191 §6.3]', async () => {
    const { host, socket } = await bound(false);
    host.stack.neighbour.add('eth0', '10.0.0.3', '02:00:00:00:00:03');
    await socket.sendto(new Uint8Array(1400), peer);
    await socket.sendto(new Uint8Array(1400), { address: '10.0.0.3', port: 9 });
    host.sent();
    host.receive(about(3, 4, [0, 0, 4, 0]));
    await socket.sendto(new Uint8Array(1400), { address: '10.0.0.3', port: 9 });
    expect(host.sent()).to.have.length(1);
    await socket.sendto(new Uint8Array(1400), peer);
    expect(host.sent()).to.have.length(2);
  });
});

describe('UDP: a datagram that waits', () => {
  it('is what came in, however many frames the device has read since', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    const texts = Array.from({ length: 20 }, (_, i) => new Array<number>(40 - i).fill(i));
    for (const text of texts) host.receive(udp(1, 9, text));
    for (const text of texts) expect([...(await socket.recv())]).to.deep.equal(text);
    expect(host.stack.packetsInHand).to.equal(0);
  });

  it('is charged as much where it waits in its frame as in memory of its own: SO_RCVBUF holds as many either way', async () => {
    const held: number[] = [];
    for (const fastPaths of [true, false]) {
      const host = new FrameHost({}, 1500, true, fastPaths);
      const socket = open(host);
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
      await socket.bind({ port: 9 });
      for (let i = 0; i < 100; i++) host.receive(udp(1, 9, [i]));
      held.push(host.counts('udp')['queued'] as number);
    }
    expect(held[0]).to.be.within(2, 99);
    expect(held[1]).to.equal(held[0]);
  });

  it('is shown where it lies, with who sent it, and goes back from there', async () => {
    const host = new FrameHost();
    const socket = open(host);
    await socket.bind({ port: 9 });
    const { endpoint } = socket;
    const views = newViews();
    const message = newMessage();
    endpoint.listener = {
      ready() {
        while (endpoint.peek(views, message) >= 0) {
          endpoint.send(views.first, views.firstAt, views.firstAt + views.firstLength, message);
          endpoint.consume(views.firstLength);
        }
      },
    };
    for (const port of [1, 2]) host.receive(udp(port, 9, [port, 7, 7]));
    const answers = host.sent();
    expect(answers.map((packet) => [(packet[22] as number) * 256 + (packet[23] as number), ...packet.subarray(28)])).to.deep.equal([
      [1, 1, 7, 7],
      [2, 2, 7, 7],
    ]);
    expect(message.hasAddress).to.equal(true);
  });
});
