// Text that has been sent stays as it is until the turn is over, whatever becomes of its connection: the lab's device looks at it then.
import type { Turns } from '@protoloom/contracts';
import { type Endpoint, SO_LINGER, SOL_SOCKET } from '@protoloom/contracts/socket';
import { Random } from '@protoloom/sim';
import { expect } from 'chai';
import { RingMemory } from '../dist/buffers/ring-memory.js';
import { SendRing } from '../dist/buffers/send-ring.js';
import { Lab, mss, octet } from './lab.js';

/** A segment; and so many that some leave within the call that writes them: more than half of the peer's window. */
const SEGMENT = 1000;
const TEXT = 40 * SEGMENT;
const MIB = 1 << 20;

const write = (endpoint: Endpoint, value: number, count: number): void => {
  expect(endpoint.send(new Uint8Array(count).fill(value), 0, count, undefined)).to.equal(count);
};

describe('text that has been sent in a turn', () => {
  /** Two connections, and what their readers do in the turn that brings each some text. @returns octets that changed before they left. */
  function changed(first: (endpoint: Endpoint, lab: Lab) => void, second: (endpoint: Endpoint) => void): number {
    const lab = new Lab({ offload: true, sysctls: { 'net.ipv4.tcp_wmem': '4096 262144 262144' } });
    const accept = (): Endpoint => {
      lab.in('S', { options: mss(SEGMENT) });
      lab.sent();
      lab.in('.', { seq: 1, ack: 1 });
      const endpoint = listener.accept();
      if (typeof endpoint === 'number') throw new Error(`accept: ${endpoint}`);
      return endpoint;
    };
    const listener = lab.listen();
    const one = accept();
    lab.peerPort++;
    const two = accept();
    one.listener = { ready: () => first(one, lab) };
    two.listener = { ready: () => second(two) };
    // Readers are called in the order in which text came.
    lab.peerPort--;
    lab.arrive('P.', { seq: 1, ack: 1, len: 1 });
    lab.peerPort++;
    lab.arrive('P.', { seq: 1, ack: 1, len: 1 });
    lab.advance(0);
    expect(lab.sent()).to.have.length.at.least(2);
    return lab.device.changed;
  }

  it('is not overwritten by that of another connection where its own is reset', () => {
    const reset = (endpoint: Endpoint, lab: Lab): void => {
      write(endpoint, 1, TEXT);
      lab.sockets.setOption(endpoint, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      endpoint.close();
    };
    expect(
      changed(
        (endpoint) => write(endpoint, 2, TEXT),
        () => undefined,
      ),
      'the lab',
    ).to.equal(0);
    expect(changed(reset, (endpoint) => write(endpoint, 2, TEXT))).to.equal(0);
  });

  it('is not overwritten where more is written than its memory has room for', () => {
    const more = (endpoint: Endpoint): void => {
      write(endpoint, 1, TEXT);
      write(endpoint, 1, TEXT);
    };
    expect(changed(more, (endpoint) => write(endpoint, 2, TEXT))).to.equal(0);
  });
});

describe('memory of rings', () => {
  let recalls = 0;
  const turns = { recall: () => ({ request: () => void recalls++ }) } as unknown as Turns;
  let charged = 0;
  const account = {
    pressure: false,
    charge(bytes: number): void {
      charged += bytes;
    },
  };
  beforeEach(() => {
    charged = 0;
    recalls = 0;
  });

  it('that is given back is used again once what was sent has left', () => {
    const memory = new RingMemory(account, turns);
    const first = memory.take(3000);
    memory.give(first);
    expect(recalls).to.equal(1);
    expect(memory.take(3000)).to.not.equal(first);
    memory.recalled();
    expect(memory.take(3000)).to.equal(first);
    expect(charged).to.equal(2 * 4096);
  });

  it('is a power of two up to 4 MiB, and an eighth of an octave more at most beyond', () => {
    const memory = new RingMemory(account, turns);
    const sizes = [1, 2049, 3 * MIB, 4 * MIB, 4 * MIB + 1, 6 * MIB, 8 * MIB, 8 * MIB + 1].map((count) => memory.take(count).length);
    expect(sizes).to.deep.equal([2048, 4096, 4 * MIB, 4 * MIB, 4.5 * MIB, 6 * MIB, 8 * MIB, 9 * MIB]);
  });

  it('of any size is a ring: octets come out as they went in', () => {
    const random = new Random(3);
    const ring = new SendRing(new RingMemory(account, turns));
    const block = new Uint8Array(MIB);
    let written = 0;
    let gone = 0;
    for (let round = 0; round < 60; round++) {
      const count = Math.min(random.below(block.length), 4 * MIB + 100_000 - ring.length);
      for (let i = 0; i < count; i++) block[i] = octet(written + i);
      ring.write(block, 0, count);
      ring.commit(count);
      written += count;
      const at = random.below(ring.length);
      const some = Math.min(1000, ring.length - at);
      expect([...ring.copy(at, some)]).to.deep.equal(Array.from({ length: some }, (_, i) => octet(gone + at + i)));
      // Nearly full most of the time.
      const out = random.below(Math.max(1, ring.length - 3 * MIB));
      ring.discard(out);
      gone += out;
    }
    expect(ring.memory).to.equal(4.5 * MIB);
    expect(written).to.be.above(3 * ring.memory);
  });
});
