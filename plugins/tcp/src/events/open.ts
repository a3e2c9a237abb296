// OPEN, RFC 9293 §3.10.1: active (connect), passive (listen), and taking what a passive one begot (accept).
import { DESTINATION, ERRNO, SOURCE } from '@protoloom/contracts';
import { type Route, RTN_BROADCAST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { copyWords, isUnspecifiedWords } from '@protoloom/wire';
import { initialRcvMss } from '../ack.js';
import { askForEcn } from '../ecn.js';
import { beginOpen, defersSyn, loadSyn, NO_TEXT, synLeft, type Text } from '../fastopen/client.js';
import { beginListening } from '../fastopen/server.js';
import { Listener } from '../listener.js';
import { openOutside } from '../options.js';
import { segmentSent } from '../recovery/recovery.js';
import { initialRto } from '../recovery/rto.js';
import { PUSHED } from '../recovery/scoreboard.js';
import { rouse } from '../rest.js';
import { advertisedMss, resolve, syncMss } from '../route.js';
import { sendSyn } from '../segment.js';
import { enter } from '../state.js';
import { FLOW_TIME_WAIT, type Tcb } from '../tcb.js';
import type { TimeWait } from '../time-wait.js';
import { randomHash } from '../tx-hash.js';
import { chooseScale, fullSpace, initialWindow, openingClamp } from '../window.js';
import { armRetransmit } from './timeouts.js';

/** Linux's: the sequence number that follows a TIME-WAIT's, further than any window reaches. */
const REUSE_STEP = 65_535 + 2;

/**
 * Active OPEN to the address and port at DESTINATION; the local ones where the user has bound them. Sends the SYN, with of `text` what Fast
 * Open puts there. @returns -EINPROGRESS, or why not; 0 where the SYN waits for the first send.
 */
export function connect(tcb: Tcb, text: Text | undefined): number {
  if (tcb.state !== TCP_CLOSE) return tcb.state === TCP_LISTEN ? -ERRNO.EISCONN : -ERRNO.EALREADY;
  const { tcp, socket } = tcb;
  const route = resolve(tcp, tcb, socket, socket.mark);
  if (typeof route === 'number') return route;
  if (route.type === RTN_BROADCAST || route.type === RTN_MULTICAST) return -ERRNO.ENETUNREACH;
  if (isUnspecifiedWords(tcb.addresses, SOURCE)) copyWords(route.addresses, SOURCE, tcb.addresses, SOURCE);
  // 0.0.0.0 and :: stand for ourselves: the route knows what became of them.
  copyWords(route.addresses, DESTINATION, tcb.addresses, DESTINATION);
  if (tcb.localPort === 0) {
    const port = tcp.ports.choose(tcb);
    if (port < 0) return port;
  }
  const before = tcp.demux.lookup(tcb.addresses, tcb.localPort, tcb.remotePort, tcb.iface);
  if (before !== undefined && !(before.kind === FLOW_TIME_WAIT && before.givesWay(tcb.boundPort))) {
    releaseAddress(tcb);
    return -ERRNO.EADDRNOTAVAIL;
  }
  beginOpen(tcb, text !== undefined);
  start(tcb, route, before);
  if (text === undefined && defersSyn(tcb)) return 0;
  sendFirstSyn(tcb, text ?? (tcb.fastOpen?.onConnect ? NO_TEXT : undefined));
  return -ERRNO.EINPROGRESS;
}

/** What bind() did not fix is free again after a connect that failed. */
function releaseAddress(tcb: Tcb): void {
  if (tcb.boundAddress) return;
  tcb.addresses.fill(0, SOURCE, SOURCE + 4);
  if (tcb.socket.family === AF_INET) tcb.addresses[SOURCE + 2] = 0xffff;
}

function start(tcb: Tcb, route: Route, remains: TimeWait | undefined): void {
  const { tcp } = tcb;
  const { sysctls, counters } = tcp;
  rouse(tcb);
  tcb.route = route;
  tcb.txHash = randomHash(tcp);
  tcb.error = 0;
  tcb.softError = 0;
  tcb.shutdown = 0;
  tcb.reassembly = undefined;
  tcb.sack = undefined;
  tcb.finReceived = false;
  tcb.finQueued = false;
  tcb.retransmits = 0;
  tcb.backoff = 0;
  tcb.timestampsOk = sysctls.timestamps !== 0;
  tcb.windowScalingOk = sysctls.windowScaling;
  tcb.sackOk = sysctls.sack;
  tcb.ecnSeen = false;
  askForEcn(tcb, route);
  tcb.tsRecent = 0;
  tcb.tsRecentUs = -1;
  tcb.peerMss = tcb.wishes.userMss > 0 ? tcb.wishes.userMss : 0xffff;
  tcb.advertisedMss = advertisedMss(route, tcb.wishes.userMss);
  syncMss(tcb, route);
  const space = fullSpace(tcb);
  tcb.rcvWndScale = tcb.windowScalingOk ? chooseScale(tcp, space, openingClamp(tcb)) : 0;
  tcb.rcvWnd = initialWindow(tcb.windowClamp > 0 ? Math.min(space, tcb.windowClamp) : space, tcb.advertisedMss, route.initialRwnd);
  tcb.rcvSsthresh = tcb.rcvWnd;
  tcb.rcvNxt = 0;
  tcb.rcvWup = 0;
  initialRcvMss(tcb);
  tcb.tsOffset = sysctls.timestamps === 1 ? tcp.isn.timestampOffset(tcb) : 0;
  tcb.iss = tcp.isn.next(tcb);
  if (remains !== undefined) {
    counters.twReused++;
    tcb.iss = (remains.sndNxt + REUSE_STEP) | 0;
    tcb.tsRecent = remains.tsRecent;
    tcb.tsRecentUs = remains.tsRecentUs;
    tcp.timeWaits.end(remains);
  }
  tcb.sndUna = tcb.iss;
  tcb.sndNxt = tcb.iss;
  tcb.sndSmall = tcb.iss;
  tcb.sndBase = (tcb.iss + 1) | 0;
  tcb.tailSeq = tcb.sndBase;
  tcb.pushedSeq = tcb.sndBase;
  tcb.isUrgent = false;
  tcb.urgent = undefined;
  tcb.pushes = undefined;
  tcb.records = undefined;
  tcb.sndWnd = 0;
  tcb.maxSndWnd = 0;
  initialRto(tcb);
  openOutside(tcb);
  tcp.demux.add(tcb);
  tcb.hashed = true;
  enter(tcb, TCP_SYN_SENT);
}

/** The first SYN leaves. In SYN-SENT. @param text what may go with it; undefined: without Fast Open. */
export function sendFirstSyn(tcb: Tcb, text: Text | undefined): void {
  const { clock, counters } = tcb.tcp;
  counters.activeOpens++;
  tcb.recovery.synSentUs = clock.nowUs;
  const octets = text === undefined ? 0 : loadSyn(tcb, text);
  sendSyn(tcb, octets);
  synLeft(tcb);
  segmentSent(tcb, tcb.iss, 1, 1, tcb.mss);
  tcb.sndNxt = (tcb.iss + 1) | 0;
  if (octets > 0) {
    // A packet of its own from here on: the SYN is sent again without it.
    segmentSent(tcb, tcb.sndNxt, octets, 1, tcb.mss);
    const { tail } = tcb.recovery.board;
    if (tail !== undefined) tail.marks |= PUSHED;
    tcb.sndNxt = (tcb.sndNxt + octets) | 0;
    tcb.dataSegmentsOut++;
    tcb.bytesSent += octets;
    counters.origDataSent++;
  }
  armRetransmit(tcb);
}

/** Passive OPEN, or another backlog for one. */
export function listen(tcb: Tcb, backlog: number): number {
  // Linux reads the argument as unsigned: -1 is the most there may be.
  const most = Math.min(backlog < 0 ? 0x7fff_ffff : backlog, tcb.tcp.sysctls.somaxconn);
  if (tcb.state === TCP_LISTEN) {
    (tcb.listener as Listener).backlog = most;
    return 0;
  }
  if (tcb.state !== TCP_CLOSE) return -ERRNO.EINVAL;
  if (tcb.localPort === 0) {
    const port = tcb.tcp.ports.choose(tcb);
    if (port < 0) return port;
  }
  const allowed = tcb.tcp.ports.listenAllowed(tcb);
  if (allowed < 0) return allowed;
  tcb.shutdown = 0;
  tcb.listener = new Listener(tcb, most);
  beginListening(tcb, most);
  enter(tcb, TCP_LISTEN);
  tcb.tcp.demux.addListener(tcb);
  return 0;
}

/** The next connection that was begotten, whatever became of it since; -EAGAIN where there is none. */
export function accept(tcb: Tcb): Tcb | number {
  if (tcb.state !== TCP_LISTEN) return -ERRNO.EINVAL;
  return (tcb.listener as Listener).accept() ?? -ERRNO.EAGAIN;
}
