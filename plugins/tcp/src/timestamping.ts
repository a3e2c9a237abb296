// SO_TIMESTAMPING, as Linux has it: when the last octet of a write came to its interface, left it, and was acknowledged.
import type { Packet, PacketWitness } from '@protoloom/contracts';
import {
  SCM_TSTAMP_ACK,
  SCM_TSTAMP_SCHED,
  SCM_TSTAMP_SND,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_TX_ACK,
  SOF_TIMESTAMPING_TX_SCHED,
  SOF_TIMESTAMPING_TX_SOFTWARE,
} from '@protoloom/contracts/socket';
import { type Tcb, writeEnd } from './tcb.js';

const RECORDED = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK;
const NO_BYTES = new Uint8Array(0);

/** The last octet of a write: what becomes of it is told. */
export class Stamp implements PacketWitness {
  readonly #tcb: Tcb;
  /** Its sequence number. */
  seq: number;
  /** SOF_TIMESTAMPING_TX_*. */
  flags: number;
  /** Where the segment began that it left in last, a sequence number. */
  segmentSeq: number;

  constructor(tcb: Tcb, seq: number, flags: number) {
    this.#tcb = tcb;
    this.seq = seq;
    this.segmentSeq = seq;
    this.flags = flags;
  }

  scheduled(packet: Packet): void {
    if ((this.flags & SOF_TIMESTAMPING_TX_SCHED) !== 0) this.#tell(SCM_TSTAMP_SCHED, () => octetsOf(packet));
  }

  sent(packet: Packet): void {
    if ((this.flags & SOF_TIMESTAMPING_TX_SOFTWARE) !== 0) this.#tell(SCM_TSTAMP_SND, () => octetsOf(packet));
  }

  /** Its octets are in the send ring still. */
  acknowledged(): void {
    if ((this.flags & SOF_TIMESTAMPING_TX_ACK) === 0) return;
    const { send, sndBase } = this.#tcb;
    this.#tell(SCM_TSTAMP_ACK, () => {
      const from = Math.max(0, (this.segmentSeq - sndBase) | 0);
      return send.copy(from, ((this.seq + 1 - sndBase) | 0) - from);
    });
  }

  #tell(what: number, octets: () => Uint8Array): void {
    const { socket, tcp, receive, user } = this.#tcb;
    const bytes = (socket.timestamping & SOF_TIMESTAMPING_OPT_TSONLY) === 0 ? octets() : NO_BYTES;
    const key = (this.seq - socket.timestampOrigin) | 0;
    tcp.errorQueues.timestamped(socket, what, key, tcp.clock.nowUs + tcp.clock.epochUs, bytes, receive.length);
    user?.wake();
  }
}

/** All octets of a packet, from its link header on. */
function octetsOf({ bytes, head, tail, length, fragments, fragmentCount }: Packet): Uint8Array {
  const octets = new Uint8Array(length);
  octets.set(bytes.subarray(head, tail));
  let at = tail - head;
  for (const fragment of fragments.slice(0, fragmentCount)) {
    octets.set(fragment.bytes.subarray(fragment.at, fragment.at + fragment.length), at);
    at += fragment.length;
  }
  return octets;
}

/** A call has written its octets: the last of them is told of. A packet that waits has one such octet, its last. */
export function stampWritten(tcb: Tcb): void {
  const flags = tcb.socket.timestamping & RECORDED;
  if (flags === 0) return;
  const seq = (writeEnd(tcb) - 1) | 0;
  tcb.stamps ??= [];
  const last = tcb.stamps.at(-1);
  if (last === undefined || ((last.seq - tcb.tailSeq) | 0) < 0) {
    tcb.stamps.push(new Stamp(tcb, seq, flags));
    return;
  }
  last.seq = seq;
  last.segmentSeq = seq;
  last.flags |= flags;
}

/** Who is told of the segment of those octets; undefined: nobody. */
export function stampOf(stamps: readonly Stamp[], seq: number, length: number): Stamp | undefined {
  const stamp = stamps.findLast((one) => ((seq + length - one.seq) | 0) > 0);
  if (stamp === undefined || ((stamp.seq - seq) | 0) < 0) return undefined;
  stamp.segmentSeq = seq;
  return stamp;
}

/** SND.UNA has moved to `ack`; what it acknowledges is in the send ring still. */
export function stampsAcknowledged(tcb: Tcb, stamps: Stamp[], ack: number): void {
  let count = 0;
  for (const stamp of stamps) {
    if (((ack - stamp.seq) | 0) <= 0) break;
    stamp.acknowledged();
    count++;
  }
  stamps.splice(0, count);
  if (stamps.length === 0) tcb.stamps = undefined;
}
