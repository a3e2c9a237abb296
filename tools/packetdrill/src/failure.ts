// Why a script ends before its last line.
import type { Mismatch } from './packets/compare.js';

/** A script does not pass: what the stack did is not what the script says. Caught by whoever runs it, which adds the place. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
  readonly mismatches: readonly Mismatch[];
  /** Where it is, if elsewhere than at the event that runs. */
  readonly line: number | undefined;

  constructor(message: string, mismatches: readonly Mismatch[] = [], line?: number) {
    super(message);
    this.mismatches = mismatches;
    this.line = line;
  }
}

/** A script cannot be run here, whatever the stack does. */
export class ScriptSkipped extends Error {
  override readonly name = 'ScriptSkipped';
}

export const fail = (message: string): never => {
  throw new ScriptFailure(message);
};
