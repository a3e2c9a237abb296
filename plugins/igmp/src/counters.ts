// Counters of IGMP. Linux has none.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  inQueries1: { unit: 'packets', fate: 'delivered', doc: 'Queries of version 1.' },
  inQueries2: { unit: 'packets', fate: 'delivered', doc: 'Queries of version 2.' },
  inQueries3: { unit: 'packets', fate: 'delivered', doc: 'Queries of version 3.' },
  inReports: { unit: 'packets', fate: 'delivered', doc: 'Other hosts’ reports of versions 1 and 2, which may spare ours.' },
  notForHosts: { unit: 'packets', fate: 'IGMP_NOT_FOR_HOSTS', doc: 'Reports of version 3, leaves, and types that no host reads.' },
  own: { unit: 'packets', fate: 'IGMP_OWN', doc: 'Our own reports, which came back.' },
  malformed: { unit: 'packets', fate: 'IGMP_MALFORMED', doc: 'Shorter than they say, or with sources of no group.' },
  checksum: { unit: 'packets', fate: 'IGMP_CSUM', doc: 'Bad checksum.' },
  badTtl: { unit: 'packets', fate: 'IGMP_TTL', doc: 'A TTL other than 1: from beyond the link. RFC 3376 §4.' },
  noRouterAlert: { unit: 'packets', fate: 'IGMP_ROUTER_ALERT', doc: 'Queries of version 2 or 3 without a router alert. RFC 3376 §9.1.' },
  badDestination: {
    unit: 'packets',
    fate: 'IGMP_DESTINATION',
    doc: 'General queries to another group than 224.0.0.1. RFC 3376 §9.1.',
  },
  outReports1: { unit: 'packets', doc: 'Reports of version 1.' },
  outReports2: { unit: 'packets', doc: 'Reports of version 2.' },
  outReports3: { unit: 'packets', doc: 'Reports of version 3.' },
  outLeaves: { unit: 'packets', doc: 'Leaves of version 2.' },
  outErrors: { unit: 'packets', doc: 'Messages that found no way.' },
} as const satisfies CounterSpec;
