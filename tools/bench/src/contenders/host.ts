// What is measured: the whole host on a TAP, its octets read and written in place at the endpoint.
import { createInterface } from 'node:readline';
import { ERRNO } from '@protoloom/contracts';
import { AF_INET6, type Endpoint, newMessage, newViews, SOCK_DGRAM, SOCK_STREAM } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { startHost } from '@protoloom/node';
import type { Stack } from '@protoloom/stack';
import { openTap, TimerFd } from '@protoloom/tun-tap';
import type { Mode } from '../measures.js';
import type { Profile } from '../profile/main.js';
import { Sampler } from '../profile/sampler.js';
import { SOAK_MODES } from '../soak.js';
import type { Setting } from './contender.js';
import { ANSWER } from './node.js';

/** Asked for at once by whoever sends on and on. */
const CHUNK_BYTES = 1 << 18;
const ANSWER_BYTES = new TextEncoder().encode(ANSWER);
const views = newViews();

/** The two ends' addresses, with their prefix lengths. */
export interface Addresses {
  readonly kernel: readonly string[];
  readonly host: readonly string[];
}

/** A host on a TAP of its own, addresses and all. Duplicates are not looked for. */
function hostOn(name: string, { kernel, host }: Addresses, { offload, mtu }: Pick<Setting, 'offload' | 'mtu'>): Stack {
  const device = openTap({ name, offload, mtu });
  for (const address of kernel) device.kernel.addAddress(address);
  device.kernel.setUp(true);
  const { stack } = startHost({
    plugins: linuxHost,
    sysctls: { 'net.ipv6.conf.default.accept_dad': 0 },
    timer: (expired) => new TimerFd(expired),
  });
  stack.link.add(device);
  stack.link.up(name);
  for (const address of host) stack.address.add(name, address);
  return stack;
}

/**
 * Runs until it is killed. A line on standard input is answered: an empty one with the octets of heap and beside it, after a collection; `time` and
 * `allocation` begin a profile, and end it with what it tells.
 */
export async function runHost(name: string, addresses: Addresses, port: number, setting: Setting): Promise<void> {
  const stack = hostOn(name, addresses, setting);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === '') {
      globalThis.gc?.();
      const { heapUsed, external } = process.memoryUsage();
      say(String(heapUsed + external));
    } else void profiled(stack, line === 'time' ? 'time' : 'allocation').then(say);
  });
  const modes = setting.mode === 'soak' ? SOAK_MODES : [setting.mode];
  for (const [i, mode] of modes.entries()) await serveMode(stack, port + i, mode);
  say('ready');
}

const sampler = new Sampler();
let framesBefore = -1;

/** Begins a profile, or ends it. */
async function profiled(stack: Stack, what: 'time' | 'allocation'): Promise<string> {
  if (framesBefore < 0) {
    await (what === 'time' ? sampler.startTime() : sampler.startAllocation());
    framesBefore = framesOf(stack);
    return 'begun';
  }
  const frames = framesOf(stack) - framesBefore;
  framesBefore = -1;
  return JSON.stringify({ frames, by: await (what === 'time' ? sampler.stopTime() : sampler.stopAllocation()) } satisfies Profile);
}

/** Frames received, and packets handed to a link. */
function framesOf({ counters }: Stack): number {
  const { receivedFrames = 0 } = counters.of('@protoloom/stack');
  const [four = 0, six = 0] = ['@protoloom/ipv4', '@protoloom/ipv6'].map((name) => counters.of(name)['outTransmits'] ?? 0);
  return receivedFrames + four + six;
}

/** What a mode asks for, over both families. */
const serveMode = (stack: Stack, port: number, mode: Mode): Promise<void> =>
  mode === 'udp-echo' ? serveDatagrams(stack, port) : serveConnections(stack, port, mode);

async function serveDatagrams(stack: Stack, port: number): Promise<void> {
  const socket = stack.socket(AF_INET6, SOCK_DGRAM);
  await socket.bind({ port });
  const { endpoint } = socket;
  const message = newMessage();
  endpoint.listener = {
    ready() {
      for (;;) {
        const there = endpoint.peek(views, message);
        if (there < 0) return;
        endpoint.send(views.first, views.firstAt, views.firstAt + there, message);
        endpoint.consume(there);
      }
    },
  };
}

async function serveConnections(stack: Stack, port: number, mode: Mode): Promise<void> {
  const listener = stack.socket(AF_INET6, SOCK_STREAM);
  await listener.bind({ port });
  await listener.listen();
  const { endpoint } = listener;
  const kept: Endpoint[] = [];
  endpoint.listener = {
    ready() {
      for (;;) {
        const accepted = endpoint.accept();
        if (typeof accepted === 'number') return;
        if (mode === 'close-first') {
          accepted.close();
          continue;
        }
        if (mode === 'idle') {
          kept.push(accepted);
          continue;
        }
        const work = WORK[mode]?.(accepted) ?? receiver(accepted);
        accepted.listener = { ready: work };
        work();
      }
    },
  };
}

/** Reads what is there, and closes at the end. @param take uses what `views` shows; answers how much of it. */
const reader = (take: (endpoint: Endpoint, there: number) => number) => (endpoint: Endpoint) => (): void => {
  for (;;) {
    const there = endpoint.peek(views);
    if (there === -ERRNO.EAGAIN) return;
    if (there <= 0) {
      endpoint.close();
      return;
    }
    endpoint.consume(take(endpoint, there));
  }
};

const receiver = reader((_, there) => there);

const echo = reader((endpoint) => {
  endpoint.send(views.first, views.firstAt, views.firstAt + views.firstLength, undefined);
  return views.firstLength;
});

/** wrk asks again once it has its answer: what comes is one request. */
const answerer = reader((endpoint, there) => {
  endpoint.send(ANSWER_BYTES, 0, ANSWER_BYTES.length, undefined);
  return there;
});

/** Written in place; as the limit does, it sends what stands there. */
const sender = (endpoint: Endpoint) => (): void => {
  for (;;) {
    const room = endpoint.reserve(CHUNK_BYTES, views);
    if (room === -ERRNO.EAGAIN) return;
    if (room < 0) {
      endpoint.close();
      return;
    }
    endpoint.commit(room);
  }
};

/** What a connection does; else it reads. */
const WORK: Partial<Record<Mode, (endpoint: Endpoint) => () => void>> = { send: sender, echo, http: answerer };
