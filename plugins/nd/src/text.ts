// Addresses as the control surfaces take them.
import { Ip6Address } from '@protoloom/wire';

/** Text of the address in `words` at `at`. */
export const textOf = (words: Int32Array, at = 0): string => Ip6Address.fromWords(words, at).toString();
