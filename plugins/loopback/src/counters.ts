// What loops.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  looped: { unit: 'packets', made: true, doc: 'Packets that were sent on the interface and come in on it again.' },
  truncated: { unit: 'packets', fate: 'LOOPBACK_TRUNCATED', doc: 'Shorter than the header.' },
} as const satisfies CounterSpec;
