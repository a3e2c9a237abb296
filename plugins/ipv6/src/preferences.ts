// IPV6_ADDR_PREFERENCES: which of our addresses a socket would rather speak from, RFC 5014.
import { ERRNO } from '@protoloom/contracts';
import {
  IPV6_PREFER_SRC_CGA,
  IPV6_PREFER_SRC_COA,
  IPV6_PREFER_SRC_HOME,
  IPV6_PREFER_SRC_NONCGA,
  IPV6_PREFER_SRC_PUBLIC,
  IPV6_PREFER_SRC_PUBTMP_DEFAULT,
  IPV6_PREFER_SRC_TMP,
} from '@protoloom/contracts/ipv6';

const PUBLIC_OR_TEMPORARY = IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP;

/** Bits of a set of alternatives, of which at most one may be asked for. */
const atMostOne = (value: number, ...alternatives: readonly number[]): boolean =>
  alternatives.filter((one) => (value & one) !== 0).length <= 1;

/**
 * The preferences that hold when a socket that has `now` asks for `value`, or -EINVAL where that contradicts itself. As on Linux, one
 * alternative of each set that is asked about replaces what was there, and cryptographically generated addresses are not told apart.
 */
export function readPreferences(now: number, value: number): number {
  if (
    !atMostOne(value, IPV6_PREFER_SRC_PUBLIC, IPV6_PREFER_SRC_TMP, IPV6_PREFER_SRC_PUBTMP_DEFAULT) ||
    !atMostOne(value, IPV6_PREFER_SRC_HOME, IPV6_PREFER_SRC_COA) ||
    !atMostOne(value, IPV6_PREFER_SRC_CGA, IPV6_PREFER_SRC_NONCGA)
  )
    return -ERRNO.EINVAL;
  let next = now;
  if ((value & (PUBLIC_OR_TEMPORARY | IPV6_PREFER_SRC_PUBTMP_DEFAULT)) !== 0)
    next = (next & ~PUBLIC_OR_TEMPORARY) | (value & PUBLIC_OR_TEMPORARY);
  if ((value & (IPV6_PREFER_SRC_HOME | IPV6_PREFER_SRC_COA)) !== 0) next = (next & ~IPV6_PREFER_SRC_COA) | (value & IPV6_PREFER_SRC_COA);
  return next;
}

/** As getsockopt(2) tells them: what is not asked for has a bit too. */
export const preferencesOf = (preferences: number): number =>
  ((preferences & PUBLIC_OR_TEMPORARY) !== 0 ? preferences & PUBLIC_OR_TEMPORARY : IPV6_PREFER_SRC_PUBTMP_DEFAULT) |
  ((preferences & IPV6_PREFER_SRC_COA) !== 0 ? IPV6_PREFER_SRC_COA : IPV6_PREFER_SRC_HOME);
