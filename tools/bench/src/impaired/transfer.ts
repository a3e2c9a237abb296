// One transfer over a stream, whoever's it is: content that no shift leaves the same, and its hash.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Random } from '@protoloom/sim';

/** Not a multiple of any segment size. */
const BLOCK = new Uint8Array(1_000_003);
new Random(1).fill(BLOCK);

/** What arrived. */
export interface Received {
  readonly bytes: number;
  /** From the first octet to the end. */
  readonly us: number;
  readonly sha256: string;
}

function* content(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= BLOCK.length) yield left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
}

/** Hash of what is sent. */
export function hashOf(bytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of content(bytes)) hash.update(chunk);
  return hash.digest('hex');
}

/** Sends it all, ends, and waits for the peer's end. */
export async function send(stream: Duplex, bytes: number): Promise<void> {
  for (const chunk of content(bytes)) if (!stream.write(chunk)) await once(stream, 'drain');
  stream.end();
  stream.resume();
  await once(stream, 'close');
}

export async function receive(stream: Duplex): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  let startMs = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (bytes === 0) startMs = performance.now();
    bytes += chunk.length;
    hash.update(chunk);
  }
  const us = Math.round((performance.now() - startMs) * 1000);
  stream.end();
  return { bytes, us, sha256: hash.digest('hex') };
}
