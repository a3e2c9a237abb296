// A message of our own was too big for its path: RFC 8201 §5.2. Answers to long echo requests go out in fragments then.
import { type InboundError, type Routes } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';

export function tooBig(routes: Routes, { addresses, packet, mtu }: InboundError): undefined {
  if (mtu === 0) return;
  const query = routes.query();
  query.family = AF_INET6;
  query.addresses.set(addresses);
  query.mark = packet.mark;
  const route = routes.resolve(query);
  if (typeof route !== 'number') route.reduceMtu(mtu);
}
