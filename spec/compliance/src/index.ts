// @protoloom/compliance: what a congestion controller has to do, as a suite that anyone runs on their own.
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { clausesOf, type Settings } from './check.js';

/** What mocha has; node:test, vitest and jest as well. */
export interface Runner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body?: () => void) => unknown;
}

export interface ComplianceOptions extends Settings {
  /** Clauses that the controller breaks on purpose, by their id, each with its reason: they are shown as pending. */
  readonly except?: Readonly<Record<string, string>>;
  /** Left out: the globals `describe` and `it`. */
  readonly runner?: Runner;
}

// Whatever runs the tests has put these there.
declare const describe: Runner['describe'];
declare const it: Runner['it'];

/** Declares a suite with one test for each clause. */
export function controllerCompliance(control: CongestionControl, options: ComplianceOptions = {}): void {
  const { except = {}, runner = { describe, it } } = options;
  const clauses = clausesOf(control, options);
  const unknown = Object.keys(except).filter((id) => !clauses.some((clause) => clause.id === id));
  if (unknown.length > 0) throw new Error(`no clause ${unknown.join(', ')}; there are ${clauses.map(({ id }) => id).join(', ')}`);
  runner.describe(`congestion controller ${control.name}`, () => {
    for (const clause of clauses) {
      const reason = except[clause.id];
      if (reason !== undefined) runner.it(`${clause.title}: not ${control.name}, ${reason}`);
      else
        runner.it(clause.title, () => {
          const broken = clause.run();
          if (broken !== undefined) throw new Error(`${control.name} breaks "${clause.title}" (${clause.id}): ${broken}`);
        });
    }
  });
}

export { type Clause, clausesOf, type Settings } from './check.js';
export type { Bounds } from './rules.js';
export { VERSION } from './version.js';
