// Sysctls of ICMP.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  echoIgnoreAll: { path: 'net.ipv4.icmp_echo_ignore_all', initial: 0, min: 0, max: 1, doc: 'Answer no echo request.' },
  echoIgnoreBroadcasts: {
    path: 'net.ipv4.icmp_echo_ignore_broadcasts',
    initial: 1,
    min: 0,
    max: 1,
    rfc: 'RFC 1122 §3.2.2.6',
    doc: 'Answer no echo or timestamp request to a broadcast or group address.',
  },
  ignoreBogusErrorResponses: {
    path: 'net.ipv4.icmp_ignore_bogus_error_responses',
    initial: 1,
    min: 0,
    max: 1,
    doc: 'Say nothing in the log of errors to broadcast addresses.',
  },
  rateLimit: {
    path: 'net.ipv4.icmp_ratelimit',
    initial: 1000,
    min: 0,
    unit: 'ms',
    rfc: 'RFC 1812 §4.3.2.8',
    doc: 'Least time between two messages of the masked types to one destination; 0: none.',
  },
  rateMask: {
    path: 'net.ipv4.icmp_ratemask',
    initial: 6168,
    min: 0,
    doc: 'Types that are limited, a bit each: unreachable, source quench, time exceeded, parameter problem.',
  },
} as const satisfies SysctlSpec;
