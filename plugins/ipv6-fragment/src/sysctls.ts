// Sysctls of fragments.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  highThresh: {
    path: 'net.ipv6.ip6frag_high_thresh',
    initial: 4_194_304,
    min: 0,
    unit: 'bytes',
    doc: 'Most memory of fragments; beyond it the oldest packets are given up.',
  },
  lowThresh: { path: 'net.ipv6.ip6frag_low_thresh', initial: 3_145_728, min: 0, unit: 'bytes', doc: 'Down to which they are.' },
  time: {
    path: 'net.ipv6.ip6frag_time',
    initial: 60,
    min: 0,
    unit: 's',
    rfc: 'RFC 8200 §4.5',
    doc: 'For how long fragments wait for the others.',
  },
} as const satisfies SysctlSpec;
