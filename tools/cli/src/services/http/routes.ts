// What is where: a page, any number of octets, and the SHA-256 of what is sent.

import { createHash } from 'node:crypto';
import { Answer, told } from './answer.js';
import { GET, HEAD, POST, PUT } from './llhttp.js';

const MOST_BYTES = 2 ** 40;

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

/** What one request is about. */
export interface Resource {
  /** Uses octets of the content, which are its own during the call alone. Absent: nobody wants any. */
  take?(octets: Uint8Array): void;
  /** Once the content has ended. */
  answer(): Answer;
}

/** A resource whose answer is known. */
export const answering = (answer: Answer): Resource => ({ answer: () => answer });

const page = answering(new Answer(200, { 'Content-Type': 'text/html; charset=utf-8' }, Buffer.from(PAGE)));
// RFC 9110 §15.5.6: the answer tells what is allowed.
const notGet = answering(told(405, 'GET alone', { Allow: 'GET, HEAD' }));
const notPut = answering(told(405, 'PUT or POST', { Allow: 'PUT, POST' }));
const noNumber = answering(told(400, `/bytes/N takes a whole number from 0 to ${MOST_BYTES}`));

const NO_OCTETS = new Uint8Array(0);
const BYTES = '/bytes/';

/** @param method llhttp's number. @param target as the request has it. */
export function route(method: number, target: string): Resource {
  const isGet = method === GET || method === HEAD;
  const path = pathOf(target);
  if (path === '/') return isGet ? page : notGet;
  if (path.startsWith(BYTES)) return isGet ? bytes(path.slice(BYTES.length)) : notGet;
  if (path === '/sha256') return method === PUT || method === POST ? digest() : notPut;
  return answering(told(404, `there is nothing at ${path}; there is /, /bytes/N and /sha256`));
}

/** RFC 9112 §3.2: origin-form, and absolute-form, which every server has to take. */
function pathOf(target: string): string {
  if (target === '/') return target;
  const path = /^https?:\/\//i.test(target) ? target.replace(/^[^:]*:\/\/[^/?]*/, '') : target;
  return path.split('?', 1)[0] || '/';
}

function bytes(text: string): Resource {
  const count = /^\d{1,13}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= MOST_BYTES)) return noNumber;
  return answering(new Answer(200, { 'Content-Type': 'application/octet-stream' }, NO_OCTETS, count));
}

function digest(): Resource {
  const hash = createHash('sha256');
  return {
    take: (octets) => void hash.update(octets),
    answer: () => told(200, hash.digest('hex')),
  };
}
