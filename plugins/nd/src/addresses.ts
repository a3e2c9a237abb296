// Addresses that Neighbor Discovery speaks of, and questions about those of an interface. Four words each.
import { IFF_LOOPBACK, IFF_NOARP, type Interface } from '@protoloom/contracts';
import { type LocalAddress, type LocalAddresses, RT_SCOPE_LINK } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords } from '@protoloom/wire';

export const UNSPECIFIED: Int32Array = new Int32Array(4);
/** ff02::1. */
export const ALL_NODES: Int32Array = Int32Array.of(0xff020000 | 0, 0, 0, 1);

/** ff02::2. */
export const ALL_ROUTERS: Int32Array = Int32Array.of(0xff020000 | 0, 0, 0, 2);

/** RFC 4291 §2.7.1: ff02::1:ff00:0/104 with the last 24 bits of the address. */
export function solicitedNode(words: Int32Array, at: number, into: Int32Array, to: number): void {
  into[to] = 0xff020000;
  into[to + 1] = 0;
  into[to + 2] = 1;
  into[to + 3] = 0xff000000 | (words[at + 3] as number);
}

export const isSolicitedNode = (words: Int32Array, at: number): boolean =>
  words[at] === (0xff020000 | 0) && words[at + 1] === 0 && words[at + 2] === 1 && (words[at + 3] as number) >>> 24 === 0xff;

/** The interface's own address, usable or not. */
export function ownAddress(addresses: LocalAddresses, iface: Interface, words: Int32Array, at: number): LocalAddress | undefined {
  const own = addresses.of(iface, AF_INET6);
  for (let i = 0; i < own.length; i++) if (equalWords((own[i] as LocalAddress).words, 0, words, at)) return own[i];
  return undefined;
}

/** The interface's link-local address, where it has a usable one; of several, one that is not optimistic. */
export function linkLocalAddress(addresses: LocalAddresses, iface: Interface): LocalAddress | undefined {
  const own = addresses.of(iface, AF_INET6);
  let optimistic: LocalAddress | undefined;
  for (let i = 0; i < own.length; i++) {
    const address = own[i] as LocalAddress;
    if (!address.usable || address.scope !== RT_SCOPE_LINK) continue;
    if (!address.optimistic) return address;
    optimistic ??= address;
  }
  return optimistic;
}

/** Whether it may be spoken from with our link address beside it: RFC 4429 §2.2 lets nobody's cache be changed by what is not checked yet. */
export const isSettled = (address: LocalAddress | undefined): address is LocalAddress => address?.usable === true && !address.optimistic;

/** Whether neighbours on it have link addresses that are asked for, and addresses may be duplicates there. */
export const hasNeighbours = (iface: Interface): boolean => iface.link.addressBytes > 0 && (iface.flags & (IFF_NOARP | IFF_LOOPBACK)) === 0;
