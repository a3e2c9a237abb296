// What the short ways of the layers must not change: every script with them and without, every frame and every answer alike.
import { join } from 'node:path';
import { definePlugin, FAST_PATHS, use } from '@protoloom/contracts';
import { AF_INET, AF_INET6, SHUT_WR, SOCK_STREAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import type { Socket, Stack } from '@protoloom/stack';
import { expect } from 'chai';
import { OWN, play, playUsual, RECORDED, scriptsIn } from './play.js';

const OCTETS = new Uint8Array(300_000).map((_, i) => (i * 31) >> 3);
const SEEDS = [1, 2, 3, 4, 5];

/** Two hosts on an Ethernet that loses frames: a transfer each way. @returns every frame, with its time. */
async function conversation(seed: number, family: number, fastPaths: boolean): Promise<readonly string[]> {
  const sim = new Simulation(seed);
  const devices = [sim.device(), sim.device()];
  const [client, server] = devices.map((device, i) => {
    const stack = sim.host({ plugins: linuxHost, fastPaths });
    stack.link.add(device);
    stack.link.up('eth0');
    stack.address.add('eth0', `192.0.2.${i + 1}/24`);
    stack.address.add('eth0', `2001:db8::${i + 1}/64`, { noDad: true });
    return stack;
  }) as [Stack, Stack];
  sim.wire(devices, { delayUs: 5000, loss: 0.02, reorder: 0.02, reorderUs: 8000 });
  const frames: string[] = [];
  for (const [i, device] of devices.entries()) {
    const { onFrame } = device;
    device.onFrame = (frame) => {
      frames.push(`${sim.nowUs} ${i} ${Buffer.from(frame.bytes).toString('hex')}`);
      onFrame?.(frame);
    };
  }
  const listener = server.socket(family, SOCK_STREAM);
  await listener.bind({ port: 80 });
  await listener.listen();
  const readAll = async (socket: Socket): Promise<void> => {
    for await (const _ of socket);
  };
  const serving = (async () => {
    const accepted = await listener.accept();
    await Promise.all([accepted.send(OCTETS).then(() => accepted.shutdown(SHUT_WR)), readAll(accepted)]);
    await accepted.close();
  })();
  const socket = client.socket(family, SOCK_STREAM);
  const asking = (async () => {
    await socket.connect({ address: family === AF_INET ? '192.0.2.2' : '2001:db8::2', port: 80 });
    await Promise.all([socket.send(OCTETS).then(() => socket.shutdown(SHUT_WR)), readAll(socket)]);
    await socket.close();
  })();
  await sim.run(Promise.all([serving, asking]), 600_000_000);
  await sim.stop();
  return frames;
}

describe('without fast paths', () => {
  for (const [name, family] of [
    ['IPv4', AF_INET],
    ['IPv6', AF_INET6],
  ] as const)
    for (const seed of SEEDS)
      it(`the same: frames of hosts on an Ethernet that loses some, over ${name} [seed ${seed}]`, async () => {
        const [taken, not] = [await conversation(seed, family, true), await conversation(seed, family, false)];
        expect(not.length).to.be.greaterThan(OCTETS.length / 1448);
        expect(not).to.deep.equal(taken);
      });

  for (const folder of [OWN, RECORDED])
    for (const name of scriptsIn(folder))
      it(`the same: ${name}`, () => {
        const path = join(folder, name);
        expect(play(path, { fastPaths: false })).to.deep.equal(playUsual(path));
      });

  for (const fastPaths of [true, false])
    it(`a stack that is assembled with them ${fastPaths ? 'on' : 'off'} tells its plugins so`, () => {
      let taken: boolean | undefined;
      const asking = definePlugin({
        name: '@example/asking',
        version: '0.1.0',
        api: '^1.0.0',
        uses: { paths: use(FAST_PATHS, '^1.0') },
        create({ use: { paths } }) {
          taken = paths.taken;
          return {};
        },
      });
      new Simulation().host({ plugins: [...linuxHost, asking], fastPaths });
      expect(taken).to.equal(fastPaths);
    });
});
