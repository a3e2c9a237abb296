// What a control call answers a user's mistake with.
import type { ErrnoCode } from '@protoloom/contracts';
import type { ControlErrorShape } from '@protoloom/contracts/control';

export class ControlError extends Error implements ControlErrorShape {
  readonly code: ErrnoCode;

  constructor(code: ErrnoCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ControlError';
    this.code = code;
  }
}
