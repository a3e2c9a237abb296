// One stream of a test: octets one way, over TCP or UDP, at the endpoint itself so that the stack is what is measured.
import { performance } from 'node:perf_hooks';
import { ERRNO } from '@protoloom/contracts';
import { type Endpoint, IPPROTO_TCP, newViews } from '@protoloom/contracts/socket';
import { TCP_CONGESTION, TCP_INFO } from '@protoloom/contracts/tcp';
import type { Socket, Stack } from '@protoloom/stack';
import type { Parameters } from './protocol.js';

/** A sender without a rate gives way to the rest of the process after so many blocks. */
const MOST_AT_ONCE = 64;
/** A sender with a rate looks at its clock this often. */
const PACE_MS = 1;

/** A stream's figures, as they go into the results. */
export interface Figures {
  bytes: number;
  /** Of datagrams: the highest number seen, or how many were sent. */
  packets: number;
  /** Datagrams that did not come, or came late. */
  errors: number;
  /** RFC 3550 §6.4.1, seconds. */
  jitter: number;
  /** Segments sent anew; -1: a receiver has none. */
  retransmits: number;
}

/** Microseconds of the day's clock. */
const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1000;

export abstract class Transfer {
  readonly figures: Figures = { bytes: 0, packets: 0, errors: 0, jitter: 0, retransmits: -1 };
  /** What was counted when the omitted seconds ended. */
  #omitted: Figures = { ...this.figures };
  protected readonly stack: Stack;
  protected readonly socket: Socket;
  protected readonly endpoint: Endpoint;
  protected running = false;

  constructor(stack: Stack, socket: Socket) {
    this.stack = stack;
    this.socket = socket;
    this.endpoint = socket.endpoint;
  }

  abstract start(): void;

  stop(): void {
    this.running = false;
  }

  /** What came so far does not count. */
  omit(): void {
    this.#omitted = { ...this.measured() };
  }

  /** As of now, without what was omitted. */
  results(): Figures & { readonly omittedPackets: number; readonly omittedErrors: number } {
    const { bytes, packets, errors, jitter, retransmits } = this.measured();
    const before = this.#omitted;
    return {
      bytes: bytes - before.bytes,
      packets,
      errors,
      jitter,
      retransmits: retransmits < 0 ? -1 : retransmits - Math.max(before.retransmits, 0),
      omittedPackets: before.packets,
      omittedErrors: before.errors,
    };
  }

  async close(): Promise<void> {
    this.stop();
    await this.socket.close();
  }

  protected measured(): Figures {
    return this.figures;
  }
}

const congestionOf = (socket: Socket): string => socket.getsockopt(IPPROTO_TCP, TCP_CONGESTION) as string;

export class TcpReceiver extends Transfer {
  readonly #views = newViews();

  get congestion(): string {
    return congestionOf(this.socket);
  }

  start(): void {
    this.endpoint.listener = { ready: () => this.#drain() };
    this.stack.enter();
    this.#drain();
  }

  #drain(): void {
    for (let there = this.endpoint.peek(this.#views); there > 0; there = this.endpoint.peek(this.#views)) {
      this.endpoint.consume(there);
      this.figures.bytes += there;
    }
  }
}

/** Sends blocks as fast as it goes, or at a rate, until it is told to stop: also where the client wants so many octets, and counts them. */
abstract class Sender extends Transfer {
  protected readonly block: Uint8Array;
  readonly #bytesPerMs: number;
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(stack: Stack, socket: Socket, { block, rate }: Parameters) {
    super(stack, socket);
    this.block = Uint8Array.from({ length: block }, (_, i) => 0x30 + (i % 10));
    this.#bytesPerMs = rate / 8000;
  }

  start(): void {
    this.running = true;
    this.#startedMs = performance.now();
    this.endpoint.listener = { ready: () => this.#work() };
    if (this.#bytesPerMs > 0) {
      this.#timer = setInterval(() => {
        this.stack.enter();
        this.#work();
      }, PACE_MS);
    }
    this.stack.enter();
    this.#work();
  }

  override stop(): void {
    super.stop();
    clearInterval(this.#timer);
    clearImmediate(this.#soon);
    this.endpoint.listener = undefined;
  }

  /** A block, or what the endpoint takes of it: how many octets, or a negative errno. */
  protected abstract sendBlock(): number;

  #work(): void {
    clearImmediate(this.#soon);
    const due = this.#bytesPerMs > 0 ? (performance.now() - this.#startedMs) * this.#bytesPerMs : Number.POSITIVE_INFINITY;
    for (let i = 0; i < MOST_AT_ONCE; i++) {
      if (!this.running || this.figures.bytes >= due) return;
      const sent = this.sendBlock();
      if (sent === -ERRNO.EAGAIN || sent === -ERRNO.ENOBUFS) return;
      if (sent < 0) return this.stop();
      this.figures.bytes += sent;
    }
    this.#soon = setImmediate(() => {
      this.stack.enter();
      this.#work();
    });
  }
}

export class TcpSender extends Sender {
  get congestion(): string {
    return congestionOf(this.socket);
  }

  protected sendBlock(): number {
    return this.endpoint.send(this.block, 0, this.block.length, undefined);
  }

  protected override measured(): Figures {
    const info = this.socket.getsockopt(IPPROTO_TCP, TCP_INFO) as Readonly<Record<string, number>>;
    this.figures.retransmits = info['tcpi_total_retrans'] ?? 0;
    return this.figures;
  }
}

/** A datagram begins with seconds and microseconds of its sending and its number, from 1 on. */
export class UdpSender extends Sender {
  readonly #view: DataView;
  readonly #wide: boolean;

  constructor(stack: Stack, socket: Socket, parameters: Parameters) {
    super(stack, socket, parameters);
    this.#view = new DataView(this.block.buffer);
    this.#wide = parameters.wideNumbers;
  }

  protected sendBlock(): number {
    const us = nowUs();
    const number = this.figures.packets + 1;
    this.#view.setUint32(0, Math.floor(us / 1e6));
    this.#view.setUint32(4, us % 1e6);
    if (this.#wide) {
      this.#view.setUint32(8, Math.floor(number / 2 ** 32));
      this.#view.setUint32(12, number >>> 0);
    } else this.#view.setUint32(8, number >>> 0);
    const sent = this.endpoint.send(this.block, 0, this.block.length, undefined);
    if (sent > 0) this.figures.packets = number;
    return sent;
  }
}

export class UdpReceiver extends Transfer {
  readonly #buffer = new Uint8Array(65_536);
  readonly #view = new DataView(this.#buffer.buffer);
  readonly #wide: boolean;
  #transit = 0;

  constructor(stack: Stack, socket: Socket, { wideNumbers }: Parameters) {
    super(stack, socket);
    this.#wide = wideNumbers;
  }

  start(): void {
    this.endpoint.listener = { ready: () => this.#drain() };
    this.stack.enter();
    this.#drain();
  }

  #drain(): void {
    for (;;) {
      const length = this.endpoint.receive(this.#buffer, 0, this.#buffer.length, undefined);
      if (length < 0) return;
      if (length >= (this.#wide ? 16 : 12)) this.#count(length);
    }
  }

  #count(length: number): void {
    const { figures } = this;
    const number = this.#wide ? this.#view.getUint32(8) * 2 ** 32 + this.#view.getUint32(12) : this.#view.getUint32(8);
    figures.bytes += length;
    if (number > figures.packets) {
      figures.errors += number - figures.packets - 1;
      figures.packets = number;
    } else if (figures.errors > 0) figures.errors--; // it was taken for lost, and was late
    const transit = nowUs() / 1e6 - (this.#view.getUint32(0) + this.#view.getUint32(4) / 1e6);
    if (this.#transit !== 0) figures.jitter += (Math.abs(transit - this.#transit) - figures.jitter) / 16;
    this.#transit = transit;
  }
}
