// Sequence numbers, RFC 9293 §3.4: int32, compared modulo 2^32.

/** a + n. */
export const seqAdd = (a: number, n: number): number => (a + n) | 0;
/** How far `a` is ahead of `b`; negative where it is behind. */
export const seqDiff = (a: number, b: number): number => (a - b) | 0;
export const seqLt = (a: number, b: number): boolean => ((a - b) | 0) < 0;
export const seqLeq = (a: number, b: number): boolean => ((a - b) | 0) <= 0;
export const seqGt = (a: number, b: number): boolean => ((a - b) | 0) > 0;
export const seqGeq = (a: number, b: number): boolean => ((a - b) | 0) >= 0;
export const seqMax = (a: number, b: number): number => (((a - b) | 0) >= 0 ? a : b);
export const seqMin = (a: number, b: number): number => (((a - b) | 0) <= 0 ? a : b);
/** low <= x < high. */
export const seqBetween = (low: number, x: number, high: number): boolean => (x - low) >>> 0 < (high - low) >>> 0;
