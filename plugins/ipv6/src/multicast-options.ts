// IPPROTO_IPV6: how a socket sends to groups: RFC 3493 §5.2, with Linux's ranges and errnos.
import { type Attachment, attach, ERRNO, type Interfaces, type SocketSlots } from '@protoloom/contracts';
import { IPV6_MULTICAST_HOPS, IPV6_MULTICAST_IF, IPV6_MULTICAST_LOOP } from '@protoloom/contracts/ipv6';
import { AF_INET6, IPPROTO_IPV6, type OptionValue, SOCKET_OPTION, type SocketOption } from '@protoloom/contracts/socket';

export interface Ip6MulticastState {
  /** -1: the default, 1. */
  hops: number;
  loop: boolean;
  /** Index, 0: by route. */
  iface: number;
}

export const makeMulticastState = (): Ip6MulticastState => ({ hops: -1, loop: true, iface: 0 });

const OPTIONS = {
  multicastHops: [IPV6_MULTICAST_HOPS, 'IPV6_MULTICAST_HOPS'],
  multicastLoop: [IPV6_MULTICAST_LOOP, 'IPV6_MULTICAST_LOOP'],
  multicastIface: [IPV6_MULTICAST_IF, 'IPV6_MULTICAST_IF'],
} as const;
type Name = keyof typeof OPTIONS;

export const multicastAttachments = Object.fromEntries(
  Object.entries(OPTIONS).map(([key, [name, label]]) => [key, attach(SOCKET_OPTION, { level: IPPROTO_IPV6, name, label }, '^1.0')]),
) as Readonly<Record<Name, Attachment<SocketOption>>>;

export function multicastHandlers(sockets: SocketSlots<Ip6MulticastState>, interfaces: Interfaces): Record<Name, SocketOption> {
  const option = (
    set: (state: Ip6MulticastState, value: number) => number,
    get: (state: Ip6MulticastState) => OptionValue,
  ): SocketOption => ({
    set(socket, value) {
      if (socket.family !== AF_INET6) return -ERRNO.ENOPROTOOPT;
      return typeof value === 'number' && Number.isInteger(value) ? set(sockets.of(socket), value) : -ERRNO.EINVAL;
    },
    get: (socket) => (socket.family === AF_INET6 ? get(sockets.of(socket)) : -ERRNO.ENOPROTOOPT),
  });
  return {
    multicastHops: option(
      (state, value) => {
        if (value < -1 || value > 255) return -ERRNO.EINVAL;
        state.hops = value;
        return 0;
      },
      ({ hops }) => (hops < 0 ? 1 : hops),
    ),
    multicastLoop: option(
      (state, value) => {
        if (value !== 0 && value !== 1) return -ERRNO.EINVAL;
        state.loop = value === 1;
        return 0;
      },
      ({ loop }) => (loop ? 1 : 0),
    ),
    multicastIface: option(
      (state, value) => {
        if (value !== 0 && interfaces.byIndex(value) === undefined) return -ERRNO.ENODEV;
        state.iface = value;
        return 0;
      },
      ({ iface }) => iface,
    ),
  };
}
