// Counters of the routing header, named after what Linux adds them to.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  truncated: { unit: 'packets', fate: 'IP6_RT_TRUNCATED', adds: ['Ip6.InHdrErrors'], doc: 'Longer than the packet that holds it.' },
  notToUs: {
    unit: 'packets',
    fate: 'IP6_RT_GROUP',
    adds: ['Ip6.InAddrErrors'],
    doc: 'In a packet to a group, of the network or the link: no node of a route is one.',
  },
  unknownType: {
    unit: 'packets',
    fate: 'IP6_RT_TYPE',
    adds: ['Ip6.InHdrErrors'],
    doc: 'Segments left, of a type that nobody here routes by; type 0 is one (RFC 5095).',
  },
} as const satisfies CounterSpec;
