// What is told of octets out of order, and of those that came twice: RFC 2018 §4, RFC 2883 §4. Four stretches are remembered, as on Linux.
import type { Timer } from '@protoloom/contracts';
import { seqGeq, seqGt, seqLeq, seqLt } from '@protoloom/wire';
import { MAX_SACK_BLOCKS } from './segment-in.js';
import type { Tcb } from './tcb.js';

/** Blocks that a peer is taken to hear of even where some of the acknowledgements are held back (Linux's TCP_SACK_BLOCKS_EXPECTED). */
export const EXPECTED_BLOCKS = 2;

export class SackBlocks {
  /** Left and right edges, two by two, the stretch that changed last first. */
  readonly edges = new Int32Array(2 * MAX_SACK_BLOCKS);
  count = 0;
  // Written by ack-compression.ts.
  /** Duplicate ACKs that are held back; those that were sent at once since RCV.NXT came to `dupAcksAt`. */
  held = 0;
  dupAcks = 0;
  dupAcksAt = 0;
  timer: Timer | undefined = undefined;

  /** [from, to) came: the block that it touches grows. @returns its place, or -1 where there is none. */
  extend(from: number, to: number): number {
    for (let i = 0; i < this.count; i++) if (this.#grow(i, from, to)) return i;
    return -1;
  }

  /** The block at `place` changed last; those that it has come to touch become one with it. */
  toFront(place: number): void {
    const { edges } = this;
    const from = edges[2 * place] as number;
    const to = edges[2 * place + 1] as number;
    edges.copyWithin(2, 0, 2 * place);
    edges[0] = from;
    edges[1] = to;
    for (let i = 1; i < this.count; ) {
      if (this.#grow(0, edges[2 * i] as number, edges[2 * i + 1] as number)) this.#drop(i);
      else i++;
    }
  }

  /** A new block, before the others; the oldest of five is not told any more. */
  push(from: number, to: number): void {
    const { edges } = this;
    edges.copyWithin(2, 0, 2 * (MAX_SACK_BLOCKS - 1));
    edges[0] = from;
    edges[1] = to;
    this.count = Math.min(this.count + 1, MAX_SACK_BLOCKS);
  }

  /** RCV.NXT moved: what lies before it is told by the acknowledgement. */
  remove(rcvNxt: number): void {
    for (let i = 0; i < this.count; ) {
      if (seqGeq(rcvNxt, this.edges[2 * i] as number)) this.#drop(i);
      else i++;
    }
  }

  clear(): void {
    this.count = 0;
  }

  #grow(place: number, from: number, to: number): boolean {
    const { edges } = this;
    const left = 2 * place;
    if (seqGt(from, edges[left + 1] as number) || seqGt(edges[left] as number, to)) return false;
    if (seqLt(from, edges[left] as number)) edges[left] = from;
    if (seqGt(to, edges[left + 1] as number)) edges[left + 1] = to;
    return true;
  }

  #drop(place: number): void {
    this.edges.copyWithin(2 * place, 2 * place + 2, 2 * this.count);
    this.count--;
  }
}

/** The highest sequence number that our blocks tell of: a peer that has sent so far numbers its RST there, as Linux takes it; else RCV.NXT. */
export function sackEdge(tcb: Tcb): number {
  const { sack } = tcb;
  let edge = tcb.rcvNxt;
  for (let i = 0; i < (sack?.count ?? 0); i++) {
    const right = sack?.edges[2 * i + 1] as number;
    if (seqLeq(edge, right)) edge = right;
  }
  return edge;
}

/** The next segment reports that [from, to) came twice, before its other blocks. */
export function reportDuplicate(tcb: Tcb, from: number, to: number): void {
  const { counters, sysctls } = tcb.tcp;
  if (!tcb.sackOk || !sysctls.dsack) return;
  if (seqLt(from, tcb.rcvNxt)) counters.dsackOldSent++;
  else counters.dsackOfoSent++;
  tcb.dsackFrom = from;
  tcb.dsackTo = to;
}
