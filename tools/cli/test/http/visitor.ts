// A host that serves HTTP, another that asks, on a wire, in virtual time; what is due by Node's clock is due by the tests' own.
import { ERRNO } from '@protoloom/contracts';
import { AF_INET, type Endpoint, IPPROTO_TCP, SHUT_WR, SOCK_STREAM, SOCKETS, type Sockets } from '@protoloom/contracts/socket';
import { TCP_NODELAY } from '@protoloom/contracts/tcp';
import { linuxHost } from '@protoloom/linux';
import type { StreamServer } from '@protoloom/node';
import { Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { expect } from 'chai';
import sinon from 'sinon';
import { Llhttp } from '../../dist/services/http/llhttp.js';
import { serveHttp } from '../../dist/services/http/server.js';

const SERVER = 0xc000_0201;

export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly content: Buffer;
}

export class World {
  readonly clock: sinon.SinonFakeTimers;
  readonly sim = new Simulation(7);
  readonly stacks: readonly Stack[];
  server: StreamServer | undefined;
  readonly #opened = sinon.spy(Llhttp.prototype, 'open');
  readonly #freed = sinon.spy(Llhttp.prototype, 'free');

  private constructor() {
    this.clock = sinon.useFakeTimers({ now: Date.UTC(1994, 10, 6, 8, 49, 37), toFake: ['setInterval', 'clearInterval', 'Date'] });
    const devices = [this.sim.device(), this.sim.device()];
    this.stacks = devices.map((device, i) => {
      const stack = this.sim.host({ plugins: linuxHost });
      stack.link.add(device);
      stack.link.up('eth0');
      stack.address.add('eth0', `192.0.2.${i + 1}/24`);
      return stack;
    });
    this.sim.wire(devices, { delayUs: 100, rate: 200e6 });
  }

  static async begin(): Promise<World> {
    const world = new World();
    world.server = await serveHttp(world.stacks[0] as Stack, 80);
    return world;
  }

  async end(): Promise<void> {
    await this.sim.run((async () => this.server?.close())());
    await this.sim.stop();
    expect(this.clock.countTimers(), 'timers that are left').to.equal(0);
    sinon.restore();
    expect(this.#freed.callCount, 'parsers that are freed').to.equal(this.#opened.callCount);
    this.clock.restore();
  }

  /** Seconds pass, for the stacks and for Node. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.sim.advance(1_000_000);
      this.clock.tick(1000);
    }
    this.settle();
  }

  /** What is under way arrives. */
  settle(): void {
    this.sim.advance(20_000);
  }

  visit(): Visitor {
    return new Visitor(this, (this.stacks[1] as Stack).service(SOCKETS));
  }
}

/** For each test of a suite a world, with a visitor in it. */
export function eachInAWorld(begun: (world: World, visitor: Visitor) => void): void {
  let world: World;
  beforeEach(async () => {
    world = await World.begin();
    begun(world, world.visit());
  });
  afterEach(() => world.end());
}

export class Visitor {
  /** 0 at the end of the stream, or a negative errno. */
  outcome: number | undefined;
  /** Whether it reads what comes. */
  reads = true;
  readonly endpoint: Endpoint;
  readonly #world: World;
  #parts: Buffer[] = [];

  constructor(world: World, sockets: Sockets) {
    this.#world = world;
    this.endpoint = sockets.open(AF_INET, SOCK_STREAM, 0) as Endpoint;
    sockets.setOption(this.endpoint, IPPROTO_TCP, TCP_NODELAY, 1);
    const address = sockets.address();
    address.family = AF_INET;
    address.words.set([0, 0, 0xffff, SERVER]);
    address.port = 80;
    this.endpoint.connect(address);
    world.settle();
    this.endpoint.connect(address);
    this.endpoint.listener = { ready: () => this.read() };
  }

  read(): void {
    const buffer = new Uint8Array(65_536);
    while (this.reads && this.outcome === undefined) {
      const there = this.endpoint.receive(buffer, 0, buffer.length, undefined);
      if (there === -ERRNO.EAGAIN) break;
      if (there <= 0) this.outcome = there;
      else this.#parts.push(Buffer.from(buffer.subarray(0, there)));
    }
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#parts);
    this.#parts = [all];
    return all;
  }

  /** @returns how many octets found room. */
  say(text: string | Buffer): number {
    const octets = Buffer.from(text as string, 'latin1');
    const sent = this.endpoint.send(octets, 0, octets.length, undefined);
    this.#world.settle();
    return sent;
  }

  /** Says it, however long the room for it is in coming. */
  sayAll(text: string): void {
    for (let at = 0; at < text.length; ) at += Math.max(0, this.say(text.slice(at)));
  }

  /** Says it in segments of `size` octets each. */
  saySlowly(text: string, size = 1): void {
    for (let at = 0; at < text.length; at += size) this.say(text.slice(at, at + size));
  }

  endWriting(): void {
    this.endpoint.shutdown(SHUT_WR);
    this.#world.settle();
  }

  /** What came so far, read as answers. @param headOnly the answers, by number, whose content is not sent. */
  answers(...headOnly: readonly number[]): Answer[] {
    const answers: Answer[] = [];
    for (let rest = this.received; rest.length > 0; ) {
      const end = rest.indexOf('\r\n\r\n');
      expect(end, `a head in ${rest.subarray(0, 200)}`).to.be.greaterThan(0);
      const [line = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3}) [\w ]+$/.exec(line)?.[1]);
      const fields = new Map(lines.map((one) => one.split(': ', 2) as [string, string]));
      const length = status === 100 || headOnly.includes(answers.length) ? 0 : Number(fields.get('Content-Length'));
      answers.push({ status, fields, content: rest.subarray(end + 4, end + 4 + length) });
      rest = rest.subarray(end + 4 + length);
    }
    return answers;
  }

  statuses(...headOnly: readonly number[]): number[] {
    return this.answers(...headOnly).map(({ status }) => status);
  }
}

/** A request of HTTP/1.1. */
export const request = (line: string, fields: readonly string[] = [], content = ''): string =>
  `${line} HTTP/1.1\r\nHost: 192.0.2.1\r\n${fields.map((one) => `${one}\r\n`).join('')}\r\n${content}`;

/** The octets i mod 251. */
export const pattern = (count: number): Buffer => Buffer.from(Uint8Array.from({ length: count }, (_, i) => i % 251));
