// The socket that people use: Berkeley's names, promises, Linux's errors. Its lower layer is an endpoint, which never waits.
import { ERRNO, type Timers } from '@protoloom/contracts';
import {
  AF_UNSPEC,
  type Control,
  type Endpoint,
  type Message,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_FASTOPEN,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  type OptionValue,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  type ReadinessListener,
  SHUT_RDWR,
  SOCK_STREAM,
  type SocketAddress,
} from '@protoloom/contracts/socket';
import { errnoName, SocketError } from './socket-error.js';
import type { StackSockets } from './sockets.js';

/** Largest read without a size of its own, octets. */
const DEFAULT_READ = 65_536;
/** The error queue is looked at, never waited for. */
const NEVER_WAITING = MSG_DONTWAIT | MSG_ERRQUEUE;
/** Room for any datagram. */
const LARGEST_DATAGRAM = 65_535;

// Both are in every browser and in Node, and in neither's part of the language's own library.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** An address and port as people write them. */
export interface SocketName {
  /** Text of an address; left out or empty: any address. `%eth0` names a scope where the family has scopes. */
  readonly address?: string;
  readonly port: number;
}

/** What a call that may wait takes. */
export interface WaitOptions {
  /** MSG_*. */
  readonly flags?: number;
  /** Ends the wait; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** A datagram as it was received. */
export interface Received {
  readonly data: Uint8Array;
  readonly address: string;
  readonly port: number;
  /** MSG_TRUNC, MSG_CTRUNC, … */
  readonly flags: number;
  readonly controls: readonly Control[];
}

interface Waiter {
  readonly mask: number;
  wake(): void;
  fail(error: unknown): void;
}

/** What sockets need of their stack. */
export interface SocketHost {
  readonly sockets: StackSockets;
  readonly timers: Timers;
  /** Called on entry from outside a turn: brings the clock up to date. */
  enter(): void;
  opened(socket: Socket): void;
  closed(socket: Socket): void;
}

export class Socket implements AsyncDisposable, ReadinessListener {
  /** The lower layer, for adapters, which call `stack.enter()` first where no turn runs; its readiness listener is this socket. */
  readonly endpoint: Endpoint;
  readonly #host: SocketHost;
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  /** @internal By `stack.socket` and `accept`. */
  constructor(host: SocketHost, endpoint: Endpoint) {
    this.#host = host;
    this.endpoint = endpoint;
    endpoint.listener = this;
    host.opened(this);
  }

  get family(): number {
    return this.endpoint.socket.family;
  }
  get type(): number {
    return this.endpoint.socket.type;
  }
  get protocol(): number {
    return this.endpoint.socket.protocol;
  }
  /** POLL* bits, now. */
  get readiness(): number {
    return this.#closed ? 0 : this.endpoint.readiness;
  }

  // ---- names and connections -------------------------------------------------------------------------------------------------------

  /** @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EINVAL. */
  async bind(name: SocketName): Promise<void> {
    this.#enter('bind');
    this.#check('bind', this.endpoint.bind(this.#address('bind', name)), describe(name));
  }

  /** Settles once connected. @throws SocketError ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, … */
  async connect(name: SocketName, options: WaitOptions = {}): Promise<void> {
    this.#enter('connect');
    const address = this.#address('connect', name);
    const result = this.endpoint.connect(address);
    if (result !== -ERRNO.EINPROGRESS) {
      this.#check('connect', result, describe(name));
      return;
    }
    await this.#connected('connect', address, options, describe(name));
  }

  /** Ends a datagram socket's association. */
  async disconnect(): Promise<void> {
    this.#enter('connect');
    const address = this.#host.sockets.address();
    address.family = AF_UNSPEC;
    this.#check('connect', this.endpoint.connect(address));
  }

  async listen(backlog = 4096): Promise<void> {
    this.#enter('listen');
    this.#check('listen', this.endpoint.listen(backlog));
  }

  async accept(options: WaitOptions = {}): Promise<Socket> {
    const accepted = await this.#retry('accept', POLLIN, options, this.endpoint.socket.receiveTimeoutUs, () => this.endpoint.accept());
    return new Socket(this.#host, accepted as Endpoint);
  }

  getsockname(): SocketName {
    this.#enter('getsockname');
    const address = this.#host.sockets.address();
    this.#check('getsockname', this.endpoint.localAddress(address));
    return this.#name(address);
  }

  getpeername(): SocketName {
    this.#enter('getpeername');
    const address = this.#host.sockets.address();
    this.#check('getpeername', this.endpoint.peerAddress(address));
    return this.#name(address);
  }

  // ---- sending ---------------------------------------------------------------------------------------------------------------------

  /** Sends all of `data` (a stream waits for room as often as it takes), and answers how many octets that were. */
  async send(data: Uint8Array | string, options: WaitOptions = {}): Promise<number> {
    return this.#send('send', data, undefined, options);
  }

  /** With MSG_FASTOPEN it opens a connection besides, and settles once that stands (RFC 7413). */
  async sendto(data: Uint8Array | string, to: SocketName, options: WaitOptions = {}): Promise<number> {
    return this.sendmsg(data, { ...options, to });
  }

  /** @param options.controls control messages, as IP_TOS or IP_PKTINFO. */
  async sendmsg(
    data: Uint8Array | string,
    options: WaitOptions & { readonly to?: SocketName; readonly controls?: readonly Control[] } = {},
  ): Promise<number> {
    const message = this.#host.sockets.message();
    if (options.to !== undefined) {
      this.#fill('sendto', options.to, message.address);
      message.hasAddress = true;
    }
    message.controls.push(...(options.controls ?? []));
    return this.#send('sendto', data, message, options);
  }

  // ---- receiving -------------------------------------------------------------------------------------------------------------------

  /** At most `size` octets; none at the end of a stream. MSG_WAITALL waits for all of them. */
  async recv(size: number = DEFAULT_READ, options: WaitOptions = {}): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, Math.min(size, await this.recvInto(bytes, options)));
  }

  /** Fills `bytes` from its start; answers the count (with MSG_TRUNC the datagram's true length). */
  async recvInto(bytes: Uint8Array, options: WaitOptions = {}): Promise<number> {
    const flags = options.flags ?? 0;
    const message = flags === 0 ? undefined : this.#message(flags);
    const all = (flags & MSG_WAITALL) !== 0 && (flags & MSG_PEEK) === 0 && this.type === SOCK_STREAM;
    let at = 0;
    do {
      const from = at;
      const read = (): number => this.endpoint.receive(bytes, from, bytes.length, message);
      const count = await this.#retry('recv', POLLIN, options, this.endpoint.socket.receiveTimeoutUs, read);
      if (count === 0) break;
      at += count;
    } while (all && at < bytes.length);
    return at;
  }

  async recvfrom(size: number = LARGEST_DATAGRAM, options: WaitOptions = {}): Promise<Received> {
    return this.recvmsg(size, options);
  }

  /** One datagram (or stretch of a stream) with its source and the control messages that options asked for. */
  async recvmsg(size: number = LARGEST_DATAGRAM, options: WaitOptions = {}): Promise<Received> {
    const bytes = new Uint8Array(size);
    const message = this.#message(options.flags ?? 0);
    message.wantsControls = true;
    const read = (): number => this.endpoint.receive(bytes, 0, size, message);
    const count = await this.#retry('recvmsg', POLLIN, options, this.endpoint.socket.receiveTimeoutUs, read);
    const { address, port } = message.hasAddress ? this.#name(message.address) : { address: '', port: 0 };
    const truncated = (message.resultFlags & MSG_TRUNC) !== 0;
    return {
      data: bytes.subarray(0, Math.min(count, size)),
      address: address ?? '',
      port,
      flags: truncated ? message.resultFlags | MSG_TRUNC : message.resultFlags,
      controls: message.controls,
    };
  }

  /** A stream's octets until its end, a datagram socket's datagrams until it is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    while (!this.#closed) {
      const data = await this.recv();
      if (data.length === 0 && this.type === SOCK_STREAM) return;
      yield data;
    }
  }

  /** Resolves with POLL* bits of `mask` (and POLLERR, POLLHUP) once any of them holds. */
  async poll(mask: number, options: WaitOptions = {}): Promise<number> {
    this.#enter('poll');
    await this.#until('poll', mask, options, 0);
    return this.endpoint.readiness & (mask | POLLERR | POLLHUP);
  }

  // ---- options ---------------------------------------------------------------------------------------------------------------------

  /** @throws SocketError ENOPROTOOPT, which names what the level has; EINVAL, … */
  setsockopt(level: number, name: number, value: OptionValue): void {
    this.#enter('setsockopt');
    const result = this.#host.sockets.setOption(this.endpoint, level, name, value);
    if (result < 0) throw this.#optionError('setsockopt', level, name, result);
  }

  /** @param asked what is asked about, where the option is about something: `{ group, interface }` with MCAST_MSFILTER. */
  getsockopt(level: number, name: number, asked?: OptionValue): OptionValue {
    this.#enter('getsockopt');
    const { sockets } = this.#host;
    const value = sockets.getOption(this.endpoint, level, name, asked);
    if (typeof value === 'number' && value < 0 && !sockets.isSigned(level, name)) throw this.#optionError('getsockopt', level, name, value);
    return value;
  }

  // ---- the end ---------------------------------------------------------------------------------------------------------------------

  async shutdown(how: number = SHUT_RDWR): Promise<void> {
    this.#enter('shutdown');
    this.#check('shutdown', this.endpoint.shutdown(how));
  }

  /** Orderly release; again does nothing. Calls that wait end with EBADF. With SO_LINGER it waits for the release, at most so long. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#host.enter();
    this.#closed = true;
    this.#failAll(new SocketError('EBADF', 'close', 'while the call waited'));
    const { endpoint } = this;
    const lingers = endpoint.close() === -ERRNO.EINPROGRESS;
    this.#host.closed(this);
    if (!lingers) {
      endpoint.listener = undefined;
      return;
    }
    try {
      await this.#wait('close', POLLHUP, {}, endpoint.socket.linger * 1_000_000);
    } catch {
      // Its time is over: the release goes on in the background, as Linux does.
    }
    endpoint.listener = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal The stack stops: whoever waits is told. */
  abandon(error: unknown): void {
    this.#failAll(error);
  }

  ready(): void {
    const { readiness } = this.endpoint;
    for (const waiter of this.#waiters) {
      if ((readiness & (waiter.mask | POLLERR | POLLHUP)) === 0) continue;
      this.#waiters.delete(waiter);
      waiter.wake();
    }
  }

  // ---- waiting ---------------------------------------------------------------------------------------------------------------------

  async #send(syscall: string, data: Uint8Array | string, given: Message | undefined, options: WaitOptions): Promise<number> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    const flags = options.flags ?? 0;
    const message = given ?? (flags === 0 ? undefined : this.#host.sockets.message());
    if (message !== undefined) message.flags = flags;
    let at = 0;
    do {
      const from = at;
      const write = (): number => this.endpoint.send(bytes, from, bytes.length, message);
      try {
        at += await this.#retry(syscall, POLLOUT, options, this.endpoint.socket.sendTimeoutUs, write);
        if (message !== undefined && (message.flags & MSG_FASTOPEN) !== 0) {
          message.flags &= ~MSG_FASTOPEN;
          if ((flags & MSG_DONTWAIT) === 0) await this.#connected(syscall, message.address, options, '');
        }
      } catch (error) {
        // As write(2): octets that went are told, the error comes with the next call.
        if (at > 0 && SocketError.is(error) && error.code === 'EAGAIN') return at;
        throw error;
      }
    } while (at < bytes.length);
    return at;
  }

  /** Calls until the answer is other than EAGAIN, waiting for readiness in between. */
  async #retry<T>(syscall: string, mask: number, options: WaitOptions, timeoutUs: number, call: () => T | number): Promise<T | number> {
    for (;;) {
      this.#enter(syscall);
      const result = call();
      if (typeof result !== 'number' || result >= 0) return result;
      // In progress: Fast Open opens a connection, and nothing went with the SYN.
      const waits = result === -ERRNO.EAGAIN || (result === -ERRNO.EINPROGRESS && mask === POLLOUT);
      const never = mask === POLLIN ? NEVER_WAITING | MSG_OOB : NEVER_WAITING;
      if (!waits || ((options.flags ?? 0) & never) !== 0) this.#check(syscall, result);
      // shutdown(SHUT_RD) of a datagram socket: who would wait is told of the end.
      if (mask === POLLIN && (this.endpoint.readiness & POLLRDHUP) !== 0) return 0;
      await this.#wait(syscall, mask, options, timeoutUs);
    }
  }

  /** Waits until a connection stands. @throws SocketError why it does not. */
  async #connected(syscall: string, address: SocketAddress, options: WaitOptions, detail: string): Promise<void> {
    const { sendTimeoutUs } = this.endpoint.socket;
    // POLLERR alone says nothing: errors of an earlier attempt may wait to be read.
    while ((this.endpoint.readiness & (POLLOUT | POLLHUP)) === 0) await this.#wait(syscall, POLLOUT, options, sendTimeoutUs);
    this.#enter(syscall);
    const outcome = this.endpoint.connect(address);
    if (outcome !== -ERRNO.EISCONN) this.#check(syscall, outcome, detail);
  }

  async #until(syscall: string, mask: number, options: WaitOptions, timeoutUs: number): Promise<void> {
    while ((this.endpoint.readiness & (mask | POLLERR | POLLHUP)) === 0) await this.#wait(syscall, mask, options, timeoutUs);
  }

  #wait(syscall: string, mask: number, { signal }: WaitOptions, timeoutUs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = (): void => {
        this.#waiters.delete(waiter);
        timer?.cancel();
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        mask,
        wake: () => {
          end();
          resolve();
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const abort = (): void => waiter.fail(signal?.reason);
      // A time-out is EAGAIN, but for connect, as socket(7) says.
      const expired = (): void => waiter.fail(new SocketError(syscall === 'connect' ? 'EINPROGRESS' : 'EAGAIN', syscall, 'timed out'));
      const timer = timeoutUs > 0 ? this.#host.timers.timer(undefined, expired) : undefined;
      timer?.arm(timeoutUs);
      signal?.addEventListener('abort', abort);
      this.#waiters.add(waiter);
    });
  }

  #failAll(error: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.fail(error);
  }

  // ---- arguments and errors --------------------------------------------------------------------------------------------------------

  #enter(syscall: string): void {
    if (this.#closed) throw new SocketError('EBADF', syscall, 'on a closed socket');
    this.#host.enter();
  }

  #check(syscall: string, result: number, detail = ''): void {
    if (result < 0) throw new SocketError(errnoName(-result), syscall, detail);
  }

  #message(flags: number): Message {
    const message = this.#host.sockets.message();
    message.flags = flags;
    return message;
  }

  #address(syscall: string, name: SocketName): SocketAddress {
    const address = this.#host.sockets.address();
    this.#fill(syscall, name, address);
    return address;
  }

  #fill(syscall: string, { address = '', port }: SocketName, into: SocketAddress): void {
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new SocketError('EINVAL', syscall, `a port is a whole number from 0 to 65535, not ${port}`);
    into.family = this.family;
    into.port = port;
    into.scope = 0;
    into.words.fill(0);
    const text = address === '' ? undefined : address;
    // Any address is all zero in every family; an IPv4 one in mapped form is the family's own affair to read.
    if (text !== undefined && !this.#host.sockets.parse(text, into, this.family)) {
      throw new SocketError('EINVAL', syscall, `"${text}" is not an address of family ${this.family}`);
    }
  }

  #name(address: SocketAddress): SocketName {
    return { address: this.#host.sockets.format(address), port: address.port };
  }

  #optionError(syscall: string, level: number, name: number, result: number): SocketError {
    const code = errnoName(-result);
    if (code !== 'ENOPROTOOPT') return new SocketError(code, syscall, `level ${level} option ${name}`);
    const known = this.#host.sockets.optionNames(level).join(', ');
    return new SocketError(code, syscall, `level ${level} has no option ${name} here; there is ${known || 'none'}`);
  }
}

const describe = ({ address = '', port }: SocketName): string => `${address || 'any'} port ${port}`;
