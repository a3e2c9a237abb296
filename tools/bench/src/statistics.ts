// Medians, and how sure they are: without any assumption about how the figures scatter.

/** @param values at least one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

export interface Interval {
  readonly from: number;
  readonly to: number;
  /** Probability that it holds the true median: at least 0.95 where there are values enough (six). */
  readonly coverage: number;
}

/**
 * The narrowest interval between two of the values, as far from the least as from the greatest, that holds the median with 95 % (order
 * statistics: the median lies between the k-th and the k-th from the end unless fewer than k values are on one side of it, which is binomial).
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  let term = 0.5 ** count; // probability of exactly `cut` values on one side
  let cut = 0;
  let coverage = 1 - 2 * term;
  outside = 2 * term;
  while (2 * (cut + 2) <= count) {
    term = (term * (count - cut)) / (cut + 1);
    if (1 - outside - 2 * term < 0.95) break;
    outside += 2 * term;
    coverage = 1 - outside;
    cut++;
  }
  return { from: sorted[cut] as number, to: sorted[count - 1 - cut] as number, coverage: Math.max(coverage, 0) };
}

/** A median with its interval, and how many values it comes from. */
export interface Estimate extends Interval {
  readonly median: number;
  readonly count: number;
}

/** Of those values that are numbers; undefined where there are none. */
export function estimate(values: readonly number[]): Estimate | undefined {
  const numbers = values.filter((value) => Number.isFinite(value));
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), count: numbers.length, ...medianInterval(numbers) };
}

/** Half the interval's width, as a part of the median: how noisy a figure is. NaN where one value alone says nothing of it. */
export const noise = ({ median: middle, from, to, count }: Estimate): number =>
  count < 2 ? Number.NaN : (to - from) / 2 / Math.abs(middle);
