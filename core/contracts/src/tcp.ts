// TCP: points for congestion control and options, socket options. Numbers are Linux's.
import type { Packet } from './packet.js';
import { chainPoint, mapPoint, service, u8Point } from './token.js';

/** `packet.gsoKind` of a TCP super-segment. */
export const GSO_TCP = 1;
/** One with Accurate ECN: its ACE field (RFC 9768) is that of each segment, where else CWR is the first one's alone (SKB_GSO_TCP_ACCECN). */
export const GSO_TCP_ACCECN = 3;

export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
export const TCP_NOTSENT_LOWAT = 25;
export const TCP_INQ = 36;
/** Control message of TCP_INQ: octets that wait to be read, after this call. */
export const TCP_CM_INQ = TCP_INQ;
export const TCP_CC_INFO = 26;
export const TCP_FASTOPEN_CONNECT = 30;
export const TCP_FASTOPEN_KEY = 33;
export const TCP_FASTOPEN_NO_COOKIE = 34;

/** States, with the numbers of Linux's tcp_states.h (`tcpi_state`). */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;

// ---- congestion control ----------------------------------------------------------------------------------------------------------
// TCP decides what is lost, what to retransmit, when recovery starts and ends, and measures; a controller says how much may be in flight,
// how fast and in what bursts. Units: bytes, µs, bytes per second; stream offsets never wrap; -1 is "no sample". The records are TCP's,
// refreshed in place, and valid during the call.

/** The sender's phases, as Linux's TCP_CA_*. */
export type Phase = 'open' | 'disorder' | 'cwr' | 'recovery' | 'loss';

/** What TCP knows about the connection. One record per connection. */
export interface SenderView {
  readonly nowUs: number;
  /** Bytes of payload in a full segment (SMSS less options). */
  readonly mss: number;
  /** Stream offsets: of the first octet not yet acknowledged, and of the next to be sent. */
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly sndWnd: number;
  /** After this event (RFC 6675 pipe), bytes. */
  readonly inFlight: number;
  readonly srttUs: number;
  readonly rttVarUs: number;
  readonly rtoUs: number;
  /** Least RTT of the last `tcp_min_rtt_wlen` seconds. */
  readonly minRttUs: number;
  /** Cumulative, bytes: delivered, of those reported CE, lost. */
  readonly delivered: number;
  readonly deliveredCe: number;
  readonly lost: number;
  /** Packet-timed round trips. */
  readonly round: number;
  readonly phase: Phase;
  readonly ecn: 'off' | 'classic' | 'accurate';
  /** RFC 7661: whether cwnd, or the application, limited sending. */
  readonly cwndLimited: boolean;
  readonly appLimited: boolean;
  /** Saved by TCP at the last reduction, for undo. */
  readonly priorCwnd: number;
  readonly priorSsthresh: number;
}

/** All that a controller may write. One record per connection. */
export interface SenderControl {
  /** Bytes; TCP keeps it at one MSS at least. */
  cwnd: number;
  /** Bytes; Infinity before the first loss. */
  ssthresh: number;
  /** Bytes per second; 0: TCP's own ratio of cwnd to RTT, where pacing is on; Infinity: none. */
  pacingRate: number;
  /** Largest burst, bytes; 0: TCP's rule. */
  quantum: number;
}

/** One acknowledgement. One record per stack. */
export interface AckEvent {
  /** Newly acknowledged cumulatively. */
  readonly acked: number;
  /** `acked` + newly SACKed - SACKed before. */
  readonly delivered: number;
  /** Newly marked lost by this ACK. */
  readonly lost: number;
  /** CE bytes newly reported (AccECN); classic echo. */
  readonly ce: number;
  readonly ece: boolean;
  readonly rttUs: number;
  /**
   * One-way delay of what is acknowledged, by RFC 7323's timestamps: relative, since nobody knows how far the clocks are apart, and as fine as
   * a millisecond. Differences and the least of them mean something (RFC 6817 §3.4.2).
   */
  readonly owdUs: number;
  readonly priorInFlight: number;
  readonly roundStart: boolean;
  /** Delivery-rate sample: bytes over µs, and whether the application limited it (draft-ietf-ccwg-bbr §4.1.1). */
  readonly rateBytes: number;
  readonly rateUs: number;
  readonly rateAppLimited: boolean;
  /** CE and lost bytes since the sampled packet left. */
  readonly rateCe: number;
  readonly rateLost: number;
  /** In flight when the sampled packet left, and when that was. */
  readonly txInFlight: number;
  readonly sampleSentUs: number;
  readonly fromRetransmit: boolean;
  /** Of a single small segment: the peer may have delayed it, and `rttUs` with it. */
  readonly ackDelayed: boolean;
  /** Packets of which `delivered` consists, each one whole however short, a FIN among them: Linux counts windows in these. */
  readonly packets?: number;
  /** Segments are known to be reordered by more than tcp_reordering: what is SACKed alone lets windows grow too, as on Linux. */
  readonly reordered?: boolean;
  /** It acknowledges a tail loss probe that was a retransmission (RFC 8985 §7.4). */
  readonly tlp: boolean;
}

/** The start of an episode of congestion. */
export interface CongestionEvent {
  readonly why: 'fast-loss' | 'rto' | 'ecn' | 'local-drop';
  readonly inFlight: number;
  readonly lost: number;
  /** RFC 9002 §7.6, RFC 9438 §4.8: nothing got through for several RTOs. */
  readonly persistent: boolean;
  /** ECN tells of it, and `net.ipv4.tcp_abe` asks for the smaller reduction of RFC 8511. */
  readonly abe?: boolean;
}

/** A packet that was marked lost, with its state when it was sent. */
export interface LostPacket {
  readonly bytes: number;
  readonly txInFlight: number;
  readonly sentUs: number;
  /** SenderView's `lost`, `delivered` and `appLimited` when it left. */
  readonly lostAtSend: number;
  readonly deliveredAtSend: number;
  readonly appLimited: boolean;
}

/** A packet that was sent. */
export interface SentPacket {
  readonly bytes: number;
  readonly inFlight: number;
  readonly retransmit: boolean;
}

/** One connection's controller. No callback allocates; a throw costs the connection its controller, never the stack. */
export interface Controller {
  /** Once per ACK: after scoreboard, RTT and phase, before TCP sends. */
  onAck(ack: AckEvent): void;
  /** Once per episode. */
  onCongestion(event: CongestionEvent): void;
  onLost?(packet: LostPacket): void;
  onSent?(packet: SentPacket): void;
  onRecovered?(from: Phase): void;
  /** Absent: TCP restores priorCwnd and priorSsthresh. */
  onUndo?(from: Phase): void;
  /** First send with nothing in flight. */
  onRestart?(idleUs: number): void;
  /**
   * Receiver half: text came in, with a CE mark or without, before it is acknowledged. True: acknowledge now; where ECN is classic, first what
   * came before, with the echo as it was (RFC 8257 §3.2), and ECE says `ce` from here on. Without this callback it follows RFC 3168 §6.1.3.
   */
  onReceive?(ce: boolean, bytes: number): boolean;
  onPath?(mssChanged: boolean): void;
  /** TCP_CC_INFO, `ss`, plots. */
  info?(): Readonly<Record<string, number | string>>;
  /** Handed back through `create`; also when one controller takes over from another. */
  snapshot?(): unknown;
}

export interface CongestionControl {
  readonly name: string;
  /** `rate`: TCP leaves out PRR, the restart window and its own pacing ratio. */
  readonly drive: 'window' | 'rate';
  readonly ecn?: { readonly wants: 'classic' | 'accurate'; readonly codepoint: 0 | 1; readonly fallback: 'classic' | 'off' };
  /** Not for unprivileged choice, as Linux's tcp_allowed_congestion_control. */
  readonly restricted?: boolean;
  /** Send buffer in windows, for autotuning; default 2. */
  readonly sndbufFactor?: number;
  /**
   * How TCP ends recovery where there is no SACK: true stays in it over partial acknowledgements (NewReno, RFC 6582), false leaves at the
   * first acknowledgement of new data (Reno, RFC 5681 §3.2). The whole difference between the two. Default true.
   */
  readonly partialAcks?: boolean;
  create(view: SenderView, out: SenderControl, state?: unknown): Controller;
}

/** Controllers by name. Owned by `tcp`. */
export const CONGESTION_CONTROL = mapPoint<string, CongestionControl>('tcp.congestion-control', 1, { min: 1 });

// ---- options ---------------------------------------------------------------------------------------------------------------------

/** When options are written: SYN, SYN-ACK, any later segment, RST. */
export const PHASE_SYN = 0;
export const PHASE_SYN_ACK = 1;
export const PHASE_SEGMENT = 2;
export const PHASE_RESET = 3;

/** What an option sees of its connection. */
export interface TcpOptionConnection {
  /** TCP_* state. */
  readonly state: number;
  /** Our address at SOURCE, the peer's at DESTINATION. */
  readonly addresses: Int32Array;
  readonly localPort: number;
  readonly remotePort: number;
}

/**
 * A TCP option from outside (authentication, multipath); TCP's own go the same way, off the fast path. `S` is its state in a connection,
 * which TCP keeps.
 */
export interface TcpOption<S = unknown> {
  /** Makes the state; undefined where the option is not for this connection. Of a passive open with the SYN: `connection` is half open until the handshake is over. */
  open(connection: TcpOptionConnection): S | undefined;
  /** The option came in: its data in `bytes[from..to)`, kind and length left out. Anything below zero drops the segment. */
  parse(state: S, connection: TcpOptionConnection, bytes: Uint8Array, from: number, to: number, phase: number): number;
  /** Octets that the option wants in a segment, kind and length included; 0: none. */
  bytes(state: S, connection: TcpOptionConnection, phase: number): number;
  /** Writes those octets. */
  write(state: S, connection: TcpOptionConnection, bytes: Uint8Array, at: number, phase: number): void;
  /** The segment is complete but for its checksum; `packet.l4` is its header (signatures). */
  seal?(state: S, connection: TcpOptionConnection, packet: Packet): void;
  /** Every segment has to be shown to `check` before it is looked at, with the option or without it. Below zero drops it. */
  check?(state: S, connection: TcpOptionConnection, packet: Packet, present: boolean): number;
}
/** TCP options by kind. Owned by `tcp`. */
// biome-ignore lint/suspicious/noExplicitAny: the state is the option's own affair.
export const TCP_OPTION = u8Point<TcpOption<any>>('tcp.option', 1);

// ---- what is remembered of peers ---------------------------------------------------------------------------------------------------

/** What TCP remembers of a peer, from one connection to the next: a line of `ip tcp_metrics`. */
export interface TcpMetric {
  /** The peer's address and ours, four words each, IPv4 in its mapped form. */
  readonly peer: Int32Array;
  readonly local: Int32Array;
  /** µs since it was heard of. */
  readonly ageUs: number;
  /** Fast Open (RFC 7413 §4.1.3): the segment size of the peer's last SYN-ACK, 0: not told; its cookie, of no octets where there is none. */
  readonly fastOpenMss: number;
  readonly fastOpenCookie: Uint8Array;
  /** SYNs with text that got lost, in a row. */
  readonly fastOpenLosses: number;
  /** Of the path, as connections left it that have ended, µs and packets; 0: not known. */
  readonly rttUs: number;
  readonly rttVarUs: number;
  readonly ssthresh: number;
  readonly cwnd: number;
  readonly reordering: number;
}
/** `ip tcp_metrics`. */
export interface TcpMetrics {
  list(): readonly TcpMetric[];
  /** Forgets a peer, or without one everything. @param peer four words at `at`. @returns how many were forgotten. */
  flush(peer?: Int32Array, at?: number): number;
}
export const TCP_METRICS = service<TcpMetrics>('tcp.metrics', 1);

/** Initial sequence numbers from elsewhere; asked before RFC 6528's, by priority. Answers undefined to pass. Owned by `tcp`. */
export const TCP_ISN = chainPoint<(connection: TcpOptionConnection) => number | undefined>('tcp.isn', 1);
