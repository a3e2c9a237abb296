// One test of iperf3, from its parameters to its results: the server's half of the conversation.

import { IP_TOS } from '@protoloom/contracts/ipv4';
import { IPPROTO_IP, IPPROTO_TCP, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET } from '@protoloom/contracts/socket';
import { TCP_CONGESTION, TCP_NODELAY } from '@protoloom/contracts/tcp';
import { openServing } from '@protoloom/node';
import { type Socket, SocketError, type Stack } from '@protoloom/stack';
import {
  CLIENT_TERMINATE,
  type ControlChannel,
  CREATE_STREAMS,
  DISPLAY_RESULTS,
  EXCHANGE_RESULTS,
  IPERF_DONE,
  PARAM_EXCHANGE,
  type Parameters,
  ProtocolError,
  parseParameters,
  SERVER_TERMINATE,
  TEST_END,
  TEST_RUNNING,
  TEST_START,
} from './protocol.js';
import { TcpReceiver, TcpSender, type Transfer, UdpReceiver, UdpSender } from './transfer.js';

/** iperf3's own number of a controller that is not there. */
const IESETCONGESTION = 134;
/** Any datagram asks for a stream; the answer is these four octets. */
const UDP_REPLY = Uint8Array.of(0x36, 0x37, 0x38, 0x39);
/** The datagram that asks for a stream may be lost, and is not sent anew: iperf3 waits as long. */
const CREATE_MS = 30_000;

export class Test {
  /** What the connections of this test begin with. */
  readonly cookie: string;
  readonly #stack: Stack;
  readonly #port: number;
  readonly #control: ControlChannel;
  readonly #transfers: Transfer[] = [];
  /** Takes the next stream, while the test waits for streams. */
  #join: ((socket: Socket) => void) | undefined;

  constructor(stack: Stack, port: number, cookie: string, control: ControlChannel) {
    this.cookie = cookie;
    this.#stack = stack;
    this.#port = port;
    this.#control = control;
  }

  /** Until the client is done, or gone. Whatever a client does ends its own test, and nothing else. */
  async run(): Promise<void> {
    try {
      await this.#converse();
    } catch (error) {
      if (error instanceof ProtocolError) {
        if (error.iperfCode !== undefined) this.#control.serverError(error.iperfCode);
      } else if (!SocketError.is(error)) throw error;
    } finally {
      this.#join = undefined;
      this.#control.end();
      await this.#closeTransfers();
    }
  }

  /** Takes a connection with this test's cookie; false: the test waits for none. */
  join(socket: Socket): boolean {
    if (this.#join === undefined) return false;
    this.#join(socket);
    return true;
  }

  /** The server goes, and says so. */
  terminate(): void {
    this.#control.state(SERVER_TERMINATE);
    this.#control.end();
  }

  async #converse(): Promise<void> {
    const control = this.#control;
    control.state(PARAM_EXCHANGE);
    const parameters = parseParameters(await control.takeJson());
    const streams = this.#streams(parameters);
    control.state(CREATE_STREAMS);
    // A client that goes meanwhile, or says what is not due, is heard as well.
    const next = control.takeState();
    await Promise.race([streams, next.then((state) => unexpected(state))]);
    control.state(TEST_START);
    control.state(TEST_RUNNING);
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (const transfer of this.#transfers) transfer.start();
    const omitting = setTimeout(() => {
      for (const transfer of this.#transfers) transfer.omit();
    }, parameters.omit * 1000);
    const state = await next.finally(() => clearTimeout(omitting));
    if (state !== TEST_END) unexpected(state);
    const seconds = (performance.now() - began) / 1000 - parameters.omit;
    const { user, system } = process.cpuUsage(cpu);
    const results = this.#results(seconds, { user: user / seconds / 1e4, system: system / seconds / 1e4 });
    // Before the results: a client may still wait for the rest of a block.
    await this.#closeTransfers();
    control.state(EXCHANGE_RESULTS);
    await control.takeJson();
    control.json(results);
    control.state(DISPLAY_RESULTS);
    const last = await control.takeState();
    if (last !== IPERF_DONE) unexpected(last);
  }

  /** Settles once there are as many streams as were asked for: those that the client sends on come first. */
  #streams(parameters: Parameters): Promise<void> {
    const { parallel, reverse, bidirectional, udp } = parameters;
    const count = bidirectional ? 2 * parallel : parallel;
    return new Promise((resolve, reject) => {
      const add = (socket: Socket): void => {
        try {
          this.#configure(socket, parameters);
        } catch (error) {
          reject(error);
          return;
        }
        const sends = bidirectional ? this.#transfers.length >= parallel : reverse;
        this.#transfers.push(this.#transfer(socket, sends, parameters));
        if (this.#transfers.length < count) return;
        this.#join = undefined;
        resolve();
      };
      if (udp) this.#takeDatagrams(count, add).catch(reject);
      else this.#join = add;
    });
  }

  #transfer(socket: Socket, sends: boolean, parameters: Parameters): Transfer {
    const stack = this.#stack;
    if (parameters.udp) return sends ? new UdpSender(stack, socket, parameters) : new UdpReceiver(stack, socket, parameters);
    return sends ? new TcpSender(stack, socket, parameters) : new TcpReceiver(stack, socket);
  }

  /** @throws ProtocolError where there is no such controller. */
  #configure(socket: Socket, { udp, window, noDelay, tos, congestion }: Parameters): void {
    if (window > 0) {
      socket.setsockopt(SOL_SOCKET, SO_SNDBUF, window);
      socket.setsockopt(SOL_SOCKET, SO_RCVBUF, window);
    }
    if (tos > 0) socket.setsockopt(IPPROTO_IP, IP_TOS, tos);
    if (udp) return;
    if (noDelay) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    if (congestion === undefined) return;
    try {
      socket.setsockopt(IPPROTO_TCP, TCP_CONGESTION, congestion);
    } catch (error) {
      if (SocketError.is(error)) throw new ProtocolError(`there is no controller ${congestion}`, IESETCONGESTION);
      throw error;
    }
  }

  /** Of UDP a stream is a socket that the asker's first datagram connects; the client asks for the next once it has its answer. */
  async #takeDatagrams(count: number, add: (socket: Socket) => void): Promise<void> {
    for (let i = 0; i < count; i++) {
      const socket = openServing(this.#stack, SOCK_DGRAM);
      try {
        socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
        await socket.bind({ port: this.#port });
        const { address, port } = await socket.recvfrom(undefined, { signal: AbortSignal.timeout(CREATE_MS) });
        await socket.connect({ address, port });
        await socket.send(UDP_REPLY);
      } catch (error) {
        await socket.close();
        throw error;
      }
      add(socket);
    }
  }

  async #closeTransfers(): Promise<void> {
    for (const transfer of this.#transfers.splice(0)) await transfer.close();
  }

  #results(seconds: number, cpu: { readonly user: number; readonly system: number }): unknown {
    const streams = this.#transfers.map((transfer, i) => {
      const { bytes, packets, errors, jitter, retransmits, omittedPackets, omittedErrors } = transfer.results();
      return {
        // iperf3 numbers its streams 1, 3, 4, 5, …
        id: i === 0 ? 1 : i + 2,
        bytes,
        retransmits,
        jitter,
        errors,
        omitted_errors: omittedErrors,
        packets,
        omitted_packets: omittedPackets,
        start_time: 0,
        end_time: seconds,
      };
    });
    const [first] = this.#transfers;
    return {
      cpu_util_total: cpu.user + cpu.system,
      cpu_util_user: cpu.user,
      cpu_util_system: cpu.system,
      sender_has_retransmits: this.#transfers.some((transfer) => transfer instanceof TcpSender) ? 1 : -1,
      ...(first instanceof TcpSender || first instanceof TcpReceiver ? { congestion_used: first.congestion } : {}),
      streams,
    };
  }
}

function unexpected(state: number): never {
  throw new ProtocolError(state === CLIENT_TERMINATE ? 'the client ends it' : `state ${state} is not due`);
}
