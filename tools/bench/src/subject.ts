// What is measured: the whole host on a TAP, its octets read and written in place at the endpoint.
import { ERRNO } from '@protoloom/contracts';
import { AF_INET, type Endpoint, SOCK_STREAM, type Views } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { startHost } from '@protoloom/node';
import { openTap, TimerFd } from '@protoloom/tun-tap';

const NONE = new Uint8Array(0);
const CHUNK = new Uint8Array(1 << 18).fill(0x55);

/** Runs until it is killed. */
export async function runSubject(
  name: string,
  kernelAddress: string,
  address: string,
  port: number,
  mode: 'receive' | 'send',
  offload: boolean,
): Promise<void> {
  const device = openTap({ name, offload });
  device.kernel.addAddress(kernelAddress);
  device.kernel.setUp(true);
  const { stack } = startHost({ plugins: linuxHost, timer: (expired) => new TimerFd(expired) });
  stack.link.add(device);
  stack.link.up(name);
  stack.address.add(name, address);
  const listener = stack.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ port });
  await listener.listen();
  process.stdout.write('ready\n');
  const views: Views = { first: NONE, firstAt: 0, firstLength: 0, second: NONE, secondAt: 0, secondLength: 0 };
  for (;;) {
    const { endpoint } = await listener.accept();
    const work = mode === 'receive' ? receiver(endpoint, views) : sender(endpoint);
    endpoint.listener = { ready: work };
    stack.enter();
    work();
  }
}

const receiver = (endpoint: Endpoint, views: Views) => (): void => {
  for (;;) {
    const there = endpoint.peek(views);
    if (there === -ERRNO.EAGAIN) return;
    if (there <= 0) {
      endpoint.close();
      return;
    }
    endpoint.consume(there);
  }
};

const sender = (endpoint: Endpoint) => (): void => {
  for (;;) {
    const sent = endpoint.send(CHUNK, 0, CHUNK.length, undefined);
    if (sent === -ERRNO.EAGAIN) return;
    if (sent < 0) {
      endpoint.close();
      return;
    }
  }
};
