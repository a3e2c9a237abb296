// What an IPv4 address is by its own form, its text, and which of ours is the best source: RFC 1122 §3.2.1.3 and §3.3.4.3, RFC 3927.
import type { Interface } from '@protoloom/contracts';
import {
  type LocalAddress,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_BROADCAST,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTN_UNSPEC,
} from '@protoloom/contracts/ip';
import { type AddressFamily, AF_INET } from '@protoloom/contracts/socket';
import {
  Ip4Address,
  ip4IsLinkLocal,
  ip4IsLoopback,
  ip4IsMulticast,
  ip4IsReserved,
  ip4IsZeroNet,
  isMappedWords,
  matchWords,
} from '@protoloom/wire';

/** The last word of an address in either of its forms: mapped, or all zero for "any". */
const wordOf = (words: Int32Array, at: number): number => words[at + 3] as number;

export function destinationType(words: Int32Array, at: number): number {
  const word = wordOf(words, at);
  if (word === -1) return RTN_BROADCAST;
  if (ip4IsMulticast(word)) return RTN_MULTICAST;
  if (ip4IsReserved(word)) return RTN_UNSPEC;
  // 0.0.0.0 as a destination is this host: whoever resolves it says so (Linux: loopback).
  return RTN_UNICAST;
}

/** Unicast, and not 0/8 or 240/4. 0.0.0.0 itself is a host's that has no address yet. */
export function mayBeSource(words: Int32Array, at: number): boolean {
  const word = wordOf(words, at);
  return !(word === -1 || ip4IsMulticast(word) || ip4IsReserved(word) || (ip4IsZeroNet(word) && word !== 0));
}

/** Linux's inet scopes: loopback is the host's, 169.254/16 the link's. */
export function scope(words: Int32Array, at: number): number {
  const word = wordOf(words, at);
  return ip4IsLoopback(word) ? RT_SCOPE_HOST : ip4IsLinkLocal(word) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** As inet_select_addr: the primary address whose subnet the target is in, else the first that reaches as far. */
export function selectSource(
  candidates: readonly LocalAddress[],
  _iface: Interface,
  words: Int32Array,
  at: number,
): LocalAddress | undefined {
  const reach = scope(words, at);
  let fallback: LocalAddress | undefined;
  for (const candidate of candidates) {
    if (!candidate.usable || candidate.secondary || candidate.scope > Math.max(reach, RT_SCOPE_LINK)) continue;
    if (matchWords(candidate.words, 0, words, at, candidate.prefixLength + 96)) return candidate;
    fallback ??= candidate;
  }
  return fallback;
}

export function parse(text: string, words: Int32Array, at: number): boolean {
  const address = Ip4Address.tryParse(text);
  if (address === undefined) return false;
  address.toWords(words, at);
  return true;
}

export const format = (words: Int32Array, at: number): string => Ip4Address.fromWords(words, at).toString();

/** AF_INET for sockets. */
export const addressFamily: AddressFamily = {
  name: 'AF_INET',
  parse(text, into) {
    if (!parse(text, into.words, 0)) return false;
    into.family = AF_INET;
    return true;
  },
  format: ({ words }) => (isMappedWords(words, 0) || words.every((word) => word === 0) ? format(words, 0) : ''),
};
