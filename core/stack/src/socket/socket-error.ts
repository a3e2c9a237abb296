// What a socket call is refused with.
import { ERRNO, type ErrnoCode } from '@protoloom/contracts';

const BRAND = Symbol.for('@protoloom/socket-error');
const NAMES = new Map<number, ErrnoCode>(Object.entries(ERRNO).map(([name, number]) => [number, name as ErrnoCode]));

/** The name of a positive errno. */
export const errnoName = (errno: number): ErrnoCode => NAMES.get(errno) ?? 'EIO';

/** A socket call failed: Linux's errno by name in `code` and number in `errno`, as Node's own errors have them. */
export class SocketError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrnoCode;
  readonly errno: number;
  /** The call: `connect`. */
  readonly syscall: string;

  constructor(code: ErrnoCode, syscall: string, detail: string) {
    super(`${code}: ${syscall}${detail === '' ? '' : ` ${detail}`}`);
    this.name = 'SocketError';
    this.code = code;
    this.errno = -ERRNO[code];
    this.syscall = syscall;
  }

  static is(error: unknown): error is SocketError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
