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

/** Listens on a port of every address, of both families, and hands each connection on. @throws SocketError EADDRINUSE. */
export async function serveStreams(stack: Stack, port: number, accepted: (stream: SocketStream) => void): Promise<StreamServer> {
  const socket = openServing(stack, SOCK_STREAM);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  try {
    await socket.bind({ port });
    await socket.listen();
  } catch (error) {
    await socket.close();
    throw error;
  }
  const streams = new Set<SocketStream>();
  const loop = async (): Promise<void> => {
    for (;;) {
      const connection = await socket.accept();
      let stream: SocketStream;
      try {
        stream = new SocketStream(stack, connection);
      } catch (error) {
        // It was reset before it was accepted.
        await connection.close();
        if (SocketError.is(error)) continue;
        throw error;
      }
      streams.add(stream);
      stream.on('close', () => streams.delete(stream));
      accepted(stream);
    }
  };
  loop().catch((error: unknown) => {
    if (!SocketError.is(error)) throw error;
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
