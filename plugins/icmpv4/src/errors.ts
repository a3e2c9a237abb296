// What ICMP errors mean: to the sender, and to us when we send one.
import { ERRNO } from '@protoloom/contracts';
import { ICMP_DEST_UNREACH, ICMP_PARAMETERPROB, ICMP_TIME_EXCEEDED } from '@protoloom/contracts/icmp';
import * as problem from '@protoloom/contracts/ip';

interface Meaning {
  readonly errno: number;
  readonly fatal: boolean;
}

/** Codes of destination unreachable, as Linux's icmp_err_convert: RFC 1122 §3.2.2.1, §4.2.3.9. */
const UNREACHABLE: readonly Meaning[] = [
  { errno: ERRNO.ENETUNREACH, fatal: false },
  { errno: ERRNO.EHOSTUNREACH, fatal: false },
  { errno: ERRNO.ENOPROTOOPT, fatal: true },
  { errno: ERRNO.ECONNREFUSED, fatal: true },
  { errno: ERRNO.EMSGSIZE, fatal: false },
  { errno: ERRNO.EOPNOTSUPP, fatal: false },
  { errno: ERRNO.ENETUNREACH, fatal: true },
  { errno: ERRNO.EHOSTDOWN, fatal: true },
  { errno: ERRNO.ENONET, fatal: true },
  { errno: ERRNO.ENETUNREACH, fatal: true },
  { errno: ERRNO.EHOSTUNREACH, fatal: true },
  { errno: ERRNO.ENETUNREACH, fatal: false },
  { errno: ERRNO.EHOSTUNREACH, fatal: false },
  { errno: ERRNO.EHOSTUNREACH, fatal: true },
  { errno: ERRNO.EHOSTUNREACH, fatal: true },
  { errno: ERRNO.EHOSTUNREACH, fatal: true },
];
/** Linux's NR_ICMP_UNREACH. */
export const LAST_UNREACHABLE = UNREACHABLE.length - 1;
const TIME_EXCEEDED: Meaning = { errno: ERRNO.EHOSTUNREACH, fatal: false };
const PARAMETER: Meaning = { errno: ERRNO.EPROTO, fatal: true };
const OTHER: Meaning = { errno: ERRNO.EHOSTUNREACH, fatal: false };

export const FRAGMENTATION_NEEDED = 4;

export function meaning(type: number, code: number): Meaning {
  switch (type) {
    case ICMP_DEST_UNREACH:
      return UNREACHABLE[code] ?? OTHER;
    case ICMP_TIME_EXCEEDED:
      return TIME_EXCEEDED;
    case ICMP_PARAMETERPROB:
      return PARAMETER;
    default:
      return OTHER;
  }
}

/** Type and code under which a problem is reported, by PROBLEM_*. */
export const REPORTS: Readonly<Record<number, { readonly type: number; readonly code: number }>> = {
  [problem.PROBLEM_NET_UNREACHABLE]: { type: ICMP_DEST_UNREACH, code: 0 },
  [problem.PROBLEM_HOST_UNREACHABLE]: { type: ICMP_DEST_UNREACH, code: 1 },
  [problem.PROBLEM_PROTOCOL_UNREACHABLE]: { type: ICMP_DEST_UNREACH, code: 2 },
  [problem.PROBLEM_PORT_UNREACHABLE]: { type: ICMP_DEST_UNREACH, code: 3 },
  [problem.PROBLEM_TOO_BIG]: { type: ICMP_DEST_UNREACH, code: FRAGMENTATION_NEEDED },
  [problem.PROBLEM_PROHIBITED]: { type: ICMP_DEST_UNREACH, code: 13 },
  [problem.PROBLEM_TIME_EXCEEDED]: { type: ICMP_TIME_EXCEEDED, code: 0 },
  [problem.PROBLEM_REASSEMBLY_TIME]: { type: ICMP_TIME_EXCEEDED, code: 1 },
  [problem.PROBLEM_PARAMETER]: { type: ICMP_PARAMETERPROB, code: 0 },
};
