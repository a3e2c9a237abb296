// SOL_SOCKET: the options that every socket has, with Linux's checks.
import { ERRNO, type Interfaces } from '@protoloom/contracts';
import * as so from '@protoloom/contracts/socket';
import { isInt, type SocketOption, type SocketState } from '@protoloom/contracts/socket';
import { timestamping } from './timestamping.js';

/** Linux's SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF, bytes. */
const MIN_SNDBUF = 4608;
const MIN_RCVBUF = 2304;

export interface SocketOptionContext {
  /** `net.core.wmem_max`, `rmem_max`, bytes. */
  readonly limits: { readonly wmemMax: number; readonly rmemMax: number };
  interfaces(): Interfaces;
}

type Flag = 'reuseAddress' | 'reusePort' | 'broadcast' | 'dontRoute' | 'keepAlive' | 'oobInline';
const flag = (field: Flag): SocketOption => ({
  set(socket, value) {
    if (!isInt(value)) return -ERRNO.EINVAL;
    socket[field] = value !== 0;
    return 0;
  },
  get: (socket) => (socket[field] ? 1 : 0),
});

type Whole = 'mark' | 'receiveLowWater';
const whole = (field: Whole, min: number): SocketOption => ({
  set(socket, value) {
    if (!isInt(value) || value < min) return -ERRNO.EINVAL;
    socket[field] = value;
    return 0;
  },
  get: (socket) => socket[field],
});

const readOnly = (get: (socket: SocketState) => number): SocketOption => ({ set: () => -ERRNO.ENOPROTOOPT, get });

/** Doubled, as Linux does to leave room for its own overhead; clamped, never refused. */
const buffer = (side: 'send' | 'receive', limit: (asked: number) => number): SocketOption => ({
  set(socket, value) {
    if (!isInt(value)) return -ERRNO.EINVAL;
    const bytes = limit(Math.max(value, 0)) * 2;
    if (side === 'send') {
      socket.sendBuffer = Math.max(bytes, MIN_SNDBUF);
      socket.sendBufferLocked = true;
    } else {
      socket.receiveBuffer = Math.max(bytes, MIN_RCVBUF);
      socket.receiveBufferLocked = true;
    }
    return 0;
  },
  get: (socket) => (side === 'send' ? socket.sendBuffer : socket.receiveBuffer),
});

/** A number of µs, or a record {sec, usec}, as struct timeval. */
const timeout = (field: 'receiveTimeoutUs' | 'sendTimeoutUs'): SocketOption => ({
  set(socket, value) {
    if (typeof value !== 'object' || value instanceof Uint8Array) return -ERRNO.EINVAL;
    const { sec = 0, usec = 0 } = value;
    if (typeof sec !== 'number' || typeof usec !== 'number') return -ERRNO.EINVAL;
    if (usec < 0 || usec >= 1_000_000) return -ERRNO.EDOM;
    socket[field] = sec < 0 ? 0 : sec * 1_000_000 + usec;
    return 0;
  },
  get: (socket) => ({ sec: Math.floor(socket[field] / 1_000_000), usec: socket[field] % 1_000_000 }),
});

const LABELS = {
  reuseAddress: [so.SO_REUSEADDR, 'SO_REUSEADDR'],
  reusePort: [so.SO_REUSEPORT, 'SO_REUSEPORT'],
  type: [so.SO_TYPE, 'SO_TYPE'],
  error: [so.SO_ERROR, 'SO_ERROR'],
  dontRoute: [so.SO_DONTROUTE, 'SO_DONTROUTE'],
  broadcast: [so.SO_BROADCAST, 'SO_BROADCAST'],
  sendBuffer: [so.SO_SNDBUF, 'SO_SNDBUF'],
  receiveBuffer: [so.SO_RCVBUF, 'SO_RCVBUF'],
  sendBufferForce: [so.SO_SNDBUFFORCE, 'SO_SNDBUFFORCE'],
  receiveBufferForce: [so.SO_RCVBUFFORCE, 'SO_RCVBUFFORCE'],
  keepAlive: [so.SO_KEEPALIVE, 'SO_KEEPALIVE'],
  oobInline: [so.SO_OOBINLINE, 'SO_OOBINLINE'],
  priority: [so.SO_PRIORITY, 'SO_PRIORITY'],
  linger: [so.SO_LINGER, 'SO_LINGER'],
  receiveLowWater: [so.SO_RCVLOWAT, 'SO_RCVLOWAT'],
  sendLowWater: [so.SO_SNDLOWAT, 'SO_SNDLOWAT'],
  receiveTimeout: [so.SO_RCVTIMEO, 'SO_RCVTIMEO'],
  sendTimeout: [so.SO_SNDTIMEO, 'SO_SNDTIMEO'],
  bindToDevice: [so.SO_BINDTODEVICE, 'SO_BINDTODEVICE'],
  bindToInterface: [so.SO_BINDTOIFINDEX, 'SO_BINDTOIFINDEX'],
  accepting: [so.SO_ACCEPTCONN, 'SO_ACCEPTCONN'],
  mark: [so.SO_MARK, 'SO_MARK'],
  protocol: [so.SO_PROTOCOL, 'SO_PROTOCOL'],
  domain: [so.SO_DOMAIN, 'SO_DOMAIN'],
  maxPacingRate: [so.SO_MAX_PACING_RATE, 'SO_MAX_PACING_RATE'],
  timestamping: [so.SO_TIMESTAMPING, 'SO_TIMESTAMPING'],
  zeroCopy: [so.SO_ZEROCOPY, 'SO_ZEROCOPY'],
} as const;

type Name = keyof typeof LABELS;

/** The attachments, as a manifest has them. */
export const socketOptionAttachments = so.optionAttachments(so.SOL_SOCKET, LABELS);

export function socketOptionHandlers({ limits, interfaces }: SocketOptionContext): Record<Name, SocketOption> {
  const bind = (socket: SocketState, index: number): number => {
    if (index !== 0 && interfaces().byIndex(index) === undefined) return -ERRNO.ENODEV;
    socket.boundInterface = index;
    return 0;
  };
  return {
    reuseAddress: flag('reuseAddress'),
    reusePort: flag('reusePort'),
    type: readOnly(({ type }) => type),
    error: readOnly(({ endpoint }) => endpoint?.takeError() ?? 0),
    dontRoute: flag('dontRoute'),
    broadcast: flag('broadcast'),
    sendBuffer: buffer('send', (asked) => Math.min(asked, limits.wmemMax)),
    receiveBuffer: buffer('receive', (asked) => Math.min(asked, limits.rmemMax)),
    sendBufferForce: buffer('send', (asked) => asked),
    receiveBufferForce: buffer('receive', (asked) => asked),
    keepAlive: flag('keepAlive'),
    oobInline: flag('oobInline'),
    priority: {
      set(socket, value) {
        if (!isInt(value) || value < 0) return -ERRNO.EINVAL;
        socket.priority = value;
        return 0;
      },
      get: ({ priority }) => priority,
    },
    linger: {
      set(socket, value) {
        if (typeof value !== 'object' || value instanceof Uint8Array) return -ERRNO.EINVAL;
        const { onoff = 0, linger = 0 } = value;
        if (typeof onoff !== 'number' || typeof linger !== 'number') return -ERRNO.EINVAL;
        socket.linger = onoff === 0 ? -1 : Math.max(0, linger);
        return 0;
      },
      get: ({ linger }) => ({ onoff: linger < 0 ? 0 : 1, linger: Math.max(0, linger) }),
    },
    receiveLowWater: whole('receiveLowWater', 0),
    sendLowWater: readOnly(() => 1),
    receiveTimeout: timeout('receiveTimeoutUs'),
    sendTimeout: timeout('sendTimeoutUs'),
    bindToDevice: {
      set(socket, value) {
        if (typeof value !== 'string') return -ERRNO.EINVAL;
        if (value === '') return bind(socket, 0);
        const iface = interfaces().byName(value);
        return iface === undefined ? -ERRNO.ENODEV : bind(socket, iface.index);
      },
      get: ({ boundInterface }) => interfaces().byIndex(boundInterface)?.name ?? '',
    },
    bindToInterface: {
      set: (socket, value) => (isInt(value) && value >= 0 ? bind(socket, value) : -ERRNO.EINVAL),
      get: ({ boundInterface }) => boundInterface,
    },
    accepting: readOnly(({ endpoint }) => (endpoint?.listening === true ? 1 : 0)),
    mark: { ...whole('mark', -0x8000_0000), signed: true },
    protocol: readOnly(({ protocol }) => protocol),
    domain: readOnly(({ family }) => family),
    maxPacingRate: {
      set(socket, value) {
        if (typeof value !== 'number' || value < 0) return -ERRNO.EINVAL;
        socket.maxPacingRate = value;
        return 0;
      },
      get: ({ maxPacingRate }) => maxPacingRate,
    },
    timestamping,
    zeroCopy: {
      set(socket, value) {
        // Datagrams have no notices here.
        if (socket.protocol !== so.IPPROTO_TCP) return -ERRNO.EOPNOTSUPP;
        if (value !== 0 && value !== 1) return -ERRNO.EINVAL;
        socket.zeroCopy = value === 1;
        return 0;
      },
      get: ({ zeroCopy }) => (zeroCopy ? 1 : 0),
    },
  };
}
