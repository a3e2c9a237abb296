// IPPROTO_IP: socket options and control messages, with Linux's ranges and errnos.
import { ERRNO, type Interfaces, type Packet, type SocketSlots } from '@protoloom/contracts';
import type { LocalAddresses, SocketNames } from '@protoloom/contracts/ip';
import * as ip from '@protoloom/contracts/ipv4';
import {
  AF_INET,
  AF_INET6,
  type ControlMessage,
  controlAttachments,
  IPPROTO_IP,
  isInt,
  type OptionValue,
  optionAttachments,
  SOCK_STREAM,
  type SocketOption,
  type SocketState,
} from '@protoloom/contracts/socket';
import { readInterface } from './multicast-interface.js';
import { MAX_OPTION_BYTES, parseOptions } from './options.js';
import { askByPacketInfo, packetInfoOf } from './packet-info.js';
import type { Ip4SocketState } from './socket-state.js';
import * as wire from './wire.js';

export interface SocketOptionsContext {
  readonly sockets: SocketSlots<Ip4SocketState>;
  readonly interfaces: Interfaces;
  readonly addresses: LocalAddresses;
  readonly names: SocketNames;
}

const OPTIONS = {
  tos: [ip.IP_TOS, 'IP_TOS'],
  ttl: [ip.IP_TTL, 'IP_TTL'],
  options: [ip.IP_OPTIONS, 'IP_OPTIONS'],
  recvOpts: [ip.IP_RECVOPTS, 'IP_RECVOPTS'],
  pktInfo: [ip.IP_PKTINFO, 'IP_PKTINFO'],
  mtuDiscover: [ip.IP_MTU_DISCOVER, 'IP_MTU_DISCOVER'],
  recvErr: [ip.IP_RECVERR, 'IP_RECVERR'],
  recvTtl: [ip.IP_RECVTTL, 'IP_RECVTTL'],
  recvTos: [ip.IP_RECVTOS, 'IP_RECVTOS'],
  mtu: [ip.IP_MTU, 'IP_MTU'],
  freeBind: [ip.IP_FREEBIND, 'IP_FREEBIND'],
  multicastTtl: [ip.IP_MULTICAST_TTL, 'IP_MULTICAST_TTL'],
  multicastLoop: [ip.IP_MULTICAST_LOOP, 'IP_MULTICAST_LOOP'],
  multicastIface: [ip.IP_MULTICAST_IF, 'IP_MULTICAST_IF'],
} as const;
type OptionName = keyof typeof OPTIONS;

const CONTROLS = {
  tosControl: [ip.IP_TOS, 'IP_TOS'],
  ttlControl: [ip.IP_TTL, 'IP_TTL'],
  pktInfoControl: [ip.IP_PKTINFO, 'IP_PKTINFO'],
  recvOptsControl: [ip.IP_RECVOPTS, 'IP_RECVOPTS'],
} as const;
type ControlName = keyof typeof CONTROLS;

export const socketAttachments = { ...optionAttachments(IPPROTO_IP, OPTIONS), ...controlAttachments(IPPROTO_IP, CONTROLS) };

/** IP-level options are for sockets that can speak IPv4. */
const speaksIp = ({ family }: SocketState): boolean => family === AF_INET || family === AF_INET6;

export function socketHandlers({
  sockets,
  interfaces,
  addresses,
  names,
}: SocketOptionsContext): Record<OptionName, SocketOption> & Record<ControlName, ControlMessage> {
  const option = (
    set: (state: Ip4SocketState, value: OptionValue, socket: SocketState) => number,
    get: (state: Ip4SocketState, socket: SocketState) => OptionValue,
  ): SocketOption => ({
    set: (socket, value) => (speaksIp(socket) ? set(sockets.of(socket), value, socket) : -ERRNO.ENOPROTOOPT),
    get: (socket) => (speaksIp(socket) ? get(sockets.of(socket), socket) : -ERRNO.ENOPROTOOPT),
  });
  type Flag = 'recvOpts' | 'pktInfo' | 'recvTtl' | 'recvTos' | 'multicastLoop';
  const flag = (field: Flag): SocketOption =>
    option(
      (state, value) => {
        if (!isInt(value)) return -ERRNO.EINVAL;
        state[field] = value !== 0;
        return 0;
      },
      (state) => (state[field] ? 1 : 0),
    );
  const ranged = (
    field: 'mtuDiscover' | 'multicastTtl' | 'ttl',
    low: number,
    high: number,
    reset: number | undefined,
    get: (value: number) => number,
  ): SocketOption =>
    option(
      (state, value) => {
        if (!isInt(value)) return -ERRNO.EINVAL;
        if (value === -1 && reset !== undefined) state[field] = reset;
        else if (value < low || value > high) return -ERRNO.EINVAL;
        else state[field] = value;
        return 0;
      },
      (state) => get(state[field]),
    );
  const same = (value: number): number => value;
  return {
    tos: option(
      (state, value, socket) => {
        if (!isInt(value)) return -ERRNO.EINVAL;
        // ECN is TCP's own there, as on Linux.
        state.tos = socket.type === SOCK_STREAM ? (value & 0xfc) | (state.tos & 3) : value & 0xff;
        return 0;
      },
      ({ tos }) => tos,
    ),
    ttl: { ...ranged('ttl', 1, 255, -1, (ttl) => (ttl < 0 ? 64 : ttl)) },
    options: option(
      (state, value) => {
        if (!(value instanceof Uint8Array) || value.length > MAX_OPTION_BYTES) return -ERRNO.EINVAL;
        const padded = new Uint8Array((value.length + 3) & ~3);
        padded.set(value);
        const header = new Uint8Array(wire.HEADER_BYTES + padded.length);
        header.set(padded, wire.HEADER_BYTES);
        if (!parseOptions(header, 0, header.length)) return -ERRNO.EINVAL;
        state.options = padded;
        return 0;
      },
      ({ options }) => options.slice(),
    ),
    recvOpts: flag('recvOpts'),
    pktInfo: flag('pktInfo'),
    mtuDiscover: ranged('mtuDiscover', ip.IP_PMTUDISC_DONT, ip.IP_PMTUDISC_OMIT, undefined, same),
    recvErr: option(
      (_, value, socket) => {
        if (!isInt(value)) return -ERRNO.EINVAL;
        socket.receiveErrors4 = value !== 0;
        if (value === 0) socket.errors = undefined;
        return 0;
      },
      (_, { receiveErrors4 }) => (receiveErrors4 ? 1 : 0),
    ),
    recvTtl: flag('recvTtl'),
    recvTos: flag('recvTos'),
    mtu: option(
      () => -ERRNO.ENOPROTOOPT,
      (_, socket) => names.peerRoute(socket)?.mtu ?? -ERRNO.ENOTCONN,
    ),
    freeBind: option(
      (_, value, socket) => {
        if (!isInt(value)) return -ERRNO.EINVAL;
        socket.freeBind = value !== 0;
        return 0;
      },
      (_, { freeBind }) => (freeBind ? 1 : 0),
    ),
    multicastTtl: ranged('multicastTtl', 0, 255, 1, same),
    multicastLoop: flag('multicastLoop'),
    multicastIface: option(
      (state, value, socket) => {
        if (socket.type === SOCK_STREAM) return -ERRNO.EINVAL;
        const named = readInterface(interfaces, addresses, value);
        if (typeof named === 'number') return named;
        if (named.index !== 0 && socket.boundInterface !== 0 && socket.boundInterface !== named.index) return -ERRNO.EINVAL;
        state.multicastIface = named.index;
        state.multicastSource = named.word;
        return 0;
      },
      ({ multicastIface }) => multicastIface,
    ),
    tosControl: {
      read: (socket, packet) => (packet.family === AF_INET && sockets.ifMade(socket)?.recvTos ? packet.trafficClass : undefined),
      write: (_, packet, value) => setOctet(packet, 'trafficClass', value, 0),
    },
    ttlControl: {
      read: (socket, packet) => (packet.family === AF_INET && sockets.ifMade(socket)?.recvTtl ? packet.hopLimit : undefined),
      write: (_, packet, value) => setOctet(packet, 'hopLimit', value, 1),
    },
    pktInfoControl: {
      read: (socket, packet) => (packet.family === AF_INET && sockets.ifMade(socket)?.pktInfo ? packetInfoOf(packet) : undefined),
      ask: (_, query, value) => askByPacketInfo(interfaces, query, value),
    },
    recvOptsControl: {
      read(socket, packet) {
        if (packet.family !== AF_INET || !sockets.ifMade(socket)?.recvOpts || packet.l4 - packet.l3 <= wire.HEADER_BYTES) return undefined;
        return packet.bytes.slice(packet.l3 + wire.HEADER_BYTES, packet.l4);
      },
    },
  };
}

function setOctet(packet: Packet, field: 'trafficClass' | 'hopLimit', value: OptionValue, low: number): number {
  if (!isInt(value) || value < low || value > 255) return -ERRNO.EINVAL;
  // A socket for both families says it of IPv4 alone.
  if (packet.family === AF_INET) packet[field] = value;
  return 0;
}
