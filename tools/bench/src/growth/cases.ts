// What may grow: connections, routes, neighbours, timers. Each case is a host with so many of them, and a step that sends packets.
import { definePlugin, ERRNO, TIMERS, use } from '@protoloom/contracts';
import { AF_INET, type Endpoint, newMessage, newViews, SOCK_DGRAM, SOCK_STREAM } from '@protoloom/contracts/socket';
import { FAR, Pair } from './pair.js';

export interface Case {
  readonly what: Dimension;
  readonly count: number;
  readonly pair: Pair;
  /** One exchange. */
  step(): void;
}

export type Dimension = 'connections' | 'routes' | 'neighbours' | 'timers';

/** How many, from least to most. */
export const SIZES: Readonly<Record<Dimension, readonly number[]>> = {
  connections: [1, 10, 100, 1000, 10_000],
  routes: [10, 100, 1000, 10_000, 100_000],
  neighbours: [1, 10, 100, 1000],
  timers: [1, 100, 10_000, 100_000],
};

/** What an exchange is, in words. */
export const EXCHANGES: Readonly<Record<Dimension, string>> = {
  connections: '64 octets there and back, on each connection in turn',
  routes: 'a datagram to each of ten destinations in turn, behind one gateway, without a connected socket',
  neighbours: 'a datagram to each of up to ten neighbours in turn, without a connected socket',
  timers: '64 octets there and back, on one connection, while so many timers of another plugin are armed, and expire',
};

const PORT = 7;
const OCTETS = new Uint8Array(64).fill(0x55);
/** Between two exchanges, µs: none waits for a delayed acknowledgement before its turn comes again. */
const STEP_US = 1;
/** Connections that are opened at a time. */
const AT_ONCE = 100;
/** Destinations that are sent to: no more than the least table has. */
const DESTINATIONS = 10;
const MICROSECONDS = 1_000_000;

const views = newViews();

/** Reads all there is; sends it back where `echoes`. */
function readAll(endpoint: Endpoint, echoes: boolean): void {
  for (;;) {
    const there = endpoint.peek(views);
    if (there === -ERRNO.EAGAIN) return;
    if (there <= 0) {
      endpoint.close();
      return;
    }
    if (echoes) endpoint.send(views.first, views.firstAt, views.firstAt + views.firstLength, undefined);
    endpoint.consume(views.firstLength);
  }
}

/** So many connections from near to far, where everything is echoed. @returns the near ends. */
async function connected(pair: Pair, count: number): Promise<readonly Endpoint[]> {
  const listener = pair.far.socket(AF_INET, SOCK_STREAM);
  await listener.bind({ port: PORT });
  await listener.listen();
  const { endpoint } = listener;
  endpoint.listener = {
    ready() {
      for (;;) {
        const accepted = endpoint.accept();
        if (typeof accepted === 'number') return;
        accepted.listener = { ready: () => readAll(accepted, true) };
      }
    },
  };
  const endpoints: Endpoint[] = [];
  while (endpoints.length < count) {
    const sockets = Array.from({ length: Math.min(AT_ONCE, count - endpoints.length) }, () => pair.near.socket(AF_INET, SOCK_STREAM));
    const opening = sockets.map((socket) => socket.connect({ address: FAR, port: PORT }));
    pair.advance(STEP_US);
    await Promise.all(opening);
    for (const { endpoint: own } of sockets) {
      own.listener = { ready: () => readAll(own, false) };
      endpoints.push(own);
    }
  }
  return endpoints;
}

function echoing(pair: Pair, endpoints: readonly Endpoint[]): () => void {
  let turn = 0;
  return () => {
    const endpoint = endpoints[turn] as Endpoint;
    turn = turn + 1 === endpoints.length ? 0 : turn + 1;
    endpoint.send(OCTETS, 0, OCTETS.length, undefined);
    pair.advance(STEP_US);
  };
}

/** Datagrams to addresses in turn, each asking for its route. */
async function sending(pair: Pair, addresses: readonly number[]): Promise<() => void> {
  const socket = pair.near.socket(AF_INET, SOCK_DGRAM);
  await socket.bind({ port: PORT });
  const { endpoint } = socket;
  const message = newMessage();
  message.hasAddress = true;
  message.address.family = AF_INET;
  message.address.words[2] = 0xffff;
  message.address.port = PORT;
  let turn = 0;
  return () => {
    message.address.words[3] = addresses[turn] as number;
    turn = turn + 1 === addresses.length ? 0 : turn + 1;
    endpoint.send(OCTETS, 0, OCTETS.length, message);
    pair.advance(STEP_US);
  };
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
/** As many of them as are sent to, evenly from all. */
const chosen = (addresses: readonly number[]): number[] => {
  const count = Math.min(DESTINATIONS, addresses.length);
  return Array.from({ length: count }, (_, i) => addresses[Math.floor((i * addresses.length) / count)] as number);
};

/** Timers of one second to a minute, armed again as they expire. */
const clockwork = (count: number) =>
  definePlugin({
    name: '@protoloom/bench-clockwork',
    version: '0.0.0',
    api: '^1.0.0',
    uses: { timers: use(TIMERS, '^1.0') },
    create({ use: { timers } }) {
      return {
        start() {
          for (let i = 0; i < count; i++) {
            const delayUs = MICROSECONDS + ((i * 7919) % (59 * MICROSECONDS));
            const owner = { again: (): void => undefined };
            const timer = timers.timer(owner, ({ again }) => again());
            owner.again = () => timer.arm(delayUs);
            timer.arm(delayUs);
          }
        },
      };
    },
  });

const MAKERS: Readonly<Record<Dimension, (count: number) => Promise<Omit<Case, 'what' | 'count'>>>> = {
  async connections(count) {
    const pair = new Pair();
    return { pair, step: echoing(pair, await connected(pair, count)) };
  },
  async routes(count) {
    const pair = new Pair();
    // 11.0.0.0/24 and on; the far host is asked for none of them.
    const first = 0x0b000000;
    const networks = Array.from({ length: count }, (_, i) => first + i * 256);
    for (const network of networks) pair.near.route.add({ destination: `${dotted(network)}/24`, gateway: FAR });
    return { pair, step: await sending(pair, chosen(networks.map((network) => network + 1))) };
  },
  async neighbours(count) {
    const pair = new Pair();
    const first = 0x0a010001;
    const addresses = Array.from({ length: count }, (_, i) => first + i);
    for (const address of addresses) pair.near.neighbour.add('eth0', dotted(address), pair.farLinkAddress);
    return { pair, step: await sending(pair, chosen(addresses)) };
  },
  async timers(count) {
    const pair = new Pair([clockwork(count)]);
    return { pair, step: echoing(pair, await connected(pair, 1)) };
  },
};

export async function makeCase(what: Dimension, count: number): Promise<Case> {
  return { what, count, ...(await MAKERS[what](count)) };
}
