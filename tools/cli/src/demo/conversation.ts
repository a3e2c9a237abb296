// What the demo shows: over each family a UDP echo, a page, 100 MB compared octet by octet; then throughput both ways. The same against a real
// kernel's sockets and against a second host.
import { randomBytes } from 'node:crypto';
import { type Agent, get, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Table } from './table.js';

const BODY_BYTES = 100_000_000;
const PERIOD = 251;
const STEP_MS = 60_000;

/** The side that asks: its sockets are the kernel's, or another host's. */
export interface Client {
  readonly address: string;
  readonly httpPort: number;
  /** Sends a datagram to the echo port and resolves with the answer. */
  echo(data: Uint8Array): Promise<Uint8Array>;
  /** How HTTP connects: undefined for Node's own sockets. */
  readonly agent: Agent | undefined;
}

const rate = (bytes: number, ms: number): string => `${((bytes * 8) / ms / 1e6).toFixed(2)} Gbit/s`;

function options(client: Client, path: string, method = 'GET'): RequestOptions {
  return {
    host: client.address,
    port: client.httpPort,
    path,
    method,
    timeout: STEP_MS,
    ...(client.agent === undefined ? {} : { agent: client.agent }),
  };
}

function fetchPage(client: Client): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = get(options(client, '/'), (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in time')));
  });
}

/** Downloads and compares every octet with i mod 251. */
function download(client: Client, bytes: number, progress: (text: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const asked = get(options(client, `/bytes/${bytes}`), (response: IncomingMessage) => {
      let at = 0;
      response.on('data', (chunk: Buffer) => {
        for (let i = 0; i < chunk.length; i++) {
          if (chunk[i] === (at + i) % PERIOD) continue;
          response.destroy(new Error(`octet ${at + i} is ${chunk[i]}, not ${(at + i) % PERIOD}`));
          return;
        }
        at += chunk.length;
        progress(`${Math.round(at / 1e6)} of ${bytes / 1e6} MB`);
      });
      response
        .on('error', reject)
        .on('end', () => (at === bytes ? resolve(performance.now() - started) : reject(new Error(`${at} of ${bytes} octets`))));
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in time')));
  });
}

/** Sends `bytes` octets of `chunk` again and again to `path`. */
function upload(
  client: Client,
  path: string,
  chunk: Buffer,
  bytes: number,
  progress: (text: string) => void,
): Promise<{ ms: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const asked = request({ ...options(client, path, 'POST'), headers: { 'content-length': bytes } }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      response.on('end', () => resolve({ ms: performance.now() - started, answer }));
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in time')));
    let sent = 0;
    const more = (): void => {
      while (sent < bytes) {
        const part = chunk.subarray(0, Math.min(chunk.length, bytes - sent));
        sent += part.length;
        progress(`${Math.round(sent / 1e6)} of ${bytes / 1e6} MB`);
        if (!asked.write(part)) {
          asked.once('drain', more);
          return;
        }
      }
      asked.end();
    };
    more();
  });
}

/** @param family as the titles have it. */
export async function converse(client: Client, family: 'IPv4' | 'IPv6', table: Table): Promise<void> {
  await table.step(`UDP echo, ${family}`, async () => {
    const data = randomBytes(512);
    const answer = await client.echo(data);
    if (!data.equals(answer)) throw new Error('another datagram came back');
    return `${data.length} octets there and back`;
  });
  await table.step(`HTTP page, ${family}`, async () => {
    const { status, body } = await fetchPage(client);
    if (status !== 200 || !body.includes('protoloom')) throw new Error(`status ${status}, ${body.length} characters`);
    return `status 200, ${body.length} characters`;
  });
  await table.step(`100 MB compared, ${family}`, async (progress) => {
    const ms = await download(client, BODY_BYTES, progress);
    return `every octet right, ${rate(BODY_BYTES, ms)} with the comparison`;
  });
}

export async function measureThroughput(client: Client, table: Table): Promise<void> {
  await table.step('throughput from the host', async (progress) => {
    let last = 0;
    const ms = await new Promise<number>((resolve, reject) => {
      const started = performance.now();
      get(options(client, `/bytes/${10 * BODY_BYTES}`), (response) => {
        response.on('data', (chunk: Buffer) => {
          last += chunk.length;
          progress(`${Math.round(last / 1e6)} MB`);
        });
        response.on('error', reject).on('end', () => resolve(performance.now() - started));
      }).on('error', reject);
    });
    return rate(last, ms);
  });
  await table.step('throughput to the host', async (progress) => {
    const chunk = Buffer.alloc(1 << 20, 'protoloom');
    const bytes = 3 * BODY_BYTES;
    const { ms, answer } = await upload(client, '/sha256', chunk, bytes, progress);
    if (!/^[0-9a-f]{64}\n$/.test(answer)) throw new Error(`answered ${JSON.stringify(answer.slice(0, 80))}`);
    return `${rate(bytes, ms)}, SHA-256 included`;
  });
}
