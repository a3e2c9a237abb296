// What a socket's options and its datagrams' IP_PKTINFO say of the way: Linux's ip_cmsg_send and inet's mc_index and mc_addr.
import { DESTINATION, ERRNO, type Interfaces, type Packet, SOURCE, type SocketSlots } from '@protoloom/contracts';
import type { RouteQuery } from '@protoloom/contracts/ip';
import { AF_INET, type OptionValue } from '@protoloom/contracts/socket';
import { isMulticastWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Ip4SocketState } from './socket-state.js';

/** IP_MULTICAST_IF: the interface, and the source where it was named by an address. */
export function askFor(sockets: SocketSlots<Ip4SocketState>, query: RouteQuery): undefined {
  const { socket, addresses } = query;
  if (socket === undefined || !isMulticastWords(addresses, DESTINATION)) return;
  const options = sockets.ifMade(socket);
  if (options === undefined) return;
  const { multicastIface, multicastSource } = options;
  if (query.iface === 0) query.iface = multicastIface;
  if (multicastSource === 0 || !isUnspecifiedWords(addresses, SOURCE)) return;
  addresses[SOURCE + 2] = 0xffff;
  addresses[SOURCE + 3] = multicastSource;
}

/** in_pktinfo: where a packet came to. Addresses are words. */
export function packetInfoOf({ addresses, iface }: Packet): OptionValue {
  const destination = addresses[DESTINATION + 3] as number;
  return { ifindex: iface.index, specDst: destination, addr: destination };
}

/** What a control message asks of an IPv4 datagram's way: `ifindex` to leave by, `specDst` to leave from. 0 or a negative errno. */
export function askByPacketInfo(interfaces: Interfaces, query: RouteQuery, value: OptionValue): number {
  if (typeof value !== 'object' || value instanceof Uint8Array) return -ERRNO.EINVAL;
  if (query.family !== AF_INET) return 0;
  const { ifindex = 0, specDst = 0 } = value;
  if (typeof ifindex !== 'number' || typeof specDst !== 'number') return -ERRNO.EINVAL;
  if (ifindex !== 0) {
    if (interfaces.byIndex(ifindex) === undefined) return -ERRNO.ENODEV;
    query.iface = ifindex;
  }
  if ((specDst | 0) !== 0) {
    query.addresses.fill(0, SOURCE, SOURCE + 2);
    query.addresses[SOURCE + 2] = 0xffff;
    query.addresses[SOURCE + 3] = specDst | 0;
  }
  return 0;
}
