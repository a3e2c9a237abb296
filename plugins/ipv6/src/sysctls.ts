// Sysctls of IPv6.
import type { SysctlSpec } from '@protoloom/contracts';

export const sysctls = {
  autoFlowLabels: {
    path: 'net.ipv6.auto_flowlabels',
    initial: 1,
    min: 0,
    max: 3,
    rfc: 'RFC 6437 §3',
    doc: 'Packets have labels of their flows: 0 none, 1 unless IPV6_AUTOFLOWLABEL declines, 2 where it asks, 3 all.',
  },
  flowLabelStateRanges: {
    path: 'net.ipv6.flowlabel_state_ranges',
    initial: 0,
    min: 0,
    max: 1,
    doc: '1: labels of that kind have their highest bit set.',
  },
  bindV6Only: {
    path: 'net.ipv6.bindv6only',
    initial: 0,
    min: 0,
    max: 1,
    rfc: 'RFC 3493 §5.3',
    doc: '1: new sockets are for IPv6 alone (IPV6_V6ONLY).',
  },
  nonlocalBind: {
    path: 'net.ipv6.ip_nonlocal_bind',
    initial: 0,
    min: 0,
    max: 1,
    doc: 'Sockets may be bound to addresses that are not ours.',
  },
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
    doc: 'Hop limit of packets whose sender and route say none. Routers that advertise one set it.',
  },
  mtu: {
    path: 'net.ipv6.conf.*.mtu',
    initial: 1280,
    min: 1280,
    max: 65_535,
    unit: 'bytes',
    rfc: 'RFC 4861 §6.3.4',
    doc: 'Longest packet on the interface, as far as that has room. It starts as the interface’s MTU; routers that advertise one set it.',
  },
  disableIpv6: {
    path: 'net.ipv6.conf.*.disable_ipv6',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'each',
    doc: '1: the interface has no address of IPv6, and no packet comes in or leaves.',
  },
  dropUnicastInL2Multicast: {
    path: 'net.ipv6.conf.*.drop_unicast_in_l2_multicast',
    initial: 0,
    min: 0,
    max: 1,
    doc: '1 drops unicast packets that came in broadcast or multicast frames.',
  },
  keepAddrOnDown: {
    path: 'net.ipv6.conf.*.keep_addr_on_down',
    initial: 0,
    min: -1,
    max: 1,
    combine: 'or',
    doc: 'Whether an interface that goes down keeps its addresses: those that are for ever, and no link-local one. 0 and less: no.',
  },
} as const satisfies SysctlSpec;
