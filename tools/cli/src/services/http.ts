// http: Node's own server on the stack's streams. A page, any number of octets, and the SHA-256 of what is sent.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { type StreamServer, serveStreams } from '@protoloom/node';
import type { Stack } from '@protoloom/stack';

const MOST_BYTES = 2 ** 40;
/** A whole number of periods of i mod 251. */
const PERIOD = 251;
const BLOCK = Uint8Array.from({ length: PERIOD * 261 }, (_, i) => i % PERIOD);

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>protoloom</title></head>
<body>
<h1>protoloom</h1>
<p>This page was served by a TCP/IP stack in TypeScript, assembled from plugins.</p>
<ul>
<li><code>GET /bytes/N</code> answers N octets, of which octet i is i mod 251.</li>
<li><code>PUT</code> or <code>POST /sha256</code> answers the SHA-256 of what was sent.</li>
</ul>
</body>
</html>
`;

/** The octets i mod 251 from 0 to `count`, made as they are read. */
function pattern(count: number): Readable {
  let at = 0;
  return new Readable({
    highWaterMark: 4 * BLOCK.length,
    read() {
      if (at >= count) {
        this.push(null);
        return;
      }
      // Blocks are whole periods: each begins where the last one ended.
      const length = Math.min(BLOCK.length, count - at);
      at += length;
      this.push(length === BLOCK.length ? BLOCK : BLOCK.subarray(0, length));
    },
  });
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(`${text}\n`);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method = '', url = '/' } = request;
  const path = url.split('?', 1)[0] as string;
  const isGet = method === 'GET' || method === 'HEAD';
  if (path === '/') {
    if (!isGet) return refuse(response, 405, 'GET alone', { allow: 'GET, HEAD' });
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(PAGE) });
    response.end(method === 'HEAD' ? undefined : PAGE);
    return;
  }
  if (path.startsWith('/bytes/')) {
    if (!isGet) return refuse(response, 405, 'GET alone', { allow: 'GET, HEAD' });
    const text = path.slice('/bytes/'.length);
    const count = /^\d{1,13}$/.test(text) ? Number(text) : Number.NaN;
    if (!(count <= MOST_BYTES)) return refuse(response, 400, `/bytes/N takes a whole number from 0 to ${MOST_BYTES}`);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': count });
    if (method === 'HEAD') response.end();
    else pipeline(pattern(count), response, () => undefined);
    return;
  }
  if (path === '/sha256') {
    if (method !== 'PUT' && method !== 'POST') return refuse(response, 405, 'PUT or POST', { allow: 'PUT, POST' });
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => {
      const digest = `${hash.digest('hex')}\n`;
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': digest.length });
      response.end(digest);
    });
    return;
  }
  refuse(response, 404, `there is nothing at ${path}; there is /, /bytes/N and /sha256`);
}

export async function serveHttp(stack: Stack, port: number): Promise<StreamServer> {
  const server = createServer({ requestTimeout: 0 }, answer);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  const streams = await serveStreams(stack, port, (stream) => server.emit('connection', stream));
  return {
    socket: streams.socket,
    async close() {
      server.closeAllConnections();
      await streams.close();
    },
  };
}
