// What an IPv6 address is by its own form, its text, and which of ours is the best source: RFC 4291, RFC 4007, RFC 6724 §5.
import type { Interface } from '@protoloom/contracts';
import {
  type LocalAddress,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_SITE,
  RT_SCOPE_UNIVERSE,
  RTN_MULTICAST,
  RTN_UNICAST,
} from '@protoloom/contracts/ip';
import { commonPrefixBits, equalWords, Ip6Address, isLinkLocalWords, isLoopbackWords, isMulticastWords } from '@protoloom/wire';
import { label } from './policy-table.js';

export const destinationType = (words: Int32Array, at: number): number => (isMulticastWords(words, at) ? RTN_MULTICAST : RTN_UNICAST);

/** RFC 4291 §2.7: never a group. */
export const mayBeSource = (words: Int32Array, at: number): boolean => !isMulticastWords(words, at);

/** RFC 4007 §5; of a group by its scope field, RFC 4291 §2.7. */
export function scope(words: Int32Array, at: number): number {
  if (isMulticastWords(words, at)) {
    const field = ((words[at] as number) >>> 16) & 0xf;
    return field <= 1 ? RT_SCOPE_HOST : field === 2 ? RT_SCOPE_LINK : field <= 5 ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
  }
  if (isLoopbackWords(words, at)) return RT_SCOPE_HOST;
  return isLinkLocalWords(words, at) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** Whether `one` is a better source than `other`: RFC 6724 §5, rules 1, 2, 3, 5, 6 and 8 in their order. */
function isBetter(one: LocalAddress, other: LocalAddress, iface: Interface, words: Int32Array, at: number, reach: number): boolean {
  const same = equalWords(one.words, 0, words, at);
  if (same || equalWords(other.words, 0, words, at)) return same;
  if (one.scope !== other.scope) return one.scope > other.scope ? one.scope <= reach : other.scope > reach;
  if (one.deprecated !== other.deprecated) return other.deprecated;
  if ((one.iface === iface) !== (other.iface === iface)) return one.iface === iface;
  const wanted = label(words, at);
  const labelled = label(one.words, 0) === wanted;
  if (labelled !== (label(other.words, 0) === wanted)) return labelled;
  const common = Math.min(commonPrefixBits(one.words, 0, words, at), one.prefixLength);
  return common > Math.min(commonPrefixBits(other.words, 0, words, at), other.prefixLength);
}

export function selectSource(
  candidates: readonly LocalAddress[],
  iface: Interface,
  words: Int32Array,
  at: number,
): LocalAddress | undefined {
  const reach = scope(words, at);
  let best: LocalAddress | undefined;
  for (const candidate of candidates) {
    // RFC 6724 §4: a link is spoken to from an address of the interface on it.
    if (!candidate.usable || (candidate.iface !== iface && reach >= RT_SCOPE_LINK)) continue;
    if (best === undefined || isBetter(candidate, best, iface, words, at, reach)) best = candidate;
  }
  return best;
}

export function parse(text: string, words: Int32Array, at: number): boolean {
  const address = Ip6Address.tryParse(text);
  if (address === undefined || address.zone !== '') return false;
  address.toWords(words, at);
  return true;
}

export const format = (words: Int32Array, at: number): string => Ip6Address.fromWords(words, at).toString();
