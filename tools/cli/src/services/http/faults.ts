// What is answered where there is no request that could be: each answer is a connection's last.

import { type Answer, told } from './answer.js';
import { MOST_BARE } from './bound.js';
import type { RequestHead } from './head.js';
import { CONNECT, INVALID_METHOD, PAUSED_H2_UPGRADE, USER } from './llhttp.js';

/** Seconds for a head, as Node's. */
export const HEAD_S = 60;

const badRequest = told(400, 'this is not HTTP/1.1');
const badHost = told(400, 'HTTP/1.1 has one field Host');
export const cutShort: Answer = told(400, 'the request ends too early');
export const late: Answer = told(408, `the head of a request has ${HEAD_S} s`);
export const unmet: Answer = told(417, 'nothing is expected here but 100-continue');
export const tooLarge: Answer = told(431, `a head has up to ${MOST_BARE} octets`);
const unknownMethod = told(501, 'there is GET, HEAD, PUT and POST');
const unknownCoding = told(501, 'there is no transfer coding but chunked');
const unknownVersion = told(505, 'there is HTTP/1.1 and HTTP/1.0');

/** A token, then a space. */
const METHOD = /^[\w!#$%&'*+.^`|~-]+ /;

/** @param result llhttp's. @param rest from the octet before the one that it stumbled over. */
export function faultOf(result: number, rest: string): Answer {
  if (result === USER) return tooLarge;
  if (result === PAUSED_H2_UPGRADE) return unknownVersion;
  // RFC 9110 §9.1: a method that is one, and that nobody knows.
  return result === INVALID_METHOD && METHOD.test(rest) ? unknownMethod : badRequest;
}

/** What a head that is well formed has against it. @param isOld of HTTP/1.0. */
export function refusalOf(head: RequestHead, method: number, major: number, isOld: boolean): Answer | undefined {
  if (major !== 1) return unknownVersion;
  if (!head.hasGoodHost(isOld)) return badHost;
  if (method === CONNECT) return unknownMethod;
  return head.codings.length === 0 || head.isChunked ? undefined : unknownCoding;
}
