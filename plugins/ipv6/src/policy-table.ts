// Labels of addresses: the default policy table of RFC 6724 §2.1, which source selection reads.
import { isMappedWords } from '@protoloom/wire';

const LOOPBACK = 0;
const EVERYTHING = 1;
const SIX_TO_FOUR = 2;
const COMPATIBLE = 3;
const MAPPED = 4;
const TEREDO = 5;
const SITE_LOCAL = 11;
const SIX_BONE = 12;
const UNIQUE_LOCAL = 13;

/** The label of the longest prefix that holds the address. */
export function label(words: Int32Array, at: number): number {
  const first = words[at] as number;
  if (first === 0 && words[at + 1] === 0) {
    if (isMappedWords(words, at)) return MAPPED;
    if (words[at + 2] === 0) return words[at + 3] === 1 ? LOOPBACK : COMPATIBLE;
    return EVERYTHING;
  }
  if (first === 0x20010000) return TEREDO;
  if (first >>> 16 === 0x2002) return SIX_TO_FOUR;
  if (first >>> 16 === 0x3ffe) return SIX_BONE;
  if (first >>> 25 === 0xfc >>> 1) return UNIQUE_LOCAL;
  return first >>> 22 === 0xfec0 >>> 6 ? SITE_LOCAL : EVERYTHING;
}
