// Multicast groups that the host is to be in, whoever of its services hears of them.
import { IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP } from '@protoloom/contracts/multicast';
import { AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import type { Stack } from '@protoloom/stack';
import { parseAddress } from '@protoloom/wire';
import { UsageError } from './usage.js';

/** @throws UsageError, AddressError. */
export function checkGroup(text: string): void {
  if (!parseAddress(text).isMulticast) throw new UsageError(`--group ${text}: that is no group; IPv4's are 224.0.0.0/4, IPv6's ff00::/8`);
}

/** Joins a group on an interface, until the host ends. */
export function joinGroup(stack: Stack, iface: string, group: string): void {
  const ip4 = parseAddress(group).family === AF_INET;
  const socket = stack.socket(ip4 ? AF_INET : AF_INET6, SOCK_DGRAM);
  socket.setsockopt(ip4 ? IPPROTO_IP : IPPROTO_IPV6, ip4 ? IP_ADD_MEMBERSHIP : IPV6_JOIN_GROUP, { group, interface: iface });
}
