// Whether acknowledgements leave anything on the heap.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { Sender } from './sender.js';

/** Acknowledgements of one stretch; how many are tried, since on a busy machine it takes the engine long to compile what is called. */
const ACKS = 20_000;
const STRETCHES = 300;
/** So many in a row have to leave nothing: in one alone garbage may have been collected. */
const IN_A_ROW = 5;
/** Octets for each acknowledgement: the least object takes twice as many. */
const MOST = 8;

export function allocation(control: CongestionControl, heapUsed: () => number): string | undefined {
  const sender = new Sender(control);
  // Congestion avoidance with a window that stays, which is where connections live.
  sender.out.ssthresh = sender.out.cwnd;
  sender.view.sndWnd = sender.out.cwnd;
  let perAck = 0;
  let clean = 0;
  for (let stretch = 0; stretch < STRETCHES && clean < IN_A_ROW; stretch++) {
    const before = heapUsed();
    for (let i = 0; i < ACKS; i++) sender.acknowledge(sender.view.mss, 50_000, false);
    const used = heapUsed() - before;
    // Below zero garbage was collected, which tells nothing.
    if (used < 0) continue;
    perAck = used / ACKS;
    clean = perAck < MOST ? clean + 1 : 0;
  }
  return clean === IN_A_ROW ? undefined : `${perAck.toFixed(1)} octets of heap for each of ${ACKS} acknowledgements`;
}
