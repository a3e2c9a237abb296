// What becomes of packets that go no further than the link.
import type { CounterSpec } from '@protoloom/contracts';

/** Per interface. */
export const interfaceCounters = {
  unknownVersion: { unit: 'packets', fate: 'TUN_VERSION', doc: 'Empty, or neither IPv4 nor IPv6 by its first nibble.' },
} as const satisfies CounterSpec;
