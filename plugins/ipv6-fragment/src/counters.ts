// Counters of fragments: group Ip6 of /proc/net/snmp6, as Linux moves them.
import type { CounterSpec } from '@protoloom/contracts';

const REQUESTED = 'Ip6.ReasmReqds';
const BAD_HEADER = 'Ip6.InHdrErrors';

export const counters = {
  held: { unit: 'packets', mib: REQUESTED, fate: 'held', doc: 'Kept until their packet is whole.' },
  atomic: { unit: 'packets', adds: [REQUESTED, 'Ip6.ReasmOKs'], doc: 'Whole packets with a fragment header. They go on. RFC 6946.' },
  nested: { unit: 'packets', fate: 'IP6_FRAG_NESTED', adds: [BAD_HEADER], doc: 'In a packet that was itself in fragments.' },
  truncated: {
    unit: 'packets',
    fate: 'IP6_FRAG_TRUNCATED',
    adds: [REQUESTED, BAD_HEADER],
    doc: 'No room for the header.',
  },
  badLength: {
    unit: 'packets',
    fate: 'IP6_FRAG_LENGTH',
    adds: [REQUESTED, BAD_HEADER],
    doc: 'No multiple of eight octets, and more follow.',
  },
  tooLong: {
    unit: 'packets',
    fate: 'IP6_FRAG_BEYOND',
    adds: [REQUESTED, BAD_HEADER],
    doc: 'Reaching beyond 65,535 octets of payload.',
  },
  incompleteHeaders: {
    unit: 'packets',
    fate: 'IP6_FRAG_HEADERS',
    adds: [REQUESTED, BAD_HEADER],
    doc: 'The first, without all headers up to the transport’s. RFC 7112.',
  },
  duplicate: { unit: 'packets', fate: 'DUP_FRAG', adds: [REQUESTED], doc: 'All of it was there already.' },
  overlap: { unit: 'packets', fate: 'IP6_FRAG_OVERLAP', adds: [REQUESTED], doc: 'Partly there already: the packet is given up. RFC 5722.' },
  invalid: {
    unit: 'packets',
    fate: 'FRAG_REASM',
    adds: [REQUESTED],
    doc: 'Empty, beyond the last, or of an end that moved: the packet is given up.',
  },
  reassembled: { unit: 'packets', mib: 'Ip6.ReasmOKs', made: true, doc: 'Packets put together.' },
  reasmFails: { unit: 'events', mib: 'Ip6.ReasmFails', doc: 'Packets given up.' },
  reasmTimeout: { unit: 'events', mib: 'Ip6.ReasmTimeout', doc: 'Of those, for their time.' },
  fragOks: { unit: 'packets', mib: 'Ip6.FragOKs', doc: 'Packets sent in fragments.' },
  fragFails: { unit: 'packets', mib: 'Ip6.FragFails', doc: 'Packets whose path leaves no room for fragments.' },
  fragCreates: { unit: 'packets', mib: 'Ip6.FragCreates', adds: ['Ip6.OutTransmits'], doc: 'Fragments made, and handed to a link.' },
  fragOctets: { unit: 'bytes', adds: ['Ip6.OutOctets'], doc: 'Octets of those.' },
} as const satisfies CounterSpec;
