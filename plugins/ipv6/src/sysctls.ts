// Sysctls of IPv6.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  mtuExpires: {
    path: 'net.ipv6.route.mtu_expires',
    initial: 600,
    min: 0,
    unit: 's',
    rfc: 'RFC 8201 §4',
    doc: 'For how long a discovered path MTU is believed.',
  },
} as const satisfies SysctlSpec;

export const interfaceSysctls = {
  hopLimit: {
    path: 'net.ipv6.conf.*.hop_limit',
    initial: 64,
    min: 1,
    max: 255,
    rfc: 'RFC 8200 §3',
    doc: 'Hop limit of packets whose sender and route say none.',
  },
} as const satisfies SysctlSpec;
