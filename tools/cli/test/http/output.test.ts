import { ERRNO } from '@protoloom/contracts';
import type { Endpoint } from '@protoloom/contracts/socket';
import { expect } from 'chai';
import { Output } from '../../dist/services/http/output.js';
import { pattern } from './visitor.js';

/** An endpoint that has room for so many octets, and what it was given. */
interface Narrow {
  readonly endpoint: Endpoint;
  room: number;
  error: number;
  given(): Buffer;
}

function narrow(): Narrow {
  const parts: Buffer[] = [];
  const wire: Narrow = {
    room: 0,
    error: 0,
    given: () => Buffer.concat(parts),
    endpoint: {
      send(bytes: Uint8Array, from: number, to: number) {
        if (wire.error !== 0) return -wire.error;
        const count = Math.min(wire.room, to - from);
        wire.room -= count;
        parts.push(Buffer.from(bytes.subarray(from, from + count)));
        return count === 0 ? -ERRNO.EAGAIN : count;
      },
    } as Partial<Endpoint> as Endpoint,
  };
  return wire;
}

describe('what an http connection sends', () => {
  it('leaves in order and unchanged, however little room there is', () => {
    for (let room = 0; room < 12; room++) {
      const wire = narrow();
      const output = new Output(wire.endpoint);
      const octets = Buffer.from('0123456789');
      wire.room = room;
      output.write(octets, 8);
      // As Date in an answer that is sent again.
      octets.fill('x');
      output.write(Buffer.from('abc'), 3);
      output.writePattern(600);
      for (let i = 0; output.isPending; i++) {
        expect(i, 'rounds').to.be.lessThan(100);
        wire.room = 7 + room;
        output.flush();
      }
      expect(wire.given().toString('latin1', 0, 11)).to.equal('01234567abc');
      expect(wire.given().subarray(11).equals(pattern(600))).to.equal(true);
    }
  });

  it('tells of an end of the connection, not of one without room', () => {
    for (const [error, hasFailed] of [
      [ERRNO.EAGAIN, false],
      [ERRNO.EPIPE, true],
      [ERRNO.ECONNRESET, true],
    ] as const) {
      const wire = narrow();
      const [first, second] = [new Output(wire.endpoint), new Output(wire.endpoint)];
      wire.error = error;
      first.write(Buffer.from('a'), 1);
      second.writePattern(1);
      expect([first.hasFailed, second.hasFailed]).to.deep.equal([hasFailed, hasFailed]);
    }
  });
});
