// What is the user's to mend, in one line.

/** Codes of errors that others throw about what a user asked for, or about what a machine lacks. */
const TOLD = new Set([
  'EPERM',
  'EACCES',
  'ENOENT',
  'ENODEV',
  'EBUSY',
  'EINVAL',
  'EEXIST',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'ENETUNREACH',
  'ENXIO',
  'ERR_NO_ADDON',
]);

export class UsageError extends Error {
  /** The error as one for the user, or undefined where it is a fault of the program. */
  static from(error: unknown): UsageError | undefined {
    if (error instanceof UsageError) return error;
    if (!(error instanceof Error)) return undefined;
    const { code } = error as { code?: unknown };
    const isArgument = typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
    const isAddress = error.name === 'AddressError' || error.name === 'AssemblyError';
    if (!isArgument && !isAddress && !(typeof code === 'string' && TOLD.has(code))) return undefined;
    return new UsageError(
      error.message
        .replace(/^E[A-Z]+: (?=.*: )/, '')
        .split('\n')
        .join(' '),
      { cause: error },
    );
  }
}
