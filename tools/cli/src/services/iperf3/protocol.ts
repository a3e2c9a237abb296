// What iperf3 (3.0 and later) says on its control connection: states of one octet, JSON behind a length of four.
import type { SocketStream } from '@protoloom/node';

export const TEST_START = 1;
export const TEST_RUNNING = 2;
export const TEST_END = 4;
export const PARAM_EXCHANGE = 9;
export const CREATE_STREAMS = 10;
export const SERVER_TERMINATE = 11;
export const CLIENT_TERMINATE = 12;
export const EXCHANGE_RESULTS = 13;
export const DISPLAY_RESULTS = 14;
export const IPERF_DONE = 16;
export const ACCESS_DENIED = -1;
export const SERVER_ERROR = -2;

/** What names a test on every connection of it: 36 characters and a NUL. */
export const COOKIE_BYTES = 37;
/** Nothing that a client has to say is longer. */
const MOST_JSON = 1 << 20;
/** As iperf3 itself. */
const MOST_STREAMS = 128;
const MOST_BLOCK = 1 << 20;
const UDP_HEADER = 16;

/** Parameters that cannot be: iperf3's own number of that error. */
const IERECVPARAMS = 114;

/** What ends a test: a client that says what is not the protocol, or asks for what there is not. */
export class ProtocolError extends Error {
  readonly iperfCode: number | undefined;

  /** @param iperfCode iperf3's number of the error, where the client is to be told. */
  constructor(message: string, iperfCode?: number) {
    super(message);
    this.iperfCode = iperfCode;
  }
}

/** What a client asks for. */
export interface Parameters {
  readonly udp: boolean;
  /** The server sends. */
  readonly reverse: boolean;
  readonly bidirectional: boolean;
  /** Streams each way. */
  readonly parallel: number;
  /** Octets of one write or datagram. */
  readonly block: number;
  /** Seconds at the start that do not count. */
  readonly omit: number;
  /** Bits a second of each stream; 0: as fast as it goes. */
  readonly rate: number;
  /** SO_SNDBUF and SO_RCVBUF, octets; 0: autotuned. */
  readonly window: number;
  readonly noDelay: boolean;
  readonly tos: number;
  /** TCP_CONGESTION; undefined: the default. */
  readonly congestion: string | undefined;
  /** Datagrams are numbered in 64 bits. */
  readonly wideNumbers: boolean;
}

/** @throws ProtocolError. */
export function parseParameters(said: Readonly<Record<string, unknown>>): Parameters {
  const number = (key: string, least: number, most: number, otherwise: number): number => {
    const value = said[key] ?? otherwise;
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw new ProtocolError(`${key} is from ${least} to ${most}`, IERECVPARAMS);
    return Math.floor(value);
  };
  const flag = (key: string): boolean => said[key] === true || said[key] === 1;
  if (flag('sctp')) throw new ProtocolError('there is TCP and UDP', IERECVPARAMS);
  const udp = flag('udp');
  const block = number('len', udp ? UDP_HEADER : 1, udp ? 65_507 : MOST_BLOCK, udp ? 1460 : 131_072);
  const { congestion } = said;
  return {
    udp,
    reverse: flag('reverse'),
    bidirectional: flag('bidirectional'),
    parallel: number('parallel', 1, MOST_STREAMS, 1),
    block,
    omit: number('omit', 0, 600, 0),
    rate: number('bandwidth', 0, 2 ** 53, 0),
    window: number('window', 0, 2 ** 30, 0),
    noDelay: flag('nodelay'),
    tos: number('TOS', 0, 255, 0),
    congestion: typeof congestion === 'string' ? congestion : undefined,
    wideNumbers: flag('udp_counters_64bit'),
  };
}

/** The control connection, read as it comes and in whole pieces. */
export class ControlChannel {
  readonly #stream: SocketStream;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: SocketStream) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Exactly `count` octets. @throws ProtocolError at the end of the stream. */
  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      // A stream that is reset or destroyed throws: the end of it, as the other.
      const { value, done } = await this.#chunks.next().catch(() => ({ value: undefined, done: true as const }));
      if (done === true) throw new ProtocolError('the client has gone');
      this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async takeState(): Promise<number> {
    return (await this.take(1)).readInt8(0);
  }

  /** @throws ProtocolError. */
  async takeJson(): Promise<Readonly<Record<string, unknown>>> {
    const length = (await this.take(4)).readUInt32BE(0);
    if (length > MOST_JSON) throw new ProtocolError(`${length} octets of JSON`);
    let value: unknown;
    try {
      value = JSON.parse((await this.take(length)).toString('utf8'));
    } catch (error) {
      if (error instanceof SyntaxError) throw new ProtocolError('what should be JSON is not');
      throw error;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ProtocolError('what should be an object is not');
    return value as Readonly<Record<string, unknown>>;
  }

  state(state: number): void {
    this.#stream.write(Buffer.from([state & 0xff]));
  }

  json(value: unknown): void {
    const text = Buffer.from(JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.#stream.write(Buffer.concat([length, text]));
  }

  /** SERVER_ERROR carries iperf3's own number and an errno. */
  serverError(code: number): void {
    const numbers = Buffer.alloc(8);
    numbers.writeInt32BE(code, 0);
    this.#stream.write(Buffer.concat([Buffer.from([SERVER_ERROR & 0xff]), numbers]));
  }

  end(): void {
    this.#stream.destroySoon();
  }
}
