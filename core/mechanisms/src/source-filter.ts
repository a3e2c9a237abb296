// Which sources of a group are wanted, and how the wishes of several are one: RFC 3376 §3.2, RFC 3810 §4.2.
import type { SourceFilter } from '@protoloom/contracts/multicast';
import { equalWords } from '@protoloom/wire';

/** Nobody is wanted: not a member. */
export const NO_SOURCE: SourceFilter = Object.freeze({ exclude: false, sources: Object.freeze([]) });
/** Everybody is wanted: a membership without a filter. */
export const ANY_SOURCE: SourceFilter = Object.freeze({ exclude: true, sources: Object.freeze([]) });

export function hasSource(sources: readonly Int32Array[], words: Int32Array, at: number): boolean {
  for (let i = 0; i < sources.length; i++) if (equalWords(sources[i] as Int32Array, 0, words, at)) return true;
  return false;
}

/** Whether the filter lets through what comes from the source in `words` at `at`. */
export const admits = ({ exclude, sources }: SourceFilter, words: Int32Array, at: number): boolean =>
  hasSource(sources, words, at) !== exclude;

const without = (sources: readonly Int32Array[], others: readonly Int32Array[]): Int32Array[] =>
  sources.filter((source) => !hasSource(others, source, 0));

/** Sources that `later` lets through and `earlier` did not, or the other way round, where both have the same mode. */
export function changedSources(earlier: SourceFilter, later: SourceFilter): Int32Array[] {
  return [...without(later.sources, earlier.sources), ...without(earlier.sources, later.sources)];
}

export const sameFilter = (one: SourceFilter, other: SourceFilter): boolean =>
  one.exclude === other.exclude && changedSources(one, other).length === 0;

/**
 * What an interface has to receive so that all of `filters` are served: where one of them excludes, what all those exclude and none
 * includes is excluded; else what any of them includes is included.
 */
export function mergeFilters(filters: readonly SourceFilter[]): SourceFilter {
  const included: Int32Array[] = [];
  for (const { exclude, sources } of filters) if (!exclude) included.push(...without(sources, included));
  const excluding = filters.filter(({ exclude }) => exclude);
  const [first, ...rest] = excluding;
  if (first === undefined) return { exclude: false, sources: included };
  const common = first.sources.filter((source) => rest.every(({ sources }) => hasSource(sources, source, 0)));
  return { exclude: true, sources: without(common, included) };
}
