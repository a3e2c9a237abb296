// What the processes of one transfer do: the wire, with a host on it or between two kernels; and a kernel's end of the connection.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { linuxHost } from '@protoloom/linux';
import { serveStreams, startHost } from '@protoloom/node';
import type { Impairment } from '@protoloom/sim';
import { openTap, TimerFd } from '@protoloom/tun-tap';
import { receive, send } from './transfer.js';
import { joinDevices, stackDevice } from './wire.js';

export const NETWORK = '10.98.0.0/24';
export const KERNEL = '10.98.0.1';
export const HOST = '10.98.0.2';
const PORT = 5002;

export type Mode = 'protoloom' | 'kernel';
/** As the host sees it, which listens. */
export type Direction = 'in' | 'out';

interface Role {
  readonly mode: Mode;
  readonly direction: Direction;
  readonly bytes: number;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Sends, or receives and tells what. */
async function transferOver(stream: Duplex, sends: boolean, bytes: number): Promise<void> {
  if (sends) await send(stream, bytes);
  else say(JSON.stringify(await receive(stream)));
}

/** Carries frames, and is the host where there is one, until it is killed. */
export async function runWire({
  mode,
  direction,
  bytes,
  impairment,
  seed,
}: Role & { impairment: Impairment; seed: number }): Promise<void> {
  const near = openTap({ name: 'tap0', offload: false });
  if (mode === 'kernel') joinDevices(near, openTap({ name: 'tap1', offload: false }), impairment, seed);
  else {
    const { stack } = startHost({ plugins: linuxHost, timer: (expired) => new TimerFd(expired) });
    stack.link.add(stackDevice(near, impairment, seed));
    stack.link.up('eth0');
    stack.address.add('eth0', `${HOST}/24`);
    await serveStreams(stack, PORT, (stream) => void transferOver(stream, direction === 'out', bytes));
  }
  say('ready');
}

/** The kernel's end of the connection. */
export async function runKernel({ direction, bytes, listens }: Role & { listens: boolean }): Promise<void> {
  let stream: Socket;
  if (listens) {
    const server = createServer({ allowHalfOpen: true }).listen(PORT, HOST);
    await once(server, 'listening');
    say('ready');
    [stream] = (await once(server, 'connection')) as [Socket];
    server.close();
  } else {
    stream = connect({ port: PORT, host: HOST, allowHalfOpen: true });
    await once(stream, 'connect');
  }
  await transferOver(stream, listens === (direction === 'out'), bytes);
}
