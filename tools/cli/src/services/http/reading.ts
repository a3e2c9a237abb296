// Reading from an endpoint: without ending what is read, and without looking at it.

import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, type Message, MSG_PEEK, type Views } from '@protoloom/contracts/socket';

const PEEKING: Message = {
  address: { family: 0, words: new Int32Array(4), port: 0, scope: 0, flowLabel: 0 },
  hasAddress: false,
  flags: MSG_PEEK,
  resultFlags: 0,
  controls: [],
  wantsControls: false,
};

const NONE = new Uint8Array(0);
const views: Views = { first: NONE, firstAt: 0, firstLength: 0, second: NONE, secondAt: 0, secondLength: 0 };

/** Copies what is there into `bytes[at..to)`: how much, 0 at the end, or a negative errno. `consume` ends it. */
export const peekInto = (endpoint: Endpoint, bytes: Uint8Array, at: number, to: number): number => endpoint.receive(bytes, at, to, PEEKING);

/** Throws away what is there. @returns whether more may come. */
export function discard(endpoint: Endpoint): boolean {
  for (;;) {
    const there = endpoint.peek(views);
    if (there <= 0) return there === -ERRNO.EAGAIN;
    endpoint.consume(there);
  }
}
