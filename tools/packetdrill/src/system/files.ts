// What a descriptor stands for: sockets, pipes, epoll instances, plain files. Each call answers a count or a negative errno, at once.
import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, POLLERR, POLLHUP, POLLIN, POLLOUT } from '@protoloom/contracts/socket';

export abstract class File {
  nonBlocking = false;
  /** Counts what has happened to it, for edge-triggered epoll. */
  edges = 0;
  /** Told whenever what it is ready for may have changed. */
  changed: () => void = () => undefined;

  /** POLL* bits, now. */
  abstract get readiness(): number;
  read(_bytes: Uint8Array): number {
    return -ERRNO.EINVAL;
  }
  write(_bytes: Uint8Array): number {
    return -ERRNO.EINVAL;
  }
  /** 0, or -EINPROGRESS where it lingers. */
  close(): number {
    return 0;
  }

  protected happened(): void {
    this.edges++;
    this.changed();
  }
}

export class SocketFile extends File {
  readonly endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    super();
    this.endpoint = endpoint;
    endpoint.listener = { ready: () => this.happened() };
  }

  get readiness(): number {
    return this.endpoint.readiness;
  }
  override read(bytes: Uint8Array): number {
    return this.endpoint.receive(bytes, 0, bytes.length, undefined);
  }
  override write(bytes: Uint8Array): number {
    return this.endpoint.send(bytes, 0, bytes.length, undefined);
  }
  override close(): number {
    return this.endpoint.close();
  }
}

/** Linux's PIPE_BUF times its default of sixteen buffers. */
const PIPE_BYTES = 65_536;

/** Both ends of pipe(2) share one. */
class PipeBuffer {
  bytes = new Uint8Array(0);
  readers = 1;
  writers = 1;
  reader: PipeEnd | undefined;
  writer: PipeEnd | undefined;
}

export class PipeEnd extends File {
  readonly #buffer: PipeBuffer;
  readonly #reads: boolean;

  private constructor(buffer: PipeBuffer, reads: boolean) {
    super();
    this.#buffer = buffer;
    this.#reads = reads;
  }

  /** The end that reads, and the one that writes. */
  static pair(): readonly [PipeEnd, PipeEnd] {
    const buffer = new PipeBuffer();
    buffer.reader = new PipeEnd(buffer, true);
    buffer.writer = new PipeEnd(buffer, false);
    return [buffer.reader, buffer.writer];
  }

  get readiness(): number {
    const { bytes, readers, writers } = this.#buffer;
    if (this.#reads) return (bytes.length > 0 ? POLLIN : 0) | (writers === 0 ? POLLHUP : 0);
    return (bytes.length < PIPE_BYTES ? POLLOUT : 0) | (readers === 0 ? POLLERR : 0);
  }

  override read(into: Uint8Array): number {
    if (!this.#reads) return -ERRNO.EBADF;
    const buffer = this.#buffer;
    if (buffer.bytes.length === 0) return buffer.writers === 0 || into.length === 0 ? 0 : -ERRNO.EAGAIN;
    const count = Math.min(into.length, buffer.bytes.length);
    into.set(buffer.bytes.subarray(0, count));
    buffer.bytes = buffer.bytes.slice(count);
    buffer.writer?.happened();
    return count;
  }

  override write(from: Uint8Array): number {
    if (this.#reads) return -ERRNO.EBADF;
    const buffer = this.#buffer;
    if (buffer.readers === 0) return -ERRNO.EPIPE;
    const count = Math.min(from.length, PIPE_BYTES - buffer.bytes.length);
    if (count === 0) return from.length === 0 ? 0 : -ERRNO.EAGAIN;
    const bytes = new Uint8Array(buffer.bytes.length + count);
    bytes.set(buffer.bytes);
    bytes.set(from.subarray(0, count), buffer.bytes.length);
    buffer.bytes = bytes;
    buffer.reader?.happened();
    return count;
  }

  override close(): number {
    if (this.#reads) this.#buffer.readers--;
    else this.#buffer.writers--;
    this.#buffer.reader?.happened();
    this.#buffer.writer?.happened();
    return 0;
  }
}

/** A file in memory; /dev/zero and /dev/null by their names. Scripts touch nothing else of the machine. */
export class PlainFile extends File {
  readonly #path: string;
  #bytes: Uint8Array;
  #at = 0;

  constructor(path: string, bytes = new Uint8Array(0)) {
    super();
    this.#path = path;
    this.#bytes = bytes;
  }

  get readiness(): number {
    return POLLIN | POLLOUT;
  }

  override read(into: Uint8Array): number {
    if (this.#path === '/dev/zero') return into.fill(0).length;
    const count = this.readAt(into, this.#at);
    this.#at += count;
    return count;
  }

  /** As pread(2). */
  readAt(into: Uint8Array, from: number): number {
    if (this.#path === '/dev/zero') return into.fill(0).length;
    const piece = this.#bytes.subarray(from, from + into.length);
    into.set(piece);
    return piece.length;
  }

  override write(from: Uint8Array): number {
    if (this.#path === '/dev/zero' || this.#path === '/dev/null') return from.length;
    const bytes = new Uint8Array(Math.max(this.#bytes.length, this.#at + from.length));
    bytes.set(this.#bytes);
    bytes.set(from, this.#at);
    this.#bytes = bytes;
    this.#at += from.length;
    return from.length;
  }
}

interface Interest {
  readonly file: File;
  events: number;
  data: EpollData;
  /** `file.edges` when it was told last; -1: not yet. */
  told: number;
  enabled: boolean;
}

/** epoll_data, as the script named it: fd, ptr, u32 or u64. */
export interface EpollData {
  readonly name: string;
  readonly value: number;
}
export interface EpollEvent {
  readonly events: number;
  readonly data: EpollData;
}

const EPOLLONESHOT = 0x4000_0000;
const EPOLLET = 0x8000_0000;

export class EpollFile extends File {
  readonly #interests = new Map<number, Interest>();

  get readiness(): number {
    return this.ready(1, false).length > 0 ? POLLIN : 0;
  }

  add(fd: number, file: File, events: number, data: EpollData): number {
    if (this.#interests.has(fd)) return -ERRNO.EEXIST;
    this.#interests.set(fd, { file, events, data, told: -1, enabled: true });
    return 0;
  }

  modify(fd: number, events: number, data: EpollData): number {
    const interest = this.#interests.get(fd);
    if (interest === undefined) return -ERRNO.ENOENT;
    Object.assign(interest, { events, data, told: -1, enabled: true });
    return 0;
  }

  delete(fd: number): number {
    return this.#interests.delete(fd) ? 0 : -ERRNO.ENOENT;
  }

  /** What is ready. @param take edges and one-shots are used up. */
  ready(most: number, take = true): EpollEvent[] {
    const found: EpollEvent[] = [];
    for (const interest of this.#interests.values()) {
      if (found.length === most) break;
      const { file, events, data, told, enabled } = interest;
      const ready = file.readiness & (events | POLLERR | POLLHUP) & 0xffff;
      if (!enabled || ready === 0) continue;
      if ((events & EPOLLET) !== 0 && told === file.edges) continue;
      if (take) {
        interest.told = file.edges;
        interest.enabled = (events & EPOLLONESHOT) === 0;
      }
      found.push({ events: ready, data });
    }
    return found;
  }
}
