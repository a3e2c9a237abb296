// What becomes of ARP packets. Linux counts but one of these.
import type { CounterSpec } from '@protoloom/contracts';
import { neighbourCounters } from '@protoloom/contracts/neighbour';

export const counters = {
  ...neighbourCounters('arp_cache'),
  inRequests: { unit: 'packets', doc: 'Well-formed requests.' },
  inReplies: { unit: 'packets', doc: 'Well-formed replies.' },
  outRequests: { unit: 'packets', doc: 'Requests sent, announcements among them.' },
  outReplies: { unit: 'packets', doc: 'Replies sent.' },
  answered: { unit: 'packets', fate: 'replied', doc: 'Requests for an address of ours, answered.' },
  learned: {
    unit: 'packets',
    fate: 'delivered',
    doc: 'Handed to the neighbour of the sender, which was known or is made because arp_accept says so.',
  },
  notForUs: { unit: 'packets', fate: 'ARP_NOT_FOR_US', doc: 'Between others, from a sender of whom nothing is kept.' },
  truncated: { unit: 'packets', fate: 'ARP_TRUNCATED', doc: 'Shorter than 28 octets.' },
  otherHost: { unit: 'packets', fate: 'ARP_OTHERHOST', doc: 'In a frame for another station (promiscuous interface).' },
  noArp: { unit: 'packets', fate: 'ARP_NOARP', doc: 'On an interface without ARP.' },
  hardwareType: { unit: 'packets', fate: 'ARP_HARDWARE_TYPE', doc: 'ar$hrd is not Ethernet, or the link is not.' },
  protocolType: { unit: 'packets', fate: 'ARP_PROTOCOL_TYPE', doc: 'ar$pro is not IPv4.' },
  addressLength: { unit: 'packets', fate: 'ARP_ADDRESS_LENGTH', doc: 'ar$hln is not 6 or ar$pln not 4.' },
  operation: { unit: 'packets', fate: 'ARP_OPERATION', doc: 'Neither request nor reply.' },
  badSender: { unit: 'packets', fate: 'ARP_SENDER', doc: 'Sender hardware address zero or of a group (RFC 1812 §3.3.2).' },
  looped: { unit: 'packets', fate: 'ARP_LOOPED', doc: 'Our own, come back.' },
  badTarget: { unit: 'packets', fate: 'ARP_TARGET', doc: 'For a multicast or loopback address.' },
  gratuitousDropped: { unit: 'packets', fate: 'ARP_GRATUITOUS', doc: 'Refused by drop_gratuitous_arp.' },
  ignored: { unit: 'packets', fate: 'ARP_IGNORED', doc: 'Requests for an address of ours that arp_ignore leaves unanswered.' },
  filtered: { unit: 'packets', mib: 'TcpExt.ArpFilter', fate: 'ARP_FILTER', doc: 'Requests that arp_filter leaves unanswered.' },
  tableFull: { unit: 'packets', fate: 'ARP_TABLE_FULL', doc: 'Left unanswered, or not learnt, because no neighbour could be made.' },
} as const satisfies CounterSpec;
