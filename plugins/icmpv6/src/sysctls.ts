// Sysctls of ICMPv6.
import type { SysctlSpec, SysctlValue } from '@protoloom/contracts';
import { formatTypes, parseTypes } from './type-set.js';

export const sysctls = {
  echoIgnoreAll: { path: 'net.ipv6.icmp.echo_ignore_all', initial: 0, min: 0, max: 1, doc: 'Answer no echo request.' },
  echoIgnoreMulticast: {
    path: 'net.ipv6.icmp.echo_ignore_multicast',
    initial: 0,
    min: 0,
    max: 1,
    rfc: 'RFC 4443 §4.2',
    doc: 'Answer no echo request to a group.',
  },
  errorAnycastAsUnicast: {
    path: 'net.ipv6.icmp.error_anycast_as_unicast',
    initial: 0,
    min: 0,
    max: 1,
    rfc: 'RFC 4443 §2.4 (e.6)',
    doc: '1 sends errors to subnet-router anycast addresses too.',
  },
  rateLimit: {
    path: 'net.ipv6.icmp.ratelimit',
    initial: 100,
    min: 0,
    unit: 'ms',
    rfc: 'RFC 4443 §2.4 (f)',
    doc: 'Least time between two messages of the masked types to one destination, halved for every 32 bits that its route is shorter than 128; 0: none.',
  },
  rateMask: {
    path: 'net.ipv6.icmp.ratemask',
    initial: parseTypes('0-1,3-127'),
    parse: parseTypes,
    format: (value: SysctlValue) => formatTypes(value as readonly number[]),
    doc: 'Types that are limited, as a list: every error but packet too big.',
  },
} as const satisfies SysctlSpec;
