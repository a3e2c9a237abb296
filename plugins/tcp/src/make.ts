// Making a connection's block.
import type { SocketState } from '@protoloom/contracts/socket';
import type { Tcp } from './context.js';
import { View } from './sender-view.js';
import { Tcb } from './tcb.js';

/** A closed connection with nothing in it. @param family AF_INET or AF_INET6. */
export function makeTcb(tcp: Tcp, socket: SocketState, family: number): Tcb {
  return new Tcb(tcp, socket, family, new View(), { cwnd: 0, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 });
}
