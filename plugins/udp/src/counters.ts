// Counters of UDP: group Udp of /proc/net/snmp, as Linux moves them.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  inDatagrams: { unit: 'packets', mib: 'Udp.InDatagrams', doc: 'Read by users; not those that they only peeked at.' },
  queued: { unit: 'packets', fate: 'delivered', doc: 'Queued on a socket, or on several.' },
  noPorts: {
    unit: 'packets',
    mib: 'Udp.NoPorts',
    fate: 'NO_SOCKET',
    doc: 'No socket bound to the port; answered with port unreachable where ICMP is plugged in.',
  },
  notJoined: { unit: 'packets', mib: 'Udp.IgnoredMulti', fate: 'UDP_IGNORED_MULTI', doc: 'To a group or to all, and no socket wants it.' },
  malformed: { unit: 'packets', fate: 'UDP_MALFORMED', adds: ['Udp.InErrors'], doc: 'Too short, or an impossible length field.' },
  checksum: {
    unit: 'packets',
    mib: 'Udp.InCsumErrors',
    fate: 'UDP_CSUM',
    adds: ['Udp.InErrors'],
    doc: 'Bad checksum, or none where the family wants one.',
  },
  rcvbufErrors: {
    unit: 'packets',
    mib: 'Udp.RcvbufErrors',
    fate: 'SOCKET_RCVBUFF',
    adds: ['Udp.InErrors'],
    doc: 'The receive buffer of every socket that wanted it was full.',
  },
  copiesDropped: {
    unit: 'packets',
    adds: ['Udp.RcvbufErrors', 'Udp.InErrors'],
    doc: 'Copies for members of a group, and pieces of a coalesced datagram, that found a full buffer while others were queued.',
  },
  outDatagrams: { unit: 'packets', mib: 'Udp.OutDatagrams', doc: 'Sent.' },
  sndbufErrors: { unit: 'packets', mib: 'Udp.SndbufErrors', doc: 'Not sent: the send buffer was full.' },
} as const satisfies CounterSpec;
