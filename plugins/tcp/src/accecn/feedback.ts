// The data sender: how many of its packets an acknowledgement tells to have been marked. RFC 9768 §3.2.2.5, §3.2.3 and appendix A.
import { CE, NOT_ECT } from '../ecn-field.js';
import type { AckState } from '../recovery/ack-state.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import { ACE_MASK, aceOf } from './ace.js';
import { fieldAt, INITIAL } from './option.js';
import { ACE_FAIL_RECV, type AccEcn, OPTION_FAIL_RECV } from './state.js';

/** RFC 9768 §3.2.1: where the counters of marked packets begin, and no counter that was cleared can be. */
export const INITIAL_CEP = 5;
/** Marks that make the first counter zero. */
const MARKS_TO_ZERO = 8 - INITIAL_CEP;
/** Linux's: weight of an acknowledgement in the mean of packets for each, and the mean from which they are thinned out on their way. */
const MEAN_GAIN = 1 / 64;
const THINNED = 4;
/** Appendix A.2.2: marked packets are no smaller than this part of a full one. */
const SMALLEST = 1 / 2;

/**
 * What an acknowledgement tells. `ack.ceBytes` becomes the octets of it. @param delivered packets that it acknowledges. @param known packets
 * that were told before to have been marked. @returns those that it tells besides.
 */
export function newlyMarked(tcb: Tcb, accurate: AccEcn, seg: Segment, ack: AckState, delivered: number, known: number): number {
  if ((accurate.failMode & ACE_FAIL_RECV) !== 0) return 0;
  const ace = aceOf(seg.flags);
  if (isEchoAgain(tcb, accurate, seg, ace)) return 0;
  if (accurate.isFirstFeedback) {
    accurate.isFirstFeedback = false;
    if (ace === 0 && delivered < MARKS_TO_ZERO) {
      // §3.2.2.4: it was cleared on its way.
      accurate.failMode |= ACE_FAIL_RECV;
      return 0;
    }
  }
  // Appendix A.1: an acknowledgement that does not follow the ones before it may be older than they.
  if (!ack.acked && !ack.sacked && !hasNewTimestamp(tcb, seg)) return 0;
  const ceBytes = bytesMarked(accurate, seg, ack.deliveredBytes);
  if (delivered > 0)
    accurate.ackedMean = accurate.ackedMean === 0 ? delivered : accurate.ackedMean + (delivered - accurate.ackedMean) * MEAN_GAIN;
  const least = (ace - INITIAL_CEP - known) & ACE_MASK;
  const marked = wraps(accurate, least, delivered, ceBytes, tcb.mss) ? delivered - ((delivered - least) & ACE_MASK) : least;
  ack.ceBytes = ceBytes >= 0 ? ceBytes : Math.min(marked * tcb.mss, ack.deliveredBytes);
  return marked;
}

/** §3.2.2.1: the acknowledgement of our SYN-ACK, which may come more than once. A counter of the same value will come again, too. */
const isEchoAgain = (tcb: Tcb, accurate: AccEcn, seg: Segment, ace: number): boolean =>
  ace === accurate.peerEcho && seg.length === 0 && seg.ack === ((tcb.iss + 1) | 0);

const hasNewTimestamp = (tcb: Tcb, seg: Segment): boolean => tcb.timestampsOk && seg.hasTimestamp && ((seg.tsVal - tcb.tsRecent) | 0) > 0;

/** Appendix A.2: whether the counter has gone round, which it may have as soon as there are more packets than it has values. @param ceBytes -1: not told. */
function wraps(accurate: AccEcn, least: number, delivered: number, ceBytes: number, mss: number): boolean {
  if (delivered <= ACE_MASK) return false;
  if (ceBytes < 0) return accurate.ackedMean <= THINNED;
  if (ceBytes === 0) return false;
  if (ceBytes > least * mss) return true;
  const most = delivered - ((delivered - least) & ACE_MASK);
  return ceBytes >= most * mss * SMALLEST;
}

/**
 * Takes over the peer's byte counters. @param delivered octets that it acknowledges: without an option they are counted where the last ones
 * were. @returns octets newly told to have been marked; -1: the option does not tell.
 */
function bytesMarked(accurate: AccEcn, seg: Segment, delivered: number): number {
  const { deliveredBytes } = accurate;
  if ((accurate.failMode & OPTION_FAIL_RECV) !== 0) return -1;
  if (seg.accEcnCount === 0) {
    if (accurate.growing !== NOT_ECT) deliveredBytes[accurate.growing] = (deliveredBytes[accurate.growing] as number) + delivered;
    return -1;
  }
  let marked = -1;
  let credible = true;
  let grown = 0;
  let growing = NOT_ECT;
  for (let place = 0; place < seg.accEcnCount; place++) {
    const field = fieldAt(seg.accEcnKind, place);
    const before = deliveredBytes[field] as number;
    // 24 bits with a sign: a counter that seems to go back was estimated too high, or is late.
    const step = (((seg.accEcn[place] as number) - (INITIAL[field] as number) - before) << 8) >> 8;
    deliveredBytes[field] = before + step;
    if (step < 0) credible = false;
    if (step > 0) {
      grown++;
      growing = field;
    }
    if (field === CE) marked = step;
  }
  if (grown > 0) accurate.growing = grown === 1 ? growing : NOT_ECT;
  return credible ? marked : -1;
}
