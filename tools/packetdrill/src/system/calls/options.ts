// getsockopt, setsockopt, ioctl, fcntl.
import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, IPPROTO_TCP, newViews, type OptionValue } from '@protoloom/contracts/socket';
import { TCP_FASTOPEN_KEY, TCP_INFO } from '@protoloom/contracts/tcp';
import { fail } from '../../failure.js';
import type { Value } from '../../language/script.js';
import type { SocketFile } from '../files.js';
import { type CallDefinition, define, immediate } from '../operation.js';
import { isErrno } from '../process.js';
import { compareOutcome, numberIn, written } from '../values.js';

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
const SIOCINQ = 0x541b;
const SIOCATMARK = 0x8905;
const SIOCOUTQ = 0x5411;
const SIOCOUTQNSD = 0x894b;

/** What the stack does not have, in words of the script. */
const absent = (call: string, level: Value, name: Value): string =>
  `${call}: the stack has no option ${written(name)} of ${written(level)}`;

const setsockopt = define(5, 5, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  const value = isOctets(args.number(1), args.number(2)) ? octetsOf(args.value(3), args.number(4)) : optionValue(args.value(3));
  return immediate(() => process.sockets.setOption(file.endpoint, args.number(1), args.number(2), value), {
    explain: (result) => (isErrno(result, 'ENOPROTOOPT') ? absent(args.call, args.value(1), args.value(2)) : undefined),
  });
});

/** Options whose values are octets. */
const isOctets = (level: number, name: number): boolean => level === IPPROTO_TCP && name === TCP_FASTOPEN_KEY;

/** Octets as scripts write them: text, each character one of them, and zeros up to `length`. */
function octetsOf(value: Value, length: number): Uint8Array {
  const { text } = value.kind === 'string' ? value : fail(`${written(value)} is no octets: "\\x01\\x02"`);
  return Uint8Array.from({ length }, (_, i) => (i < text.length ? text.charCodeAt(i) : 0));
}

/** An option's value as the stack takes it: a number, text, or a record of numbers. */
function optionValue(value: Value): OptionValue {
  if (value.kind === 'string') return value.text;
  if (value.kind === 'struct')
    return Object.fromEntries(
      value.fields.map(({ name, value: field }) => [
        name ?? fail(`${written(value)}: its fields have names`),
        numberIn(field) ?? fail(`${written(field)} is no number`),
      ]),
    );
  if (value.kind === 'list' && value.items.length === 1) return optionValue(value.items[0] as Value);
  return numberIn(value) ?? fail(`${written(value)} is no value of an option`);
}

const getsockopt = define(5, 5, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  const level = args.number(1);
  const name = args.number(2);
  let got: OptionValue = 0;
  return immediate(
    () => {
      got = process.sockets.getOption(file.endpoint, level, name);
      return typeof got === 'number' && got < 0 && got >= -4095 && !isSigned(level, name) ? got : 0;
    },
    {
      compare: () => compareOutcome('the option', args.value(3), got instanceof Uint8Array ? [...got] : got),
      explain: (result) => (isErrno(result, 'ENOPROTOOPT') ? absent(args.call, args.value(1), args.value(2)) : undefined),
    },
  );
});

const SOL_SOCKET = 1;
const SO_MARK = 36;
const TCP_LINGER2 = 8;
/** Options whose own values may be below zero. */
const isSigned = (level: number, name: number): boolean =>
  (level === SOL_SOCKET && name === SO_MARK) || (level === IPPROTO_TCP && name === TCP_LINGER2);

// ---- ioctl -----------------------------------------------------------------------------------------------------------------------

const ioctl = define(2, 3, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  const request = args.number(1);
  const asked =
    REQUESTS[request] ?? fail(`ioctl: ${written(args.value(1))} is not understood; there is SIOCINQ, SIOCATMARK, SIOCOUTQ and SIOCOUTQNSD`);
  let got = 0;
  return immediate(
    () => {
      got = asked(file, (level, name) => process.sockets.getOption(file.endpoint, level, name));
      return got < 0 ? got : 0;
    },
    { compare: () => compareOutcome('what ioctl tells', args.value(2), got) },
  );
});

type Request = (file: SocketFile, option: (level: number, name: number) => OptionValue) => number;

/** What has not left the send queue, from TCP_INFO: tcp(7). */
const queued =
  (unsentOnly: boolean): Request =>
  ({ endpoint }, option) => {
    if (endpoint.socket.protocol !== IPPROTO_TCP) return -ERRNO.EINVAL;
    const info = option(IPPROTO_TCP, TCP_INFO) as Readonly<Record<string, number>>;
    const unsent = info['tcpi_notsent_bytes'] ?? 0;
    if (unsentOnly) return unsent;
    return unsent + (info['tcpi_bytes_sent'] ?? 0) - (info['tcpi_bytes_retrans'] ?? 0) - (info['tcpi_bytes_acked'] ?? 0);
  };

/** Octets that may be read: who asks twice is shown all of them. */
function waiting(endpoint: Endpoint): number {
  const views = newViews();
  endpoint.peek(views);
  return Math.max(0, endpoint.peek(views));
}

const REQUESTS: Readonly<Record<number, Request>> = {
  [SIOCINQ]: ({ endpoint }) => (endpoint.listening ? -ERRNO.EINVAL : waiting(endpoint)),
  [SIOCATMARK]: ({ endpoint }) => (endpoint.atMark === undefined ? -ERRNO.EINVAL : Number(endpoint.atMark)),
  [SIOCOUTQ]: queued(false),
  [SIOCOUTQNSD]: queued(true),
};

// ---- fcntl -----------------------------------------------------------------------------------------------------------------------

const fcntl = define(2, 3, (process, args) => {
  const file = process.file(args);
  const command = args.number(1);
  return immediate(() => {
    if (command === F_GETFL) return O_RDWR | (file.nonBlocking ? O_NONBLOCK : 0);
    if (command !== F_SETFL) return fail(`fcntl: ${written(args.value(1))} is not understood; there is F_GETFL and F_SETFL`);
    file.nonBlocking = (args.number(2) & O_NONBLOCK) !== 0;
    return 0;
  });
});

export const optionCalls: Readonly<Record<string, CallDefinition>> = { setsockopt, getsockopt, ioctl, fcntl };
