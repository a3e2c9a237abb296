// Linux's sysctls of ARP, with its ways of combining `all` with the interface's own.
import type { SysctlSpec } from '@protoloom/contracts';
import { neighbourSysctls, neighbourThresholds } from '@protoloom/contracts/neighbour';

export const sysctls = neighbourThresholds('ipv4');

export const interfaceSysctls = {
  ...neighbourSysctls('ipv4'),
  arpIgnore: {
    path: 'net.ipv4.conf.*.arp_ignore',
    initial: 0,
    min: 0,
    max: 8,
    combine: 'max',
    doc: 'Which requests are answered: 0 for any address of ours; 1 for one of the interface; 2 the same, the sender being in its subnet; 3 unless its scope is host; 8 none.',
  },
  arpAnnounce: {
    path: 'net.ipv4.conf.*.arp_announce',
    initial: 0,
    min: 0,
    max: 2,
    combine: 'max',
    doc: 'Which source address requests have: 0 that of the packet; 1 the same if it is in a subnet with the target; 2 always the best of the interface.',
  },
  arpFilter: {
    path: 'net.ipv4.conf.*.arp_filter',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'or',
    doc: '1 answers only if packets to the sender would leave by the interface that asked.',
  },
  arpAccept: {
    path: 'net.ipv4.conf.*.arp_accept',
    initial: 0,
    min: 0,
    max: 2,
    combine: 'max',
    doc: '1 makes neighbours from ARP that nobody asked for; 2 only where the sender is in a subnet of the interface.',
  },
  arpNotify: {
    path: 'net.ipv4.conf.*.arp_notify',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'max',
    doc: '1 announces the addresses when the interface comes up or its link address changes.',
  },
  arpEvictNocarrier: {
    path: 'net.ipv4.conf.*.arp_evict_nocarrier',
    initial: 1,
    min: 0,
    max: 1,
    combine: 'and',
    doc: '1 forgets the neighbours when the carrier is lost.',
  },
  dropGratuitousArp: {
    path: 'net.ipv4.conf.*.drop_gratuitous_arp',
    initial: 0,
    min: 0,
    max: 1,
    combine: 'or',
    doc: '1 drops ARP whose sender is its target.',
  },
} as const satisfies SysctlSpec;
