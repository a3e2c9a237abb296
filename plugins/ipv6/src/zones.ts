// AF_INET6 for sockets: addresses as text, with their zones (RFC 4007 §11): `fe80::1%eth0`.
import type { Interfaces } from '@protoloom/contracts';
import { type AddressFamily, AF_INET6, type SocketAddress, type SocketState } from '@protoloom/contracts/socket';
import { Ip6Address, needsZoneWords } from '@protoloom/wire';

/** @param v6Only net.ipv6.bindv6only, live. */
export const addressFamily = (interfaces: Interfaces, v6Only: () => boolean): AddressFamily => ({
  name: 'AF_INET6',
  opened(socket: SocketState): undefined {
    socket.v6Only = v6Only();
  },
  parse(text, into) {
    const address = Ip6Address.tryParse(text);
    if (address === undefined) return false;
    const zone = address.zone === '' ? 0 : indexOf(interfaces, address.zone);
    if (zone < 0) return false;
    address.toWords(into.words);
    into.scope = zone;
    into.family = AF_INET6;
    return true;
  },
  format: ({ words, scope }: SocketAddress) => {
    const zone = scope !== 0 && needsZoneWords(words, 0) ? (interfaces.byIndex(scope)?.name ?? `${scope}`) : '';
    return Ip6Address.fromWords(words, 0, zone).toString();
  },
});

/** A zone is an interface's name, or its index; -1: neither. */
function indexOf(interfaces: Interfaces, zone: string): number {
  const named = interfaces.byName(zone);
  if (named !== undefined) return named.index;
  return /^\d{1,9}$/.test(zone) ? Number(zone) : -1;
}
