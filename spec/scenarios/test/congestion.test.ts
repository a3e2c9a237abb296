// How a controller is chosen by a route, and how its pace reaches the wire.
import { ARPHRD_NONE, attach, definePlugin, ERRNO } from '@protoloom/contracts';
import { type Endpoint, IPPROTO_TCP, SO_MAX_PACING_RATE, SOCKETS, SOL_SOCKET, type Sockets } from '@protoloom/contracts/socket';
import { CONGESTION_CONTROL, type SenderControl, TCP_CONGESTION } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import { Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { expect } from 'chai';
import { addressOf, opened } from './endpoints.js';

const PORT = 80;
const MEGABYTE = 1_000_000;
const CHUNK = new Uint8Array(1 << 16);

/** A controller with all the window there is, and a pace. */
const paced = (pacingRate: number, quantum: number) =>
  definePlugin({
    name: '@example/paced',
    version: '0.1.0',
    api: '^1.0.0',
    attaches: { control: attach(CONGESTION_CONTROL, 'paced', '^1.0') },
    create: () => ({
      handlers: {
        control: {
          name: 'paced',
          drive: 'rate' as const,
          create(_: unknown, out: SenderControl) {
            out.pacingRate = pacingRate;
            out.quantum = quantum;
            const open = (): void => {
              out.cwnd = 10 * MEGABYTE;
            };
            return { onAck: open, onCongestion: open };
          },
        },
      },
    }),
  });

interface Departure {
  readonly us: number;
  readonly bytes: number;
}

/** A connection from `192.0.2.1` to `192.0.2.2`, and what leaves it. */
class Pair {
  readonly sim = new Simulation(1);
  readonly client: Stack;
  readonly server: Stack;
  readonly departures: Departure[] = [];

  constructor(plugins = linuxHost) {
    const devices = [this.sim.device({ name: 'tun0', type: ARPHRD_NONE }), this.sim.device({ name: 'tun0', type: ARPHRD_NONE })];
    const [client, server] = devices.map((device, i) => {
      const stack = this.sim.host({ plugins });
      stack.link.add(device);
      stack.address.add('tun0', `192.0.2.${i + 1}/24`);
      stack.link.up('tun0');
      return stack;
    }) as [Stack, Stack];
    this.client = client;
    this.server = server;
    const [out] = this.sim.wire(devices, { delayUs: 1000 });
    if (out !== undefined)
      out.filter = ({ bytes }) => {
        if (bytes.length > 100) this.departures.push({ us: this.sim.nowUs, bytes: bytes.length });
        return true;
      };
  }

  /** Opens it, and sends `total` octets as fast as the endpoint takes them. */
  send(total: number, prepare: (sockets: Sockets, endpoint: Endpoint) => void = () => undefined): Endpoint {
    const server = this.server.service(SOCKETS);
    const listener = opened(server);
    listener.bind(addressOf(server, 0, PORT));
    listener.listen(1);
    listener.listener = {
      ready: () => {
        const child = listener.accept();
        if (typeof child !== 'number') read(child);
      },
    };
    const client = this.client.service(SOCKETS);
    const endpoint = opened(client);
    prepare(client, endpoint);
    let left = total;
    endpoint.listener = {
      ready: () => {
        while (left > 0) {
          const sent = endpoint.send(CHUNK, 0, Math.min(left, CHUNK.length), undefined);
          if (sent <= 0) return;
          left -= sent;
        }
      },
    };
    endpoint.connect(addressOf(client, 2, PORT));
    this.client.enter();
    return endpoint;
  }
}

function read(endpoint: Endpoint): void {
  const block = new Uint8Array(1 << 16);
  const ready = (): void => {
    while (endpoint.receive(block, 0, block.length, undefined) > 0);
  };
  endpoint.listener = { ready };
  ready();
}

/** Bytes per second from the first departure of a second half on, when the start is over. */
function rateOf(departures: readonly Departure[]): number {
  const half = departures.slice(departures.length >> 1);
  const [first] = half;
  const last = half.at(-1);
  if (first === undefined || last === undefined) return 0;
  const bytes = half.reduce((sum, departure) => sum + departure.bytes, 0) - last.bytes;
  return (bytes * 1_000_000) / (last.us - first.us);
}

/** Bytes that left at one time, the most. */
function largestBurst(departures: readonly Departure[]): number {
  const bursts = new Map<number, number>();
  for (const { us, bytes } of departures) bursts.set(us, (bursts.get(us) ?? 0) + bytes);
  return Math.max(...bursts.values());
}

describe('pacing', () => {
  /** What headers add to a full packet's text. */
  const HEADERS = 1500 / 1448;

  it('a controller’s pacingRate is the rate on the wire [draft-ietf-ccwg-bbr §5.6.2]', () => {
    const both = new Pair([...linuxHost, paced(MEGABYTE, 0)]);
    both.client.sysctl.set('net.ipv4.tcp_congestion_control', 'paced');
    both.send(2 * MEGABYTE);
    both.sim.advance(3_000_000);
    expect(rateOf(both.departures)).to.be.within(0.97 * MEGABYTE * HEADERS, 1.03 * MEGABYTE * HEADERS);
  });

  it('no burst is larger than the quantum; with it grows how much one timer releases [draft-ietf-ccwg-bbr §5.6.3]', () => {
    const times = [3000, 30_000].map((quantum) => {
      const both = new Pair([...linuxHost, paced(10 * MEGABYTE, quantum)]);
      both.client.sysctl.set('net.ipv4.tcp_congestion_control', 'paced');
      both.send(2 * MEGABYTE);
      both.sim.advance(1_000_000);
      // TCP's own floor is what a millisecond of the rate brings: timers resolve no better.
      const least = Math.max(quantum, 10_000);
      expect(largestBurst(both.departures), `quantum ${quantum}`).to.be.at.most((least + 1448) * HEADERS);
      return new Set(both.departures.map(({ us }) => us)).size;
    });
    const [small = 0, large = 0] = times;
    expect(small, 'departures with the small quantum').to.be.below((2 * MEGABYTE) / 1448 / 4);
    expect(large, 'departures with the large quantum').to.be.below(small / 2);
  });

  it('SO_MAX_PACING_RATE holds a controller that does not pace [Linux: socket(7)]', () => {
    const both = new Pair();
    both.send(MEGABYTE, (sockets, endpoint) => {
      expect(sockets.setOption(endpoint, SOL_SOCKET, SO_MAX_PACING_RATE, 500_000)).to.equal(0);
    });
    both.sim.advance(4_000_000);
    expect(rateOf(both.departures)).to.be.within(0.97 * 500_000 * HEADERS, 1.03 * 500_000 * HEADERS);
  });
});

describe('a controller by route [Linux: ip-route(8) congctl]', () => {
  it('serves the connections of that route, and no others; the socket’s own choice goes before it', () => {
    const both = new Pair();
    both.client.route.replace({ destination: '192.0.2.2/32', iface: 'tun0', congestionControl: 'reno' });
    const chosen = (sockets: Sockets, endpoint: Endpoint) => sockets.getOption(endpoint, IPPROTO_TCP, TCP_CONGESTION);
    const sockets = both.client.service(SOCKETS);
    const plain = both.send(1000);
    both.sim.advance(100_000);
    expect(chosen(sockets, plain)).to.equal('reno');
    const own = opened(sockets);
    expect(sockets.setOption(own, IPPROTO_TCP, TCP_CONGESTION, 'newreno')).to.equal(0);
    own.connect(addressOf(sockets, 2, PORT));
    both.client.enter();
    both.sim.advance(100_000);
    expect(chosen(sockets, own)).to.equal('newreno');
    const back = opened(both.server.service(SOCKETS));
    expect(chosen(both.server.service(SOCKETS), back)).to.equal('cubic');
  });

  it('that is not plugged in leaves the choice to the default', () => {
    const both = new Pair();
    both.client.route.replace({ destination: '192.0.2.2/32', iface: 'tun0', congestionControl: 'nobody' });
    const endpoint = both.send(1000);
    both.sim.advance(100_000);
    expect(both.client.service(SOCKETS).getOption(endpoint, IPPROTO_TCP, TCP_CONGESTION)).to.equal('cubic');
  });

  it('TCP_CONGESTION refuses what is not plugged in with ENOENT [Linux: tcp(7)]', () => {
    const { client } = new Pair();
    const sockets = client.service(SOCKETS);
    expect(sockets.setOption(opened(sockets), IPPROTO_TCP, TCP_CONGESTION, 'nobody')).to.equal(-ERRNO.ENOENT);
  });
});
