// Counters of MLD: its types in group Icmp6 of /proc/net/snmp6.
import type { CounterSpec } from '@protoloom/contracts';

const QUERIES = 'Icmp6.InGroupMembQueries';
const OUT = 'Icmp6.OutMsgs';

export const counters = {
  inQueries1: { unit: 'packets', fate: 'delivered', adds: [QUERIES], doc: 'Queries of version 1.' },
  inQueries2: { unit: 'packets', fate: 'delivered', adds: [QUERIES], doc: 'Queries of version 2.' },
  inReports: {
    unit: 'packets',
    mib: 'Icmp6.InGroupMembResponses',
    fate: 'delivered',
    doc: 'Other hosts’ reports of version 1, which may spare ours.',
  },
  inDones: { unit: 'packets', mib: 'Icmp6.InGroupMembReductions', fate: 'MLD_NOT_FOR_HOSTS', doc: 'Dones, which routers read.' },
  inReports2: { unit: 'packets', mib: 'Icmp6.InMLDv2Reports', fate: 'MLD_NOT_FOR_HOSTS', doc: 'Reports of version 2, which routers read.' },
  own: { unit: 'packets', fate: 'MLD_OWN', doc: 'Our own messages, which came back.' },
  malformed: { unit: 'packets', fate: 'MLD_MALFORMED', adds: ['Icmp6.InErrors'], doc: 'Shorter than they say, or about no group.' },
  badHopLimit: { unit: 'packets', fate: 'MLD_HOP_LIMIT', doc: 'A hop limit other than 1: from beyond the link. RFC 3810 §6.2.' },
  badSource: { unit: 'packets', fate: 'MLD_SOURCE', doc: 'From an address that is not the link’s own. RFC 3810 §5.1.14.' },
  noRouterAlert: { unit: 'packets', fate: 'MLD_ROUTER_ALERT', doc: 'Without a router alert. RFC 3810 §6.2.' },
  badDestination: { unit: 'packets', fate: 'MLD_DESTINATION', doc: 'General queries to another group than ff02::1. RFC 3810 §5.1.15.' },
  outReports1: { unit: 'packets', mib: 'Icmp6.OutGroupMembResponses', adds: [OUT], doc: 'Reports of version 1.' },
  outDones: { unit: 'packets', mib: 'Icmp6.OutGroupMembReductions', adds: [OUT], doc: 'Dones of version 1.' },
  outReports2: { unit: 'packets', mib: 'Icmp6.OutMLDv2Reports', adds: [OUT], doc: 'Reports of version 2.' },
  outErrors: { unit: 'packets', adds: ['Icmp6.OutErrors'], doc: 'Messages that found no way.' },
} as const satisfies CounterSpec;
