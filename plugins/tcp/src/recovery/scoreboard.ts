// What was sent and is not acknowledged: RFC 6675 §3's scoreboard, in order of sequence numbers; for RFC 8985 in order of transmission too.

/** Marks of a packet. */
export const SACKED = 1;
export const LOST = 2;
/** A retransmission of it is in the network. */
export const RETRANSMITTED = 4;
/** It was sent again at some time: an acknowledgement does not tell which of them it is for (Karn's algorithm). */
export const EVER_RETRANSMITTED = 8;
/** The user pushed: its last segment carries PSH, however it is cut. */
export const PUSHED = 16;
/** Its last octet ends a record (MSG_EOR): it is not joined to what follows. */
export const RECORD_END = 32;
/** What of a packet stays with its last octet. */
const OF_THE_END = PUSHED | RECORD_END;

/** One packet, or super-segment, that was sent: sequence numbers [seq, end). */
export class Sent {
  seq = 0;
  end = 0;
  /** Segments that it was cut into on the wire, each of `segmentBytes` but for the last. */
  packets = 1;
  segmentBytes = 0;
  marks = 0;
  /** When it last left, µs; and as which of all transmissions, as many leave at the same time. */
  sentUs = 0;
  order = 0;
  // What was known when it left, for delivery-rate samples.
  delivered = 0;
  deliveredCe = 0;
  lost = 0;
  deliveredUs = 0;
  firstSentUs = 0;
  inFlight = 0;
  appLimited = false;
  // Neighbours in order of sequence numbers, and of transmission; in the latter only what may still be found lost.
  previous: Sent | undefined = undefined;
  next: Sent | undefined = undefined;
  older: Sent | undefined = undefined;
  newer: Sent | undefined = undefined;
  timed = false;
}

/** Records kept for use again; no more than a window of many connections needs. */
const MOST_KEPT = 65_536;

export class SentPool {
  #free: Sent | undefined = undefined;
  #kept = 0;

  take(): Sent {
    const sent = this.#free;
    if (sent === undefined) return new Sent();
    this.#free = sent.next;
    this.#kept--;
    sent.next = undefined;
    return sent;
  }

  give(sent: Sent): void {
    sent.previous = undefined;
    sent.next = undefined;
    if (this.#kept >= MOST_KEPT) return;
    sent.next = this.#free;
    this.#free = sent;
    this.#kept++;
  }
}

export class Scoreboard {
  readonly #pool: SentPool;
  head: Sent | undefined = undefined;
  tail: Sent | undefined = undefined;
  oldest: Sent | undefined = undefined;
  newest: Sent | undefined = undefined;
  /** Records. */
  size = 0;
  /** Packets outstanding; of those SACKed (without SACK: told of by duplicate ACKs), lost, and sent again and not yet lost anew. */
  packetsOut = 0;
  sackedOut = 0;
  lostOut = 0;
  retransOut = 0;
  /** One past the highest octet SACKed; means something while `sackedOut` is not 0. */
  highestSacked = 0;
  /** Transmissions so far. */
  #transmissions = 0;
  /** Nothing before it waits to be sent again; undefined: begin at the head. */
  hint: Sent | undefined = undefined;

  constructor(pool: SentPool) {
    this.#pool = pool;
  }

  /** Packets in the network, as far as one knows: RFC 6675's pipe. */
  get inFlight(): number {
    return this.packetsOut - this.sackedOut - this.lostOut + this.retransOut;
  }

  /** What has left the network: SACKed or lost. */
  get leftOut(): number {
    return this.sackedOut + this.lostOut;
  }

  append(seq: number, end: number, packets: number, segmentBytes: number): Sent {
    const sent = this.#pool.take();
    sent.seq = seq;
    sent.end = end;
    sent.packets = packets;
    sent.segmentBytes = segmentBytes;
    sent.marks = 0;
    this.#linkAfter(this.tail, sent);
    this.packetsOut += packets;
    return sent;
  }

  /** Takes an acknowledged packet out. @param marks by which it counted. */
  remove(sent: Sent, marks: number = sent.marks): void {
    this.#count(marks, -sent.packets);
    if (this.hint === sent) this.hint = undefined;
    this.untime(sent);
    this.#unlink(sent);
    this.#pool.give(sent);
  }

  /**
   * Takes the first segments off a super-segment, up to sequence number `to`, which are acknowledged; the rest stays as it is.
   * @param marks by which they counted.
   */
  trim(sent: Sent, to: number, packets: number, marks: number): void {
    sent.seq = to;
    sent.packets -= packets;
    this.#count(marks, -packets);
  }

  /** Cuts a packet after `bytes` octets; the rest becomes a packet of its own behind it, with the same marks. */
  split(sent: Sent, bytes: number): void {
    const rest = this.#pool.take();
    const packets = Math.min(Math.max(1, Math.ceil(bytes / sent.segmentBytes)), Math.max(1, sent.packets));
    const before = sent.packets;
    rest.seq = (sent.seq + bytes) | 0;
    rest.end = sent.end;
    rest.packets = Math.max(1, before - packets);
    rest.segmentBytes = sent.segmentBytes;
    rest.marks = sent.marks;
    rest.sentUs = sent.sentUs;
    rest.order = sent.order;
    rest.delivered = sent.delivered;
    rest.deliveredCe = sent.deliveredCe;
    rest.lost = sent.lost;
    rest.appLimited = sent.appLimited;
    rest.deliveredUs = sent.deliveredUs;
    rest.firstSentUs = sent.firstSentUs;
    rest.inFlight = sent.inFlight;
    sent.end = rest.seq;
    sent.marks &= ~OF_THE_END;
    sent.packets = packets;
    this.#count(sent.marks, packets + rest.packets - before);
    this.#linkAfter(sent, rest);
    if (sent.timed) this.#timeAfter(sent, rest);
  }

  /** Joins the packet behind it to this one, which is sent anew as one. */
  absorb(sent: Sent, next: Sent): void {
    sent.end = next.end;
    sent.marks |= next.marks & (EVER_RETRANSMITTED | OF_THE_END);
    this.remove(next);
  }

  /** It is cut by another size now. */
  recount(sent: Sent, packets: number, segmentBytes: number): void {
    const change = packets - sent.packets;
    sent.packets = packets;
    sent.segmentBytes = segmentBytes;
    if (change !== 0) this.#count(sent.marks, change);
  }

  #count(marks: number, change: number): void {
    this.packetsOut += change;
    if (marks & SACKED) this.sackedOut += change;
    if (marks & LOST) this.lostOut += change;
    if (marks & RETRANSMITTED) this.retransOut += change;
  }

  /** It has just left: the newest. */
  touch(sent: Sent): void {
    this.untime(sent);
    sent.order = ++this.#transmissions;
    sent.timed = true;
    sent.older = this.newest;
    if (this.newest === undefined) this.oldest = sent;
    else this.newest.newer = sent;
    this.newest = sent;
  }

  /** It arrived, or is lost: nothing is to be found out about it. */
  untime(sent: Sent): void {
    if (!sent.timed) return;
    sent.timed = false;
    if (sent.older === undefined) this.oldest = sent.newer;
    else sent.older.newer = sent.newer;
    if (sent.newer === undefined) this.newest = sent.older;
    else sent.newer.older = sent.older;
    sent.older = undefined;
    sent.newer = undefined;
  }

  clear(): void {
    while (this.head !== undefined) this.remove(this.head);
    this.sackedOut = 0;
  }

  #linkAfter(before: Sent | undefined, sent: Sent): void {
    this.size++;
    const next = before === undefined ? this.head : before.next;
    sent.previous = before;
    sent.next = next;
    if (before === undefined) this.head = sent;
    else before.next = sent;
    if (next === undefined) this.tail = sent;
    else next.previous = sent;
  }

  #unlink(sent: Sent): void {
    this.size--;
    if (sent.previous === undefined) this.head = sent.next;
    else sent.previous.next = sent.next;
    if (sent.next === undefined) this.tail = sent.previous;
    else sent.next.previous = sent.previous;
  }

  #timeAfter(sent: Sent, rest: Sent): void {
    rest.timed = true;
    rest.older = sent;
    rest.newer = sent.newer;
    if (sent.newer === undefined) this.newest = rest;
    else sent.newer.older = rest;
    sent.newer = rest;
  }
}
