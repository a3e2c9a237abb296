// Accepting connections as streams: what Node's http, and others, are given.
import { AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from '@protoloom/contracts/socket';
import { type Socket, SocketError, type Stack } from '@protoloom/stack';
import { SocketStream } from './stream.js';

export interface StreamServer {
  readonly socket: Socket;
  close(): Promise<void>;
}

/**
 * A socket that serves both families: one of IPv6, which takes IPv4 as mapped addresses (RFC 3493 §3.7); of IPv4 where the stack has no
 * other. @param type SOCK_STREAM or SOCK_DGRAM.
 */
export function openServing(stack: Stack, type: number): Socket {
  try {
    return stack.socket(AF_INET6, type);
  } catch (error) {
    if (SocketError.is(error) && error.code === 'EAFNOSUPPORT') return stack.socket(AF_INET, type);
    throw error;
  }
}

/** Listens on a port of every address, of both families. @throws SocketError EADDRINUSE. */
export async function listenOn(stack: Stack, port: number): Promise<Socket> {
  const socket = openServing(stack, SOCK_STREAM);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  try {
    await socket.bind({ port });
    await socket.listen();
  } catch (error) {
    await socket.close();
    throw error;
  }
  return socket;
}

/**
 * Listens on a port of every address, of both families, and hands each connection on, whose it is then. @returns the listener, which ends it by
 * being closed. @throws SocketError EADDRINUSE.
 */
export async function serveConnections(stack: Stack, port: number, accepted: (connection: Socket) => Promise<void>): Promise<Socket> {
  const socket = await listenOn(stack, port);
  const handOn = async (connection: Socket): Promise<void> => {
    try {
      await accepted(connection);
    } catch (error) {
      // Reset, before it was accepted or since.
      await connection.close();
      if (!SocketError.is(error)) throw error;
    }
  };
  const loop = async (): Promise<void> => {
    for (;;) void handOn(await socket.accept());
  };
  loop().catch((error: unknown) => {
    if (!SocketError.is(error)) throw error;
  });
  return socket;
}

/** As `serveConnections`, as streams. @throws SocketError EADDRINUSE. */
export async function serveStreams(stack: Stack, port: number, accepted: (stream: SocketStream) => void): Promise<StreamServer> {
  const streams = new Set<SocketStream>();
  const socket = await serveConnections(stack, port, async (connection) => {
    const stream = new SocketStream(stack, connection);
    streams.add(stream);
    stream.on('close', () => streams.delete(stream));
    accepted(stream);
  });
  return {
    socket,
    async close() {
      await socket.close();
      for (const stream of streams) stream.destroy();
    },
  };
}

/** Connects, as a stream. @throws SocketError. */
export async function connectStream(stack: Stack, address: string, port: number): Promise<SocketStream> {
  const socket = stack.socket(address.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM);
  try {
    await socket.connect({ address, port });
    return new SocketStream(stack, socket);
  } catch (error) {
    await socket.close();
    throw error;
  }
}
