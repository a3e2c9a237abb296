// The Fast Open option, RFC 7413 §4.1.1: kind 34; or the experiment's kind 254 with an identifier of its own (RFC 6994).

export const FAST_OPEN = 34;
export const EXPERIMENT = 254;
const IDENTIFIER = 0xf989;
/** Octets before the cookie: kind and length; and the identifier. */
const BASE_BYTES = 2;
const EXPERIMENT_BASE_BYTES = 4;
const LEAST_COOKIE = 4;
const MOST_COOKIE = 16;
/** Most octets of options in a segment. */
const MOST_OPTIONS = 40;
const NOP = 1;

/** An option that came, or is to be sent. */
export class FastOpenOption {
  /** Octets of cookie; 0: one is asked for; -1: there is no option. */
  length = -1;
  /** By the experiment's kind. */
  experimental = false;
  readonly cookie = new Uint8Array(MOST_COOKIE);

  copy(from: FastOpenOption): void {
    this.length = from.length;
    this.experimental = from.experimental;
    this.cookie.set(from.cookie);
  }
}

/** Reads an option of kind 34 or 254 whose `length` octets begin at `at`. What is of odd length says nothing; a cookie of no possible length counts as none. */
export function readFastOpen(view: DataView, at: number, kind: number, length: number, into: FastOpenOption): void {
  const isExperiment = kind === EXPERIMENT;
  if (isExperiment && (length < EXPERIMENT_BASE_BYTES || view.getUint16(at + 2) !== IDENTIFIER)) return;
  const base = isExperiment ? EXPERIMENT_BASE_BYTES : BASE_BYTES;
  const octets = length - base;
  if ((octets & 1) !== 0) return;
  into.experimental = isExperiment;
  into.length = octets === 0 || (octets >= LEAST_COOKIE && octets <= MOST_COOKIE) ? octets : -1;
  for (let i = 0; i < into.length; i++) into.cookie[i] = view.getUint8(at + base + i);
}

/** Octets of the option, padded to four, beside `others` octets of other options; 0 where there is none, or no room. */
export function fastOpenBytes(option: FastOpenOption | undefined, others: number): number {
  if (option === undefined || option.length < 0) return 0;
  const bytes = ((option.experimental ? EXPERIMENT_BASE_BYTES : BASE_BYTES) + option.length + 3) & ~3;
  return others + bytes <= MOST_OPTIONS ? bytes : 0;
}

/** Writes it, with NOPs behind. @param bytes what `fastOpenBytes` said. */
export function writeFastOpen(option: FastOpenOption, view: DataView, at: number, bytes: number): void {
  const base = option.experimental ? EXPERIMENT_BASE_BYTES : BASE_BYTES;
  view.setUint8(at, option.experimental ? EXPERIMENT : FAST_OPEN);
  view.setUint8(at + 1, base + option.length);
  if (option.experimental) view.setUint16(at + 2, IDENTIFIER);
  for (let i = 0; i < option.length; i++) view.setUint8(at + base + i, option.cookie[i] as number);
  for (let i = base + option.length; i < bytes; i++) view.setUint8(at + i, NOP);
}
