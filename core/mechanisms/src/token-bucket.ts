// A token bucket: so many a second, so many at once.

export class TokenBucket {
  #tokens: number;
  #updatedUs: number;

  /** Full at the start. */
  constructor(nowUs: number, burst: number) {
    this.#tokens = burst;
    this.#updatedUs = nowUs;
  }

  /** Takes one where there is one. @param rate tokens a second. @param burst most that it holds. */
  take(nowUs: number, rate: number, burst: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((nowUs - this.#updatedUs) * rate) / 1_000_000);
    this.#updatedUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
