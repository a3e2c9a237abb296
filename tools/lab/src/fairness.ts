// Two connections at one bottleneck: what each gets, once they have converged.

import { Random } from '@protoloom/sim';
import { CONTROLLERS, type ControllerName } from './cell.js';
import { Dumbbell } from './dumbbell.js';
import { jain } from './models.js';

const SECOND_US = 1_000_000;
/** Each round trip is longer or shorter by up to so much: two differ by a tenth at most. */
const JITTER = 0.05;
/** Part of a round trip by which a packet may be late. */
const PACKET_JITTER = 0.1;

export interface Contest {
  readonly controllers: readonly [ControllerName, ControllerName];
  readonly mbit: number;
  readonly rttMs: number;
  /** Probability of random loss, besides what the queue of one bandwidth-delay product drops. */
  readonly p: number;
  /** Until they have converged, and then measured. */
  readonly settleSeconds: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Shares {
  readonly contest: Contest;
  /** Bits per second of each. */
  readonly carried: readonly [number, number];
  readonly jain: number;
}

export function contend(contest: Contest): Shares {
  const { controllers, mbit, rttMs, p, settleSeconds, seconds, seed } = contest;
  const chance = new Random(seed);
  const queueBytes = (mbit * rttMs * 1000) / 8;
  const lab = new Dumbbell(
    seed,
    { rate: mbit * SECOND_US, queueBytes, loss: p, jitterUs: rttMs * 1000 * PACKET_JITTER },
    controllers.map((name) => ({
      control: CONTROLLERS[name],
      rttUs: Math.round(rttMs * 1000 * (1 + JITTER * (2 * chance.fraction() - 1))),
      startUs: Math.round(chance.fraction() * 2 * SECOND_US),
    })),
  );
  lab.advance(settleSeconds * SECOND_US);
  const before = lab.flows.map(({ received }) => received);
  lab.advance(seconds * SECOND_US);
  const [one = 0, other = 0] = lab.flows.map(({ received }, i) => ((received - (before[i] as number)) * 8) / seconds);
  return { contest, carried: [one, other], jain: jain([one, other]) };
}
