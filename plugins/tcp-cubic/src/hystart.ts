// HyStart++: the end of the first slow start before it costs a loss. RFC 9406 §4.

const N_RTT_SAMPLE = 8;
const MIN_RTT_THRESH_US = 4_000;
const MAX_RTT_THRESH_US = 16_000;
const MIN_RTT_DIVISOR = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;
/** Longer than any round trip, µs; a small integer, which costs no memory of its own. */
const NONE = 0x7fff_ffff;

export class HyStart {
  #lastRoundMinUs = NONE;
  #currentRoundMinUs = NONE;
  #samples = 0;
  /** Conservative slow start: what the round trip was when it began, NONE outside of it; and its rounds. */
  #baselineUs = NONE;
  #cssRounds = 0;

  /** Slow start begins anew: after a timeout. */
  reset(): void {
    this.#lastRoundMinUs = NONE;
    this.#currentRoundMinUs = NONE;
    this.#samples = 0;
    this.#baselineUs = NONE;
    this.#cssRounds = 0;
  }

  /** By what the growth of slow start is divided now. */
  get divisor(): number {
    return this.#baselineUs !== NONE ? CSS_GROWTH_DIVISOR : 1;
  }

  /**
   * An acknowledgement in slow start.
   * @param rttUs its sample, -1: none. @param roundStart a round begins with it.
   * @returns whether slow start is over: congestion avoidance goes on from this window.
   */
  acknowledged(rttUs: number, roundStart: boolean): boolean {
    if (roundStart && this.#roundBegins()) return true;
    if (rttUs < 0) return false;
    this.#currentRoundMinUs = Math.min(this.#currentRoundMinUs, rttUs);
    this.#samples++;
    if (this.#samples < N_RTT_SAMPLE) return false;
    if (this.#baselineUs !== NONE) {
      // The delay was spurious: back to slow start.
      if (this.#currentRoundMinUs < this.#baselineUs) {
        this.#baselineUs = NONE;
      }
      return false;
    }
    if (this.#lastRoundMinUs === NONE) return false;
    const threshold = Math.min(Math.max(this.#lastRoundMinUs / MIN_RTT_DIVISOR, MIN_RTT_THRESH_US), MAX_RTT_THRESH_US);
    if (this.#currentRoundMinUs < this.#lastRoundMinUs + threshold) return false;
    this.#baselineUs = this.#currentRoundMinUs;
    this.#cssRounds = 0;
    return false;
  }

  /** @returns whether the conservative rounds are over. */
  #roundBegins(): boolean {
    this.#lastRoundMinUs = this.#currentRoundMinUs;
    this.#currentRoundMinUs = NONE;
    this.#samples = 0;
    if (this.#baselineUs === NONE) return false;
    this.#cssRounds++;
    return this.#cssRounds >= CSS_ROUNDS;
  }
}
