// What ICMPv6 errors mean: to the sender, and to us when we send one.
import { ERRNO } from '@protoloom/contracts';
import { ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_PARAM_PROB, ICMP6_TIME_EXCEEDED } from '@protoloom/contracts/icmp';
import * as problem from '@protoloom/contracts/ip';

interface Meaning {
  readonly errno: number;
  readonly fatal: boolean;
}

/** Codes of destination unreachable, RFC 4443 §3.1, as Linux's icmpv6_err_convert. */
const UNREACHABLE: readonly Meaning[] = [
  { errno: ERRNO.ENETUNREACH, fatal: false },
  { errno: ERRNO.EACCES, fatal: true },
  { errno: ERRNO.EHOSTUNREACH, fatal: false },
  { errno: ERRNO.EHOSTUNREACH, fatal: false },
  { errno: ERRNO.ECONNREFUSED, fatal: true },
  { errno: ERRNO.EACCES, fatal: true },
  { errno: ERRNO.EACCES, fatal: true },
];
const UNKNOWN_CODE: Meaning = { errno: ERRNO.EPROTO, fatal: true };
const TOO_BIG: Meaning = { errno: ERRNO.EMSGSIZE, fatal: false };
const TIME_EXCEEDED: Meaning = { errno: ERRNO.EHOSTUNREACH, fatal: false };
const PARAMETER: Meaning = { errno: ERRNO.EPROTO, fatal: true };
/** RFC 4443 §2.4 (a): a type that is not known is handed on all the same. */
const UNKNOWN_TYPE: Meaning = { errno: ERRNO.EPROTO, fatal: false };

export function meaning(type: number, code: number): Meaning {
  switch (type) {
    case ICMP6_DST_UNREACH:
      return UNREACHABLE[code] ?? UNKNOWN_CODE;
    case ICMP6_PACKET_TOO_BIG:
      return TOO_BIG;
    case ICMP6_TIME_EXCEEDED:
      return TIME_EXCEEDED;
    case ICMP6_PARAM_PROB:
      return PARAMETER;
    default:
      return UNKNOWN_TYPE;
  }
}

/** Type and code under which a problem is reported, by PROBLEM_*: RFC 4443 §3. */
export const REPORTS: Readonly<Record<number, { readonly type: number; readonly code: number }>> = {
  [problem.PROBLEM_NET_UNREACHABLE]: { type: ICMP6_DST_UNREACH, code: 0 },
  [problem.PROBLEM_PROHIBITED]: { type: ICMP6_DST_UNREACH, code: 1 },
  [problem.PROBLEM_HOST_UNREACHABLE]: { type: ICMP6_DST_UNREACH, code: 3 },
  [problem.PROBLEM_PORT_UNREACHABLE]: { type: ICMP6_DST_UNREACH, code: 4 },
  [problem.PROBLEM_TOO_BIG]: { type: ICMP6_PACKET_TOO_BIG, code: 0 },
  [problem.PROBLEM_TIME_EXCEEDED]: { type: ICMP6_TIME_EXCEEDED, code: 0 },
  [problem.PROBLEM_REASSEMBLY_TIME]: { type: ICMP6_TIME_EXCEEDED, code: 1 },
  [problem.PROBLEM_PARAMETER]: { type: ICMP6_PARAM_PROB, code: 0 },
  [problem.PROBLEM_UNKNOWN_HEADER]: { type: ICMP6_PARAM_PROB, code: 1 },
  [problem.PROBLEM_UNKNOWN_OPTION]: { type: ICMP6_PARAM_PROB, code: 2 },
  [problem.PROBLEM_INCOMPLETE_HEADERS]: { type: ICMP6_PARAM_PROB, code: 3 },
};
