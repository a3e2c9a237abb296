import { ARPHRD_NONE } from '@protoloom/contracts';
import { AF_INET, AF_INET6, SO_BINDTODEVICE, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, SOL_SOCKET } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { type SimDevice, Simulation } from '@protoloom/sim';
import { SocketError, type Stack } from '@protoloom/stack';
import { expect } from 'chai';

function attach(sim: Simulation, stack: Stack, name: string, address: string, type?: number): SimDevice {
  const device = sim.device(type === undefined ? { name } : { name, type, address: new Uint8Array(0) });
  stack.link.add(device);
  stack.link.up(name);
  stack.address.add(name, address);
  return device;
}
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'worked',
    (error: unknown) => (SocketError.is(error) ? error.code : String(error)),
  );

/** One line there and back over TCP. */
async function greet(sim: Simulation, from: Stack, to: Stack, address: string, port: number): Promise<string> {
  const listener = to.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ port });
  await listener.listen();
  const client = from.socket(AF_INET, SOCK_STREAM);
  const answer = async (): Promise<void> => {
    const connection = await listener.accept();
    await connection.send(`hello ${Buffer.from(await connection.recv()).toString()} from ${connection.getpeername().address}`);
    await connection.close();
  };
  const ask = async (): Promise<string> => {
    await client.connect({ address, port });
    await client.send('you');
    return Buffer.from(await client.recv()).toString();
  };
  const [, heard] = await sim.run(Promise.all([answer(), ask()]));
  await client.close();
  await listener.close();
  return heard;
}

describe('a host of several interfaces', () => {
  it('talks over Ethernet and a bare-IP link at once, each with its own neighbours and source address', async () => {
    const sim = new Simulation(1);
    const middle = sim.host({ plugins: linuxHost });
    const left = sim.host({ plugins: linuxHost });
    const right = sim.host({ plugins: linuxHost });
    sim.wire([attach(sim, middle, 'eth0', '10.0.0.1/24'), attach(sim, left, 'eth0', '10.0.0.2/24')]);
    sim.wire([attach(sim, middle, 'tun0', '10.0.1.1/24', ARPHRD_NONE), attach(sim, right, 'tun0', '10.0.1.2/24', ARPHRD_NONE)]);
    expect(await greet(sim, middle, left, '10.0.0.2', 1)).to.equal('hello you from 10.0.0.1');
    expect(await greet(sim, middle, right, '10.0.1.2', 1)).to.equal('hello you from 10.0.1.1');
    expect(middle.neighbour.list({ iface: 'eth0' }).map(({ address }) => address)).to.deep.equal(['10.0.0.2']);
    expect(middle.neighbour.list({ iface: 'tun0' })).to.deep.equal([]);
    // A host does not forward: what is for the other side stays.
    left.route.add({ destination: 'default', gateway: '10.0.0.1' });
    const lost = left.socket(AF_INET, SOCK_DGRAM);
    await lost.sendto('x', { address: '10.0.1.2', port: 5 });
    await sim.run(() => middle.counters.mib()['Ip.InAddrErrors'] === 1);
    await sim.stop();
  });

  it('binds a socket to a device, and refuses one that is not there', async () => {
    const sim = new Simulation(1);
    const stack = sim.host({ plugins: linuxHost });
    attach(sim, stack, 'eth0', '10.0.0.1/24');
    const socket = stack.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'eth0');
    expect(socket.getsockopt(SOL_SOCKET, SO_BINDTODEVICE)).to.equal('eth0');
    expect(() => socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, 'eth1')).to.throw('ENODEV');
    expect(() => socket.setsockopt(SOL_SOCKET, 9999, 1)).to.throw(/ENOPROTOOPT.*SO_REUSEADDR/);
    await sim.stop();
  });

  it('starts with none, gets one, loses it under a connection: calls that wait end with an error', async () => {
    const sim = new Simulation(1);
    const stack = sim.host({ plugins: linuxHost });
    const peer = sim.host({ plugins: linuxHost });
    expect(stack.link.list().map(({ name }) => name)).to.deep.equal(['lo']);
    sim.wire([attach(sim, stack, 'eth0', '10.0.0.1/24'), attach(sim, peer, 'eth0', '10.0.0.2/24')]);
    const listener = peer.socket(AF_INET, SOCK_STREAM);
    await listener.bind({ port: 7 });
    await listener.listen();
    const socket = stack.socket(AF_INET, SOCK_STREAM);
    await sim.run(socket.connect({ address: '10.0.0.2', port: 7 }));
    const waiting = codeOf(socket.recv());
    stack.link.remove('eth0');
    expect(await sim.run(waiting)).to.equal('ECONNABORTED');
    expect(stack.route.list().filter(({ table }) => table === 'main')).to.deep.equal([]);
    expect(await codeOf(stack.socket(AF_INET, SOCK_STREAM).connect({ address: '10.0.0.2', port: 7 }))).to.equal('ENETUNREACH');
    expect(stack.packetsInHand).to.equal(0);
    await sim.stop();
  });
});

describe('datagrams of 60,000 octets over IPv6 [RFC 8200 §4.5]', () => {
  async function pair(sim: Simulation): Promise<[Stack, Stack]> {
    const one = sim.host({ plugins: linuxHost });
    const other = sim.host({ plugins: linuxHost });
    const wire = [attach(sim, one, 'tun0', '2001:db8::1/64', ARPHRD_NONE), attach(sim, other, 'tun0', '2001:db8::2/64', ARPHRD_NONE)];
    sim.wire(wire, { delayUs: 1000, reorder: 0.3, reorderUs: 800, duplicate: 0.2 });
    return [one, other];
  }
  const octets = (seed: number): Uint8Array => Uint8Array.from({ length: 60_000 }, (_, i) => (i * seed) >>> 3);

  it('arrive whole, each, over a wire that reorders and doubles their fragments', async () => {
    const sim = new Simulation(4);
    const [one, other] = await pair(sim);
    const receiver = other.socket(AF_INET6, SOCK_DGRAM);
    await receiver.bind({ address: '2001:db8::2', port: 9 });
    const sender = one.socket(AF_INET6, SOCK_DGRAM);
    for (let seed = 1; seed <= 20; seed++) {
      await sender.sendto(octets(seed), { address: '2001:db8::2', port: 9 });
      const { data } = await sim.run(receiver.recvfrom());
      expect(data).to.deep.equal(octets(seed));
    }
    expect(one.counters.mib()).to.include({ 'Ip6.FragOKs': 20, 'Ip6.FragCreates': 20 * 42 });
    expect(other.counters.mib()).to.include({ 'Ip6.ReasmOKs': 20, 'Ip6.ReasmFails': 0 });
    await sim.stop();
  });
});

describe('the host itself', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '10.0.0.1', '0.0.0.0']) {
    it(`reaches ${address} inside, and no wire sees it [RFC 1122 §3.2.1.3]`, async () => {
      const sim = new Simulation(1);
      const stack = sim.host({ plugins: linuxHost });
      const device = attach(sim, stack, 'eth0', '10.0.0.1/24');
      let frames = 0;
      // IPv4's: what IPv6 says of itself when a link comes up is not this test's.
      device.onFrame = ({ bytes }) => void (bytes[12] === 0x08 && frames++);
      const heard = await greet(sim, stack, stack, address, 80);
      expect(heard).to.match(/^hello you from (127\.|10\.0\.0\.1)/);
      expect(frames).to.equal(0);
      const { received, made, fates, inHand } = stack.conservation();
      expect(fates + inHand).to.equal(received + made);
      await sim.stop();
    });
  }

  it('refuses sockets as Linux: family, then type, then protocol; and says what there is', () => {
    const stack = new Simulation(1).host({ plugins: linuxHost });
    expect(() => stack.socket(99, SOCK_STREAM)).to.throw(/^EAFNOSUPPORT.*AF_INET \(2\)/);
    expect(() => stack.socket(AF_INET, SOCK_RAW)).to.throw(/^ESOCKTNOSUPPORT.*types/);
    expect(() => stack.socket(AF_INET, SOCK_DGRAM, 6)).to.throw(/^EPROTONOSUPPORT.*protocol 17, not 6/);
  });

  it('ends every call that waits when it stops', async () => {
    const sim = new Simulation(1);
    const stack = sim.host({ plugins: linuxHost });
    const datagrams = stack.socket(AF_INET, SOCK_DGRAM);
    await datagrams.bind({ port: 9 });
    const listener = stack.socket(AF_INET, SOCK_STREAM);
    await listener.bind({ port: 9 });
    await listener.listen();
    const waiting = Promise.all([codeOf(datagrams.recv()), codeOf(listener.accept())]);
    await sim.run(stack.stop());
    expect(await waiting).to.deep.equal(['ENETDOWN', 'ENETDOWN']);
    expect(stack.link.list()).to.deep.equal([]);
  });

  it('lets a call wait no longer than SO_RCVTIMEO or a signal says', async () => {
    const sim = new Simulation(1);
    const stack = sim.host({ plugins: linuxHost });
    const socket = stack.socket(AF_INET, SOCK_DGRAM);
    await socket.bind({ port: 9 });
    const before = sim.nowUs;
    socket.setsockopt(SOL_SOCKET, 20, { sec: 2, usec: 0 });
    expect(await sim.run(codeOf(socket.recv()))).to.equal('EAGAIN');
    expect(sim.nowUs - before).to.equal(2_000_000);
    const abort = new AbortController();
    const waiting = socket.recv(10, { signal: abort.signal }).catch((error: unknown) => error);
    abort.abort(new Error('enough'));
    expect(String(await waiting)).to.contain('enough');
    await sim.stop();
  });
});
