// What sockets and their datagrams say of the way. IPV6_PKTINFO (RFC 3542 §6.1): which address and interface a datagram came to, or is to leave from; in6_pktinfo as a record or as octets.
import { DESTINATION, ERRNO, type Interfaces, type Packet, SOURCE, type SocketSlots } from '@protoloom/contracts';
import type { RouteQuery, Routes } from '@protoloom/contracts/ip';
import { AF_INET, AF_INET6, type OptionValue, type SocketState } from '@protoloom/contracts/socket';
import {
  copyWords,
  Ip6Address,
  isLinkLocalWords,
  isMappedWords,
  isMulticastWords,
  isUnspecifiedWords,
  needsZoneWords,
  readIp6,
} from '@protoloom/wire';
import type { Ip6SocketState } from './socket-state.js';

const BYTES = 20;
const HOST_IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** What the options of a socket say of the way: IPV6_PKTINFO, IPV6_MULTICAST_IF, IPV6_ADDR_PREFERENCES. */
export function askFor(slots: SocketSlots<Ip6SocketState>, query: RouteQuery): undefined {
  const { socket, addresses } = query;
  const options = socket?.family === AF_INET6 ? slots.ifMade(socket) : undefined;
  if (options === undefined) return;
  const { stickyIface, multicastIface, preferences } = options;
  query.preferences = preferences;
  if (query.iface === 0) query.iface = stickyIface || (isMulticastWords(addresses, DESTINATION) ? multicastIface : 0);
}

export interface PacketInfo {
  /** Index, 0: none. */
  readonly iface: number;
  readonly words: Int32Array;
}

/** `{ ipi6_addr: text, ipi6_ifindex: number }`, either of which may be left out, or 20 octets; undefined: neither. */
export function readPacketInfo(value: OptionValue): PacketInfo | undefined {
  const words = new Int32Array(4);
  if (value instanceof Uint8Array) {
    if (value.length < BYTES) return undefined;
    const view = new DataView(value.buffer, value.byteOffset);
    readIp6(view, 0, words, 0);
    return { iface: view.getInt32(16, HOST_IS_LITTLE), words };
  }
  if (typeof value !== 'object') return undefined;
  const { ipi6_addr: text = '::', ipi6_ifindex: iface = 0 } = value;
  if (typeof text !== 'string' || typeof iface !== 'number' || !Number.isInteger(iface)) return undefined;
  const address = Ip6Address.tryParse(text);
  if (address === undefined) return undefined;
  address.toWords(words);
  return { iface, words };
}

/** Where a packet came to, of whichever family. */
export const packetInfoOf = ({ addresses, iface }: Packet): OptionValue => ({
  ipi6_addr: Ip6Address.fromWords(addresses, 4).toString(),
  ipi6_ifindex: iface.index,
});

/** What a control message asks of the way: Linux's ip6_datagram_send_ctl. 0 or a negative errno. */
export function askByPacketInfo(
  { routes, interfaces, nonlocal }: { readonly routes: Routes; readonly interfaces: Interfaces; readonly nonlocal: boolean },
  socket: SocketState,
  query: RouteQuery,
  value: OptionValue,
): number {
  const info = readPacketInfo(value);
  if (info === undefined) return -ERRNO.EINVAL;
  const { iface, words } = info;
  if (iface !== 0) {
    if (query.iface !== 0 && query.iface !== iface) return -ERRNO.EINVAL;
    query.iface = iface;
  }
  if (query.iface !== 0 && interfaces.byIndex(query.iface) === undefined) return -ERRNO.ENODEV;
  if (isUnspecifiedWords(words, 0)) return 0;
  if (query.iface === 0 && isLinkLocalWords(words, 0) && !isMappedWords(words, 0)) return -ERRNO.EINVAL;
  const family = isMappedWords(words, 0) ? AF_INET : AF_INET6;
  const own = routes.isLocal(family, words, 0, needsZoneWords(words, 0) ? query.iface : 0);
  if (!own && !socket.freeBind && !nonlocal) return -ERRNO.EINVAL;
  copyWords(words, 0, query.addresses, SOURCE);
  return 0;
}
