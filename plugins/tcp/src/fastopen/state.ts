// What a connection, and a listener, remember of Fast Open. Undefined in a Tcb until something of it is wished for, or happens.
import type { Request } from '../listener.js';
import type { CookieKeys } from './cookie.js';
import { FastOpenOption } from './option.js';

/** Bits of net.ipv4.tcp_fastopen. */
export const CLIENT = 0x1;
export const SERVER = 0x2;
export const CLIENT_WITHOUT_COOKIE = 0x4;
export const SERVER_WITHOUT_COOKIE = 0x200;
export const ALL_LISTENERS = 0x400;

/** tcpi_fastopen_client_fail: why no data went with the SYN, or was not taken. */
export const COOKIE_UNAVAILABLE = 1;
export const DATA_NOT_ACKED = 2;
export const SYN_RETRANSMITTED = 3;

export class FastOpen {
  // ---- the user's wishes
  /** TCP_FASTOPEN_CONNECT: connect() leaves the SYN to the first send. */
  onConnect = false;
  /** TCP_FASTOPEN_NO_COOKIE. */
  withoutCookie = false;

  // ---- an active open
  /** connect() is over, the SYN has not left. */
  deferred = false;
  /** What the next SYN carries. */
  readonly option = new FastOpenOption();
  /** The first SYN had the option, of the experiment's kind; and text. */
  asked = false;
  askedByExperiment = false;
  sentText = false;
  /** The user waits to send more as soon as the connection stands. */
  moreWaits = false;
  /** COOKIE_UNAVAILABLE and its like; 0: nothing failed. */
  failure = 0;
  /** Fast Open was given up for a while, and this is a new try. */
  retries = false;

  // ---- a passive one
  /** The handshake is not over: what it is sent again from. */
  request: Request | undefined = undefined;
  /** It came from a SYN that was taken for whole. */
  isChild = false;

  /** Text of a SYN was taken: by the peer, or by us. */
  textTaken = false;

  /** A new attempt begins; the wishes stay. */
  restart(): void {
    this.deferred = false;
    this.option.length = -1;
    this.asked = false;
    this.askedByExperiment = false;
    this.sentText = false;
    this.moreWaits = false;
    this.failure = 0;
    this.retries = false;
    this.isChild = false;
    this.textTaken = false;
  }
}

/** A listener's, RFC 7413 §5.1: PendingFastOpenRequests and their limit. */
export class FastOpenQueue {
  /** TCP_FASTOPEN; 0: there is no Fast Open. */
  most = 0;
  /** Connections whose handshake is not over, and places taken by `resets`. */
  length = 0;
  /** TCP_FASTOPEN_KEY; undefined: the host's. */
  keys: CookieKeys | undefined = undefined;
  /** Peers that reset what had been accepted take up a place for a minute, each until, µs: spoofed SYNs are answered by such resets. */
  readonly resets: number[] = [];
}
