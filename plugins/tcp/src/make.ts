// Making a connection's block.
import type { SocketState } from '@protoloom/contracts/socket';
import { ReceiveRing } from './buffers/receive-ring.js';
import { SendRing } from './buffers/send-ring.js';
import type { Tcp } from './context.js';
import { Recovery } from './recovery/recovery.js';
import { View } from './sender-view.js';
import { Tcb } from './tcb.js';

/** A closed connection with nothing in it. @param family AF_INET or AF_INET6. */
export function makeTcb(tcp: Tcp, socket: SocketState, family: number): Tcb {
  return new Tcb(tcp, socket, family, {
    send: new SendRing(tcp.ringMemory),
    receive: new ReceiveRing(tcp.ringMemory),
    recovery: new Recovery(tcp.sentPool, tcp.ack, tcp.sysctls.reordering),
    view: new View(),
    control: { cwnd: 0, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 },
  });
}
