import { AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import { expect } from 'chai';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A host with two links, and on each of them a neighbour; both neighbours have the same address. */
function hosts() {
  const sim = new Simulation(3);
  const make = (devices: number) => {
    const stack = sim.host({ plugins: linuxHost });
    const made = Array.from({ length: devices }, (_, i) => sim.device({ name: `eth${i}` }));
    for (const [i, device] of made.entries()) {
      stack.link.add(device);
      stack.link.up(`eth${i}`);
    }
    return { stack, devices: made };
  };
  const [middle, ...neighbours] = [make(2), make(1), make(1)];
  for (const [i, { stack, devices }] of neighbours.entries()) {
    stack.address.add('eth0', 'fe80::77/64', { noDad: true });
    sim.wire([middle.devices[i] as (typeof devices)[0], devices[0] as (typeof devices)[0]], { delayUs: 1000 });
  }
  sim.advance(10_000_000);
  const ours = (iface: string): string => {
    const [own] = middle.stack.address.list({ iface, family: 'inet6' });
    return own?.address.split('/')[0] ?? '';
  };
  return { sim, middle: middle.stack, neighbours: neighbours.map(({ stack }) => stack), ours };
}

describe('a host with two links, and the same link-local address on both [RFC 4007 §6, §9]', () => {
  it('a server answers on the link that it was asked on, and tells which that is', async () => {
    const { sim, middle, neighbours, ours } = hosts();
    const listener = middle.socket(AF_INET6, SOCK_STREAM);
    await listener.bind({ port: 80 });
    await listener.listen();
    for (const [i, stack] of neighbours.entries()) {
      const client = stack.socket(AF_INET6, SOCK_STREAM);
      const talk = async (): Promise<string> => {
        await client.connect({ address: `${ours(`eth${i}`)}%eth0`, port: 80 });
        return text(await client.recv());
      };
      const serve = async (): Promise<void> => {
        const connection = await listener.accept();
        await connection.send(connection.getpeername().address ?? '');
      };
      const [heard] = await sim.run(Promise.all([talk(), serve()]));
      expect(heard).to.equal(`fe80::77%eth${i}`);
    }
    await sim.stop();
  });

  it('the same addresses and ports on each link are a connection each, and so are their remains', async () => {
    const { sim, middle, neighbours } = hosts();
    for (const iface of ['eth0', 'eth1']) middle.address.add(iface, 'fe80::1/64', { noDad: true });
    const listener = middle.socket(AF_INET6, SOCK_STREAM);
    await listener.bind({ port: 80 });
    await listener.listen();
    for (let round = 0; round < 2; round++) {
      const clients = neighbours.map((stack) => stack.socket(AF_INET6, SOCK_STREAM));
      const accepted: string[] = [];
      for (const client of clients) {
        await client.bind({ port: 5000 });
        const [, connection] = await sim.run(Promise.all([client.connect({ address: 'fe80::1%eth0', port: 80 }), listener.accept()]));
        const { address = '', port } = connection.getpeername();
        accepted.push(`${address} ${port}`);
        await connection.send(address);
        // The server closes first: what is left of the connection, its TIME-WAIT, is there.
        await connection.close();
      }
      expect(accepted).to.deep.equal(['fe80::77%eth0 5000', 'fe80::77%eth1 5000']);
      for (const [i, client] of clients.entries()) {
        expect(text(await sim.run(client.recv()))).to.equal(`fe80::77%eth${i}`);
        await client.close();
      }
      sim.advance(1_000_000);
    }
    await sim.stop();
  });

  it('what is sent by a zone leaves on its link; a closed port is told of there', async () => {
    const { sim, middle, neighbours } = hosts();
    const servers = await Promise.all(
      neighbours.map(async (stack) => {
        const server = stack.socket(AF_INET6, SOCK_DGRAM);
        await server.bind({ port: 9 });
        return server;
      }),
    );
    const socket = middle.socket(AF_INET6, SOCK_DGRAM);
    for (const i of [1, 0]) await socket.sendto(`to eth${i}`, { address: `fe80::77%eth${i}`, port: 9 });
    for (const [i, server] of servers.entries()) expect(text((await sim.run(server.recvfrom())).data)).to.equal(`to eth${i}`);
    const refused = middle.socket(AF_INET6, SOCK_STREAM);
    const error: unknown = await sim.run(refused.connect({ address: 'fe80::77%eth1', port: 81 }).catch((e: unknown) => e));
    expect(error).to.have.property('code', 'ECONNREFUSED');
    await sim.stop();
  });

  it('a route’s gateway may have one', () => {
    const { middle } = hosts();
    middle.route.add({ destination: '2001:db8::/32', gateway: 'fe80::77%eth1' });
    expect(middle.route.list().find(({ destination }) => destination === '2001:db8::/32')?.iface).to.equal('eth1');
    expect(() => middle.route.add({ destination: 'fd00::/8', gateway: 'fe80::77%eth1', iface: 'eth0' })).to.throw('EINVAL');
  });
});
