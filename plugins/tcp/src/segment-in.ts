// A received segment, RFC 9293 §3.3.2: one record per stack, refreshed in place by arrives.ts and options.ts.
import type { Packet } from '@protoloom/contracts';
import { FastOpenOption } from './fastopen/option.js';

/** Most SACK blocks in one segment. */
export const MAX_SACK_BLOCKS = 4;

export class Segment {
  /** Options of so many octets are read at once, where they are timestamps as everybody lays them out (RFC 7323 appendix A); below 0: all are read one by one. */
  readonly atOnce: number;
  /** Valid during the call. */
  packet: Packet = undefined as unknown as Packet;
  seq = 0;
  ack = 0;
  /** SEG.WND as it stands in the header, not scaled. */
  wnd = 0;
  /** As in the header, nine bits. */
  flags = 0;
  syn = false;
  fin = false;
  rst = false;
  ackFlag = false;
  psh = false;
  urg = false;
  /** Urgent pointer. */
  urgent = 0;
  /** Payload: `packet.bytes[from..to)`. */
  from = 0;
  to = 0;
  /** Segments that it stands for (coalesced by the device). */
  segments = 1;

  // ---- options, by parseOptions
  /** 0: absent. */
  mss = 0;
  /** -1: absent. */
  wndScale = -1;
  sackPermitted = false;
  hasTimestamp = false;
  tsVal = 0;
  tsEcr = 0;
  readonly fastOpen = new FastOpenOption();
  sackCount = 0;
  /** AccECN: the option's kind, 0: absent; its counters in their order there, and how many. */
  accEcnKind = 0;
  accEcnCount = 0;
  readonly accEcn = new Int32Array(3);
  /** Left and right edges of SACK blocks, two by two. */
  readonly sack = new Int32Array(2 * MAX_SACK_BLOCKS);

  constructor(atOnce = -1) {
    this.atOnce = atOnce;
  }

  /** Octets of text. */
  get textLength(): number {
    return this.to - this.from;
  }

  /** SEG.LEN: text, SYN and FIN. */
  get length(): number {
    return this.to - this.from + (this.syn ? 1 : 0) + (this.fin ? 1 : 0);
  }
}
