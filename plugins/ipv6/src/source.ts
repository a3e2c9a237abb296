// Which of our addresses a packet leaves from: RFC 6724 §5, in the order of Linux's ipv6_get_saddr_eval.
import type { Cell, Interface } from '@protoloom/contracts';
import { type LocalAddress, RT_SCOPE_LINK } from '@protoloom/contracts/ip';
import { IPV6_PREFER_SRC_PUBLIC, IPV6_PREFER_SRC_TMP, type Ip6TemporaryAddresses } from '@protoloom/contracts/ipv6';
import { commonPrefixBits, equalWords, isMulticastWords } from '@protoloom/wire';
import type { LabelTable } from './address-labels.js';
import { scope } from './addresses.js';

export class SourceSelection {
  readonly #labels: LabelTable;
  readonly #temporary: Cell<Ip6TemporaryAddresses>;
  // The question at hand.
  #iface: Interface | undefined;
  #words: Int32Array = new Int32Array(4);
  #at = 0;
  #reach = 0;
  #label = 0;
  #preferences = 0;

  constructor(labels: LabelTable, temporary: Cell<Ip6TemporaryAddresses>) {
    this.#labels = labels;
    this.#temporary = temporary;
  }

  /** The best of `candidates` towards `words` at `at`, or undefined; of equals the last one, as on Linux. */
  select(
    candidates: readonly LocalAddress[],
    iface: Interface,
    words: Int32Array,
    at: number,
    preferences: number,
  ): LocalAddress | undefined {
    this.#iface = iface;
    this.#words = words;
    this.#at = at;
    this.#reach = scope(words, at);
    this.#label = this.#labels.of(words, at, iface);
    this.#preferences = preferences;
    // RFC 6724 §4: a link, or a group, is spoken to from an address of the interface.
    const onLink = this.#reach >= RT_SCOPE_LINK || isMulticastWords(words, at);
    let best: LocalAddress | undefined;
    for (let i = candidates.length - 1; i >= 0; i--) {
      const candidate = candidates[i] as LocalAddress;
      if (!candidate.usable || (onLink && candidate.iface !== iface)) continue;
      if (best === undefined || this.#isBetter(candidate, best)) best = candidate;
    }
    return best;
  }

  #isBetter(one: LocalAddress, other: LocalAddress): boolean {
    const reach = this.#reach;
    const words = this.#words;
    const at = this.#at;
    // Rule 1: prefer same address.
    const same = equalWords(one.words, 0, words, at);
    if (same !== equalWords(other.words, 0, words, at)) return same;
    // Rule 2: prefer appropriate scope.
    if (one.scope !== other.scope) return one.scope > other.scope ? one.scope <= reach : other.scope > reach;
    // Rule 3: avoid deprecated addresses.
    if (one.deprecated !== other.deprecated) return other.deprecated;
    // Rule 5: prefer outgoing interface.
    const outgoing = one.iface === this.#iface;
    if (outgoing !== (other.iface === this.#iface)) return outgoing;
    // Rule 6: prefer matching label.
    const labelled = this.#labels.of(one.words, 0, one.iface) === this.#label;
    if (labelled !== (this.#labels.of(other.words, 0, other.iface) === this.#label)) return labelled;
    // Rule 7: prefer temporary addresses, or public ones: RFC 5014, use_tempaddr.
    const wanted = this.#isWanted(one);
    if (wanted !== this.#isWanted(other)) return wanted;
    // Rule 8: use longest matching prefix.
    return this.#common(one) > this.#common(other);
  }

  #isWanted({ temporary, iface }: LocalAddress): boolean {
    const preferences = this.#preferences;
    if ((preferences & (IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP)) !== 0)
      return temporary === ((preferences & IPV6_PREFER_SRC_TMP) !== 0);
    return temporary === (this.#temporary.now?.preferred(iface) ?? false);
  }

  /** Bits in common with the destination, of the subnet's. */
  #common({ words, prefixLength }: LocalAddress): number {
    return Math.min(commonPrefixBits(words, 0, this.#words, this.#at), prefixLength);
  }
}
