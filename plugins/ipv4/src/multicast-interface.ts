// IP_MULTICAST_IF: an interface as users name it, ip(7): by index, by an address of it, or by the structures of <netinet/in.h>.
import { ERRNO, type Interface, type Interfaces } from '@protoloom/contracts';
import type { LocalAddresses } from '@protoloom/contracts/ip';
import { AF_INET, type OptionValue } from '@protoloom/contracts/socket';
import { Ip4Address } from '@protoloom/wire';

const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface NamedInterface {
  /** 0: none in particular. */
  readonly index: number;
  /** The address that datagrams leave from, a word; 0: by route. */
  readonly word: number;
}

/**
 * An index; the text of an address; in_addr (4 octets), ip_mreq (8: the interface's address is the second) or ip_mreqn (12: address, then
 * index, which decides).
 * @returns -EINVAL; -EADDRNOTAVAIL where there is no such interface.
 */
export function readInterface(interfaces: Interfaces, addresses: LocalAddresses, value: OptionValue): NamedInterface | number {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? byIndex(interfaces, value, 0) : -ERRNO.EINVAL;
  if (typeof value === 'string') {
    const address = Ip4Address.tryParse(value);
    return address === undefined ? -ERRNO.EINVAL : byAddress(interfaces, addresses, address.word | 0);
  }
  if (!(value instanceof Uint8Array) || value.length < 4) return -ERRNO.EINVAL;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const word = view.getInt32(value.length >= 8 ? 4 : 0);
  const index = value.length >= 12 ? view.getInt32(8, HOST_IS_LITTLE) : 0;
  return index === 0 ? byAddress(interfaces, addresses, word) : byIndex(interfaces, index, word);
}

const byIndex = (interfaces: Interfaces, index: number, word: number): NamedInterface | number =>
  index === 0 || interfaces.byIndex(index) !== undefined ? { index, word } : -ERRNO.EADDRNOTAVAIL;

function byAddress(interfaces: Interfaces, addresses: LocalAddresses, word: number): NamedInterface | number {
  if (word === 0) return { index: 0, word };
  const has = (iface: Interface): boolean => addresses.of(iface, AF_INET).some(({ words }) => words[3] === word);
  const found = interfaces.list.find(has);
  return found === undefined ? -ERRNO.EADDRNOTAVAIL : { index: found.index, word };
}
