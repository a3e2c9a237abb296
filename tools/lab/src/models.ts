// What publications say a controller carries: RFC 3649 §2 (after Mathis et al., 1997) for Reno, RFC 9438 §5.1 and §4.3 for CUBIC.
// Rates are in segments per second, `p` is the probability that a segment is lost, round trips are in seconds.

/** C of CUBIC, segments per second cubed; β_cubic. */
const C = 0.4;
const BETA = 0.7;

/**
 * Reno: sqrt(3 / (2 b p)) segments in flight on average.
 * @param b segments for which the window is increased once in a round trip of it. Where octets are counted (RFC 3465), as by ours and on
 * Linux, delayed acknowledgements change nothing and b is 1: the constant is 1.22.
 */
export const renoWindow = (p: number, b = 1): number => Math.sqrt(3 / (2 * b * p));

/** RFC 9438 §5.1 equation 6: the concave and convex regions. */
export const cubicCurveWindow = (p: number, rtt: number): number => ((C * (3 + BETA)) / (4 * (1 - BETA))) ** 0.25 * (rtt / p) ** 0.75;

/** CUBIC: the curve's window, or in the Reno-friendly region Reno's (RFC 9438 §4.3), whichever is larger. */
export const cubicWindow = (p: number, rtt: number): number => Math.max(cubicCurveWindow(p, rtt), renoWindow(p));

/** Segments that a controller sends from one overflow of a drop-tail queue to the next, where pipe and queue hold `most` of them. */
export function sawtoothSegments(controller: string, most: number, pipe: number, rate: number): number {
  if (controller !== 'cubic') return (0.5 * most * (0.5 * most + most)) / 2;
  const k = Math.cbrt((most * (1 - BETA)) / C);
  // In the Reno-friendly region it is back sooner: α segments in a round trip.
  const alpha = (3 * (1 - BETA)) / (1 + BETA);
  const rounds = (most * (1 - BETA)) / alpha;
  return Math.min(k * rate, rounds * Math.max(pipe, ((1 + BETA) / 2) * most));
}

/** Jain's index of fairness: 1 where all have the same. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : (sum * sum) / (shares.length * squares);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}
