// Sysctls that every network family and transport shares.
import type { SysctlSpec, SysctlValue } from '@protoloom/contracts';
import { parsePorts } from './local-ports.js';

const isRange = (value: SysctlValue): string | undefined => {
  const [low = 0, high = 0] = value as readonly number[];
  return low < high ? undefined : 'takes a low port and a higher one';
};

const arePorts = (value: SysctlValue): string | undefined => {
  try {
    parsePorts(String(value));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

export const sysctls = {
  localPortRange: {
    path: 'net.ipv4.ip_local_port_range',
    initial: [32_768, 60_999],
    min: 1,
    max: 65_535,
    validate: isRange,
    rfc: 'RFC 6056 §3.2',
    doc: 'Ports that are chosen for sockets which are not bound, first and last.',
  },
  localReservedPorts: {
    path: 'net.ipv4.ip_local_reserved_ports',
    initial: '',
    validate: arePorts,
    doc: 'Ports in that range which are never chosen: 8080,9148-9200.',
  },
  unprivilegedPortStart: {
    path: 'net.ipv4.ip_unprivileged_port_start',
    initial: 1024,
    min: 0,
    max: 65_535,
    doc: 'The first port that needs no privilege; for hosts that have privileges to check.',
  },
  icmpMsgsPerSec: {
    path: 'net.ipv4.icmp_msgs_per_sec',
    initial: 1000,
    min: 0,
    doc: 'Limited ICMP messages of both families to all destinations in a second.',
  },
  icmpMsgsBurst: { path: 'net.ipv4.icmp_msgs_burst', initial: 50, min: 0, doc: 'So many of them at once.' },
} as const satisfies SysctlSpec;
