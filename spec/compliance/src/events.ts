// What can happen to a controller: events in any order, as plain data, and the generator of them.
import type { CongestionEvent } from '@protoloom/contracts/tcp';
import fc from 'fast-check';

export type Event =
  /** One acknowledgement. `limited`: whether cwnd was what limited sending. */
  | { readonly kind: 'ack'; readonly segments: number; readonly rttUs: number; readonly limited: boolean; readonly ce: boolean }
  /** A round trip: all that is in flight is acknowledged, piece by piece. */
  | { readonly kind: 'round'; readonly rttUs: number }
  | { readonly kind: 'congestion'; readonly why: CongestionEvent['why']; readonly persistent: boolean; readonly abe: boolean }
  | { readonly kind: 'recovered' | 'undo' | 'handover' }
  | { readonly kind: 'restart'; readonly idleUs: number }
  | { readonly kind: 'path'; readonly mss: number }
  | { readonly kind: 'sent' | 'lost'; readonly segments: number }
  | { readonly kind: 'receive'; readonly ce: boolean };

const rttUs = fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1000, max: 2_000_000 }));

/** Any event; most are acknowledgements, as on a wire. */
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ack' as const),
      segments: fc.nat(64),
      rttUs,
      limited: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      ce: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('round' as const), rttUs: fc.integer({ min: 1, max: 500_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('congestion' as const),
      why: fc.constantFrom('fast-loss' as const, 'rto' as const, 'ecn' as const, 'local-drop' as const),
      persistent: fc.boolean(),
      abe: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('recovered' as const, 'undo' as const, 'handover' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), idleUs: fc.nat(100_000_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('path' as const), mss: fc.integer({ min: 48, max: 8960 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('sent' as const, 'lost' as const), segments: fc.integer({ min: 1, max: 64 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('receive' as const), ce: fc.boolean() }) },
);

export const anyEvents: fc.Arbitrary<Event[]> = fc.array(anyEvent, { maxLength: 80 });

/** An event in a few words, for a failure's message. */
export const describeEvent = ({ kind, ...rest }: Event): string => {
  const details = Object.entries(rest).filter(([, value]) => value !== false);
  return details.length === 0
    ? kind
    : `${kind}(${details.map(([name, value]) => (value === true ? name : `${name} ${value}`)).join(', ')})`;
};
