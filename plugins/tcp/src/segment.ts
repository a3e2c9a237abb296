// Sending one segment: header, options, checksum, and down the route. RFC 9293 §3.1, §3.5.2 (resets), RFC 5961 (challenge ACKs).
import { CSUM_PARTIAL, type Packet } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import { IPPROTO_TCP, type SocketState } from '@protoloom/contracts/socket';
import { GSO_TCP, GSO_TCP_ACCECN, PHASE_SEGMENT, PHASE_SYN, PHASE_SYN_ACK, TCP_SYN_RECV } from '@protoloom/contracts/tcp';
import { add } from '@protoloom/wire';
import { FULL_BYTES, synAckHasOption } from './accecn/option.js';
import { ackSent, cancelDelayedAck, dataSent } from './ack.js';
import type { Tcp } from './context.js';
import { type Ecn, segmentFlags, synAckFlags, synFlags } from './ecn.js';
import { type FastOpenOption, fastOpenBytes, writeFastOpen } from './fastopen/option.js';
import {
  type Carrier,
  MAX_OPTION_BYTES,
  outsideBytes,
  type SynOptions,
  sealOutside,
  segmentOptionBytes,
  synOptionBytes,
  TIMESTAMP_BYTES,
  timestamp,
  writeOutside,
  writeSegmentOptions,
  writeSynOptions,
  writeTimestamp,
} from './options.js';
import { type Peer, resolve, routeOf, tooBig, usualOptions } from './route.js';
import type { Tcb } from './tcb.js';
import { stampOf } from './timestamping.js';
import { urgentPointer } from './urgent.js';
import { chooseScale, fullSpace, openingClamp, selectWindow } from './window.js';
import * as wire from './wire.js';

/** Largest network packet, bytes: the length fields of IP have 16 bits. */
const MAX_PACKET = 65_535;

/** Most payload of one packet to the route's device: a super-segment, which the device or the core cuts. */
export function maxPayload(route: Route, headerBytes: number, mss: number): number {
  const { features, maxSegments } = route.iface;
  const whole = features.maxSegmentBytes > 0 ? Math.min(features.maxSegmentBytes, MAX_PACKET) : MAX_PACKET;
  return Math.min(whole - route.headerBytes - headerBytes, maxSegments * mss);
}

/** Octets of header and options of a segment that left now. */
export const segmentHeaderBytes = (tcb: Tcb): number => wire.HEADER_BYTES + segmentOptionBytes(tcb) + outsideBytes(tcb, PHASE_SEGMENT);

/** Payload of a full segment with a header of so many octets: SACK blocks and options from outside take their room. */
export const mssBehind = (tcb: Tcb, headerBytes: number): number => tcb.mss - (headerBytes - wire.HEADER_BYTES - usualOptions(tcb));

/** The same of one that left now. */
export const segmentMss = (tcb: Tcb): number => mssBehind(tcb, segmentHeaderBytes(tcb));

/** Fills in what the network layer and the device want to know, and sends. The packet is done afterwards. */
function finish(tcp: Tcp, packet: Packet, route: Route): number {
  const at = packet.head;
  packet.l4 = at;
  packet.csum = CSUM_PARTIAL;
  packet.csumStart = at;
  packet.csumOffset = wire.CHECKSUM_OFFSET;
  packet.view.setUint16(at + wire.CHECKSUM_OFFSET, add(route.pseudoSum, IPPROTO_TCP + packet.length));
  // A connection's packets follow its IP_MTU_DISCOVER; what has no socket is never fragmented (RFC 1191 §6).
  packet.dontFragment = packet.socket === undefined;
  const result = route.output(packet, IPPROTO_TCP);
  tcp.packets.done(packet);
  return result;
}

/**
 * Sends `length` octets of the send ring from sequence number `seq` on, with the window and acknowledgement of now. @param mss octets of one
 * segment: more of them make a super-segment. @returns 0 or a negative errno; only -EMSGSIZE leaves the caller something to do.
 */
export function sendSegment(tcb: Tcb, seq: number, length: number, flags: number, mss: number): number {
  const { tcp } = tcb;
  const route = routeOf(tcb);
  if (typeof route === 'number') return route;
  const own = segmentOptionBytes(tcb);
  const outside = outsideBytes(tcb, PHASE_SEGMENT);
  const headerBytes = wire.HEADER_BYTES + own + outside;
  const packet = tcp.packets.make(0);
  if (length > 0) {
    tcb.send.appendTo(packet, (seq - tcb.sndBase) | 0, length);
    // What is written behind is stored elsewhere, and the ring's memory is not used for another before this has left: ring-memory.ts.
    packet.steady = true;
  }
  const at = packet.push(headerBytes);
  const urgent = urgentPointer(tcb, seq);
  const bits = flags | wire.ACK | (urgent > 0 ? wire.URG : 0) | segmentFlags(tcb, packet, seq, length);
  wire.writeHeader(packet.view, at, tcb.localPort, tcb.remotePort, seq, tcb.rcvNxt, headerBytes, bits, selectWindow(tcb), urgent);
  if (own > 0) writeSegmentOptions(tcb, packet, at + wire.HEADER_BYTES, tcp.clock.nowUs);
  if (outside > 0) writeOutside(tcb, packet, at + wire.HEADER_BYTES + own, PHASE_SEGMENT);
  const segments = length > mss ? Math.ceil(length / mss) : 1;
  if (segments > 1) {
    packet.gsoKind = tcb.ecn?.accurate === undefined ? GSO_TCP : GSO_TCP_ACCECN;
    packet.gsoSize = mss;
    packet.gsoSegments = segments;
  }
  fromSocket(tcb, packet);
  if (tcb.stamps !== undefined) packet.witness = stampOf(tcb.stamps, seq, length);
  sealOutside(tcb, packet);
  ackSent(tcb);
  if (length > 0) {
    tcb.dataSegmentsOut += segments;
    tcb.bytesSent += length;
    dataSent(tcb);
  }
  tcb.segmentsOut += segments;
  // Segments with nothing but octets sent before are not counted here but in RetransSegs.
  if (length === 0 || ((seq + length - tcb.sndNxt) | 0) > 0) tcp.counters.outSegs += segments;
  const result = finish(tcp, packet, route);
  if (result < 0) tooBig(tcb);
  return result;
}

function fromSocket(tcb: Tcb, packet: Packet): void {
  packet.socket = tcb.socket;
  packet.hash = tcb.txHash;
  packet.flowLabel = tcb.flowLabel;
  packet.mark = tcb.socket.mark;
  packet.priority = tcb.socket.priority;
}

/** An acknowledgement now: RFC 9293 §3.4, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
export function sendAck(tcb: Tcb): void {
  sendSegment(tcb, acceptableSeq(tcb), 0, 0, 0);
}

/** SND.NXT, or the window's edge where a peer has taken window back: what it will find acceptable. */
export function acceptableSeq(tcb: Tcb): number {
  const edge = (tcb.sndUna + tcb.sndWnd) | 0;
  return ((edge - tcb.sndNxt) | 0) >= 0 ? tcb.sndNxt : ((tcb.sndNxt - edge) | 0) < 1 << tcb.rcvWndScale ? tcb.sndNxt : edge;
}

/** What a SYN offers. That of a simultaneous open's SYN-ACK is all of our SYN's, whatever the peer's SYN had, as on Linux. */
function synOffer(tcb: Tcb): SynOptions {
  if (tcb.state !== TCP_SYN_RECV) return tcb;
  const { sysctls } = tcb.tcp;
  return {
    advertisedMss: tcb.advertisedMss,
    windowScalingOk: sysctls.windowScaling,
    rcvWndScale: chooseScale(tcb.tcp, fullSpace(tcb), openingClamp(tcb)),
    sackOk: sysctls.sack,
    timestampsOk: sysctls.timestamps !== 0,
    tsOffset: tcb.tsOffset,
    tsRecent: tcb.tsRecent,
  };
}

/** RFC 9768 §3.2.3.2.1: whether a SYN-ACK has the option. @param others octets of the other options. */
const hasAccEcn = (ecn: Ecn | undefined, tcp: Tcp, again: boolean, others: number): boolean =>
  ecn?.accurate !== undefined && synAckHasOption(tcp, again) && others + FULL_BYTES <= MAX_OPTION_BYTES;

/** SYN, with so many octets of text (RFC 7413), or SYN-ACK of a simultaneous open. The window is not scaled (RFC 7323 §2.2). */
export function sendSyn(tcb: Tcb, text = 0): number {
  const { tcp } = tcb;
  const route = routeOf(tcb);
  if (typeof route === 'number') return route;
  const phase = tcb.state === TCP_SYN_RECV ? PHASE_SYN_ACK : PHASE_SYN;
  const offer = synOffer(tcb);
  const outside = outsideBytes(tcb, phase);
  const isAgain = tcb.sndNxt !== tcb.iss;
  const fastOpen = phase === PHASE_SYN ? tcb.fastOpen?.option : undefined;
  const cookie = fastOpenBytes(fastOpen, synOptionBytes(offer) + outside);
  const accEcn = phase === PHASE_SYN_ACK && hasAccEcn(tcb.ecn, tcp, tcb.retransmits > 0, synOptionBytes(offer) + outside);
  const own = synOptionBytes(offer, accEcn);
  const headerBytes = wire.HEADER_BYTES + own + cookie + outside;
  const packet = tcp.packets.make(0);
  if (text > 0) tcb.send.appendTo(packet, 0, text);
  const at = packet.push(headerBytes);
  const flags =
    wire.SYN |
    (phase === PHASE_SYN_ACK ? wire.ACK | synAckFlags(tcp, tcb.ecn, packet, tcb.retransmits) : synFlags(tcb, packet, tcb.retransmits));
  const ack = phase === PHASE_SYN_ACK ? tcb.rcvNxt : 0;
  wire.writeHeader(packet.view, at, tcb.localPort, tcb.remotePort, tcb.iss, ack, headerBytes, flags, Math.min(tcb.rcvWnd, 0xffff), 0);
  writeSynOptions(offer, packet.view, at + wire.HEADER_BYTES, tcp.clock.nowUs, accEcn);
  if (fastOpen !== undefined && cookie > 0) writeFastOpen(fastOpen, packet.view, at + wire.HEADER_BYTES + own, cookie);
  if (outside > 0) writeOutside(tcb, packet, at + wire.HEADER_BYTES + own + cookie, phase);
  fromSocket(tcb, packet);
  sealOutside(tcb, packet);
  if (phase === PHASE_SYN_ACK) {
    tcb.rcvWup = tcb.rcvNxt;
    cancelDelayedAck(tcb);
  }
  tcb.segmentsOut++;
  if (!isAgain) tcp.counters.outSegs++;
  return finish(tcp, packet, route);
}

/** RFC 9293 §3.10.5: <SEQ=SND.NXT><CTL=RST>; with ACK, as Linux. */
export function sendReset(tcb: Tcb): void {
  const { tcp } = tcb;
  const route = routeOf(tcb);
  tcp.counters.outRsts++;
  if (typeof route === 'number') return;
  const own = tcb.timestampsOk ? TIMESTAMP_BYTES : 0;
  const headerBytes = wire.HEADER_BYTES + own;
  const packet = tcp.packets.make(0);
  const at = packet.push(headerBytes);
  wire.writeHeader(
    packet.view,
    at,
    tcb.localPort,
    tcb.remotePort,
    acceptableSeq(tcb),
    tcb.rcvNxt,
    headerBytes,
    wire.RST | wire.ACK,
    selectWindow(tcb),
    0,
  );
  if (own > 0) writeTimestamp(packet.view, at + wire.HEADER_BYTES, timestamp(tcp.clock.nowUs, tcb.tsOffset), tcb.tsRecent);
  fromSocket(tcb, packet);
  tcp.counters.outSegs++;
  tcb.segmentsOut++;
  finish(tcp, packet, route);
}

/** Who a segment without a connection goes to. */
export interface BarePeer extends Peer {
  readonly localPort: number;
  readonly remotePort: number;
  readonly mark: number;
  /** 0: none, the packet's own fields tell its flow. */
  readonly txHash: number;
  /** Whose options hold: a listener's, for what is half open. */
  readonly socket: SocketState | undefined;
}

/** Who a SYN-ACK goes to. */
export type HalfOpen = BarePeer &
  Carrier &
  SynOptions & { readonly ecn: Ecn | undefined; readonly fastOpen: FastOpenOption | undefined; readonly timeouts: number };

/** A header alone, for flows that have no block. @param timestamps whether TSval and TSecr go along. */
export function sendBare(
  tcp: Tcp,
  peer: BarePeer,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  timestamps: boolean,
  tsVal: number,
  tsEcr: number,
): number {
  const route = resolve(tcp, peer, undefined, peer.mark);
  if (typeof route === 'number') return route;
  const headerBytes = wire.HEADER_BYTES + (timestamps ? TIMESTAMP_BYTES : 0);
  const packet = tcp.packets.make(0);
  const at = packet.push(headerBytes);
  wire.writeHeader(packet.view, at, peer.localPort, peer.remotePort, seq, ack, headerBytes, flags, window, 0);
  if (timestamps) writeTimestamp(packet.view, at + wire.HEADER_BYTES, tsVal, tsEcr);
  packet.mark = peer.mark;
  packet.hash = peer.txHash;
  packet.socket = peer.socket;
  tcp.counters.outSegs++;
  return finish(tcp, packet, route);
}

/** SYN-ACK of a half-open connection. @returns 0 or a negative errno. */
export function sendSynAck(tcp: Tcp, peer: HalfOpen, route: Route, iss: number, rcvNxt: number, window: number, again: boolean): number {
  // Told once: a SYN-ACK that is sent again does without what may have kept it from arriving.
  const fastOpen = again ? undefined : peer.fastOpen;
  const cookie = fastOpenBytes(fastOpen, synOptionBytes(peer));
  const accEcn = hasAccEcn(peer.ecn, tcp, again, synOptionBytes(peer) + cookie);
  const own = synOptionBytes(peer, accEcn);
  const outside = outsideBytes(peer, PHASE_SYN_ACK);
  const headerBytes = wire.HEADER_BYTES + own + cookie + outside;
  const packet = tcp.packets.make(0);
  const at = packet.push(headerBytes);
  const flags = wire.SYN | wire.ACK | synAckFlags(tcp, peer.ecn, packet, peer.timeouts);
  wire.writeHeader(packet.view, at, peer.localPort, peer.remotePort, iss, rcvNxt, headerBytes, flags, Math.min(window, 0xffff), 0);
  writeSynOptions(peer, packet.view, at + wire.HEADER_BYTES, tcp.clock.nowUs, accEcn);
  if (fastOpen !== undefined && cookie > 0) writeFastOpen(fastOpen, packet.view, at + wire.HEADER_BYTES + own, cookie);
  if (outside > 0) writeOutside(peer, packet, at + wire.HEADER_BYTES + own + cookie, PHASE_SYN_ACK);
  packet.mark = peer.mark;
  packet.hash = peer.txHash;
  packet.socket = peer.socket;
  sealOutside(peer, packet);
  if (!again) tcp.counters.outSegs++;
  return finish(tcp, packet, route);
}
