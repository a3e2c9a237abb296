// A connection's way to its peer, and the segment size that follows from it: RFC 9293 §3.7.1, RFC 1191, RFC 6691.
import { DESTINATION, ERRNO, type Packet, SOURCE } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import type { SocketState } from '@protoloom/contracts/socket';
import { TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { copyWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import { TIMESTAMP_BYTES } from './options.js';
import { mssScaled } from './recovery/cwnd.js';
import { sendLongerAgain } from './recovery/recovery.js';
import type { Tcb } from './tcb.js';
import { HEADER_BYTES } from './wire.js';

/** Segment size before anything is known of the peer: RFC 9293 §3.7.1 (MUST-15); 1220 where the network layer has 16-octet addresses. */
export const defaultMss = (route: Route): number => (route.headerBytes >= 40 ? 1220 : 536);

/** The four words that a peer has, us at SOURCE: a connection, a half-open one, or a segment's. */
export interface Peer {
  readonly family: number;
  readonly addresses: Int32Array;
  /** Index of the interface that it is reached by, 0: any. */
  readonly iface: number;
}

/** Index of the interface that a packet's sender is reached by, where its address means nothing elsewhere (RFC 4007); else 0. */
export const zoneOf = ({ names }: Tcp, { addresses, iface }: Packet): number => names.zoneOf(addresses, SOURCE, iface.index);

/** Asks for a route. @param socket whose options have a say. @returns it, or a negative errno. */
export function resolve(tcp: Tcp, peer: Peer, socket: SocketState | undefined, mark: number): Route | number {
  const { query } = tcp;
  query.family = peer.family;
  copyWords(peer.addresses, SOURCE, query.addresses, SOURCE);
  copyWords(peer.addresses, DESTINATION, query.addresses, DESTINATION);
  query.iface = peer.iface;
  query.mark = mark;
  query.trafficClass = 0;
  query.onLink = socket?.dontRoute === true;
  query.socket = socket;
  return tcp.routes.resolve(query);
}

/**
 * The connection's route, resolved again where it is not valid any more; or a negative errno, which is kept as a soft error. Segments become
 * shorter with it at once, and longer with the next output (followPath): one output has segments of one size.
 */
export function routeOf(tcb: Tcb): Route | number {
  const { route, socket } = tcb;
  if (route?.valid) {
    if (route.mtu < tcb.pathMtu) followMtu(tcb, route);
    return route;
  }
  const fresh = resolve(tcb.tcp, tcb, socket, socket.mark);
  if (typeof fresh === 'number') {
    tcb.route = undefined;
    tcb.softError = -fresh;
    return fresh;
  }
  tcb.route = fresh;
  if (fresh.mtu < tcb.pathMtu || tcb.pathMtu === 0) followMtu(tcb, fresh);
  return fresh;
}

/** An output begins: what the path takes now. */
export function followPath(tcb: Tcb): void {
  const { route } = tcb;
  if (route !== undefined && route.mtu !== tcb.pathMtu) followMtu(tcb, route);
}

/** What we tell the peer in the MSS option: what fits our link, or what the route or TCP_MAXSEG says (RFC 6691: options not subtracted). */
export function advertisedMss(route: Route, userMss: number): number {
  const fits = Math.max(route.iface.mtu - route.headerBytes - HEADER_BYTES, defaultMss(route));
  const told = route.advertisedMss > 0 ? Math.min(route.advertisedMss, fits) : fits;
  return Math.min(userMss > 0 ? Math.min(userMss, told) : told, 0xffff);
}

/** Windows up to this size are used whole, larger ones by halves: Linux's tcp_bound_to_half_wnd, RFC 9293 §3.8.6.2.1 with Fs = 1/2. */
const SMALL_WINDOW = 536;
/** The least that a segment is cut to for a small window, header options included. */
const LEAST_HALF = 48;

/** `mss` octets, but no more than half of the largest window: a peer with a small one could not acknowledge else. */
export function boundToHalfWindow(maxSndWnd: number, mss: number, options: number): number {
  const most = maxSndWnd > SMALL_WINDOW ? maxSndWnd >> 1 : maxSndWnd;
  return most > 0 && mss > most ? Math.max(most, LEAST_HALF - options) : mss;
}

/** The peer offers more than it ever has: MAX.SND.WND of RFC 9293 §3.8.6.2.1. */
export function raiseMaxWindow(tcb: Tcb, window: number): void {
  tcb.maxSndWnd = window;
  if (tcb.route !== undefined) syncMss(tcb, tcb.route);
}

/** Octets of options that `tcb.mss` is computed for. */
export const usualOptions = (tcb: Tcb): number => (tcb.timestampsOk ? TIMESTAMP_BYTES : 0);
const networkBytes = (tcb: Tcb): number => tcb.route?.headerBytes ?? 0;

/** Payload of a segment that fills a network packet of `mtu` bytes, for what the peer takes; and the packet that a payload fills. */
export const mssFor = (tcb: Tcb, mtu: number): number =>
  Math.max(Math.min(mtu - networkBytes(tcb) - HEADER_BYTES, tcb.peerMss), tcb.tcp.sysctls.minSndMss) - usualOptions(tcb);
export const mtuFor = (tcb: Tcb, mss: number): number => mss + usualOptions(tcb) + HEADER_BYTES + networkBytes(tcb);

/**
 * Eff.snd.MSS of RFC 9293 §3.7.1 (MUST-16), less the options that every segment carries; no more than half of what the peer can take, nor than
 * what probes have shown to pass (RFC 4821).
 */
export function syncMss(tcb: Tcb, route: Route): void {
  const { mss: was, mtuProbe } = tcb;
  tcb.route = route;
  tcb.pathMtu = route.mtu;
  tcb.mss = boundToHalfWindow(tcb.maxSndWnd, mssFor(tcb, route.mtu), usualOptions(tcb));
  if (mtuProbe !== undefined) {
    mtuProbe.high = Math.min(mtuProbe.high, route.mtu);
    tcb.mss = Math.min(tcb.mss, mssFor(tcb, mtuProbe.low));
  }
  if (tcb.mss !== was && tcb.controller !== undefined) mssScaled(tcb, was);
}

/** What is outstanding was cut longer. What a SYN has with it is not cut before it is known to be left out. */
const isShorter = (tcb: Tcb, was: number): boolean => tcb.mss < was && tcb.sndUna !== tcb.sndNxt && tcb.state !== TCP_SYN_SENT;

/** The path MTU has changed: RFC 1191 §6.4, RFC 8201 §5.4. */
function followMtu(tcb: Tcb, route: Route): void {
  const { mss: was } = tcb;
  syncMss(tcb, route);
  if (isShorter(tcb, was)) sendLongerAgain(tcb);
}

/** A packet was longer than the path takes: -EMSGSIZE of an output, or a validated ICMP error. */
export function tooBig(tcb: Tcb): void {
  const { route } = tcb;
  if (route === undefined || route.mtu >= tcb.pathMtu) return;
  followMtu(tcb, route);
}

/** A network error that may pass: RFC 1122 §4.2.3.9. */
export const isSoft = (errno: number): boolean =>
  errno === -ERRNO.ENETUNREACH || errno === -ERRNO.EHOSTUNREACH || errno === -ERRNO.ENETDOWN;
