// Counters of what the families share.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  errorsUnclaimed: { unit: 'packets', doc: 'ICMP errors about packets of a transport that nobody listens for.' },
  reportsUnclaimed: { unit: 'packets', doc: 'Problems of a family whose ICMP is not plugged in.' },
} as const satisfies CounterSpec;
