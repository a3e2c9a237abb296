// Sockets begin and end: socket, bind, listen, accept, connect, shutdown, close.
import { ERRNO } from '@protoloom/contracts';
import { AF_UNSPEC, type Endpoint, POLLHUP, POLLOUT, type SocketAddress } from '@protoloom/contracts/socket';
import { Ip4Address, Ip6Address } from '@protoloom/wire';
import { type File, SocketFile } from '../files.js';
import { type CallDefinition, define, immediate, type Operation } from '../operation.js';
import { isErrno, type Process } from '../process.js';
import type { Args } from '../values.js';

const SOCK_NONBLOCK = 0o4000;
const SOCK_FLAGS = SOCK_NONBLOCK | 0o2000000;
const ANY4 = Ip4Address.fromWord(0);
const ANY6 = Ip6Address.parse('::');

const notASocket: Operation = immediate(() => -ERRNO.ENOTSOCK);

const socket: CallDefinition = define(3, 3, (process, args) => {
  const family = args.isAny(0) ? process.family : args.number(0);
  const type = args.number(1);
  let file: SocketFile | undefined;
  let refused = '';
  return immediate(
    () => {
      const endpoint = process.sockets.open(family, type & ~SOCK_FLAGS, args.number(2));
      if (typeof endpoint === 'number') {
        refused = reason(process, family, type & ~SOCK_FLAGS, args.number(2));
        return endpoint;
      }
      file = new SocketFile(endpoint);
      file.nonBlocking = (type & SOCK_NONBLOCK) !== 0;
      return 0;
    },
    { opened: () => (file === undefined ? [] : [file]), explain: () => refused },
  );
});

/** What the stack says of a socket that it does not have. */
function reason(process: Process, family: number, type: number, protocol: number): string {
  try {
    process.stack.socket(family, type, protocol);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const bind = define(3, 3, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return notASocket;
  const any = process.settings.ipVersion === 'ipv4' ? ANY4 : ANY6;
  const address = process.address(args.value(1), any, process.settings.bindPort);
  return immediate(() => file.endpoint.bind(address));
});

const listen = define(2, 2, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return notASocket;
  return immediate(() => {
    const result = file.endpoint.listen(args.number(1));
    if (result >= 0) process.listening(args.number(0), file.endpoint);
    return result;
  });
});

const accepting =
  (flags: (args: Args) => number): CallDefinition['begin'] =>
  (process, args) => {
    const file = process.socket(args);
    if (file === undefined) return notASocket;
    let accepted: File | undefined;
    return {
      waits: !file.nonBlocking,
      timeoutUs: file.endpoint.socket.receiveTimeoutUs || Number.POSITIVE_INFINITY,
      attempt() {
        const endpoint = file.endpoint.accept();
        if (typeof endpoint === 'number') return endpoint;
        accepted = new SocketFile(endpoint);
        accepted.nonBlocking = (flags(args) & SOCK_NONBLOCK) !== 0;
        return 0;
      },
      opened: () => (accepted === undefined ? [] : [accepted]),
    };
  };

const connect = define(3, 3, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return notASocket;
  const { settings } = process;
  const { endpoint } = file;
  const address = process.address(args.value(1), settings.remote, settings.connectPort);
  let begun = false;
  return {
    waits: !file.nonBlocking,
    timeoutUs: endpoint.socket.sendTimeoutUs || Number.POSITIVE_INFINITY,
    attempt() {
      if (begun) return outcome(endpoint, address);
      const result = endpoint.connect(address);
      if ((result >= 0 && address.family !== AF_UNSPEC) || isErrno(result, 'EINPROGRESS'))
        process.connecting(args.number(0), endpoint, address);
      if (!isErrno(result, 'EINPROGRESS') || file.nonBlocking) return result;
      begun = true;
      return outcome(endpoint, address);
    },
    expired: () => -ERRNO.EINPROGRESS,
  };
});

/** How connecting ended, or -EAGAIN while it goes on. */
export function outcome(endpoint: Endpoint, address: SocketAddress): number {
  return (endpoint.readiness & (POLLOUT | POLLHUP)) === 0 ? -ERRNO.EAGAIN : endpoint.connect(address);
}

const shutdown = define(2, 2, (process, args) => {
  const file = process.socket(args);
  return file === undefined ? notASocket : immediate(() => file.endpoint.shutdown(args.number(1)));
});

const close = define(1, 1, (process, args) => {
  const fd = args.number(0);
  const file = process.file(args);
  let begun = false;
  return {
    waits: true,
    timeoutUs:
      file instanceof SocketFile && file.endpoint.socket.linger > 0 ? file.endpoint.socket.linger * 1_000_000 : Number.POSITIVE_INFINITY,
    attempt() {
      if (begun) return (file.readiness & POLLHUP) === 0 ? -ERRNO.EAGAIN : 0;
      begun = true;
      process.forget(fd);
      const result = file.close();
      return isErrno(result, 'EINPROGRESS') && !file.nonBlocking ? -ERRNO.EAGAIN : Math.max(0, result);
    },
    // What SO_LINGER waits for goes on in the background.
    expired: () => 0,
  };
});

export const socketCalls: Readonly<Record<string, CallDefinition>> = {
  socket,
  bind,
  listen,
  accept: define(
    3,
    3,
    accepting(() => 0),
  ),
  accept4: define(
    4,
    4,
    accepting((args) => args.number(3)),
  ),
  connect,
  shutdown,
  close,
};
