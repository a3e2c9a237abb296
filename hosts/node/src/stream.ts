// A stream socket as Node's own libraries want one: a duplex in the shape of net.Socket, over an endpoint.

import { Duplex } from 'node:stream';
import { ERRNO } from '@protoloom/contracts';
import { AF_INET6, type Endpoint, IPPROTO_TCP, newViews, POLLERR, POLLHUP, POLLIN, POLLOUT, SHUT_WR } from '@protoloom/contracts/socket';
import { TCP_NODELAY } from '@protoloom/contracts/tcp';
import { errnoName, type Socket, SocketError, type Stack } from '@protoloom/stack';

/** Most octets handed on at once. */
const CHUNK = 65_536;

export class SocketStream extends Duplex {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: string;
  readonly encrypted = false;
  connecting = false;
  #timeout: NodeJS.Timeout | undefined;
  readonly #stack: Stack;
  readonly #endpoint: Endpoint;
  readonly #views = newViews();
  #wantsToRead = false;
  /** What waits for room: octets, from where, and whom to tell. */
  #pending: { chunks: readonly Uint8Array[]; index: number; at: number; done: (error?: Error | null) => void } | undefined;

  /** @param socket connected; its endpoint is the stream's from here on. */
  constructor(stack: Stack, socket: Socket) {
    super({ allowHalfOpen: true, readableHighWaterMark: CHUNK, writableHighWaterMark: 4 * CHUNK });
    this.#stack = stack;
    this.#endpoint = socket.endpoint;
    const local = socket.getsockname();
    const remote = socket.getpeername();
    this.localAddress = local.address ?? '';
    this.localPort = local.port;
    this.remoteAddress = remote.address ?? '';
    this.remotePort = remote.port;
    // As Node has it: of a socket of IPv6, also where the peer's address is a mapped one.
    this.remoteFamily = socket.family === AF_INET6 ? 'IPv6' : 'IPv4';
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    this.#endpoint.listener = { ready: () => this.#ready() };
  }

  override _read(): void {
    this.#wantsToRead = true;
    this.#pull();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#pending = { chunks: [chunk], index: 0, at: 0, done };
    this.#flush();
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#pending = { chunks: chunks.map(({ chunk }) => chunk), index: 0, at: 0, done };
    this.#flush();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stack.enter();
    this.#endpoint.shutdown(SHUT_WR);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timeout);
    this.#stack.enter();
    this.#endpoint.listener = undefined;
    this.#endpoint.close();
    this.#pending?.done(error ?? new SocketError('EPIPE', 'write', 'on a closed stream'));
    this.#pending = undefined;
    done(error);
  }

  // ---- what net.Socket has besides -------------------------------------------------------------------------------------------------

  /** Ends writing, and is destroyed once all has been handed on. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#timeout);
    this.#timeout = ms === 0 || this.destroyed ? undefined : setTimeout(() => this.emit('timeout'), ms).unref();
    if (listener !== undefined) this.once('timeout', listener);
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  address(): { address: string; port: number; family: string } {
    return { address: this.localAddress, port: this.localPort, family: this.remoteFamily };
  }

  // ---- readiness -------------------------------------------------------------------------------------------------------------------

  #ready(): void {
    const { readiness } = this.#endpoint;
    if ((readiness & (POLLOUT | POLLERR | POLLHUP)) !== 0) this.#flush();
    if ((readiness & (POLLIN | POLLERR | POLLHUP)) !== 0) this.#pull();
  }

  #pull(): void {
    if (!this.#wantsToRead || this.destroyed) return;
    this.#stack.enter();
    const views = this.#views;
    while (this.#wantsToRead) {
      const there = this.#endpoint.peek(views);
      if (there === -ERRNO.EAGAIN) return;
      if (there < 0) {
        this.#fail('read', there);
        return;
      }
      if (there === 0) {
        this.#wantsToRead = false;
        this.push(null);
        return;
      }
      const first = Math.min(views.firstLength, CHUNK);
      // The ring's octets are the endpoint's: whoever reads a stream may keep what it reads.
      const chunk = Buffer.allocUnsafe(first);
      chunk.set(views.first.subarray(views.firstAt, views.firstAt + first));
      this.#endpoint.consume(first);
      this.#touch();
      if (!this.push(chunk)) this.#wantsToRead = false;
    }
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending === undefined || this.destroyed) return;
    this.#stack.enter();
    while (pending.index < pending.chunks.length) {
      const chunk = pending.chunks[pending.index] as Uint8Array;
      while (pending.at < chunk.length) {
        const count = this.#endpoint.send(chunk, pending.at, chunk.length, undefined);
        if (count === -ERRNO.EAGAIN) return;
        if (count < 0) {
          this.#pending = undefined;
          pending.done(new SocketError(errnoName(-count), 'write', ''));
          return;
        }
        pending.at += count;
      }
      pending.index++;
      pending.at = 0;
    }
    this.#pending = undefined;
    this.#touch();
    pending.done();
  }

  #fail(syscall: string, result: number): void {
    this.destroy(new SocketError(errnoName(-result), syscall, ''));
  }

  /** Something has come or gone: idleness begins anew. */
  #touch(): void {
    this.#timeout?.refresh();
  }
}
