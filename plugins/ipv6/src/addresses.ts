// What an IPv6 address is by its own form, and its text: RFC 4291, RFC 4007.
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_SITE, RT_SCOPE_UNIVERSE, RTN_MULTICAST, RTN_UNICAST } from '@protoloom/contracts/ip';
import { Ip6Address, isLinkLocalWords, isLoopbackWords, isMulticastWords } from '@protoloom/wire';

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

export function parse(text: string, words: Int32Array, at: number): boolean {
  const address = Ip6Address.tryParse(text);
  if (address === undefined || address.zone !== '') return false;
  address.toWords(words, at);
  return true;
}

export const format = (words: Int32Array, at: number): string => Ip6Address.fromWords(words, at).toString();
