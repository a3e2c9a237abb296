// Counters of ICMPv6: group Icmp6 of /proc/net/snmp6. Those of a type that another plugin speaks are that plugin's.
import type { CounterSpec } from '@protoloom/contracts';

export const counters = {
  inMsgs: { unit: 'packets', mib: 'Icmp6.InMsgs', doc: 'Messages that came in.' },
  checksum: {
    unit: 'packets',
    mib: 'Icmp6.InCsumErrors',
    fate: 'ICMP_CSUM',
    adds: ['Icmp6.InErrors'],
    doc: 'Bad checksum. RFC 4443 §2.3.',
  },
  malformed: { unit: 'packets', fate: 'ICMP_MALFORMED', adds: ['Icmp6.InErrors'], doc: 'Too short, or quoting too little.' },
  smallMtu: {
    unit: 'packets',
    fate: 'ICMP6_SMALL_MTU',
    adds: ['Icmp6.InErrors'],
    doc: 'Packet too big with an MTU below 1280, which no link may have. RFC 8201 §4.',
  },
  inErrors: { unit: 'packets', fate: 'delivered', doc: 'Errors handed to the transport that owns the quoted packet.' },
  inDestUnreachs: { unit: 'packets', mib: 'Icmp6.InDestUnreachs', doc: 'Destination unreachable.' },
  inPktTooBigs: { unit: 'packets', mib: 'Icmp6.InPktTooBigs', doc: 'Packet too big.' },
  inTimeExcds: { unit: 'packets', mib: 'Icmp6.InTimeExcds', doc: 'Time exceeded.' },
  inParmProblems: { unit: 'packets', mib: 'Icmp6.InParmProblems', doc: 'Parameter problem.' },
  inEchos: { unit: 'packets', mib: 'Icmp6.InEchos', doc: 'Echo requests.' },
  inEchoReplies: { unit: 'packets', mib: 'Icmp6.InEchoReplies', doc: 'Echo replies.' },
  replied: { unit: 'packets', fate: 'replied', doc: 'Echo requests that were answered.' },
  unanswered: { unit: 'packets', fate: 'ICMP6_UNANSWERED', doc: 'Echo requests for whose answer there was no way back.' },
  ignored: {
    unit: 'packets',
    fate: 'ICMP_IGNORED',
    doc: 'Echo requests that a sysctl says to leave, and replies, which nobody here has asked for.',
  },
  unknownType: { unit: 'packets', fate: 'UNHANDLED_ICMP', doc: 'An informational type that nobody attaches to. RFC 4443 §2.4 (b).' },
  outMsgs: { unit: 'packets', mib: 'Icmp6.OutMsgs', doc: 'Messages sent.' },
  outEchoReplies: { unit: 'packets', mib: 'Icmp6.OutEchoReplies', doc: 'Echo replies sent.' },
  outDestUnreachs: { unit: 'packets', mib: 'Icmp6.OutDestUnreachs', doc: 'Destination unreachable sent.' },
  outPktTooBigs: { unit: 'packets', mib: 'Icmp6.OutPktTooBigs', doc: 'Packet too big sent.' },
  outTimeExcds: { unit: 'packets', mib: 'Icmp6.OutTimeExcds', doc: 'Time exceeded sent.' },
  outParmProblems: { unit: 'packets', mib: 'Icmp6.OutParmProblems', doc: 'Parameter problem sent.' },
  outRateLimitGlobal: {
    unit: 'packets',
    adds: ['Icmp.OutRateLimitGlobal'],
    doc: 'Not sent for icmp_msgs_per_sec, which both families share.',
  },
  outRateLimitHost: { unit: 'packets', mib: 'Icmp6.OutRateLimitHost', doc: 'Not sent for ratelimit.' },
  outErrors: { unit: 'packets', mib: 'Icmp6.OutErrors', doc: 'Not sent for want of a route, or because the way refused it.' },
} as const satisfies CounterSpec;
