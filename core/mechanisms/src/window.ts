// Arithmetic of window-driven congestion controllers: RFC 5681 §3.1, RFC 3465.
import type { AckEvent } from '@protoloom/contracts/tcp';

/**
 * Octets of an acknowledgement for which a window may grow: all packets that it tells to have arrived, each taken for a full one of `mss` octets,
 * as a window of them holds no more where they are short; where SND.UNA moves, so that what was SACKed before does not count again when a recovery
 * ends. Where segments are reordered, SACKs count by themselves. As Linux counts.
 */
export function countedOctets(ack: Pick<AckEvent, 'acked' | 'delivered' | 'packets' | 'reordered'>, mss: number): number {
  if (ack.acked <= 0 && ack.reordered !== true) return 0;
  return ack.packets === undefined ? ack.delivered : ack.packets * mss;
}

/**
 * Slow start: cwnd grows by what was acknowledged, up to ssthresh (RFC 5681 equation 2, RFC 3465 §2.2 with L unbounded, as Linux counts).
 * @returns the octets of `acked` beyond ssthresh, for congestion avoidance.
 */
export function slowStart(window: { cwnd: number; readonly ssthresh: number }, acked: number): number {
  const grown = Math.min(window.cwnd + acked, window.ssthresh);
  const rest = acked - (grown - window.cwnd);
  window.cwnd = grown;
  return rest;
}

/**
 * Additive increase: one segment for each cwnd of octets acknowledged (RFC 5681 equation 3, byte counting of RFC 3465 §2.1), and for one
 * acknowledgement one at most, as that is a round trip's.
 */
export class AdditiveIncrease {
  #counted = 0;

  /** @param acked octets. @param mss octets. */
  grow(window: { cwnd: number }, acked: number, mss: number): void {
    this.#counted = Math.min(this.#counted, window.cwnd) + Math.min(acked, window.cwnd);
    if (this.#counted < window.cwnd) return;
    this.#counted -= window.cwnd;
    window.cwnd += mss;
  }

  /** After a reduction: what was counted belongs to another window. */
  reset(): void {
    this.#counted = 0;
  }
}

/** Multiplicative decrease: `factor` of a window, bytes, two segments at least (RFC 5681 equation 4). */
export const decrease = (window: number, factor: number, mss: number): number => Math.max(Math.floor(window * factor), 2 * mss);
