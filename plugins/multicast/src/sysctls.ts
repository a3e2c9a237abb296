// Limits of what one socket may join: Linux's names and numbers.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  igmpMaxMemberships: { path: 'net.ipv4.igmp_max_memberships', initial: 20, min: 0, doc: 'Most IPv4 groups of one socket.' },
  igmpMaxMsf: { path: 'net.ipv4.igmp_max_msf', initial: 10, min: 0, doc: 'Most sources in a socket’s filter of an IPv4 group.' },
  mldMaxMsf: { path: 'net.ipv6.mld_max_msf', initial: 64, min: 0, doc: 'Most sources in a socket’s filter of an IPv6 group.' },
} as const satisfies SysctlSpec;
