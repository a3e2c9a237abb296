// Many connections, each on a wire of its own that loses, reorders, doubles and corrupts: everything arrives intact, and a seed is a run.
import { ARPHRD_NONE, ERRNO } from '@protoloom/contracts';
import { type Endpoint, POLLHUP, SHUT_WR, SOCKETS, type Sockets } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { type Impairment, Random, Simulation, type WireStatistics } from '@protoloom/sim';
import { expect } from 'chai';
import { addressOf, opened } from './endpoints.js';

/** Connections of every day; PROTOLOOM_CONNECTIONS=1000 asks for more, PROTOLOOM_SEED=n for the one of that seed alone. */
const CONNECTIONS = Number(process.env['PROTOLOOM_CONNECTIONS'] ?? 100);
const SEED = process.env['PROTOLOOM_SEED'];
const PORT = 7;
const SECOND_US = 1_000_000;
const LIMIT_SECONDS = 900;

interface Plan {
  readonly impairment: Impairment;
  /** Octets each way. */
  readonly octets: readonly [number, number];
}

/** What the wire is like, and how much crosses it: all from the seed. */
function planOf(seed: number): Plan {
  const random = new Random(seed);
  const impairment = {
    delayUs: 100 + random.below(100_000),
    rate: 1_000_000 + random.below(100_000_000),
    loss: random.fraction() * 0.05,
    reorder: random.fraction() * 0.2,
    reorderUs: 1 + random.below(30_000),
    duplicate: random.fraction() * 0.05,
    corrupt: random.fraction() * 0.02,
  };
  return { impairment, octets: [random.below(100_000), random.below(100_000)] };
}

/** One end: writes its octets, then its FIN; reads the other's, and compares each. */
class End {
  readonly endpoint: Endpoint;
  readonly #out: Uint8Array;
  readonly #expected: Uint8Array;
  readonly #block = new Uint8Array(16_384);
  #sent = 0;
  received = 0;
  wrong = 0;
  ended = false;
  error = 0;

  constructor(endpoint: Endpoint, out: Uint8Array, expected: Uint8Array) {
    this.endpoint = endpoint;
    this.#out = out;
    this.#expected = expected;
    endpoint.listener = this;
    this.ready();
  }

  ready(): void {
    this.#write();
    this.#read();
  }

  #write(): void {
    const { endpoint } = this;
    while (this.#sent >= 0) {
      if (this.#sent === this.#out.length) {
        this.#sent = endpoint.shutdown(SHUT_WR) === 0 ? -1 : this.#sent;
        return;
      }
      const result = endpoint.send(this.#out, this.#sent, this.#out.length, undefined);
      if (result <= 0) return this.#failed(result);
      this.#sent += result;
    }
  }

  #read(): void {
    while (!this.ended) {
      const result = this.endpoint.receive(this.#block, 0, this.#block.length, undefined);
      if (result < 0) return this.#failed(result);
      this.ended = result === 0;
      for (let i = 0; i < result; i++) if (this.#block[i] !== this.#expected[this.received + i]) this.wrong++;
      this.received += result;
    }
  }

  #failed(errno: number): void {
    if (errno !== -ERRNO.EAGAIN) this.error = errno;
  }
}

interface Outcome {
  /** All frames that left either host, and when: the whole run in a number. */
  readonly digest: number;
  readonly frames: number;
  readonly harm: Readonly<Record<'lost' | 'duplicated' | 'reordered' | 'corrupted', number>>;
}

/** Runs one connection to its end. @throws AssertionError that names the seed. */
function run(seed: number): Outcome {
  const { impairment, octets } = planOf(seed);
  const sim = new Simulation(seed);
  const devices = [sim.device({ name: 'tun0', type: ARPHRD_NONE }), sim.device({ name: 'tun0', type: ARPHRD_NONE })];
  const hosts = devices.map((device, i) => {
    const stack = sim.host({ plugins: linuxHost });
    stack.link.add(device);
    stack.address.add('tun0', `192.0.2.${i + 1}/24`);
    stack.link.up('tun0');
    return stack;
  });
  let digest = 0;
  let frames = 0;
  const directions = sim.wire(devices, impairment);
  for (const direction of directions) {
    direction.filter = ({ bytes }) => {
      frames++;
      digest = (Math.imul(digest, 31) + sim.nowUs) | 0;
      for (const byte of bytes) digest = (Math.imul(digest, 31) + byte) | 0;
      return true;
    };
  }
  const [there, back] = octets.map((count) => {
    const bytes = new Uint8Array(count);
    sim.random.fill(bytes);
    return bytes;
  }) as [Uint8Array, Uint8Array];
  const [client, server] = hosts.map((stack) => stack.service(SOCKETS)) as [Sockets, Sockets];
  const listener = opened(server);
  listener.bind(addressOf(server, 0, PORT));
  listener.listen(1);
  let passive: End | undefined;
  listener.listener = {
    ready: () => {
      const child = listener.accept();
      if (typeof child !== 'number') passive = new End(child, back, there);
    },
  };
  const endpoint = opened(client);
  endpoint.connect(addressOf(client, 2, PORT));
  const active = new End(endpoint, there, back);
  const isOver = (): boolean => active.ended && passive?.ended === true && (endpoint.readiness & POLLHUP) !== 0;
  for (let second = 0; second < LIMIT_SECONDS && !isOver(); second++) sim.advance(SECOND_US);
  const told = ({ received, wrong, ended, error }: End) => ({ received, wrong, ended, error });
  const failing = `seed ${seed}: PROTOLOOM_SEED=${seed} runs it alone, exactly so`;
  expect(told(active), failing).to.deep.equal({ received: back.length, wrong: 0, ended: true, error: 0 });
  if (passive === undefined) throw new Error(`${failing}: nobody was accepted`);
  expect(told(passive), failing).to.deep.equal({ received: there.length, wrong: 0, ended: true, error: 0 });
  for (const stack of hosts) expect(stack.faults, failing).to.deep.equal({});
  const [out, home] = directions.map(({ statistics }) => statistics) as [WireStatistics, WireStatistics];
  const harm = {
    lost: out.lost + home.lost,
    duplicated: out.duplicated + home.duplicated,
    reordered: out.reordered + home.reordered,
    corrupted: out.corrupted + home.corrupted,
  };
  return { digest, frames, harm };
}

describe('connections over wires that lose, reorder, double and corrupt', function () {
  this.timeout(1_000_000);
  const seeds = SEED === undefined ? Array.from({ length: CONNECTIONS }, (_, i) => i + 1) : [Number(SEED)];

  it(`${seeds.length} of them move their octets intact, both ways`, () => {
    const harms = seeds.map((seed) => run(seed).harm);
    for (const kind of ['lost', 'duplicated', 'reordered', 'corrupted'] as const)
      expect(
        harms.some((harm) => harm[kind] > 0),
        `frames ${kind}`,
      ).to.equal(true);
  });

  it('a seed is a run: the same frames at the same times again, and others with another seed', () => {
    const first = run(7);
    expect(first.frames).to.be.greaterThan(50);
    expect(run(7)).to.deep.equal(first);
    expect(run(8).digest).to.not.equal(first.digest);
  });
});
