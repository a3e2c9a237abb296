// SYN cookies, RFC 4987 §3.6, as Linux encodes them: the sequence number holds the segment size, the timestamp the other options.
import type { Clock, Entropy } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { regrantEcn } from './ecn.js';
import { type Listener, Request } from './listener.js';
import { timestamp } from './options.js';
import type { BarePeer } from './segment.js';
import type { Segment } from './segment-in.js';
import { strangerOf } from './stranger.js';
import { TupleHash } from './tuple-hash.js';

const MINUTE_US = 60_000_000;
/** Minutes that a cookie is good for, the one under way among them. */
const MAX_AGE = 2;
/** How long after the last cookie an ACK is tried as the answer to one, µs. */
export const COOKIE_VALID_US = MAX_AGE * MINUTE_US;
/** Segment sizes that a cookie can tell: the usual ones on IPv4 and IPv6. */
const SIZES4: readonly number[] = [536, 1300, 1440, 1460];
const SIZES6: readonly number[] = [1220, 1420, 1440, 8940];

/** Low bits of TSval: four of window scale, with all set for none; SACK; ECN. */
const STAMP_MASK = 63;
const NO_SCALE = 15;
const SACK_OK = 16;
const ECN_OK = 32;

const sizesOf = ({ family }: BarePeer): readonly number[] => (family === AF_INET6 ? SIZES6 : SIZES4);

export class SynCookies {
  readonly #once: TupleHash;
  readonly #perMinute: TupleHash;
  readonly #clock: Clock;

  constructor(entropy: Entropy, clock: Clock) {
    this.#once = new TupleHash(entropy);
    this.#perMinute = new TupleHash(entropy);
    this.#clock = clock;
  }

  /** The sequence number of the SYN-ACK. @param mss what the SYN asks for: told as the next smaller size of the table. */
  issue(peer: BarePeer, irs: number, mss: number): number {
    const sizes = sizesOf(peer);
    let index = sizes.length - 1;
    while (index > 0 && mss < (sizes[index] as number)) index--;
    const minute = this.#minute;
    return (this.#base(peer, irs) + (minute << 24) + ((this.#mask(peer, minute) + index) & 0xff_ffff)) | 0;
  }

  /** The segment size that a cookie holds; 0 where it is none of ours, or too old. */
  check(peer: BarePeer, irs: number, cookie: number): number {
    const rest = (cookie - this.#base(peer, irs)) | 0;
    const age = (this.#minute - (rest >>> 24)) & 0xff;
    if (age >= MAX_AGE) return 0;
    return sizesOf(peer)[(rest - this.#mask(peer, this.#minute - age)) & 0xff_ffff] ?? 0;
  }

  get #minute(): number {
    return Math.floor(this.#clock.nowUs / MINUTE_US);
  }

  #base({ addresses, localPort, remotePort }: BarePeer, irs: number): number {
    return (this.#once.of(addresses, (localPort << 16) | remotePort) + irs) | 0;
  }

  #mask({ addresses, localPort, remotePort }: BarePeer, minute: number): number {
    return this.#perMinute.of(addresses, (localPort << 16) | remotePort, minute);
  }
}

/** Answers a SYN with a cookie, and forgets it. @returns 0 or a negative errno. */
export function sendCookie(request: Request): number {
  const { tcp } = request;
  if (request.timestampsOk) {
    // TSval a little in the past, so that its low bits can hold the options.
    const now = timestamp(tcp.clock.nowUs, 0);
    const options =
      (request.windowScalingOk ? request.sndWndScale : NO_SCALE) |
      (request.sackOk ? SACK_OK : 0) |
      (request.ecn !== undefined && request.ecn.accurate === undefined ? ECN_OK : 0);
    const stamped = (now & ~STAMP_MASK) | options;
    request.tsOffset = (request.tsOffset + stamped - now - (stamped > now ? STAMP_MASK + 1 : 0)) | 0;
  }
  request.iss = tcp.synCookies.issue(request, request.irs, request.peerMss);
  request.listener.cookieSentUs = tcp.clock.nowUs;
  tcp.counters.syncookiesSent++;
  return request.send(false);
}

/** What an ACK in LISTEN was half open as, if it answers a cookie of ours. */
export function requestOfCookie(listener: Listener, seg: Segment): Request | undefined {
  const { tcp } = listener.tcb;
  const { clock, counters, sysctls, synCookies } = tcp;
  const { cookieSentUs } = listener;
  if (sysctls.syncookies === 0 || cookieSentUs < 0 || clock.nowUs - cookieSentUs > COOKIE_VALID_US) return undefined;
  const irs = (seg.seq - 1) | 0;
  const iss = (seg.ack - 1) | 0;
  const stranger = strangerOf(tcp);
  const mss = synCookies.check(stranger, irs, iss);
  if (mss === 0) {
    counters.syncookiesFailed++;
    return undefined;
  }
  counters.syncookiesRecv++;
  const addresses = tcp.addressBlocks.copy(stranger.addresses);
  const request = new Request(listener, seg.packet, addresses, irs, stranger.localPort, stranger.remotePort);
  let usedEcn = false;
  if (seg.hasTimestamp && sysctls.timestamps !== 0) {
    const options = (seg.tsEcr - request.tsOffset) & STAMP_MASK;
    const scale = options & NO_SCALE;
    seg.wndScale = scale === NO_SCALE ? -1 : scale;
    seg.sackPermitted = (options & SACK_OK) !== 0;
    usedEcn = (options & ECN_OK) !== 0;
  }
  request.negotiate(seg);
  if (request.answer(mss) < 0) return undefined;
  request.ecn = regrantEcn(listener.tcb, request.route as Route, seg, usedEcn);
  request.iss = iss;
  return request;
}
