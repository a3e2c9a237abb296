// What is being done: on a terminal in place, elsewhere a line now and then.

const EVERY_MS = 30_000;

export class Progress {
  #toldMs = Number.NEGATIVE_INFINITY;

  tell(text: string): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${text}`);
      return;
    }
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < EVERY_MS) return;
    this.#toldMs = nowMs;
    process.stderr.write(`${text}\n`);
  }

  /** What follows is no progress. */
  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
