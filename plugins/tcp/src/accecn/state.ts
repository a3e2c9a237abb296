// What a connection with accurate ECN remembers: RFC 9768 §3.2.1, both its counters and those that it knows of the peer's.
import { NOT_ECT } from '../ecn-field.js';

/** Linux's TCP_ACCECN_*_FAIL_*, as `tcpi_accecn_fail_mode` tells: the ACE field, and the option, on their way to the peer and from it. */
export const ACE_FAIL_SEND = 1;
export const ACE_FAIL_RECV = 2;
export const OPTION_FAIL_SEND = 4;
export const OPTION_FAIL_RECV = 8;

/** `tcpi_accecn_opt_seen`: options that came in: none, only empty ones, with counters, with counters that cannot be true. */
export const OPTION_NOT_SEEN = 0;
export const OPTION_EMPTY_SEEN = 1;
export const OPTION_COUNTER_SEEN = 2;
export const OPTION_FAIL_SEEN = 3;

export class AccEcn {
  /** The ECN field of the peer's latest SYN or SYN-ACK, and of ours. */
  synField = NOT_ECT;
  sentSynField = NOT_ECT;
  /** The next acknowledgement echoes the peer's SYN-ACK instead of counting (§3.2.2.1). */
  echoes = false;
  /** What the peer's acknowledgement of our SYN-ACK echoed, in the place of a counter; -1: nothing. */
  peerEcho = -1;
  /** *_FAIL_* */
  failMode = 0;

  // ---- data receiver
  /** Segments that came in with CE: r.cep less its start; of those, not told yet. */
  receivedCe = 0;
  pendingCe = 0;
  /** Octets of text by their ECN field. */
  readonly receivedBytes: number[] = [0, 0, 0, 0];
  lastField = NOT_ECT;

  // ---- our option
  /** OPTION_*_SEEN: the peer's own. Without one from there none is sent. */
  optionSeen = OPTION_NOT_SEEN;
  /** Options that have something new to tell; counters, by their order, that one has to have. */
  optionsDue = 0;
  countersDue = 0;
  optionSentUs = 0;
  /** Where the last segment began that came twice. */
  repeatedFrom: number | undefined = undefined;

  // ---- data sender
  /** Octets that the peer counts, by their ECN field. */
  readonly deliveredBytes: number[] = [0, 0, 0, 0];
  /** The one counter that grows of late; NOT_ECT: none, or several. */
  growing = NOT_ECT;
  /** Packets for each acknowledgement, a mean; 0: none yet. */
  ackedMean = 0;
  /** No feedback has come since the handshake. */
  isFirstFeedback = true;
}
