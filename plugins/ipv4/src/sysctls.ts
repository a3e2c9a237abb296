// Sysctls of IPv4.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  defaultTtl: {
    path: 'net.ipv4.ip_default_ttl',
    initial: 64,
    min: 1,
    max: 255,
    rfc: 'RFC 1122 §3.2.1.7',
    doc: 'TTL of datagrams whose sender says none.',
  },
  noPmtuDisc: {
    path: 'net.ipv4.ip_no_pmtu_disc',
    initial: 0,
    min: 0,
    max: 3,
    rfc: 'RFC 1191',
    doc: 'Not zero: new sockets leave DF clear (IP_PMTUDISC_DONT).',
  },
  nonlocalBind: {
    path: 'net.ipv4.ip_nonlocal_bind',
    initial: 0,
    min: 0,
    max: 1,
    doc: 'Sockets may be bound to addresses that are not ours.',
  },
  ipfragHighThresh: {
    path: 'net.ipv4.ipfrag_high_thresh',
    initial: 4_194_304,
    min: 0,
    unit: 'bytes',
    doc: 'Most memory of fragments; beyond it the oldest datagrams are given up.',
  },
  ipfragLowThresh: { path: 'net.ipv4.ipfrag_low_thresh', initial: 3_145_728, min: 0, unit: 'bytes', doc: 'Down to which they are.' },
  ipfragTime: {
    path: 'net.ipv4.ipfrag_time',
    initial: 30,
    min: 0,
    unit: 's',
    rfc: 'RFC 791 §3.2, RFC 1122 §3.3.2',
    doc: 'For how long fragments wait for the others.',
  },
  minPmtu: {
    path: 'net.ipv4.route.min_pmtu',
    initial: 552,
    min: 68,
    unit: 'bytes',
    rfc: 'RFC 1191',
    doc: 'Floor of a discovered path MTU.',
  },
  mtuExpires: {
    path: 'net.ipv4.route.mtu_expires',
    initial: 600,
    min: 0,
    unit: 's',
    rfc: 'RFC 1191 §6.3',
    doc: 'For how long a discovered path MTU is believed.',
  },
} as const satisfies SysctlSpec;

export const interfaceSysctls = {
  acceptSourceRoute: {
    path: 'net.ipv4.conf.*.accept_source_route',
    initial: 1,
    initialAll: 0,
    min: 0,
    max: 1,
    combine: 'and',
    rfc: 'RFC 7126 §4.3',
    doc: 'Take datagrams with a source route.',
  },
  routeLocalnet: {
    path: 'net.ipv4.conf.*.route_localnet',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'or',
    rfc: 'RFC 1122 §3.2.1.3',
    doc: 'Let 127/8 come in from a wire.',
  },
  rpFilter: {
    path: 'net.ipv4.conf.*.rp_filter',
    initial: 0,
    min: 0,
    max: 2,
    combine: 'max',
    rfc: 'RFC 3704',
    doc: 'Check of the source: 0 none, 1 strict, 2 loose.',
  },
} as const satisfies SysctlSpec;
