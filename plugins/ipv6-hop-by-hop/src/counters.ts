// Counters of hop-by-hop options. Linux has no names for them: but for jumbograms all are Ip6InHdrErrors there.
import type { CounterSpec } from '@protoloom/contracts';
import { optionsCounters } from '@protoloom/contracts/ipv6';

export const counters = {
  ...optionsCounters('HBH'),
  badOption: {
    unit: 'packets',
    fate: 'IP6_HBH_OPTION',
    adds: ['Ip6.InHdrErrors'],
    doc: 'A router alert or jumbo payload option that is not as its RFC draws it, or none where the payload length is 0.',
  },
  jumbogram: {
    unit: 'packets',
    fate: 'IP6_JUMBOGRAM',
    adds: ['Ip6.InTruncatedPkts'],
    doc: 'Jumbograms, which no link of ours carries whole. RFC 2675.',
  },
} as const satisfies CounterSpec;
