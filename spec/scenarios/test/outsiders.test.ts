import { ARPHRD_NONE, definePlugin, type Plugin } from '@protoloom/contracts';
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM } from '@protoloom/contracts/socket';
import { TCP_CC_INFO, TCP_CONGESTION, TCP_INFO } from '@protoloom/contracts/tcp';
import { ipv4Plugins, ipv6Plugins, linuxHost } from '@protoloom/linux';
import { fixedWindow, greeter, greeting, toyNetwork } from '@protoloom/scenarios';
import { type Impairment, Simulation } from '@protoloom/sim';
import { AssemblyError, type Stack } from '@protoloom/stack';
import { expect } from 'chai';

interface Pair {
  readonly sim: Simulation;
  readonly a: Stack;
  readonly b: Stack;
}

function pair(
  plugins: readonly Plugin[],
  addresses: readonly [readonly string[], readonly string[]],
  { type, impairment = {}, seed = 1 }: { type?: number; impairment?: Impairment; seed?: number } = {},
): Pair {
  const sim = new Simulation(seed);
  const devices = addresses.map(() => sim.device(type === undefined ? {} : { type, address: new Uint8Array(0) }));
  const hosts = devices.map((device, i) => {
    const stack = sim.host({ plugins });
    stack.link.add(device);
    stack.link.up('eth0');
    for (const address of addresses[i] ?? []) stack.address.add('eth0', address);
    return stack;
  });
  sim.wire(devices, { delayUs: 1000, ...impairment });
  return { sim, a: hosts[0] as Stack, b: hosts[1] as Stack };
}
const IP4 = [['10.0.0.1/24'], ['10.0.0.2/24']] as const;

const expectConserved = (...stacks: readonly Stack[]): void => {
  for (const stack of stacks) {
    const { received, made, fates, inHand } = stack.conservation();
    expect(fates + inHand).to.equal(received + made);
    expect(stack.faults).to.deep.equal({});
  }
};

/** Sends a pattern from `a` to `b`, and answers what came. */
async function transfer(
  { sim, a, b }: Pair,
  family: number,
  address: string,
  bytes: number,
  prepare?: (socket: ReturnType<Stack['socket']>) => void,
): Promise<{ received: Uint8Array; client: ReturnType<Stack['socket']> }> {
  const server = b.socket(family, SOCK_STREAM);
  const client = a.socket(family, SOCK_STREAM);
  const data = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
  const serve = async (): Promise<Uint8Array> => {
    await server.bind({ port: 80 });
    await server.listen();
    const connection = await server.accept();
    const parts: Uint8Array[] = [];
    for await (const part of connection) parts.push(part);
    await connection.close();
    return Buffer.concat(parts);
  };
  const ask = async (): Promise<void> => {
    await client.connect({ address, port: 80 });
    prepare?.(client);
    await client.send(data);
    await client.shutdown(1);
  };
  const [received] = await sim.run(Promise.all([serve(), ask()]), 300e6);
  expect(Buffer.compare(received, data), 'the octets that came').to.equal(0);
  return { received, client };
}

describe("an outsider's protocol", () => {
  it('plugs in with its own socket type, counters and sysctl, and no file of ours knows it', async () => {
    const { sim, a, b } = pair([...linuxHost, greeter], IP4);
    const from = a.socket(AF_INET, SOCK_DGRAM, 253);
    const to = b.socket(AF_INET, SOCK_DGRAM, 253);
    await from.connect({ address: '10.0.0.2', port: 0 });
    await from.send(greeting('b'));
    const heard = await sim.run(to.recv());
    expect(Buffer.from(heard).toString()).to.equal('hello b');
    b.sysctl.set('net.example.greeting_max', 3);
    await from.send(greeting('b'));
    await sim.run(() => b.counters.of('@example/greeter')['rude'] === 1);
    expect(b.counters.of('@example/greeter')).to.deep.equal({ heard: 1, rude: 1 });
    expectConserved(a, b);
    await sim.stop();
  });

  it('comes and goes while the host runs; not while its sockets are open', async () => {
    const { sim, a } = pair(linuxHost, IP4);
    expect(() => a.socket(AF_INET, SOCK_DGRAM, 253)).to.throw('EPROTONOSUPPORT');
    a.plug(greeter);
    const socket = a.socket(AF_INET, SOCK_DGRAM, 253);
    const refused: unknown = await a.unplug('@example/greeter').catch((error: unknown) => error);
    expect(AssemblyError.is(refused) && refused.message).to.contain('1 open greeters');
    await socket.close();
    await a.unplug('@example/greeter');
    expect(() => a.socket(AF_INET, SOCK_DGRAM, 253)).to.throw('EPROTONOSUPPORT');
    await sim.stop();
  });
});

describe("an outsider's congestion controller", () => {
  it('of thirty lines serves connections, chosen by sysctl, and tells its figures', async () => {
    const both = pair([...linuxHost, fixedWindow], IP4, { impairment: { rate: 100e6 } });
    both.a.sysctl.set('net.ipv4.tcp_congestion_control', 'fixed');
    expect(both.a.sysctl.get('net.ipv4.tcp_available_congestion_control')).to.equal('cubic reno newreno fixed');
    const { client } = await transfer(both, AF_INET, '10.0.0.2', 200_000);
    expect(client.getsockopt(IPPROTO_TCP, TCP_CONGESTION)).to.equal('fixed');
    expect(client.getsockopt(IPPROTO_TCP, TCP_INFO)).to.include({ tcpi_snd_cwnd: 4 });
    await both.sim.stop();
  });

  it('is taken on one socket while it is connected; unplugging it is EBUSY until then', async () => {
    const both = pair(linuxHost, IP4, { impairment: { rate: 100e6 } });
    both.a.plug(fixedWindow);
    let attempt: Promise<string> = Promise.resolve('never tried');
    const { client } = await transfer(both, AF_INET, '10.0.0.2', 200_000, (socket) => {
      expect(socket.getsockopt(IPPROTO_TCP, TCP_CONGESTION)).to.equal('cubic');
      socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, 'fixed');
      expect(socket.getsockopt(IPPROTO_TCP, TCP_CC_INFO)).to.deep.equal({ segments: 4 });
      expect(() => socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, 'nobody')).to.throw('ENOENT');
      attempt = both.a.unplug('@example/fixed-window').then(() => 'gone', String);
    });
    expect(await attempt).to.contain('1 connection has the controller fixed');
    await client.close();
    both.sim.advance(1e6);
    await both.a.unplug('@example/fixed-window');
    expect(both.a.sysctl.get('net.ipv4.tcp_available_congestion_control')).to.equal('cubic reno newreno');
    await both.sim.stop();
  });

  it('that throws costs the connection its controller, not its octets', async () => {
    const broken = definePlugin({
      name: '@example/broken',
      version: '0.1.0',
      api: '^1.0.0',
      attaches: {
        control: (await import('@protoloom/contracts')).attach(
          (await import('@protoloom/contracts/tcp')).CONGESTION_CONTROL,
          'broken',
          '^1.0',
        ),
      },
      create: () => ({
        handlers: {
          control: {
            name: 'broken',
            drive: 'window' as const,
            create: () => ({
              onAck() {
                throw new Error('boom');
              },
              onCongestion: () => undefined,
            }),
          },
        },
      }),
    });
    const both = pair([...linuxHost, broken], IP4);
    both.a.sysctl.set('net.ipv4.tcp_congestion_control', 'broken');
    const { client } = await transfer(both, AF_INET, '10.0.0.2', 100_000);
    expect(client.getsockopt(IPPROTO_TCP, TCP_CONGESTION)).to.equal('newreno');
    expect(both.a.counters.of('@protoloom/tcp')['controllerFaults']).to.equal(1);
    await both.sim.stop();
  });
});

describe('a toy network layer with 16-octet addresses and a 40-octet header', () => {
  const SIX = [
    ['2001:db8::1/64', '10.0.0.1/24'],
    ['2001:db8::2/64', '10.0.0.2/24'],
  ] as const;

  it('carries TCP and UDP unchanged, beside IPv4', async () => {
    const both = pair([...linuxHost.filter((plugin) => !ipv6Plugins.includes(plugin)), toyNetwork], SIX, { type: ARPHRD_NONE });
    const { sim, a, b } = both;
    await transfer(both, AF_INET6, '2001:db8::2', 300_000);
    const from = a.socket(AF_INET6, SOCK_DGRAM);
    const to = b.socket(AF_INET6, SOCK_DGRAM);
    await to.bind({ address: '2001:db8::2', port: 9 });
    await from.sendto('six', { address: '2001:db8::2', port: 9 });
    const { data, address } = await sim.run(to.recvfrom());
    expect([Buffer.from(data).toString(), address]).to.deep.equal(['six', '2001:db8::1']);
    const four = b.socket(AF_INET, SOCK_DGRAM);
    await four.bind({ port: 10 });
    await a.socket(AF_INET, SOCK_DGRAM).sendto('four', { address: '10.0.0.2', port: 10 });
    expect(Buffer.from(await sim.run(four.recv())).toString()).to.equal('four');
    expectConserved(a, b);
    await sim.stop();
  });

  it('is what it takes for transports to be without IPv4', async () => {
    const without = linuxHost.filter((plugin) => !ipv6Plugins.includes(plugin) && !ipv4Plugins.includes(plugin));
    const both = pair([...without, toyNetwork], [['2001:db8::1/64'], ['2001:db8::2/64']], {
      type: ARPHRD_NONE,
      impairment: { loss: 0.02 },
      seed: 3,
    });
    await transfer(both, AF_INET6, '2001:db8::2', 100_000);
    expect(() => both.a.socket(AF_INET, SOCK_STREAM)).to.throw(
      'EAFNOSUPPORT: socket address family 2 is not plugged in; there is AF_INET6 (10)',
    );
    expectConserved(both.a, both.b);
    await both.sim.stop();
  });
});

describe('TCP between two hosts', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`delivers every octet under loss, reordering, duplication and corruption, seed ${seed}`, async () => {
      const both = pair(linuxHost, IP4, { seed, impairment: { rate: 50e6, loss: 0.02, reorder: 0.02, duplicate: 0.02, corrupt: 0.01 } });
      await transfer(both, AF_INET, '10.0.0.2', 400_000);
      expectConserved(both.a, both.b);
      await both.sim.stop();
    });
  }
});
