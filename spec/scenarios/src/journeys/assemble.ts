import { AF_INET, SOCK_STREAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';

/** Two hosts on a wire of 10 ms that loses one frame in a hundred; all in virtual time. */
export async function assembled(): Promise<string> {
  const sim = new Simulation(42);
  const devices = [sim.device(), sim.device()];
  const [client, server] = devices.map((device, i) => {
    const stack = sim.host({ plugins: linuxHost });
    stack.link.add(device);
    stack.link.up('eth0');
    stack.address.add('eth0', `192.0.2.${i + 1}/24`);
    return stack;
  });
  sim.wire(devices, { delayUs: 10_000, loss: 0.01 });
  if (client === undefined || server === undefined) throw new Error('two devices make two hosts');

  const listener = server.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ port: 80 });
  await listener.listen();
  const answering = (async () => {
    const connection = await listener.accept();
    await connection.send('hello from the other side');
    await connection.close();
  })();

  const socket = client.socket(AF_INET, SOCK_STREAM);
  const talking = (async () => {
    await socket.connect({ address: '192.0.2.2', port: 80 });
    return new TextDecoder().decode(await socket.recv());
  })();
  const [heard] = await sim.run(Promise.all([talking, answering]));
  await sim.stop();
  return heard;
}
