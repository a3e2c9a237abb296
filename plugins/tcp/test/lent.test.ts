// Text that stays in its device's frames: the lab's device overwrites them when it is polled again.
import { type Endpoint, MSG_PEEK, newMessage, newViews, type Views } from '@protoloom/contracts/socket';
import { Random } from '@protoloom/sim';
import { expect } from 'chai';
import { Lab, octet } from './lab.js';

/** What `views` shows. */
const shownBy = ({ first, firstAt, firstLength, second, secondAt, secondLength }: Views): number[] => [
  ...first.subarray(firstAt, firstAt + firstLength),
  ...second.subarray(secondAt, secondAt + secondLength),
];
const stream = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => octet(from + i));
const memory = (lab: Lab): number => (lab.stack.snapshot()['@protoloom/tcp'] as { mem: number }).mem;

/** Full segments of 100 octets, in one turn. */
function arrive(lab: Lab, ...pieces: readonly number[]): void {
  for (const piece of pieces) lab.arrive('.', { seq: 1 + 100 * piece, ack: 1, len: 100 });
  lab.advance(0);
}

describe('text that is read in the turn that brings it', () => {
  it('is shown where it came in: it takes no memory of ours', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    const views = newViews();
    const seen: number[] = [];
    endpoint.listener = {
      ready: () => {
        while (endpoint.peek(views) > 0) {
          seen.push(...shownBy(views));
          endpoint.consume(views.firstLength + views.secondLength);
        }
      },
    };
    arrive(lab, 0, 1, 2);
    arrive(lab, 3);
    expect(seen).to.deep.equal(stream(0, 400));
    expect(memory(lab)).to.equal(0);
  });

  it('what is left goes into the ring before the device is polled again', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    arrive(lab, 0, 1);
    expect(endpoint.receive(new Uint8Array(30), 0, 30, undefined)).to.equal(30);
    arrive(lab, 2);
    expect(memory(lab)).to.equal(1);
    expect(lab.read(endpoint)).to.equal(270);
    expect([...lab.payload.subarray(0, 270)]).to.deep.equal(stream(30, 300));
  });

  it('lies in the ring as soon as something comes out of order', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    arrive(lab, 0, 2, 1, 3);
    expect(lab.read(endpoint)).to.equal(400);
    expect([...lab.payload.subarray(0, 400)]).to.deep.equal(stream(0, 400));
  });

  it('of more than two pieces a part is shown, and all to who asks again', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    const views = newViews();
    arrive(lab, 0, 1, 2, 3);
    expect(endpoint.peek(views)).to.equal(200);
    expect(shownBy(views)).to.deep.equal(stream(0, 200));
    expect(endpoint.peek(views)).to.equal(400);
    expect(shownBy(views)).to.deep.equal(stream(0, 400));
  });

  it('a reader that waits for more than it was shown is called again with all of it', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    const views = newViews();
    const shown: number[] = [];
    endpoint.listener = { ready: () => void shown.push(endpoint.peek(views)) };
    arrive(lab, 0, 1, 2, 3);
    expect(shown).to.deep.equal([200, 400]);
    expect(shownBy(views)).to.deep.equal(stream(0, 400));
  });

  it('is forgotten with the connection', () => {
    const lab = new Lab();
    const { endpoint } = lab.accepted();
    arrive(lab, 0, 1);
    endpoint.close();
    lab.advance(0);
    expect(lab.sent().at(-1)?.[0]).to.equal('R');
    arrive(lab, 2);
    expect(memory(lab)).to.equal(0);
  });

  for (let seed = 1; seed <= 20; seed++) {
    it(`is the stream that was sent, however it comes and is read (seed ${seed})`, () => {
      const random = new Random(seed);
      const lab = new Lab({ options: true });
      const { endpoint } = lab.accepted();
      const reader = new Reader(endpoint, random);
      if (random.chance(0.5)) endpoint.listener = { ready: () => reader.read() };
      for (let sent = 0; sent < 200; ) {
        // A stretch of segments, some of them twice or in another order.
        const count = 1 + random.below(6);
        const pieces = Array.from({ length: count }, (_, i) => sent + i);
        if (random.chance(0.3)) pieces.reverse();
        if (random.chance(0.3)) pieces.push(sent);
        arrive(lab, ...pieces);
        sent += count;
        if (random.chance(0.7)) reader.read();
      }
      while (reader.read());
      expect(reader.offset).to.be.at.least(20_000);
    });
  }
});

/** Reads in every way there is, and holds what it sees against the stream. */
class Reader {
  offset = 0;
  readonly #endpoint: Endpoint;
  readonly #random: Random;
  readonly #views = newViews();
  readonly #bytes = new Uint8Array(1000);
  readonly #message = newMessage();

  constructor(endpoint: Endpoint, random: Random) {
    this.#endpoint = endpoint;
    this.#random = random;
    this.#message.flags = MSG_PEEK;
  }

  /** @returns whether there was anything. */
  read(): boolean {
    const most = 1 + this.#random.below(this.#bytes.length);
    switch (this.#random.below(3)) {
      case 0: {
        if (this.#endpoint.peek(this.#views) <= 0) return false;
        const shown = shownBy(this.#views);
        const count = Math.min(most, shown.length);
        this.#expect(shown);
        this.#endpoint.consume(count);
        this.offset += count;
        return true;
      }
      case 1: {
        const count = this.#endpoint.receive(this.#bytes, 0, most, this.#message);
        this.#message.flags = MSG_PEEK;
        if (count > 0) this.#expect([...this.#bytes.subarray(0, count)]);
        return count > 0;
      }
      default: {
        const count = this.#endpoint.receive(this.#bytes, 0, most, undefined);
        if (count <= 0) return false;
        this.#expect([...this.#bytes.subarray(0, count)]);
        this.offset += count;
        return true;
      }
    }
  }

  #expect(seen: readonly number[]): void {
    expect(seen).to.deep.equal(stream(this.offset, this.offset + seen.length));
  }
}
