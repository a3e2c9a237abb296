// The transmission control block: all state of one connection, RFC 9293 §3.3.1. Plain data; what it means is in the files that write it.
import { DESTINATION, type EgressRequest, SOURCE, type Timer } from '@protoloom/contracts';
import type { Route } from '@protoloom/contracts/ip';
import { AF_INET, type SocketState } from '@protoloom/contracts/socket';
import { type CongestionControl, type Controller, type SenderControl, TCP_CLOSE } from '@protoloom/contracts/tcp';
import type { Marks } from './buffers/marks.js';
import type { Reassembly } from './buffers/reassembly.js';
import type { ReceiveRing } from './buffers/receive-ring.js';
import type { SendRing } from './buffers/send-ring.js';
import type { Tcp } from './context.js';
import type { Ecn } from './ecn.js';
import type { FastOpen, FastOpenQueue } from './fastopen/state.js';
import type { Timeouts } from './limits.js';
import type { Listener } from './listener.js';
import type { MtuProbe } from './mtu-probe.js';
import type { Recovery } from './recovery/recovery.js';
import type { SackBlocks } from './sack.js';
import { View } from './sender-view.js';
import type { Stamp } from './timestamping.js';
import type { Urgent } from './urgent.js';
import { NO_WISHES, type Wishes } from './wishes.js';
import type { ZeroCopies } from './zero-copy.js';

/** What a 4-tuple leads to: a connection, a half-open one (SYN queue), or the remains of one. */
export const FLOW_CONNECTION = 0;
export const FLOW_REQUEST = 1;
export const FLOW_TIME_WAIT = 2;

/** `shutdown`, Linux's RCV_SHUTDOWN and SEND_SHUTDOWN. */
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;

/** What the retransmission timer is armed for. One at a time: with data in flight nothing is probed. */
export const PENDING_NONE = 0;
export const PENDING_RETRANSMIT = 1;
export const PENDING_PROBE = 2;
/** RFC 8985: a tail loss probe; what may be reordered rather than lost. */
export const PENDING_LOSS_PROBE = 3;
export const PENDING_REORDER = 4;

/** Who uses a connection: its endpoint. An orphan has none. */
export interface TcbUser {
  /** Readiness may have risen: wakes the listener before this turn's egress. */
  wake(): void;
}

export class Tcb {
  readonly tcp: Tcp;
  readonly socket: SocketState;
  /** Undefined before `accept`, and once the user has closed. */
  user: TcbUser | undefined = undefined;
  /** The user has closed while the connection still has something to do. */
  orphan = false;
  /** Counted in `tcp.orphans`: orphans.ts. */
  orphanCounted = false;
  /** TCP_*. Written by `enter` in state.ts alone. */
  state: number = TCP_CLOSE;
  /** In the flow table; and the hash of its 4-tuple there, 0: not known. */
  hashed = false;
  hash = 0;
  /** Its place among the connections that do not rest; -1: it rests. rest.ts */
  awake = -1;

  // ---- who talks to whom
  /** AF_INET or AF_INET6: the network family of `addresses`, which for a mapped address on an INET6 socket is AF_INET. */
  family: number;
  /** Ours at SOURCE, the peer's at DESTINATION, IPv4 in its mapped form. Unspecified where not bound. */
  readonly addresses: Int32Array;
  localPort = 0;
  remotePort = 0;
  /** The user chose the local address, or port, by bind(). */
  boundAddress = false;
  boundPort = false;
  route: Route | undefined = undefined;
  /** By which its packets are told from others' on their way, an int32: tx-hash.ts; 0: it has none yet. */
  txHash = 0;
  /** The flow label that the peer's data had last; IPv6's. */
  peerFlowLabel = 0;
  /** Ours, as the user named it (IPV6_FLOWINFO_SEND); 0: made from the hash. */
  flowLabel = 0;
  /** Written while LISTEN: its queues. */
  listener: Listener | undefined = undefined;
  /** The listener that this connection came from, until it is accepted. */
  parent: Listener | undefined = undefined;

  // ---- sending, RFC 9293 figure 3
  iss = 0;
  sndUna = 0;
  /** One past the highest sequence number sent; it never moves back: what is to be sent again is `recovery`'s. */
  sndNxt = 0;
  /** Octets, scaled. */
  sndWnd = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  /** Largest SND.WND that the peer ever offered, RFC 9293 §3.8.6.2.1. */
  maxSndWnd = 0;
  /** Window scales: what the peer shifts its windows by, and we ours (RFC 7323 §2.2). */
  sndWndScale = 0;
  rcvWndScale = 0;
  /** Octets not yet acknowledged, and not yet sent; the first has sequence number `sndBase`. */
  send: SendRing;
  sndBase = 0;
  /** FIN follows the last octet of `send`. */
  finQueued = false;
  /** SND.UP: behind the last urgent octet. What lies before is urgent as long as `isUrgent`. */
  sndUp = 0;
  isUrgent = false;
  /** End of the last segment smaller than the MSS that was sent: Minshall's variant of Nagle's algorithm. */
  sndSmall = 0;
  /** Where the last packet begins that is written, and not sent. write-queue.ts */
  tailSeq = 0;
  /** Where what is not sent is pushed, and where records of it end (MSG_EOR); undefined until there is such a place. */
  pushes: Marks | undefined = undefined;
  records: Marks | undefined = undefined;
  /** The last place that was pushed. */
  pushedSeq = 0;
  /** The user found no room in the send buffer: it is told when there is. */
  noSpace = false;
  /** Payload of a full segment, SMSS less the options that every segment carries. */
  mss = 536;
  /** Largest segment that the peer takes, from its option (RFC 9293 §3.7.1), clamped by TCP_MAXSEG. */
  peerMss = 536;
  /** What we told the peer in our SYN; once the connection stands, less the options that every segment carries. */
  advertisedMss = 536;
  /** Path MTU that `mss` was computed from. */
  pathMtu = 0;
  /** The search for it by probes; undefined: none. */
  mtuProbe: MtuProbe | undefined = undefined;

  // ---- receiving, RFC 9293 figure 4
  irs = 0;
  rcvNxt = 0;
  /** Octets that we last offered, counted from `rcvWup`; the right edge rcvWup + rcvWnd never moves left. */
  rcvWnd = 0;
  /** RCV.NXT when the window was last sent: Last.ACK.sent of RFC 7323 §4.3. */
  rcvWup = 0;
  /** The next acknowledgement closes the window: there is no memory (Linux's ICSK_ACK_NOMEM). */
  noMemory = false;
  /** Highest window that may be offered: TCP_WINDOW_CLAMP's, and once established no more than the buffer; 0: not set. */
  windowClamp = 0;
  /** The window as opening towards a new peer, Linux's rcv_ssthresh. */
  rcvSsthresh = 0;
  receive: ReceiveRing;
  /** What of it is held out of order; undefined until something is. */
  reassembly: Reassembly | undefined = undefined;
  /** The urgent octet (RFC 6093), from when it is told of until it is passed. */
  urgent: Urgent | undefined = undefined;
  /** The peer's FIN was taken in order: nothing follows. */
  finReceived = false;
  /** RCV_SHUTDOWN and SEND_SHUTDOWN. */
  shutdown = 0;
  /** Peer's segment size as it shows, for delayed ACKs (Linux's rcv_mss). */
  rcvMss = 536;

  // ---- acknowledging, RFC 9293 §3.8.6.3
  /** An ACK waits for data, or for its timer. */
  ackPending = false;
  /** An ACK has to go out in this turn's egress. */
  ackNow = false;
  /** Segments that are still acknowledged at once (start of a connection, loss seen). */
  quickAcks = 0;
  /** Times that we answered within a delayed acknowledgement: an interactive session from tcp_pingpong_thresh on. */
  interactive = 0;
  /** Delayed-ACK timeout, µs, as it follows the peer's rhythm. */
  ackTimeoutUs = 0;
  /** Small segments that wait to be read before they are acknowledged (Linux's ICSK_ACK_PUSHED), up to 2. */
  ackPushed = 0;
  /** Octets of the last segment, SACK blocks among them, where it may have been a full one; 0: it was not. */
  lastSegmentBytes = 0;
  /** When text came last, ms. coarse-time.ts */
  lastReceivedMs = 0;

  // ---- options, RFC 7323 and RFC 2018; negotiated in the SYNs
  timestampsOk = false;
  windowScalingOk = false;
  sackOk = false;
  tsRecent = 0;
  /** When `tsRecent` was written, µs; -1: never. */
  tsRecentUs = -1;
  /** Added to our clock in TSval, random per connection. */
  tsOffset = 0;
  /** D-SACK to be reported in the next ACK: [dsackFrom, dsackTo), none where equal (RFC 2883). */
  dsackFrom = 0;
  dsackTo = 0;
  /** What is told by SACK, and how often; undefined until something is. */
  sack: SackBlocks | undefined = undefined;
  /** ECN is used, or asked for (RFC 3168); whether marks were seen, which is told even where it is not. */
  ecn: Ecn | undefined = undefined;
  ecnSeen = false;
  /** Fast Open (RFC 7413): of this connection, and of those that it listens for. */
  fastOpen: FastOpen | undefined = undefined;
  fastOpenQueue: FastOpenQueue | undefined = undefined;
  /** States of TCP_OPTION attachments, by kind; undefined where none opened. */
  outside: unknown[] | undefined = undefined;

  // ---- retransmission, RFC 6298
  /** SRTT in eighths of a µs: whole numbers, as on Linux. */
  srtt8 = 0;
  /** RTTVAR in quarters of a µs; and Linux's refinement of it, the medium deviation and its maximum in this round, which ends at `rttSeq`. */
  rttVar4 = 0;
  mdev4 = 0;
  mdevMax4 = 0;
  rttSeq = 0;
  minRttUs = -1;
  minRttAtMs = 0;
  /** Retransmission timeout, µs, before backoff. Written by recovery/rto.ts. */
  rtoUs = 1_000_000;
  /** Doublings of the RTO, or of the probe interval, now in force. */
  backoff = 0;
  /** Timeouts, or probes, in a row without an answer: R1 and R2 of RFC 9293 §3.8.3 are measured by it. */
  retransmits = 0;
  probesOut = 0;
  /** Round trip as a receiver sees it, µs; 0: not known. receive-rtt.ts */
  receiveRttUs = 0;
  retransmitTimer: Timer | undefined = undefined;
  /** PENDING_*. */
  pending = PENDING_NONE;
  ackTimer: Timer | undefined = undefined;
  /** Keep-alive, FIN-WAIT-2 and orphans (Linux's sk_timer). */
  keepAliveTimer: Timer | undefined = undefined;
  /** Waits for the pacing rate. */
  paceTimer: Timer | undefined = undefined;
  lingerTimer: Timer | undefined = undefined;
  /** SO_LINGER: close() has not ended for the user. */
  lingering = false;
  /** Detection and repair of losses. */
  recovery: Recovery;
  /** Packets delivered so far. */
  delivered = 0;
  /** Round trip of the packet that RACK goes by, RFC 8985 §5.2. */
  rackRttUs = 0;

  // ---- congestion control
  readonly view = new View(this);
  readonly control: SenderControl = { cwnd: 0, ssthresh: Number.POSITIVE_INFINITY, pacingRate: 0, quantum: 0 };
  /** What makes its controller, and that. */
  algorithm: CongestionControl | undefined = undefined;
  controller: Controller | undefined = undefined;
  /** When text left, and an acknowledgement came, ms. */
  lastSentMs = 0;
  lastAckMs = 0;

  // ---- the user's wishes
  wishes: Wishes = NO_WISHES;
  /** Where the queue ended when TCP_NODELAY was set: what was there leaves, whatever else holds it; undefined: never set. */
  noDelayEnd: number | undefined = undefined;
  /** The last send had MSG_MORE. */
  more = false;
  zeroCopies: ZeroCopies | undefined = undefined;
  /** Writes that SO_TIMESTAMPING tells of, in order, until they are acknowledged. */
  stamps: Stamp[] | undefined = undefined;

  // ---- errors
  /** SO_ERROR, positive errno. */
  error = 0;
  /** An error that does not end the connection by itself (RFC 1122 §4.2.3.9): told when it times out. */
  softError = 0;
  /** When the last challenge or duplicate ACK for a bad segment left, µs (RFC 5961 §7, tcp_invalid_ratelimit); -1: never. */
  lastOutOfWindowAckUs = -1;
  /** The connection's entry in the turn's egress. */
  egressRequest: EgressRequest | undefined = undefined;

  // ---- TCP_INFO
  bytesSent = 0;
  bytesRetransmitted = 0;
  bytesAcked = 0;
  bytesReceived = 0;
  /** Octets that the user has read. */
  bytesRead = 0;
  /** Receive-buffer autotuning: octets read in the last round trip. */
  readSpace = 0;
  segmentsOut = 0;
  segmentsIn = 0;
  dataSegmentsOut = 0;
  dataSegmentsIn = 0;
  outOfOrderSegments = 0;
  totalRetransmits = 0;
  /** How long it had something to send, and of that what held it up, µs; and what timed out, undefined until something does. limits.ts */
  busyUs = 0;
  windowLimitedUs = 0;
  bufferLimitedUs = 0;
  timeouts: Timeouts | undefined = undefined;

  /** @param addresses of which one comes that was half open; left out: none are known yet. */
  constructor(tcp: Tcp, socket: SocketState, family: number, addresses?: Int32Array) {
    this.tcp = tcp;
    this.socket = socket;
    this.family = family;
    this.addresses = addresses ?? tcp.addressBlocks.take();
    const { send, receive, recovery } = tcp.rest.shared;
    this.send = send;
    this.receive = receive;
    this.recovery = recovery;
    if (family === AF_INET && addresses === undefined) {
      this.addresses[SOURCE + 2] = 0xffff;
      this.addresses[DESTINATION + 2] = 0xffff;
    }
  }

  /** Index of the interface that its packets leave by, 0: any. */
  get iface(): number {
    return this.socket.boundInterface;
  }
  /** Name of its controller, as TCP_CONGESTION tells: what it has, or what it is to have; empty: the route's or the sysctl's. */
  get congestionControl(): string {
    return this.algorithm?.name ?? this.wishes.congestionControl;
  }

  get kind(): typeof FLOW_CONNECTION {
    return FLOW_CONNECTION;
  }
  get srttUs(): number {
    return this.srtt8 >> 3;
  }
  get rttVarUs(): number {
    return this.rttVar4 >> 2;
  }

  /** This turn's egress: output.ts. */
  egress(): void {
    this.tcp.output(this);
  }
}

/** Sequence number after the last octet that the user wrote; FIN's own where `finQueued`. */
export const writeEnd = (tcb: Tcb): number => (tcb.sndBase + tcb.send.length) | 0;

/** The FIN has been sent. */
export const finSent = (tcb: Tcb): boolean => tcb.finQueued && ((tcb.sndNxt - writeEnd(tcb)) | 0) > 0;

/** Our FIN is acknowledged. */
export const finAcked = (tcb: Tcb): boolean => finSent(tcb) && tcb.sndUna === tcb.sndNxt;

/** Octets of window left, RCV.WND of RFC 9293 counted from RCV.NXT. */
export const receiveWindow = (tcb: Tcb): number => Math.max(0, (tcb.rcvWup + tcb.rcvWnd - tcb.rcvNxt) | 0);
