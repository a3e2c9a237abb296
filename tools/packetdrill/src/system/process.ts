// The process that a script plays: its descriptors, and the conversations that belong to them.
import { CLOCK, ERRNO } from '@protoloom/contracts';
import { AF_INET, AF_INET6, type Endpoint, IPPROTO_TCP, SOCKETS, type SocketAddress, type Sockets } from '@protoloom/contracts/socket';
import type { Stack } from '@protoloom/stack';
import { type IpAddress, parseAddress } from '@protoloom/wire';
import { fail } from '../failure.js';
import type { Value } from '../language/script.js';
import { Flow } from '../run/flow.js';
import type { Settings } from '../settings.js';
import { type File, type PlainFile, SocketFile } from './files.js';
import { type Args, fieldOf, numberIn, written } from './values.js';

/** Remote ports of connections that come in. */
const FIRST_REMOTE_PORT = 40_000;

export class Process {
  readonly stack: Stack;
  readonly settings: Settings;
  readonly sockets: Sockets;
  /** When the script began, µs since 1970-01-01 UTC of the stack's clock. */
  readonly startUs: number;
  /** How far off a time may be that the stack tells, µs. */
  readonly toleranceUs: number;
  /** Files in memory, by their paths. */
  readonly disk = new Map<string, PlainFile>();
  readonly #files = new Map<number, File>();
  readonly #flows: Flow[] = [];
  readonly #changed: () => void;
  #remotePort = FIRST_REMOTE_PORT;
  /** The conversation that packets of the script are about: the last that began. */
  flow: Flow | undefined;

  /** @param changed told whenever a file may have become ready. */
  constructor(stack: Stack, settings: Settings, toleranceUs: number, changed: () => void) {
    this.stack = stack;
    this.settings = settings;
    this.sockets = stack.service(SOCKETS);
    const { nowUs, epochUs } = stack.service(CLOCK);
    this.startUs = nowUs + epochUs;
    this.toleranceUs = toleranceUs;
    this.#changed = changed;
  }

  // ---- descriptors -----------------------------------------------------------------------------------------------------------------

  /** The file behind the descriptor that is argument `i`. */
  file(args: Args, i = 0): File {
    return this.fileAt(args.number(i)) ?? fail(`${args.call}: the script has no descriptor ${args.number(i)} open`);
  }

  socket(args: Args, i = 0): SocketFile | undefined {
    const file = this.file(args, i);
    return file instanceof SocketFile ? file : undefined;
  }

  fileAt(fd: number): File | undefined {
    return this.#files.get(fd);
  }

  /** A call gave a descriptor, which the script calls `fd`. */
  open(fd: number, file: File): void {
    // One that is open already stays so, and has no name any more.
    this.#files.set(fd, file);
    file.changed = this.#changed;
    if (!(file instanceof SocketFile)) return;
    const flow = this.#flowOf(file.endpoint);
    if (flow !== undefined) flow.fd = fd;
  }

  get openSockets(): readonly SocketFile[] {
    return [...this.#files.values()].filter((file): file is SocketFile => file instanceof SocketFile);
  }

  forget(fd: number): void {
    this.#files.delete(fd);
  }

  /** The socket that %{ }% is about: that of the conversation, or the one that was opened last. */
  get socketUnderTest(): SocketFile | undefined {
    const file = this.flow?.fd === undefined ? undefined : this.#files.get(this.flow.fd);
    if (file instanceof SocketFile) return file;
    if (this.flow !== undefined && this.flow.state !== 'listening') return undefined;
    return this.openSockets.at(-1);
  }

  // ---- conversations ---------------------------------------------------------------------------------------------------------------

  /** connect(2), or sending without it. */
  connecting(fd: number, endpoint: Endpoint, to: SocketAddress): void {
    const flow = this.#begin(endpoint.socket.protocol, 'connecting', this.portOf(endpoint), to.port);
    flow.remote.words.set(to.words);
    flow.fd = fd;
  }

  listening(fd: number, endpoint: Endpoint): void {
    this.#begin(IPPROTO_TCP, 'listening', this.portOf(endpoint), 0).fd = fd;
  }

  /** A packet comes in that no conversation expects: one begins. */
  incoming(protocol: number): Flow {
    const { flow } = this;
    const isTcp = protocol === IPPROTO_TCP;
    const port = (flow === undefined ? 0 : flow.local.port) || this.settings.bindPort;
    return this.#begin(protocol, isTcp ? 'packet-received' : 'open', port, isTcp ? this.#remotePort++ : this.settings.connectPort);
  }

  /** A datagram socket without a peer: where it is bound. */
  datagrams(protocol: number): Flow {
    const bound = this.openSockets.find(({ endpoint }) => endpoint.socket.protocol === protocol);
    const port = bound === undefined ? 0 : this.portOf(bound.endpoint);
    return this.#begin(protocol, 'open', port || this.settings.bindPort, this.settings.connectPort);
  }

  #begin(protocol: number, state: Flow['state'], localPort: number, remotePort: number): Flow {
    this.flow = new Flow(protocol, state, this.settings, localPort, remotePort);
    this.#flows.push(this.flow);
    return this.flow;
  }

  /** The conversation that an accepted socket is the end of. */
  #flowOf(endpoint: Endpoint): Flow | undefined {
    const address = this.sockets.address();
    if (endpoint.peerAddress(address) < 0) return this.flow?.state === 'listening' || this.flow?.fd !== undefined ? undefined : this.flow;
    return this.#flows.find((flow) => flow.fd === undefined && flow.remote.port === address.port);
  }

  // ---- addresses -------------------------------------------------------------------------------------------------------------------

  get family(): number {
    return this.settings.ipVersion === 'ipv4' ? AF_INET : AF_INET6;
  }

  /** The port that an endpoint is bound to, 0: none. */
  portOf(endpoint: Endpoint): number {
    const address = this.sockets.address();
    return endpoint.localAddress(address) < 0 ? 0 : address.port;
  }

  /** A sockaddr of the script; `...` is the usual one. */
  address(value: Value, usual: IpAddress, port: number): SocketAddress {
    const address = this.sockets.address();
    address.family = this.family;
    if (value.kind === 'any') {
      usual.toWords(address.words);
      address.port = port;
      return address;
    }
    if (value.kind === 'word' || value.kind === 'integer') {
      address.family = numberIn(value) ?? 0;
      return address;
    }
    const family = fieldOf(value, 'sa_family', 0) ?? fieldOf(value, 'sin_family') ?? fail(`${written(value)} is no socket address`);
    address.family = numberIn(family) ?? fail(`${written(family)} is no address family`);
    address.port = numberIn(fieldOf(value, 'sin_port', 1) ?? fieldOf(value, 'sin6_port') ?? { kind: 'integer', value: 0 }) ?? 0;
    const text = fieldOf(value, 'sin_addr', 2) ?? fieldOf(value, 'sin6_addr');
    const inner = text?.kind === 'function' ? text.args.find((one) => one.kind === 'string') : text;
    if (inner?.kind !== 'string') return fail(`${written(value)} has no address: it says sin_addr=inet_addr("192.0.2.1")`);
    parsed(inner.text).toWords(address.words);
    return address;
  }
}

const parsed = (text: string): IpAddress => {
  try {
    return parseAddress(text);
  } catch (error) {
    return fail((error as Error).message);
  }
};

/** Whether a call's result is that error. */
export const isErrno = (result: number, errno: keyof typeof ERRNO): boolean => result === -ERRNO[errno];
