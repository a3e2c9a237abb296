// iperf3: a server of its protocol, one test at a time, as `iperf3 -s`. TCP and UDP; the client sends, the server sends, or both.
import { MSG_WAITALL } from '@protoloom/contracts/socket';
import { SocketStream, type StreamServer, serveConnections } from '@protoloom/node';
import type { Socket, Stack } from '@protoloom/stack';
import { ACCESS_DENIED, COOKIE_BYTES, ControlChannel } from './protocol.js';
import { Test } from './test.js';

/** @throws SocketError EADDRINUSE. */
export async function serveIperf3(stack: Stack, port: number): Promise<StreamServer> {
  let test: Test | undefined;

  /** The first connection of a test is its control; the others carry its octets. */
  const take = async (socket: Socket): Promise<void> => {
    const cookie = Buffer.from(await socket.recv(COOKIE_BYTES, { flags: MSG_WAITALL })).toString('latin1');
    if (cookie.length < COOKIE_BYTES) return socket.close();
    if (test === undefined) {
      const control = new ControlChannel(new SocketStream(stack, socket));
      test = new Test(stack, port, cookie, control);
      await test.run();
      test = undefined;
    } else if (cookie !== test.cookie || !test.join(socket)) {
      await socket.send(Uint8Array.of(ACCESS_DENIED & 0xff));
      await socket.close();
    }
  };
  const listener = await serveConnections(stack, port, take);
  return {
    socket: listener,
    async close() {
      await listener.close();
      test?.terminate();
    },
  };
}
