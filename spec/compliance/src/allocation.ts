// Whether acknowledgements leave anything on the heap.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { Sender } from './sender.js';

/** Until the engine has compiled what is called. */
const WARM_UP = 300_000;
const ACKS = 20_000;
const WINDOWS = 15;
/** Octets for each acknowledgement: the least object takes twice as many. */
const MOST = 8;

/** The median of several stretches: one in which garbage was collected tells nothing. */
export function allocation(control: CongestionControl, heapUsed: () => number): string | undefined {
  const sender = new Sender(control);
  // Congestion avoidance with a window that stays, which is where connections live.
  sender.out.ssthresh = sender.out.cwnd;
  sender.view.sndWnd = sender.out.cwnd;
  const acknowledge = (count: number): void => {
    for (let i = 0; i < count; i++) sender.acknowledge(sender.view.mss, 50_000, false);
  };
  acknowledge(WARM_UP);
  const perAck: number[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    const before = heapUsed();
    acknowledge(ACKS);
    const used = heapUsed() - before;
    if (used >= 0) perAck.push(used / ACKS);
  }
  perAck.sort((a, b) => a - b);
  const median = perAck[perAck.length >> 1] ?? 0;
  return median < MOST ? undefined : `${median.toFixed(1)} octets of heap for each of ${ACKS} acknowledgements`;
}
