// Linux's sysctls of Neighbor Discovery, duplicate address detection and autoconfiguration.
import type { SysctlSpec, SysctlValue } from '@protoloom/contracts';
import { neighbourSysctls, neighbourThresholds } from '@protoloom/contracts/neighbour';
import { Ip6Address } from '@protoloom/wire';

const isSecret = (value: SysctlValue): string | undefined =>
  value === '' || Ip6Address.tryParse(String(value)) !== undefined
    ? undefined
    : 'takes 128 bits in the form of an IPv6 address, or nothing';

export const sysctls = {
  ...neighbourThresholds('ipv6'),
  idgenRetries: {
    path: 'net.ipv6.idgen_retries',
    initial: 3,
    min: 0,
    rfc: 'RFC 7217 §6',
    doc: 'How many further stable identifiers are tried where one is a duplicate.',
  },
} as const satisfies SysctlSpec;

export const interfaceSysctls = {
  ...neighbourSysctls('ipv6'),
  acceptDad: {
    path: 'net.ipv6.conf.*.accept_dad',
    initial: 1,
    initialAll: 0,
    min: 0,
    max: 2,
    combine: 'max',
    rfc: 'RFC 4862 §5.4',
    doc: 'Duplicate address detection: 0 off; 1 on; 2 on, and an interface whose EUI-64 link-local address is a duplicate has no IPv6.',
  },
  dadTransmits: {
    path: 'net.ipv6.conf.*.dad_transmits',
    initial: 1,
    min: 0,
    rfc: 'RFC 4862 §5.1',
    doc: 'Probes before an address counts as unique; 0: none.',
  },
  enhancedDad: {
    path: 'net.ipv6.conf.*.enhanced_dad',
    initial: 1,
    min: 0,
    max: 1,
    combine: 'or',
    rfc: 'RFC 7527',
    doc: '1 puts a nonce into probes, by which our own are known when they come back.',
  },
  routerSolicitationDelay: {
    path: 'net.ipv6.conf.*.router_solicitation_delay',
    initial: 1,
    min: 0,
    unit: 's',
    rfc: 'RFC 4861 §10',
    doc: 'Most that the first probe of an address, and the first router solicitation, wait.',
  },
  addrGenMode: {
    path: 'net.ipv6.conf.*.addr_gen_mode',
    initial: 0,
    min: 0,
    max: 3,
    rfc: 'RFC 7217, RFC 4291 §2.5.1',
    doc: 'Interface identifiers: 0 from the link address (EUI-64), or random where there is none; 1 no link-local address; 2 stable and opaque, by stable_secret; 3 the same by a random secret.',
  },
  stableSecret: {
    path: 'net.ipv6.conf.*.stable_secret',
    initial: '',
    validate: isSecret,
    rfc: 'RFC 7217 §5',
    doc: 'Secret of stable identifiers, as an IPv6 address; where it is set, mode 0 is read as 2.',
  },
  ndiscNotify: {
    path: 'net.ipv6.conf.*.ndisc_notify',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'or',
    rfc: 'RFC 4861 §7.2.6',
    doc: '1 announces addresses when they become usable and when the link address changes.',
  },
  suppressFragNdisc: {
    path: 'net.ipv6.conf.*.suppress_frag_ndisc',
    initial: 1,
    min: 0,
    max: 1,
    rfc: 'RFC 6980 §5',
    doc: '1 refuses messages that came in fragments.',
  },
  ndiscEvictNocarrier: {
    path: 'net.ipv6.conf.*.ndisc_evict_nocarrier',
    initial: 1,
    min: 0,
    max: 1,
    combine: 'and',
    doc: '1 forgets the neighbours when the carrier is lost.',
  },
  acceptRa: {
    path: 'net.ipv6.conf.*.accept_ra',
    initial: 1,
    min: 0,
    max: 2,
    rfc: 'RFC 4861 §6.3.4',
    doc: 'Router advertisements: 0 ignored, 1 and 2 taken in.',
  },
  acceptRaDefrtr: {
    path: 'net.ipv6.conf.*.accept_ra_defrtr',
    initial: 1,
    min: 0,
    max: 1,
    doc: '1 takes default routers from them.',
  },
  acceptRaPinfo: {
    path: 'net.ipv6.conf.*.accept_ra_pinfo',
    initial: 1,
    min: 0,
    max: 1,
    doc: '1 takes prefixes from them.',
  },
  acceptRaRtrPref: {
    path: 'net.ipv6.conf.*.accept_ra_rtr_pref',
    initial: 1,
    min: 0,
    max: 1,
    rfc: 'RFC 4191 §3.1',
    doc: '1 heeds the preference of routers.',
  },
  acceptRaMtu: {
    path: 'net.ipv6.conf.*.accept_ra_mtu',
    initial: 1,
    min: 0,
    max: 1,
    doc: '1 takes the MTU from them, for what goes by their routes.',
  },
  acceptRaMinHopLimit: {
    path: 'net.ipv6.conf.*.accept_ra_min_hop_limit',
    initial: 1,
    min: 0,
    max: 255,
    doc: 'The least hop limit that is taken from them.',
  },
  raDefrtrMetric: {
    path: 'net.ipv6.conf.*.ra_defrtr_metric',
    initial: 1024,
    min: 1,
    max: 4294967295,
    doc: 'Metric of default routes that they make.',
  },
  acceptRedirects: {
    path: 'net.ipv6.conf.*.accept_redirects',
    initial: 1,
    min: 0,
    max: 1,
    rfc: 'RFC 4861 §8.3',
    doc: '1 follows redirects.',
  },
  autoconf: {
    path: 'net.ipv6.conf.*.autoconf',
    initial: 1,
    min: 0,
    max: 1,
    rfc: 'RFC 4862 §5.5',
    doc: '1 makes addresses of the prefixes that routers advertise for it.',
  },
  maxAddresses: {
    path: 'net.ipv6.conf.*.max_addresses',
    initial: 16,
    min: 0,
    doc: 'Most addresses that are so made; 0: no limit.',
  },
  routerSolicitations: {
    path: 'net.ipv6.conf.*.router_solicitations',
    initial: -1,
    min: -1,
    rfc: 'RFC 7559',
    doc: 'How often routers are asked for, while none answers; -1: for ever; 0: never.',
  },
  routerSolicitationInterval: {
    path: 'net.ipv6.conf.*.router_solicitation_interval',
    initial: 4,
    min: 0,
    unit: 's',
    rfc: 'RFC 7559',
    doc: 'From the first asking to the second; each next one is twice as long.',
  },
  routerSolicitationMaxInterval: {
    path: 'net.ipv6.conf.*.router_solicitation_max_interval',
    initial: 3600,
    min: 0,
    unit: 's',
    rfc: 'RFC 7559',
    doc: 'The longest of these.',
  },
} as const satisfies SysctlSpec;
