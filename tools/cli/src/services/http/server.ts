// http: accepts connections, looks after those that have become quiet, and ends them all.

import { type Endpoint, IPPROTO_TCP } from '@protoloom/contracts/socket';
import { TCP_NODELAY } from '@protoloom/contracts/tcp';
import { listenOn, type StreamServer } from '@protoloom/node';
import type { Stack } from '@protoloom/stack';
import { Connection, type ConnectionHost } from './connection.js';
import { Llhttp } from './llhttp.js';

const SWEEP_MS = 1000;

class Server implements ConnectionHost {
  readonly llhttp = new Llhttp();
  second = 0;
  readonly #stack: Stack;
  readonly #connections = new Set<Connection>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  accepted(endpoint: Endpoint): void {
    const connection = new Connection(this, endpoint);
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    endpoint.listener = connection;
    connection.ready();
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stack.enter();
    for (const connection of this.#connections) connection.close();
  }

  #sweep(): void {
    this.second += SWEEP_MS / 1000;
    this.#stack.enter();
    for (const connection of this.#connections) connection.sweep();
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Serves HTTP/1.1 (RFC 9110, RFC 9112) on a port of every address, of both families. @throws SocketError EADDRINUSE. */
export async function serveHttp(stack: Stack, port: number): Promise<StreamServer> {
  const socket = await listenOn(stack, port);
  // Connections inherit what their listener has.
  socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
  const server = new Server(stack);
  const { endpoint } = socket;
  const accept = (): void => {
    for (;;) {
      const accepted = endpoint.accept();
      if (typeof accepted === 'number') return;
      server.accepted(accepted);
    }
  };
  endpoint.listener = { ready: accept };
  stack.enter();
  accept();
  return {
    socket,
    async close() {
      await socket.close();
      server.close();
    },
  };
}
