// Octets in and out: read, write and their like, sendfile and splice.
import { ERRNO } from '@protoloom/contracts';
import {
  type Endpoint,
  IPPROTO_TCP,
  type Message,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_FASTOPEN,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  POLLIN,
  POLLPRI,
  POLLRDHUP,
  SOCK_STREAM,
} from '@protoloom/contracts/socket';
import { equalWords } from '@protoloom/wire';
import { fail } from '../../failure.js';
import type { Value } from '../../language/script.js';
import type { Mismatch } from '../../packets/compare.js';
import { controlOf, controlOutcome } from '../control-messages.js';
import { type File, PlainFile, SocketFile } from '../files.js';
import { type CallDefinition, define, immediate, type Operation } from '../operation.js';
import type { Process } from '../process.js';
import { foreignFlags } from '../symbols.js';
import { compareOutcome, fieldOf, itemsOf, numberIn, written } from '../values.js';
import { outcome } from './sockets.js';

/** Longest buffer of one call, bytes. */
const MOST_BYTES = 0x1000_0000;
const ENCODER = new TextEncoder();

/** Octets that a script sends: its text, or that many zeros. */
function octets(buffer: Value, count: number): Uint8Array {
  if (count < 0 || count > MOST_BYTES) fail(`a buffer has 0 to ${MOST_BYTES} octets, not ${count}`);
  const bytes = new Uint8Array(count);
  if (buffer.kind === 'string') bytes.set(ENCODER.encode(buffer.text).subarray(0, count));
  return bytes;
}

/** Flags of a call that the stack knows nothing of. */
function checkFlags(call: string, flags: number): void {
  const [foreign] = foreignFlags('MSG_', flags);
  if (foreign !== undefined) fail(`${call}: the stack has no ${foreign}`);
}

/** Whether a buffer is at address 0, where nothing is read or written: EFAULT. */
const isNull = (buffer: Value): boolean => buffer.kind === 'word' && buffer.name === 'NULL';
const fault = (): Operation => immediate(() => -ERRNO.EFAULT);

// ---- sending ---------------------------------------------------------------------------------------------------------------------

interface Sending {
  readonly bytes: Uint8Array;
  readonly flags?: number;
  readonly message?: Message;
}

/** Sends all of it where it may wait, as write(2) on a descriptor that blocks. */
function send(process: Process, file: File, fd: number, { bytes, flags = 0, message }: Sending): Operation {
  const endpoint = file instanceof SocketFile ? file.endpoint : undefined;
  const waits = !file.nonBlocking && (flags & MSG_DONTWAIT) === 0;
  const given = message ?? (endpoint === undefined || (flags === 0 && waits) ? undefined : process.sockets.message());
  if (given !== undefined) given.flags = waits ? flags : flags | MSG_DONTWAIT;
  let sent = 0;
  let opening = false;
  // A connection in progress is asked about by connecting once more; where to makes no difference.
  const peer = process.sockets.address();
  peer.family = process.family;
  return {
    waits,
    timeoutUs: endpoint?.socket.sendTimeoutUs || Number.POSITIVE_INFINITY,
    attempt() {
      if (opening && endpoint !== undefined) {
        const ended = outcome(endpoint, peer);
        if (ended < 0) return ended;
        opening = false;
        if (sent >= bytes.length) return sent;
      }
      for (;;) {
        const isUnbound = endpoint !== undefined && process.portOf(endpoint) === 0;
        const result = endpoint === undefined ? file.write(bytes.subarray(sent)) : endpoint.send(bytes, sent, bytes.length, given);
        const opens = result >= 0 || result === -ERRNO.EINPROGRESS;
        const isDatagram = endpoint?.socket.type !== SOCK_STREAM;
        if (opens && message?.hasAddress === true && endpoint !== undefined && (isDatagram || isUnbound))
          process.connecting(fd, endpoint, message.address);
        if (opens && waits && endpoint !== undefined && isUnconnectedStream(process, endpoint)) {
          // Fast Open: what went with the SYN; as on Linux the call waits until the connection stands.
          sent = Math.max(0, result);
          opening = true;
          if (given !== undefined) given.flags &= ~MSG_FASTOPEN;
          return outcome(endpoint, peer);
        }
        if (result < 0) return result === -ERRNO.EAGAIN && waits ? result : sent > 0 ? sent : result;
        sent += result;
        if (sent >= bytes.length || !waits || result === 0) return sent;
      }
    },
    expired: () => (sent > 0 ? sent : -ERRNO.EAGAIN),
  };
}

const isUnconnectedStream = (process: Process, endpoint: Endpoint): boolean =>
  endpoint.socket.type === SOCK_STREAM && endpoint.peerAddress(process.sockets.address()) < 0;

const write = define(3, 3, (process, args) => {
  const file = process.file(args);
  if (isNull(args.value(1)) && args.number(2) > 0) return fault();
  return send(process, file, args.number(0), { bytes: octets(args.value(1), args.number(2)) });
});

const writev = define(3, 3, (process, args) =>
  send(process, process.file(args), args.number(0), { bytes: gathered(args.value(1), args.number(2)) }),
);

const sendCall = define(4, 4, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  checkFlags(args.call, args.number(3));
  if (isNull(args.value(1)) && args.number(2) > 0) return fault();
  return send(process, file, args.number(0), { bytes: octets(args.value(1), args.number(2)), flags: args.number(3) });
});

const sendto = define(6, 6, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  checkFlags(args.call, args.number(3));
  if (isNull(args.value(1)) && args.number(2) > 0) return fault();
  const bytes = octets(args.value(1), args.number(2));
  const message = process.sockets.message();
  const address = args.value(4);
  if (address.kind !== 'word' || address.name !== 'NULL') {
    Object.assign(message.address, process.address(address, process.settings.remote, process.settings.connectPort));
    message.hasAddress = true;
  }
  return send(process, file, args.number(0), { bytes, flags: args.number(3), message });
});

const sendmsg = define(3, 3, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  const flags = args.number(2);
  checkFlags(args.call, flags);
  const given = args.value(1);
  const message = process.sockets.message();
  for (const control of itemsOf(fieldOf(given, 'msg_control') ?? { kind: 'any' })) message.controls.push(controlOf(control));
  // The name of a stream's peer is left aside, as tcp(7) does, but for Fast Open; a datagram's is where it goes.
  const connected = file.endpoint.peerAddress(process.sockets.address()) >= 0;
  if (!connected && (file.endpoint.socket.type !== SOCK_STREAM || (flags & MSG_FASTOPEN) !== 0)) {
    Object.assign(message.address, process.address({ kind: 'any' }, process.settings.remote, process.settings.connectPort));
    message.hasAddress = true;
  }
  const bytes = gathered(fieldOf(given, 'msg_iov') ?? fail('sendmsg: its msghdr has no msg_iov'), undefined);
  return send(process, file, args.number(0), { bytes, flags, message });
});

/** The buffers of an iovec in a row. */
function gathered(value: Value, count: number | undefined): Uint8Array {
  const pieces = itemsOf(value);
  if (count !== undefined && count !== pieces.length) fail(`the iovec has ${pieces.length} items, not ${count}`);
  const parts = pieces.map((piece) => octets(fieldOf(piece, 'iov_base', 0) ?? { kind: 'any' }, iovLength(piece)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const iovLength = (piece: Value): number =>
  numberIn(fieldOf(piece, 'iov_len', 1) ?? fail(`${written(piece)} has no length`)) ?? fail(`${written(piece)} has no length`);

// ---- receiving -------------------------------------------------------------------------------------------------------------------

interface Receiving {
  readonly bytes: Uint8Array;
  readonly flags?: number;
  readonly message?: Message;
  /** What the octets are to be, where the script says. */
  readonly text?: Value;
  compare?(): Mismatch[];
}

function receive(process: Process, file: File, { bytes, flags = 0, message, text = ANY, compare }: Receiving): Operation {
  const endpoint = file instanceof SocketFile ? file.endpoint : undefined;
  const given = message ?? (flags === 0 || endpoint === undefined ? undefined : process.sockets.message());
  if (given !== undefined) given.flags = flags;
  const waits = !file.nonBlocking && (flags & (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)) === 0;
  const absent = isNull(text) && bytes.length > 0;
  const all = waits && (flags & MSG_WAITALL) !== 0 && (flags & MSG_PEEK) === 0 && endpoint?.socket.type === SOCK_STREAM;
  let count = 0;
  return {
    waits,
    timeoutUs: endpoint?.socket.receiveTimeoutUs || Number.POSITIVE_INFINITY,
    attempt() {
      if (absent && (file.readiness & POLLIN) !== 0) return -ERRNO.EFAULT;
      for (;;) {
        const result = endpoint === undefined ? file.read(bytes.subarray(count)) : endpoint.receive(bytes, count, bytes.length, given);
        // shutdown(SHUT_RD) of a datagram socket ends the wait.
        if (result === -ERRNO.EAGAIN && waits && (file.readiness & POLLRDHUP) !== 0) return count;
        if (result < 0) return result === -ERRNO.EAGAIN && waits ? result : count > 0 ? count : result;
        count += result;
        if (!all || result === 0 || count >= bytes.length) return count;
      }
    },
    expired: () => (count > 0 ? count : -ERRNO.EAGAIN),
    compare() {
      // What the error queue shows of a packet may be its headers.
      const isQuotation = (flags & MSG_ERRQUEUE) !== 0 && text.kind === 'any';
      const read = bytes.subarray(0, isQuotation ? 0 : Math.min(count, bytes.length));
      return [...compareText(read, text), ...(compare?.() ?? [])];
    },
  };
}

/** Octets that were read: those that the script names, or the zeros that its packets carry. */
function compareText(bytes: Uint8Array, text: Value): Mismatch[] {
  const expected = text.kind === 'string' ? ENCODER.encode(text.text) : new Uint8Array(bytes.length);
  const at = bytes.findIndex((octet, i) => octet !== (expected[i] ?? 0));
  return at < 0 ? [] : [{ field: `octet ${at} that was read`, expected: `${expected[at] ?? 0}`, actual: `${bytes[at]}` }];
}

const ANY: Value = { kind: 'any' };
const room = (count: number): Uint8Array => octets(ANY, count);

const read = define(3, 3, (process, args) => receive(process, process.file(args), { bytes: room(args.number(2)), text: args.value(1) }));

const readv = define(3, 3, (process, args) => {
  const lengths = itemsOf(args.value(1)).map(iovLength);
  if (lengths.length !== args.number(2)) fail(`the iovec has ${lengths.length} items, not ${args.number(2)}`);
  return receive(process, process.file(args), { bytes: room(lengths.reduce((sum, length) => sum + length, 0)) });
});

const recv = define(4, 4, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  checkFlags(args.call, args.number(3));
  return receive(process, file, { bytes: room(args.number(2)), flags: args.number(3), text: args.value(1) });
});

const recvfrom = define(6, 6, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  checkFlags(args.call, args.number(3));
  const message = process.sockets.message();
  const from = args.value(4);
  return receive(process, file, {
    bytes: room(args.number(2)),
    flags: args.number(3),
    message,
    text: args.value(1),
    compare() {
      if (from.kind !== 'struct') return [];
      const { words, port } = process.address(from, process.settings.remote, 0);
      const same = message.hasAddress && port === message.address.port && equalWords(words, 0, message.address.words, 0);
      return same ? [] : [{ field: 'the sender', expected: written(from), actual: `port ${message.address.port}` }];
    },
  });
});

const recvmsg = define(3, 3, (process, args) => {
  const file = process.socket(args);
  if (file === undefined) return immediate(() => -ERRNO.ENOTSOCK);
  const flags = args.number(2);
  checkFlags(args.call, flags);
  const expected = args.value(1);
  const pieces = itemsOf(fieldOf(expected, 'msg_iov') ?? fail('recvmsg: its msghdr has no msg_iov'));
  const message = process.sockets.message();
  message.wantsControls = true;
  return receive(process, file, {
    bytes: room(pieces.reduce((sum, piece) => sum + iovLength(piece), 0)),
    flags,
    message,
    compare() {
      const found: Mismatch[] = [];
      const wanted = fieldOf(expected, 'msg_flags');
      if (wanted !== undefined) found.push(...compareOutcome('msg_flags', wanted, message.resultFlags));
      const controls = fieldOf(expected, 'msg_control');
      if (controls !== undefined) {
        found.push(
          ...compareOutcome(
            'msg_control',
            controls,
            message.controls.map((control, i) => controlOutcome(control, process, itemsOf(controls)[i])),
          ),
        );
      }
      return found;
    },
  });
});

// ---- from one descriptor to another ----------------------------------------------------------------------------------------------

/** Moves octets until `most` have gone, or one of the two is not ready. */
function move(from: File, to: File, most: number, waits: boolean, take: (bytes: Uint8Array) => number): Operation {
  let moved = 0;
  let kept: Uint8Array = new Uint8Array(0);
  return {
    waits,
    attempt() {
      while (moved < most) {
        if (kept.length === 0) {
          const bytes = room(Math.min(most - moved, 65_536));
          const count = take(bytes);
          if (count <= 0) return moved > 0 ? moved : count;
          kept = bytes.subarray(0, count);
        }
        const count = to.write(kept);
        if (count < 0) return moved > 0 && count !== -ERRNO.EAGAIN ? moved : count;
        moved += count;
        kept = kept.subarray(count);
        if (from instanceof SocketFile && from.endpoint.socket.protocol === IPPROTO_TCP && kept.length === 0) break;
      }
      return moved;
    },
    expired: () => (moved > 0 ? moved : -ERRNO.EAGAIN),
  };
}

const sendfile = define(4, 4, (process, args) => {
  const to = process.file(args, 0);
  const from = process.file(args, 1);
  const offset = args.value(2);
  let at = offset.kind === 'list' ? numberIn(offset) : undefined;
  return move(from, to, args.number(3), !to.nonBlocking, (bytes) => {
    if (at === undefined || !(from instanceof PlainFile)) return from.read(bytes);
    const count = from.readAt(bytes, at);
    at += count;
    return count;
  });
});

const SPLICE_F_NONBLOCK = 2;

const splice = define(6, 6, (process, args) => {
  const from = process.file(args, 0);
  const to = process.file(args, 2);
  const waits = !from.nonBlocking && !to.nonBlocking && (args.number(5) & SPLICE_F_NONBLOCK) === 0;
  return move(from, to, args.number(4), waits, (bytes) => (isAtUrgent(from) ? 0 : from.read(bytes)));
});

/** As on Linux splice(2) never passes an urgent octet, in line or not: it ends there, with 0. */
const isAtUrgent = (file: File): boolean => file instanceof SocketFile && file.endpoint.atMark === true && (file.readiness & POLLPRI) !== 0;

export const transferCalls: Readonly<Record<string, CallDefinition>> = {
  read,
  readv,
  recv,
  recvfrom,
  recvmsg,
  write,
  writev,
  send: sendCall,
  sendto,
  sendmsg,
  sendfile,
  splice,
};
