// Sysctls of IGMP: Linux's names and defaults.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  linkLocalReports: {
    path: 'net.ipv4.igmp_link_local_mcast_reports',
    initial: 1,
    min: 0,
    max: 1,
    doc: '0 leaves groups of 224.0.0.0/24 unreported.',
  },
  robustness: {
    path: 'net.ipv4.igmp_qrv',
    initial: 2,
    min: 1,
    max: 7,
    rfc: 'RFC 3376 §8.1',
    doc: 'Robustness, where no querier says one: how often a change is told.',
  },
} as const satisfies SysctlSpec;

export const interfaceSysctls = {
  forcedVersion: {
    path: 'net.ipv4.conf.*.force_igmp_version',
    initial: 0,
    min: 0,
    max: 3,
    combine: 'max',
    rfc: 'RFC 3376 §7.2.1',
    doc: 'The version that is spoken, whatever the queriers speak; 0 follows them.',
  },
  v2Interval: {
    path: 'net.ipv4.conf.*.igmpv2_unsolicited_report_interval',
    initial: 10_000,
    min: 1,
    unit: 'ms',
    rfc: 'RFC 2236 §8.10',
    doc: 'Most time between the first two reports of versions 1 and 2.',
  },
  v3Interval: {
    path: 'net.ipv4.conf.*.igmpv3_unsolicited_report_interval',
    initial: 1_000,
    min: 1,
    unit: 'ms',
    rfc: 'RFC 3376 §8.11',
    doc: 'Most time between two reports of a change, version 3.',
  },
} as const satisfies SysctlSpec;
