// Reading from an endpoint: without ending what is read, and without looking at it.

import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, MSG_PEEK, newMessage, newViews } from '@protoloom/contracts/socket';

const PEEKING = newMessage();
PEEKING.flags = MSG_PEEK;

const views = newViews();

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
