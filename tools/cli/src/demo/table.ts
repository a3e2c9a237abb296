// The demo's table: one line a step, with what is going on while it goes on.

export type Outcome = 'ok' | 'failed' | 'skipped';

const MARKS: Readonly<Record<Outcome, string>> = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' };
const WIDTH = 34;

export class Table {
  readonly #live = process.stdout.isTTY;
  readonly #counts: Record<Outcome, number> = { ok: 0, failed: 0, skipped: 0 };

  get failed(): number {
    return this.#counts.failed;
  }

  heading(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Runs a step; `work` answers what to show, and tells how far it is. A throw is its failure. */
  async step(name: string, work: (progress: (text: string) => void) => Promise<string>): Promise<boolean> {
    const show = (text: string): void => {
      if (this.#live) process.stdout.write(`\r\u001b[K  …       ${name.padEnd(WIDTH)} ${text}`);
    };
    show('');
    try {
      this.row('ok', name, await work(show));
      return true;
    } catch (error) {
      this.row('failed', name, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  row(outcome: Outcome, name: string, detail: string): void {
    this.#counts[outcome]++;
    process.stdout.write(`${this.#live ? '\r\u001b[K' : ''}  ${MARKS[outcome]} ${name.padEnd(WIDTH)} ${detail}\n`);
  }

  summary(): string {
    const { ok, failed, skipped } = this.#counts;
    return `${ok} ok, ${failed} failed, ${skipped} skipped`;
  }
}
