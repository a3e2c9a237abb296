// IPPROTO_IPV6: socket options and control messages, RFC 3493 §5, RFC 3542, RFC 5014, with Linux's ranges and errnos.
import { ERRNO, type Interfaces, type SocketSlots } from '@protoloom/contracts';
import type { Routes, SocketNames } from '@protoloom/contracts/ip';
import * as ip6 from '@protoloom/contracts/ipv6';
import {
  AF_INET6,
  type ControlMessage,
  controlAttachments,
  IPPROTO_IPV6,
  isInt,
  type OptionValue,
  optionAttachments,
  SOCK_STREAM,
  type SocketOption,
  type SocketState,
  type Sockets,
} from '@protoloom/contracts/socket';
import { askByPacketInfo, packetInfoOf, readPacketInfo } from './packet-info.js';
import { preferencesOf, readPreferences } from './preferences.js';
import type { Ip6SocketState } from './socket-state.js';

/** RFC 8200 §5. */
const MIN_MTU = 1280;

export interface SocketOptionsContext {
  readonly slots: SocketSlots<Ip6SocketState>;
  readonly sockets: Sockets;
  readonly interfaces: Interfaces;
  readonly routes: Routes;
  readonly names: SocketNames;
  readonly sysctls: { readonly nonlocalBind: number };
  /** The hop limit of packets whose socket says none. */
  hopLimit(socket: SocketState): number;
  /** Whether packets of sockets that do not say have labels of their flows. */
  autoFlowLabels(): boolean;
}

const OPTIONS = {
  v6Only: [ip6.IPV6_V6ONLY, 'IPV6_V6ONLY'],
  unicastHops: [ip6.IPV6_UNICAST_HOPS, 'IPV6_UNICAST_HOPS'],
  multicastHops: [ip6.IPV6_MULTICAST_HOPS, 'IPV6_MULTICAST_HOPS'],
  multicastLoop: [ip6.IPV6_MULTICAST_LOOP, 'IPV6_MULTICAST_LOOP'],
  multicastIface: [ip6.IPV6_MULTICAST_IF, 'IPV6_MULTICAST_IF'],
  tclass: [ip6.IPV6_TCLASS, 'IPV6_TCLASS'],
  recvTclass: [ip6.IPV6_RECVTCLASS, 'IPV6_RECVTCLASS'],
  recvHopLimit: [ip6.IPV6_RECVHOPLIMIT, 'IPV6_RECVHOPLIMIT'],
  recvPktInfo: [ip6.IPV6_RECVPKTINFO, 'IPV6_RECVPKTINFO'],
  pktInfo: [ip6.IPV6_PKTINFO, 'IPV6_PKTINFO'],
  recvErr: [ip6.IPV6_RECVERR, 'IPV6_RECVERR'],
  mtu: [ip6.IPV6_MTU, 'IPV6_MTU'],
  pathMtu: [ip6.IPV6_PATHMTU, 'IPV6_PATHMTU'],
  mtuDiscover: [ip6.IPV6_MTU_DISCOVER, 'IPV6_MTU_DISCOVER'],
  dontFragment: [ip6.IPV6_DONTFRAG, 'IPV6_DONTFRAG'],
  recvFlowInfo: [ip6.IPV6_FLOWINFO, 'IPV6_FLOWINFO'],
  sendFlowInfo: [ip6.IPV6_FLOWINFO_SEND, 'IPV6_FLOWINFO_SEND'],
  autoFlowLabel: [ip6.IPV6_AUTOFLOWLABEL, 'IPV6_AUTOFLOWLABEL'],
  preferences: [ip6.IPV6_ADDR_PREFERENCES, 'IPV6_ADDR_PREFERENCES'],
  freeBind: [ip6.IPV6_FREEBIND, 'IPV6_FREEBIND'],
} as const;
type OptionName = keyof typeof OPTIONS;

const CONTROLS = {
  tclassControl: [ip6.IPV6_TCLASS, 'IPV6_TCLASS'],
  hopLimitControl: [ip6.IPV6_HOPLIMIT, 'IPV6_HOPLIMIT'],
  pktInfoControl: [ip6.IPV6_PKTINFO, 'IPV6_PKTINFO'],
  dontFragmentControl: [ip6.IPV6_DONTFRAG, 'IPV6_DONTFRAG'],
  flowInfoControl: [ip6.IPV6_FLOWINFO, 'IPV6_FLOWINFO'],
} as const;
type ControlName = keyof typeof CONTROLS;

export const socketAttachments = { ...optionAttachments(IPPROTO_IPV6, OPTIONS), ...controlAttachments(IPPROTO_IPV6, CONTROLS) };

export function socketHandlers(context: SocketOptionsContext): Record<OptionName, SocketOption> & Record<ControlName, ControlMessage> {
  const { slots, sockets, interfaces, names } = context;
  const option = (
    set: (state: Ip6SocketState, value: number, socket: SocketState) => number,
    get: (state: Ip6SocketState, socket: SocketState) => OptionValue,
  ): SocketOption => ({
    set(socket, value) {
      if (socket.family !== AF_INET6) return -ERRNO.ENOPROTOOPT;
      return isInt(value) ? set(slots.of(socket), value, socket) : -ERRNO.EINVAL;
    },
    get: (socket) => (socket.family === AF_INET6 ? get(slots.of(socket), socket) : -ERRNO.EOPNOTSUPP),
  });
  const ranged = (
    field: 'hops' | 'trafficClass' | 'mtuDiscover' | 'multicastHops',
    low: number,
    high: number,
    get: (value: number, socket: SocketState) => number,
  ): SocketOption =>
    option(
      (state, value) => {
        if (value < low || value > high) return -ERRNO.EINVAL;
        state[field] = value;
        return 0;
      },
      (state, socket) => get(state[field], socket),
    );
  type Flag = 'recvPktInfo' | 'recvHopLimit' | 'recvTrafficClass' | 'recvFlowInfo' | 'dontFragment';
  const flag = (field: Flag): SocketOption =>
    option(
      (state, value) => {
        state[field] = value !== 0;
        return 0;
      },
      (state) => Number(state[field]),
    );
  const socketFlag = (field: 'freeBind' | 'sendsFlowLabel'): SocketOption =>
    option(
      (_, value, socket) => {
        socket[field] = value !== 0;
        return 0;
      },
      (_, socket) => Number(socket[field]),
    );
  const datagramsOnly = (one: SocketOption): SocketOption => ({
    ...one,
    set: (socket, value) => (socket.type === SOCK_STREAM ? -ERRNO.ENOPROTOOPT : (one.set?.(socket, value) ?? 0)),
  });
  const address = sockets.address();
  const isBound = ({ endpoint }: SocketState): boolean => (endpoint?.localAddress(address) ?? -1) >= 0 && address.port !== 0;
  return {
    v6Only: option(
      (_, value, socket) => {
        if (isBound(socket)) return -ERRNO.EINVAL;
        socket.v6Only = value !== 0;
        return 0;
      },
      (_, { v6Only }) => Number(v6Only),
    ),
    unicastHops: ranged('hops', -1, 255, (hops, socket) => (hops < 0 ? context.hopLimit(socket) : hops)),
    multicastHops: datagramsOnly(ranged('multicastHops', -1, 255, (hops) => (hops < 0 ? 1 : hops))),
    multicastLoop: option(
      (state, value) => {
        if (value !== 0 && value !== 1) return -ERRNO.EINVAL;
        state.multicastLoop = value === 1;
        return 0;
      },
      ({ multicastLoop }) => Number(multicastLoop),
    ),
    multicastIface: datagramsOnly(
      option(
        (state, value, socket) => {
          if (value !== 0 && interfaces.byIndex(value) === undefined) return -ERRNO.ENODEV;
          if (value !== 0 && socket.boundInterface !== 0 && socket.boundInterface !== value) return -ERRNO.EINVAL;
          state.multicastIface = value;
          return 0;
        },
        ({ multicastIface }) => multicastIface,
      ),
    ),
    tclass: option(
      (state, value, { type }) => {
        if (value < -1 || value > 255) return -ERRNO.EINVAL;
        const wanted = Math.max(value, 0);
        // ECN is TCP's own there, as on Linux.
        state.trafficClass = type === SOCK_STREAM ? (wanted & 0xfc) | (state.trafficClass & 3) : wanted;
        return 0;
      },
      ({ trafficClass }) => trafficClass,
    ),
    recvTclass: flag('recvTrafficClass'),
    recvHopLimit: flag('recvHopLimit'),
    recvPktInfo: flag('recvPktInfo'),
    pktInfo: {
      set(socket, value) {
        if (socket.family !== AF_INET6) return -ERRNO.ENOPROTOOPT;
        const info = readPacketInfo(value);
        if (info === undefined) return -ERRNO.EINVAL;
        if (info.iface !== 0 && socket.boundInterface !== 0 && socket.boundInterface !== info.iface) return -ERRNO.EINVAL;
        // The address is taken, and sends nothing from there: as on Linux, which goes by bind().
        slots.of(socket).stickyIface = info.iface;
        return 0;
      },
    },
    recvErr: option(
      (_, value, socket) => {
        socket.receiveErrors6 = value !== 0;
        if (value === 0) socket.errors = undefined;
        return 0;
      },
      (_, { receiveErrors6 }) => Number(receiveErrors6),
    ),
    mtu: option(
      (state, value) => {
        if (value !== 0 && value < MIN_MTU) return -ERRNO.EINVAL;
        state.mtu = value;
        return 0;
      },
      (_, socket) => names.peerRoute(socket)?.mtu ?? -ERRNO.ENOTCONN,
    ),
    pathMtu: option(
      () => -ERRNO.ENOPROTOOPT,
      (_, socket) => {
        const route = names.peerRoute(socket);
        return route === undefined ? -ERRNO.ENOTCONN : { ip6m_mtu: route.mtu };
      },
    ),
    mtuDiscover: ranged('mtuDiscover', ip6.IPV6_PMTUDISC_DONT, ip6.IPV6_PMTUDISC_OMIT, (value) => value),
    dontFragment: flag('dontFragment'),
    recvFlowInfo: flag('recvFlowInfo'),
    sendFlowInfo: socketFlag('sendsFlowLabel'),
    autoFlowLabel: option(
      (state, value) => {
        state.autoFlowLabel = value !== 0;
        return 0;
      },
      ({ autoFlowLabel }) => Number(autoFlowLabel ?? context.autoFlowLabels()),
    ),
    preferences: option(
      (state, value) => {
        const read = readPreferences(state.preferences, value);
        if (read < 0) return read;
        state.preferences = read;
        return 0;
      },
      ({ preferences }) => preferencesOf(preferences),
    ),
    freeBind: socketFlag('freeBind'),
    tclassControl: {
      read: (socket, packet) => (isOurs(socket, packet.family) && slots.ifMade(socket)?.recvTrafficClass ? packet.trafficClass : undefined),
      write(_, packet, value) {
        if (!isInt(value) || value < -1 || value > 255) return -ERRNO.EINVAL;
        if (value >= 0 && packet.family === AF_INET6) packet.trafficClass = value;
        return 0;
      },
    },
    hopLimitControl: {
      read: (socket, packet) => (isOurs(socket, packet.family) && slots.ifMade(socket)?.recvHopLimit ? packet.hopLimit : undefined),
      write(_, packet, value) {
        if (!isInt(value) || value < -1 || value > 255) return -ERRNO.EINVAL;
        if (packet.family === AF_INET6) packet.hopLimit = value;
        return 0;
      },
    },
    pktInfoControl: {
      read: (socket, packet) => (socket.family === AF_INET6 && slots.ifMade(socket)?.recvPktInfo ? packetInfoOf(packet) : undefined),
      ask: (socket, query, value) =>
        askByPacketInfo({ routes: context.routes, interfaces, nonlocal: context.sysctls.nonlocalBind !== 0 }, socket, query, value),
    },
    dontFragmentControl: {
      write(_, packet, value) {
        if (value !== 0 && value !== 1) return -ERRNO.EINVAL;
        if (packet.family === AF_INET6) packet.dontFragment = value === 1;
        return 0;
      },
    },
    flowInfoControl: {
      read: (socket, packet) =>
        isOurs(socket, packet.family) && slots.ifMade(socket)?.recvFlowInfo
          ? ((packet.trafficClass << 20) | packet.flowLabel) >>> 0 || undefined
          : undefined,
      write(_, packet, value) {
        if (!isInt(value)) return -ERRNO.EINVAL;
        const label = value & 0xfffff;
        if (packet.flowLabel !== 0 && packet.flowLabel !== label) return -ERRNO.EINVAL;
        packet.flowLabel = label;
        return 0;
      },
    },
  };
}

/** Messages about IPv6 packets alone; those of IPv4 have IPPROTO_IP's. */
const isOurs = (socket: SocketState, family: number): boolean => socket.family === AF_INET6 && family === AF_INET6;
