// What a text or a value that is no address is refused with.

const BRAND = Symbol.for('@protoloom/address-error');

export type AddressErrorCode = 'BAD_MAC' | 'BAD_IPV4' | 'BAD_IPV6' | 'BAD_ADDRESS' | 'BAD_PREFIX' | 'BAD_MASK' | 'FAMILY_MISMATCH';

/** The message says what is allowed. */
export class AddressError extends Error {
  readonly [BRAND] = true;
  readonly code: AddressErrorCode;

  constructor(code: AddressErrorCode, message: string) {
    super(message);
    this.name = 'AddressError';
    this.code = code;
  }

  static is(error: unknown): error is AddressError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
