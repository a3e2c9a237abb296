// What the control surfaces refuse a user's mistake with.
import type { ErrnoCode } from '@protoloom/contracts';
import type { ControlErrorShape } from '@protoloom/contracts/control';

export class IpControlError extends Error implements ControlErrorShape {
  readonly code: ErrnoCode;

  constructor(code: ErrnoCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'ControlError';
    this.code = code;
  }
}
