// Counters of IPv6: /proc/net/snmp6.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  inReceives: { unit: 'packets', mib: 'Ip6.InReceives', doc: 'Packets that came in.' },
  inOctets: { unit: 'bytes', mib: 'Ip6.InOctets', doc: 'Their octets.' },
  inNoEctPkts: { unit: 'packets', mib: 'Ip6.InNoECTPkts', doc: 'With the codepoint Not-ECT.' },
  inEct1Pkts: { unit: 'packets', mib: 'Ip6.InECT1Pkts', doc: 'With the codepoint ECT(1).' },
  inEct0Pkts: { unit: 'packets', mib: 'Ip6.InECT0Pkts', doc: 'With the codepoint ECT(0).' },
  inCePkts: { unit: 'packets', mib: 'Ip6.InCEPkts', doc: 'With the codepoint CE.' },
  inDelivers: { unit: 'packets', mib: 'Ip6.InDelivers', doc: 'Handed to a transport.' },
  otherHost: { unit: 'packets', fate: 'OTHERHOST', doc: 'For another station of the link.' },
  malformed: { unit: 'packets', fate: 'IP_INHDR', adds: ['Ip6.InHdrErrors'], doc: 'No version 6, or an address that cannot be there.' },
  truncated: { unit: 'packets', mib: 'Ip6.InTruncatedPkts', fate: 'PKT_TOO_SMALL', doc: 'Shorter than its payload length says.' },
  notForUs: { unit: 'packets', mib: 'Ip6.InAddrErrors', fate: 'IP_INADDRERRORS', doc: 'For another host; forwarding is not plugged in.' },
  notMember: { unit: 'packets', fate: 'IP_NOT_MEMBER', doc: 'To a group that nobody here has joined.' },
  noNextHeader: { unit: 'packets', fate: 'IP6_NONEXT', doc: 'Ended by No Next Header. RFC 8200 §4.7.' },
  unknownProtocol: { unit: 'packets', mib: 'Ip6.InUnknownProtos', fate: 'IP_NOPROTO', doc: 'Nobody attaches to the next header.' },
  hooked: { unit: 'packets', fate: 'NETFILTER_DROP', doc: 'A packet hook ended it.' },
  outRequests: { unit: 'packets', mib: 'Ip6.OutRequests', doc: 'Packets that transports sent.' },
  outTransmits: { unit: 'packets', mib: 'Ip6.OutTransmits', doc: 'Packets handed to a link.' },
  outOctets: { unit: 'bytes', mib: 'Ip6.OutOctets', doc: 'Octets of those.' },
  outDiscards: { unit: 'packets', mib: 'Ip6.OutDiscards', doc: 'Dropped on the way out by a hook.' },
  fragFails: { unit: 'packets', mib: 'Ip6.FragFails', doc: 'Packets too long for their path.' },
} as const satisfies CounterSpec;
