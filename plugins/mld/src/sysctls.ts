// Sysctls of MLD: Linux's names and defaults.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  robustness: {
    path: 'net.ipv6.mld_qrv',
    initial: 2,
    min: 1,
    max: 7,
    rfc: 'RFC 3810 §9.1',
    doc: 'Robustness, where no querier says one: how often a change is told.',
  },
} as const satisfies SysctlSpec;

export const interfaceSysctls = {
  forcedVersion: {
    path: 'net.ipv6.conf.*.force_mld_version',
    initial: 0,
    min: 0,
    max: 2,
    combine: 'max',
    rfc: 'RFC 3810 §8.2.1',
    doc: 'The version that is spoken, whatever the queriers speak; 0 follows them.',
  },
  v1Interval: {
    path: 'net.ipv6.conf.*.mldv1_unsolicited_report_interval',
    initial: 10_000,
    min: 1,
    unit: 'ms',
    rfc: 'RFC 2710 §7.10',
    doc: 'Most time between the first two reports of version 1.',
  },
  v2Interval: {
    path: 'net.ipv6.conf.*.mldv2_unsolicited_report_interval',
    initial: 1_000,
    min: 1,
    unit: 'ms',
    rfc: 'RFC 3810 §9.11',
    doc: 'Most time between two reports of a change, version 2.',
  },
} as const satisfies SysctlSpec;
