// Node's own servers on the kernel's sockets.
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

const BODY = 'x'.repeat(512);
/** Everybody's fixed answer, about as long as the page of our http service. */
export const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** Runs until it is killed. @param kind `net` answers without reading what was asked. */
export function runNode(kind: 'net' | 'http', address: string, port: number): void {
  const server =
    kind === 'http'
      ? createHttpServer((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': BODY.length });
          response.end(BODY);
        })
      : createServer({ noDelay: true }, (socket) => {
          socket.on('error', () => socket.destroy());
          // wrk asks again once it has its answer: what comes is one request.
          socket.on('data', () => socket.write(ANSWER));
        });
  server.listen(port, address, () => process.stdout.write('ready\n'));
}
