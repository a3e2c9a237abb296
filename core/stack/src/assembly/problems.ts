// What can be wrong with a list of plugins, all of it at once.

export type ProblemCode =
  | 'BAD_MANIFEST'
  | 'DUPLICATE_PLUGIN'
  | 'API_MISMATCH'
  | 'SERVICE_MISSING'
  | 'SERVICE_CONFLICT'
  | 'SERVICE_VERSION'
  | 'SERVICE_CYCLE'
  | 'POINT_MISSING'
  | 'POINT_CONFLICT'
  | 'POINT_VERSION'
  | 'POINT_EMPTY'
  | 'KEY_CONFLICT'
  | 'KEY_INVALID'
  | 'NEED_UNMET'
  | 'SYSCTL_CONFLICT'
  | 'SYSCTL_INVALID'
  | 'CREATE_FAILED'
  | 'HANDLER_MISSING'
  | 'START_FAILED'
  | 'IN_USE';

export interface Problem {
  readonly code: ProblemCode;
  /** Name of the plugin that has the problem. */
  readonly plugin: string;
  readonly detail: string;
  /** What to do about it. */
  readonly solution: string;
}

const BRAND = Symbol.for('@protoloom/assembly-error');

/** A stack cannot be assembled, or changed, as asked: every problem, each with a code, the plugin, the detail and what would solve it. */
export class AssemblyError extends Error {
  readonly [BRAND] = true;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], cause?: unknown) {
    const lines = problems.map(({ code, plugin, detail, solution }) => `  ${code} ${plugin}: ${detail}. ${solution}.`);
    super(`${problems.length === 1 ? 'one problem' : `${problems.length} problems`} with this assembly:\n${lines.join('\n')}`, { cause });
    this.name = 'AssemblyError';
    this.problems = problems;
  }

  static is(error: unknown): error is AssemblyError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
