// What becomes of Neighbor Discovery messages: each refusal has its reason. The messages themselves have Linux's names.
import type { CounterSpec } from '@protoloom/contracts';
import { neighbourCounters } from '@protoloom/contracts/neighbour';

export const counters = {
  ...neighbourCounters('ndisc_cache'),
  inNeighborSolicits: { unit: 'packets', mib: 'Icmp6.InNeighborSolicits', doc: 'Neighbor solicitations.' },
  inNeighborAdvertisements: { unit: 'packets', mib: 'Icmp6.InNeighborAdvertisements', doc: 'Neighbor advertisements.' },
  inRouterAdvertisements: { unit: 'packets', mib: 'Icmp6.InRouterAdvertisements', doc: 'Router advertisements.' },
  inRouterSolicits: { unit: 'packets', mib: 'Icmp6.InRouterSolicits', doc: 'Router solicitations.' },
  inRedirects: { unit: 'packets', mib: 'Icmp6.InRedirects', doc: 'Redirects.' },
  outRouterSolicits: { unit: 'packets', mib: 'Icmp6.OutRouterSolicits', doc: 'Router solicitations sent.' },
  outNeighborSolicits: { unit: 'packets', mib: 'Icmp6.OutNeighborSolicits', doc: 'Neighbor solicitations sent.' },
  outNeighborAdvertisements: { unit: 'packets', mib: 'Icmp6.OutNeighborAdvertisements', doc: 'Neighbor advertisements sent.' },
  answered: { unit: 'packets', fate: 'replied', doc: 'Solicitations of an address of ours, answered.' },
  learned: { unit: 'packets', fate: 'delivered', doc: 'Advertisements and redirects that were taken in.' },
  conflicts: {
    unit: 'packets',
    fate: 'delivered',
    doc: 'From another host that has, or wants, an address which is tentative here. RFC 4862 §5.4.',
  },
  fragmented: { unit: 'packets', fate: 'ND_FRAGMENTED', doc: 'Put together from fragments, or with a Fragment header. RFC 6980 §5.' },
  hopLimit: { unit: 'packets', fate: 'ND_HOP_LIMIT', doc: 'Hop limit other than 255: from another link. RFC 4861 §6.1, §7.1, §8.1.' },
  code: { unit: 'packets', fate: 'ND_CODE', doc: 'Code other than 0.' },
  truncated: { unit: 'packets', fate: 'ND_TRUNCATED', doc: 'Shorter than its fixed part.' },
  badOption: { unit: 'packets', fate: 'ND_OPTION', doc: 'An option of length 0, or longer than what is left.' },
  linkAddressLength: {
    unit: 'packets',
    fate: 'ND_LINK_ADDRESS_LENGTH',
    doc: 'A link address option that is not as long as the link’s addresses need.',
  },
  badTarget: { unit: 'packets', fate: 'ND_TARGET', doc: 'The target is a group. RFC 4861 §7.1.' },
  dadDestination: {
    unit: 'packets',
    fate: 'ND_DAD_DESTINATION',
    doc: 'A solicitation from :: that is not for a solicited-node group. RFC 4861 §7.1.1.',
  },
  dadLinkAddress: {
    unit: 'packets',
    fate: 'ND_DAD_LINK_ADDRESS',
    doc: 'A solicitation from :: with a source link address. RFC 4861 §7.1.1.',
  },
  solicitedGroup: {
    unit: 'packets',
    fate: 'ND_SOLICITED_GROUP',
    doc: 'An advertisement to a group that says it was solicited. RFC 4861 §7.1.2.',
  },
  notLinkLocal: {
    unit: 'packets',
    fate: 'ND_NOT_LINK_LOCAL',
    doc: 'A router advertisement or redirect that is not from a link-local address. RFC 4861 §6.1.2, §8.1.',
  },
  notFirstHop: { unit: 'packets', fate: 'ND_NOT_FIRST_HOP', doc: 'A redirect from another than the router in use. RFC 4861 §8.1.' },
  ownAdvertisement: { unit: 'packets', fate: 'ND_OWN_ADVERTISEMENT', doc: 'A router advertisement from an address of ours.' },
  ignored: {
    unit: 'packets',
    fate: 'ND_IGNORED',
    doc: 'What accept_ra, accept_redirects or drop_unsolicited_na leaves, and router solicitations: we are none.',
  },
  notForUs: { unit: 'packets', fate: 'ND_NOT_FOR_US', doc: 'Solicitations of an address that the interface does not have.' },
  tentative: {
    unit: 'packets',
    fate: 'ND_TENTATIVE',
    doc: 'Solicitations of an address of ours that is tentative or duplicate: nobody is told that we have it. RFC 4862 §5.4.',
  },
  ownProbe: { unit: 'packets', fate: 'ND_OWN_PROBE', doc: 'Our own probe, come back. RFC 7527 §4.2.' },
  ownAddress: {
    unit: 'packets',
    fate: 'ND_OWN_ADDRESS',
    doc: 'Advertisements of an address that is ours already: somebody else uses it too.',
  },
  noLinkAddress: {
    unit: 'packets',
    fate: 'ND_NO_LINK_ADDRESS',
    doc: 'Solicitations to a group from somebody unknown who does not tell its link address. RFC 4861 §4.3.',
  },
  unsolicited: { unit: 'packets', fate: 'ND_NO_ENTRY', doc: 'Advertisements about a neighbour that nothing is kept of. RFC 4861 §7.2.5.' },
  tableFull: { unit: 'packets', fate: 'ND_TABLE_FULL', doc: 'Left unanswered because no neighbour could be made.' },
} as const satisfies CounterSpec;
