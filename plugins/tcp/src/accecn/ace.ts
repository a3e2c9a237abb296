// The ACE field: the flags AE, CWR and ECE as a number. RFC 9768 §3.1.1 and §3.2.2, tables 2 to 4.
import { CE, ECT_0, ECT_1, NOT_ECT } from '../ecn-field.js';
import { AE, CWR, ECE } from '../wire.js';

export const ACE_FLAGS = AE | CWR | ECE;
const SHIFT = 6;
/** Values that it has; as a counter it wraps at them. */
export const ACE_MASK = 7;

export const aceOf = (flags: number): number => (flags & ACE_FLAGS) >> SHIFT;
export const aceFlags = (ace: number): number => (ace & ACE_MASK) << SHIFT;

// ---- in a handshake --------------------------------------------------------------------------------------------------------------

/** A SYN: asks for AccECN, for classic ECN, for neither. Any other value asks for what may come after AccECN (§3.1.3). */
export const SYN_NONE = 0;
export const SYN_CLASSIC = 3;
export const SYN_ACCURATE = 7;

/** A SYN-ACK: no ECN; classic; reserved, which is taken for AccECN (§3.1.3); what a host echoes that knows nothing of it. */
export const SYN_ACK_NONE = 0;
export const SYN_ACK_CLASSIC = 1;
export const SYN_ACK_BROKEN = 7;

/** How a SYN-ACK, and the acknowledgement that ends the handshake, tell the ECN field of what they answer: by NOT_ECT, ECT_1, ECT_0, CE. */
const ECHOES: readonly number[] = [0b010, 0b011, 0b100, 0b110];

export const echoOf = (field: number): number => ECHOES[field] as number;

/** The ECN field that an echo tells of; -1: none. */
export const echoedField = (ace: number): number => ECHOES.indexOf(ace);

/** Whether no honest network makes one field of the other: RFC 9768 §3.2.2.3. Marking is no mangling, nor is ECT of another kind. */
export function isMangled(sent: number, arrived: number): boolean {
  if (sent === arrived) return false;
  return sent === NOT_ECT || arrived === NOT_ECT || sent === CE;
}

/** Places of the byte counters in an AccECN option of order 1, from 1 on: ECT(1), CE, ECT(0). RFC 9768 §3.2.3. */
export const placeOf = (field: number): number => (field === ECT_1 ? 1 : field === CE ? 2 : field === ECT_0 ? 3 : 0);
