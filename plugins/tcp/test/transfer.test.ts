// Two hosts and a bad wire: every octet arrives, in order, whatever is lost, reordered, doubled or corrupted; and nothing stays behind.
import { ARPHRD_NONE } from '@protoloom/contracts';
import {
  AF_INET,
  type Endpoint,
  POLLHUP,
  SHUT_WR,
  SOCK_STREAM,
  SOCKETS,
  type SocketAddress,
  type Sockets,
} from '@protoloom/contracts/socket';
import { ip } from '@protoloom/ip';
import { ipv4 } from '@protoloom/ipv4';
import { type Impairment, SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { tcp } from '@protoloom/tcp';
import { tun } from '@protoloom/tun';
import { expect } from 'chai';
import { control, octet } from './lab.js';

const WORDS = [0xc000_0201 | 0, 0xc000_0202 | 0];

interface Host {
  readonly stack: Stack;
  readonly sockets: Sockets;
}

function pair(seed: number, impairment: Impairment, offload: boolean): { simulation: Simulation; hosts: readonly [Host, Host] } {
  const simulation = new Simulation(seed);
  const hosts = [1, 2].map((number) => {
    const stack = simulation.host({ plugins: [ip, ipv4, tun, tcp, control] });
    const device = new SimDevice({ name: 'tun0', type: ARPHRD_NONE, offload });
    stack.link.add(device);
    stack.address.add('tun0', `192.0.2.${number}/24`);
    stack.link.up('tun0');
    return { stack, device, sockets: stack.service(SOCKETS) };
  });
  const [a, b] = hosts;
  if (a === undefined || b === undefined) throw new Error('two hosts');
  simulation.wire([a.device, b.device], impairment);
  return { simulation, hosts: [a, b] };
}

const address = ({ sockets }: Host, host: number, port: number): SocketAddress => {
  const made = sockets.address();
  made.family = AF_INET;
  made.words.set([0, 0, 0xffff, host < 0 ? 0 : (WORDS[host] as number)]);
  made.port = port;
  return made;
};

const open = ({ sockets }: Host): Endpoint => {
  const endpoint = sockets.open(AF_INET, SOCK_STREAM, 0);
  if (typeof endpoint === 'number') throw new Error(`open: ${endpoint}`);
  return endpoint;
};

/** Sends `total` octets and its FIN, and reads until the peer's. */
class Side {
  readonly endpoint: Endpoint;
  readonly total: number;
  sent = 0;
  received = 0;
  wrong = 0;
  ended = false;
  error = 0;
  readonly #block = new Uint8Array(16_384);

  constructor(endpoint: Endpoint, total: number) {
    this.endpoint = endpoint;
    this.total = total;
    endpoint.listener = this;
    this.ready();
  }

  ready(): void {
    const { endpoint } = this;
    while (this.sent < this.total) {
      const count = Math.min(this.#block.length, this.total - this.sent);
      for (let i = 0; i < count; i++) this.#block[i] = octet(this.sent + i);
      const result = endpoint.send(this.#block, 0, count, undefined);
      if (result <= 0) {
        if (result !== -11) this.error = result;
        break;
      }
      this.sent += result;
      if (this.sent === this.total) endpoint.shutdown(SHUT_WR);
    }
    while (!this.ended) {
      const result = endpoint.receive(this.#block, 0, this.#block.length, undefined);
      if (result < 0) {
        if (result !== -11) this.error = result;
        break;
      }
      if (result === 0) this.ended = true;
      for (let i = 0; i < result; i++) if (this.#block[i] !== octet(this.received + i)) this.wrong++;
      this.received += result;
    }
  }
}

function transfer(seed: number, impairment: Impairment, offload: boolean, total: number): void {
  const { simulation, hosts } = pair(seed, impairment, offload);
  const [client, server] = hosts;
  const listener = open(server);
  listener.bind(address(server, -1, 80));
  listener.listen(10);
  let passive: Side | undefined;
  listener.listener = {
    ready: () => {
      const child = listener.accept();
      if (typeof child !== 'number') passive = new Side(child, total);
    },
  };
  const endpoint = open(client);
  expect(endpoint.connect(address(client, 1, 80))).to.equal(-115);
  const active = new Side(endpoint, total);
  const isOver = () => active.ended && passive?.ended === true && (active.endpoint.readiness & POLLHUP) !== 0;
  for (let second = 0; second < 600 && !isOver(); second++) simulation.advance(1_000_000);
  for (const side of [active, passive]) {
    expect(side, 'accepted').to.not.equal(undefined);
    expect({ received: side?.received, wrong: side?.wrong, ended: side?.ended, error: side?.error }).to.deep.equal({
      received: total,
      wrong: 0,
      ended: true,
      error: 0,
    });
  }
  active.endpoint.close();
  passive?.endpoint.close();
  listener.close();
  // "Each ends with no state left": TIME-WAIT is over too.
  simulation.advance(400_000_000);
  for (const { stack } of hosts) {
    expect(stack.faults).to.deep.equal({});
    expect(stack.packetsInHand).to.equal(0);
    const { received, made, fates, inHand } = stack.conservation();
    expect(received + made).to.equal(fates + inHand);
  }
}

describe('transfer between two hosts', () => {
  it('of 2 MB each way on a clean wire', () => transfer(1, { delayUs: 5_000 }, false, 2_000_000));
  it('of 2 MB each way in super-segments', () => transfer(2, { delayUs: 5_000 }, true, 2_000_000));
  // Frames that carry an unfinished checksum are trusted: those are not corrupted.
  for (let seed = 10; seed < 16; seed++) {
    it(`of 300 kB each way, frames lost, reordered, doubled and corrupted, seed ${seed}`, () =>
      transfer(
        seed,
        { delayUs: 5_000, loss: 0.02, reorder: 0.02, duplicate: 0.02, corrupt: seed % 2 === 0 ? 0 : 0.01 },
        seed % 2 === 0,
        300_000,
      )).timeout(20_000);
  }
});
