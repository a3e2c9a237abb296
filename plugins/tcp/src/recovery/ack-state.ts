// What one acknowledgement brings, as far as recovery has found: one record per stack, filled anew for each.

export class AckState {
  priorUna = 0;
  priorPackets = 0;
  priorInFlight = 0;
  /** One past the highest octet SACKed before it. */
  priorFack = 0;
  // ---- what kind of acknowledgement it is
  /** SND.UNA has moved. */
  advanced = false;
  /** It has text or a FIN; or it updates the window: no duplicate. */
  hasData = false;
  windowUpdate = false;
  /** Something is newly acknowledged; newly SACKed. */
  acked = false;
  sacked = false;
  /** Of what was never sent again, and was outstanding when the episode began: the original has arrived (RFC 5682). */
  originalArrived = false;
  /** What was sent again is acknowledged: no round trip can be told. */
  retransmittedAcked = false;
  /** D-SACK, RFC 2883; for a tail loss probe. */
  dsack = false;
  dsackOfProbe = false;
  /** A tail loss probe that was a retransmission is acknowledged. */
  probeAcked = false;
  /** SND.UNA is at what was SACKed: the peer has forgotten it (RFC 2018 §8). */
  reneging = false;
  /** A retransmission was found lost. */
  lostRetransmit = false;
  /** It echoes congestion: RFC 3168 §6.1.2, RFC 9768 §3.2. */
  ece = false;
  /** The retransmission timer starts anew. */
  setTimer = false;
  ackDelayed = false;
  // ---- measures
  ackedPackets = 0;
  /** Octets newly delivered: acknowledged and SACKed, each once; of those reported to have been marked CE. */
  deliveredBytes = 0;
  ceBytes = 0;
  /** When the first and the last packet left that it is about, µs; -1: none. */
  firstAckedUs = -1;
  lastAckedUs = -1;
  firstSackedUs = -1;
  lastSackedUs = -1;
  /** The lowest sequence number that arrived after higher ones. */
  reorderSeq = 0;
  /** The congestion controller's round trip, µs; -1: none. */
  rttUs = -1;
  /** Relative one-way delay, µs; -1: none. */
  owdUs = -1;

  begin(): void {
    this.advanced = false;
    this.hasData = false;
    this.windowUpdate = false;
    this.acked = false;
    this.sacked = false;
    this.originalArrived = false;
    this.retransmittedAcked = false;
    this.dsack = false;
    this.dsackOfProbe = false;
    this.probeAcked = false;
    this.reneging = false;
    this.lostRetransmit = false;
    this.ece = false;
    this.setTimer = false;
    this.ackDelayed = false;
    this.ackedPackets = 0;
    this.deliveredBytes = 0;
    this.ceBytes = 0;
    this.firstAckedUs = -1;
    this.lastAckedUs = -1;
    this.firstSackedUs = -1;
    this.lastSackedUs = -1;
    this.rttUs = -1;
    this.owdUs = -1;
  }

  /** RFC 5681 §2: a duplicate is none of these. */
  get isNoDuplicate(): boolean {
    return this.hasData || this.windowUpdate || this.acked;
  }
}
