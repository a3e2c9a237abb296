// The small services, over TCP and UDP: echo RFC 862, discard RFC 863, chargen RFC 864, daytime RFC 867.

import { pipeline, Readable } from 'node:stream';
import { SOCK_DGRAM } from '@protoloom/contracts/socket';
import { openServing, type SocketStream, type StreamServer, serveStreams } from '@protoloom/node';
import { type Socket, SocketError, type Stack } from '@protoloom/stack';

/** What one service does with a connection, and with a datagram: the answer, or undefined for none. */
export interface SmallService {
  stream(stream: SocketStream): void;
  datagram(data: Uint8Array): Uint8Array | undefined;
}

const WIDTH = 72;
const FIRST = 0x20;
const PRINTABLE = 95;
/** A ring of all lines: RFC 864's pattern comes round after 95 of them. */
const LINES = Uint8Array.from({ length: PRINTABLE * (WIDTH + 2) }, (_, i) => {
  const line = Math.floor(i / (WIDTH + 2));
  const column = i % (WIDTH + 2);
  return column === WIDTH ? 13 : column === WIDTH + 1 ? 10 : FIRST + ((line + column) % PRINTABLE);
});
/** RFC 864: a random length of up to 512 octets. */
const MOST_CHARACTERS = 512;

const now = (): Uint8Array => new TextEncoder().encode(`${new Date().toUTCString()}\r\n`);
const quiet = (): void => undefined;

export const SMALL: Readonly<Record<string, SmallService>> = {
  echo: {
    stream: (stream) => void pipeline(stream, stream, quiet),
    datagram: (data) => data,
  },
  discard: {
    stream(stream) {
      stream.on('error', quiet).on('end', () => stream.end());
      stream.resume();
    },
    datagram: () => undefined,
  },
  daytime: {
    stream(stream) {
      stream.on('error', quiet).end(now());
      stream.resume();
    },
    datagram: now,
  },
  chargen: {
    stream(stream) {
      const source = new Readable({ read: () => source.push(LINES) });
      stream.resume();
      pipeline(source, stream, quiet);
    },
    datagram: () => LINES.subarray(0, Math.floor(Math.random() * MOST_CHARACTERS)),
  },
};

async function answerDatagrams(socket: Socket, service: SmallService): Promise<void> {
  for (;;) {
    const { data, address, port } = await socket.recvfrom();
    const answer = service.datagram(data);
    if (answer === undefined) continue;
    try {
      await socket.sendto(answer, { address, port });
    } catch (error) {
      // The asker is out of reach: as any datagram, the answer is lost.
      if (!SocketError.is(error) || error.code === 'EBADF') throw error;
    }
  }
}

export async function serveSmall(stack: Stack, service: SmallService, port: number): Promise<StreamServer> {
  const streams = await serveStreams(stack, port, (stream) => service.stream(stream));
  const socket = openServing(stack, SOCK_DGRAM);
  try {
    await socket.bind({ port });
  } catch (error) {
    await streams.close();
    throw error;
  }
  answerDatagrams(socket, service).catch((error: unknown) => {
    if (!SocketError.is(error)) throw error;
  });
  return {
    socket: streams.socket,
    async close() {
      await socket.close();
      await streams.close();
    },
  };
}
