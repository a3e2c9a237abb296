// The data receiver: counting what comes in by its ECN field, and when that is reason to acknowledge. RFC 9768 §3.2.1, §3.2.2.5.1, §3.2.3.3.
import { CE, NOT_ECT } from '../ecn-field.js';
import type { Segment } from '../segment-in.js';
import type { Tcb } from '../tcb.js';
import { placeOf } from './ace.js';
import { ecnFieldOf } from './handshake.js';
import { optionArrived } from './option.js';
import type { AccEcn } from './state.js';

/** §3.2.2.5.1: marks after which an acknowledgement leaves at once; the counter has but eight values. */
const MARKS_AT_ONCE = 2;
/** §3.2.3.3: an option leaves before a counter of 24 bits has come this far, lest the peer lose count. */
const TELL_EVERY = 1 << 22;

/** A segment that is acceptable: bare acknowledgements are counted as well, and what came before. */
export function received(tcb: Tcb, accurate: AccEcn, seg: Segment): void {
  optionArrived(tcb, accurate, seg);
  const field = ecnFieldOf(seg);
  const { textLength } = seg;
  if (field !== NOT_ECT) {
    tcb.ecnSeen = true;
    if (field === CE) {
      accurate.receivedCe += seg.segments;
      accurate.pendingCe += seg.segments;
    }
    if (textLength > 0) countText(accurate, field, textLength);
  }
  const changes = field !== accurate.lastField;
  accurate.lastField = field;
  if (!changes && field !== CE) return;
  // Two options: from the second the peer knows that the first told of the change.
  accurate.optionsDue = 2;
  if (textLength > 0 && (changes || accurate.pendingCe >= MARKS_AT_ONCE)) tcb.ackNow = true;
}

function countText(accurate: AccEcn, field: number, bytes: number): void {
  const { receivedBytes } = accurate;
  const before = receivedBytes[field] as number;
  receivedBytes[field] = before + bytes;
  accurate.countersDue = Math.max(accurate.countersDue, placeOf(field));
  if (Math.floor(before / TELL_EVERY) !== Math.floor((before + bytes) / TELL_EVERY)) accurate.optionsDue = Math.max(accurate.optionsDue, 1);
}
