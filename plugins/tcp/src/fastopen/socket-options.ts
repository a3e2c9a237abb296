// IPPROTO_TCP: the socket options of Fast Open, with Linux's conditions and errnos.
import { ERRNO } from '@protoloom/contracts';
import { isInt, type SocketOption } from '@protoloom/contracts/socket';
import * as tcpOption from '@protoloom/contracts/tcp';
import type { Tcp } from '../context.js';
import { option } from '../socket-options.js';
import type { Tcb } from '../tcb.js';
import { CookieKeys, KEY_BYTES } from './cookie.js';
import { limitQueue } from './server.js';
import { CLIENT, FastOpen, FastOpenQueue } from './state.js';

export const FAST_OPEN_OPTIONS = {
  fastOpen: [tcpOption.TCP_FASTOPEN, 'TCP_FASTOPEN'],
  fastOpenConnect: [tcpOption.TCP_FASTOPEN_CONNECT, 'TCP_FASTOPEN_CONNECT'],
  fastOpenKey: [tcpOption.TCP_FASTOPEN_KEY, 'TCP_FASTOPEN_KEY'],
  fastOpenNoCookie: [tcpOption.TCP_FASTOPEN_NO_COOKIE, 'TCP_FASTOPEN_NO_COOKIE'],
} as const;

const isClosed = ({ state }: Tcb): boolean => state === tcpOption.TCP_CLOSE;
const isUnconnected = (tcb: Tcb): boolean => isClosed(tcb) || tcb.state === tcpOption.TCP_LISTEN;
const isFlag = (value: unknown): value is number => value === 0 || value === 1;

export function fastOpenOptions({ sysctls, hostKeys }: Tcp): Record<keyof typeof FAST_OPEN_OPTIONS, SocketOption> {
  return {
    fastOpen: option(
      (tcb, value) => {
        if (!isInt(value) || value < 0 || !isUnconnected(tcb)) return -ERRNO.EINVAL;
        limitQueue(tcb, value);
        return 0;
      },
      ({ fastOpenQueue }) => fastOpenQueue?.most ?? 0,
    ),
    fastOpenConnect: option(
      (tcb, value) => {
        if (!isFlag(value)) return -ERRNO.EINVAL;
        if ((sysctls.fastopen & CLIENT) === 0) return -ERRNO.EOPNOTSUPP;
        if (!isClosed(tcb)) return -ERRNO.EINVAL;
        tcb.fastOpen ??= new FastOpen();
        tcb.fastOpen.onConnect = value === 1;
        return 0;
      },
      ({ fastOpen }) => (fastOpen?.onConnect ? 1 : 0),
    ),
    /** 16 octets, or 32 with a second key. */
    fastOpenKey: option(
      (tcb, value) => {
        if (!(value instanceof Uint8Array) || (value.length !== KEY_BYTES && value.length !== 2 * KEY_BYTES)) return -ERRNO.EINVAL;
        tcb.fastOpenQueue ??= new FastOpenQueue();
        tcb.fastOpenQueue.keys = new CookieKeys(value);
        return 0;
      },
      ({ fastOpenQueue }) => (fastOpenQueue?.keys ?? hostKeys.keys)?.bytes.slice() ?? new Uint8Array(0),
    ),
    fastOpenNoCookie: option(
      (tcb, value) => {
        if (!isFlag(value) || !isUnconnected(tcb)) return -ERRNO.EINVAL;
        tcb.fastOpen ??= new FastOpen();
        tcb.fastOpen.withoutCookie = value === 1;
        return 0;
      },
      ({ fastOpen }) => (fastOpen?.withoutCookie ? 1 : 0),
    ),
  };
}
