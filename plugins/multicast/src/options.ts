// Socket options of membership: RFC 3678, RFC 3493 §5.2, with Linux's numbers and errnos.
import { type Attachment, attach, ERRNO, type SocketSlots } from '@protoloom/contracts';
import * as multicast from '@protoloom/contracts/multicast';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  SOCK_STREAM,
  SOCKET_OPTION,
  type SocketOption,
  type SocketState,
} from '@protoloom/contracts/socket';
import type { GroupCall, SocketGroupCalls, SocketGroups } from './socket-groups.js';
import type { Values } from './values.js';

const OPTIONS = {
  ip4Join: [IPPROTO_IP, multicast.IP_ADD_MEMBERSHIP, 'IP_ADD_MEMBERSHIP'],
  ip4Leave: [IPPROTO_IP, multicast.IP_DROP_MEMBERSHIP, 'IP_DROP_MEMBERSHIP'],
  ip4Allow: [IPPROTO_IP, multicast.IP_ADD_SOURCE_MEMBERSHIP, 'IP_ADD_SOURCE_MEMBERSHIP'],
  ip4Disallow: [IPPROTO_IP, multicast.IP_DROP_SOURCE_MEMBERSHIP, 'IP_DROP_SOURCE_MEMBERSHIP'],
  ip4Block: [IPPROTO_IP, multicast.IP_BLOCK_SOURCE, 'IP_BLOCK_SOURCE'],
  ip4Unblock: [IPPROTO_IP, multicast.IP_UNBLOCK_SOURCE, 'IP_UNBLOCK_SOURCE'],
  ip4Filter: [IPPROTO_IP, multicast.IP_MSFILTER, 'IP_MSFILTER'],
  ip4All: [IPPROTO_IP, multicast.IP_MULTICAST_ALL, 'IP_MULTICAST_ALL'],
  ip6Join: [IPPROTO_IPV6, multicast.IPV6_JOIN_GROUP, 'IPV6_JOIN_GROUP'],
  ip6Leave: [IPPROTO_IPV6, multicast.IPV6_LEAVE_GROUP, 'IPV6_LEAVE_GROUP'],
  ip6All: [IPPROTO_IPV6, multicast.IPV6_MULTICAST_ALL, 'IPV6_MULTICAST_ALL'],
  joinGroup: [IPPROTO_IP, multicast.MCAST_JOIN_GROUP, 'MCAST_JOIN_GROUP'],
  leaveGroup: [IPPROTO_IP, multicast.MCAST_LEAVE_GROUP, 'MCAST_LEAVE_GROUP'],
  joinSource: [IPPROTO_IP, multicast.MCAST_JOIN_SOURCE_GROUP, 'MCAST_JOIN_SOURCE_GROUP'],
  leaveSource: [IPPROTO_IP, multicast.MCAST_LEAVE_SOURCE_GROUP, 'MCAST_LEAVE_SOURCE_GROUP'],
  blockSource: [IPPROTO_IP, multicast.MCAST_BLOCK_SOURCE, 'MCAST_BLOCK_SOURCE'],
  unblockSource: [IPPROTO_IP, multicast.MCAST_UNBLOCK_SOURCE, 'MCAST_UNBLOCK_SOURCE'],
  filter: [IPPROTO_IP, multicast.MCAST_MSFILTER, 'MCAST_MSFILTER'],
  joinGroup6: [IPPROTO_IPV6, multicast.MCAST_JOIN_GROUP, 'MCAST_JOIN_GROUP'],
  leaveGroup6: [IPPROTO_IPV6, multicast.MCAST_LEAVE_GROUP, 'MCAST_LEAVE_GROUP'],
  joinSource6: [IPPROTO_IPV6, multicast.MCAST_JOIN_SOURCE_GROUP, 'MCAST_JOIN_SOURCE_GROUP'],
  leaveSource6: [IPPROTO_IPV6, multicast.MCAST_LEAVE_SOURCE_GROUP, 'MCAST_LEAVE_SOURCE_GROUP'],
  blockSource6: [IPPROTO_IPV6, multicast.MCAST_BLOCK_SOURCE, 'MCAST_BLOCK_SOURCE'],
  unblockSource6: [IPPROTO_IPV6, multicast.MCAST_UNBLOCK_SOURCE, 'MCAST_UNBLOCK_SOURCE'],
  filter6: [IPPROTO_IPV6, multicast.MCAST_MSFILTER, 'MCAST_MSFILTER'],
} as const;
type Name = keyof typeof OPTIONS;

export const socketAttachments = Object.fromEntries(
  Object.entries(OPTIONS).map(([key, [level, name, label]]) => [key, attach(SOCKET_OPTION, { level, name, label }, '^1.0')]),
) as Readonly<Record<Name, Attachment<SocketOption>>>;

export interface OptionsContext {
  readonly calls: SocketGroupCalls;
  readonly values: Values;
  readonly sockets: SocketSlots<SocketGroups>;
}

export function socketHandlers({ calls, values, sockets }: OptionsContext): Record<Name, SocketOption> {
  /** Connections join nothing (EPROTO); a level serves the sockets of its family, and IPv4's those of IPv6 as well. */
  const refused = (socket: SocketState, family: number): number => {
    if (socket.family !== AF_INET6 && socket.family !== family) return -ERRNO.ENOPROTOOPT;
    return socket.type === SOCK_STREAM ? -ERRNO.EPROTO : 0;
  };
  const onGroup = (family: number, call: (socket: SocketState, call: GroupCall) => number): SocketOption => ({
    set(socket, value) {
      const wrong = refused(socket, family);
      if (wrong < 0) return wrong;
      const read = values.groupCall(family, value);
      return typeof read === 'number' ? read : call(socket, read);
    },
  });
  const onSource = (family: number, call: (socket: SocketState, call: GroupCall, source: Int32Array) => number): SocketOption => ({
    set(socket, value) {
      const wrong = refused(socket, family);
      if (wrong < 0) return wrong;
      const read = values.sourceCall(family, value);
      return typeof read === 'number' ? read : call(socket, read, read.source);
    },
  });
  /** @param strict only 0 and 1, as Linux has it for IPv4. */
  const all = (field: 'takesAll' | 'takesAll6', strict: boolean): SocketOption => ({
    set(socket, value) {
      if (typeof value !== 'number' || (strict && value !== 0 && value !== 1)) return -ERRNO.EINVAL;
      sockets.of(socket)[field] = value !== 0;
      return 0;
    },
    get: (socket) => (sockets.of(socket)[field] ? 1 : 0),
  });
  const filter = (family: number): SocketOption => ({
    set(socket, value) {
      const wrong = refused(socket, family);
      if (wrong < 0) return wrong;
      const read = values.filterCall(family, value);
      return typeof read === 'number' ? read : calls.setFilter(socket, read, read.filter);
    },
    get(socket, asked) {
      const wrong = refused(socket, family);
      if (wrong < 0) return wrong;
      const call = asked === undefined ? -ERRNO.EINVAL : values.groupCall(family, asked);
      if (typeof call === 'number') return call;
      const found = calls.filter(socket, call);
      return typeof found === 'number' ? found : values.filterValue(family, found);
    },
  });
  const join = (family: number): SocketOption => onGroup(family, (socket, call) => calls.join(socket, call));
  const leave = (family: number): SocketOption => onGroup(family, (socket, call) => calls.leave(socket, call));
  const allow = (family: number): SocketOption => onSource(family, (socket, call, source) => calls.allow(socket, call, source));
  const disallow = (family: number): SocketOption => onSource(family, (socket, call, source) => calls.disallow(socket, call, source));
  const block = (family: number): SocketOption => onSource(family, (socket, call, source) => calls.block(socket, call, source));
  const unblock = (family: number): SocketOption => onSource(family, (socket, call, source) => calls.unblock(socket, call, source));
  return {
    ip4Join: join(AF_INET),
    ip4Leave: leave(AF_INET),
    ip4Allow: allow(AF_INET),
    ip4Disallow: disallow(AF_INET),
    ip4Block: block(AF_INET),
    ip4Unblock: unblock(AF_INET),
    ip4Filter: filter(AF_INET),
    ip4All: all('takesAll', true),
    ip6Join: join(AF_INET6),
    ip6Leave: leave(AF_INET6),
    ip6All: all('takesAll6', false),
    joinGroup: join(AF_INET),
    leaveGroup: leave(AF_INET),
    joinSource: allow(AF_INET),
    leaveSource: disallow(AF_INET),
    blockSource: block(AF_INET),
    unblockSource: unblock(AF_INET),
    filter: filter(AF_INET),
    joinGroup6: join(AF_INET6),
    leaveGroup6: leave(AF_INET6),
    joinSource6: allow(AF_INET6),
    leaveSource6: disallow(AF_INET6),
    blockSource6: block(AF_INET6),
    unblockSource6: unblock(AF_INET6),
    filter6: filter(AF_INET6),
  };
}
