// Questions about the addresses of interfaces, as Linux's devinet asks them. Addresses are int32 words.
import type { Interface, Interfaces } from '@protoloom/contracts';
import { type LocalAddress, type LocalAddresses, type Routes, RT_SCOPE_LINK, RTN_BROADCAST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { ip4IsMulticast, ip4IsZeroNet } from '@protoloom/wire';

const wordOf = (address: LocalAddress): number => address.words[3] as number;

/** inet_addr_type: RTN_* of the address in `words` at `at`. */
export function addressType(routes: Routes, words: Int32Array, at: number): number {
  const word = words[at + 3] as number;
  if (ip4IsMulticast(word)) return RTN_MULTICAST;
  if (word === -1 || ip4IsZeroNet(word)) return RTN_BROADCAST;
  return routes.inputType(AF_INET, words, at);
}

/** inet_ifa_match: whether `word` is in the subnet of `address`. */
function covers(address: LocalAddress, word: number): boolean {
  const { prefixLength, peer } = address;
  const prefix = peer === undefined ? wordOf(address) : (peer[3] as number);
  return prefixLength === 0 || (word ^ prefix) >>> (32 - prefixLength) === 0;
}

/** inet_addr_onlink: whether one subnet of the interface holds `a`, and `b` too. */
export function shareSubnet(addresses: LocalAddresses, iface: Interface, a: number, b: number): boolean {
  for (const address of addresses.of(iface, AF_INET)) if (covers(address, a) && covers(address, b)) return true;
  return false;
}

/**
 * inet_confirm_addr: whether `local` is an address of the interface of at most this scope, and one of its subnets holds it.
 * @param remote must be in that subnet too, unless it is 0.
 */
export function confirms(addresses: LocalAddresses, iface: Interface, remote: number, local: number, scope: number): boolean {
  let found = false;
  let same = false;
  for (const address of addresses.of(iface, AF_INET)) {
    found ||= wordOf(address) === local && address.scope <= scope;
    same ||= covers(address, local) && (remote === 0 || covers(address, remote));
  }
  return found && same;
}

/** inet_select_addr: the address to speak from towards `target`, 0 where there is none. Of the interface, else of another. */
export function selectSource(addresses: LocalAddresses, interfaces: Interfaces, iface: Interface, target: number): number {
  let first = 0;
  for (const address of addresses.of(iface, AF_INET)) {
    if (address.secondary || !address.usable || address.scope > RT_SCOPE_LINK) continue;
    if (covers(address, target)) return wordOf(address);
    if (first === 0) first = wordOf(address);
  }
  if (first !== 0) return first;
  for (const other of interfaces.list) {
    for (const address of addresses.of(other, AF_INET)) {
      if (!address.secondary && address.usable && address.scope < RT_SCOPE_LINK) return wordOf(address);
    }
  }
  return 0;
}
