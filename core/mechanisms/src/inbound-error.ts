// The record of an error that came in, of which ICMP plugins keep one each and refresh it in place.
import type { Packet } from '@protoloom/contracts';
import type { InboundError } from '@protoloom/contracts/ip';

/** With the message that is at hand; undefined between two of them, so that none is held. */
export type HeldError = Omit<InboundError, 'packet'> & { packet: Packet | undefined };

export const heldError = (family: number): HeldError => ({
  family,
  addresses: new Int32Array(8),
  transport: 0,
  packet: undefined,
  quoted: 0,
  l4: 0,
  end: 0,
  type: 0,
  code: 0,
  errno: 0,
  fatal: false,
  mtu: 0,
  info: 0,
  offender: new Int32Array(4),
});
