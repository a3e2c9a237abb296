import { SocketError } from '@protoloom/stack';

/** The errno's name with which a call was refused, or `worked`. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'worked',
    (error: unknown) => (SocketError.is(error) ? error.code : String(error)),
  );
