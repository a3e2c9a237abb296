// IPPROTO_TCP: socket options, with Linux's ranges and errnos.
import { ERRNO } from '@protoloom/contracts';
import { IPPROTO_TCP, isInt, type OptionValue, optionAttachments, type SocketOption, type SocketState } from '@protoloom/contracts/socket';
import * as tcpOption from '@protoloom/contracts/tcp';
import { enterInteractive, isInteractive } from './ack.js';
import { setController } from './congestion.js';
import type { Tcp } from './context.js';
import { requestEgress } from './egress.js';
import { TcpEndpoint } from './endpoint.js';
import { armKeepAlive } from './events/timeouts.js';
import { FAST_OPEN_OPTIONS, fastOpenOptions } from './fastopen/socket-options.js';
import { info } from './info.js';
import { deferRounds } from './listener.js';
import { sendAck } from './segment.js';
import { type Tcb, writeEnd } from './tcb.js';
import { wish } from './wishes.js';

const SECOND_US = 1_000_000;
const MAX_KEEP_SECONDS = 32_767;
const MIN_MSS = 88;
const MAX_WINDOW = 32_767;
/** TCP_FIN_TIMEOUT_MAX, s. */
const MAX_LINGER2 = 120;
const SOCK_MIN_RCVBUF = 2304;

const OPTIONS = {
  noDelay: [tcpOption.TCP_NODELAY, 'TCP_NODELAY'],
  maxSegment: [tcpOption.TCP_MAXSEG, 'TCP_MAXSEG'],
  cork: [tcpOption.TCP_CORK, 'TCP_CORK'],
  keepIdle: [tcpOption.TCP_KEEPIDLE, 'TCP_KEEPIDLE'],
  keepInterval: [tcpOption.TCP_KEEPINTVL, 'TCP_KEEPINTVL'],
  keepCount: [tcpOption.TCP_KEEPCNT, 'TCP_KEEPCNT'],
  synCount: [tcpOption.TCP_SYNCNT, 'TCP_SYNCNT'],
  linger2: [tcpOption.TCP_LINGER2, 'TCP_LINGER2'],
  deferAccept: [tcpOption.TCP_DEFER_ACCEPT, 'TCP_DEFER_ACCEPT'],
  windowClamp: [tcpOption.TCP_WINDOW_CLAMP, 'TCP_WINDOW_CLAMP'],
  info: [tcpOption.TCP_INFO, 'TCP_INFO'],
  quickAck: [tcpOption.TCP_QUICKACK, 'TCP_QUICKACK'],
  congestion: [tcpOption.TCP_CONGESTION, 'TCP_CONGESTION'],
  userTimeout: [tcpOption.TCP_USER_TIMEOUT, 'TCP_USER_TIMEOUT'],
  notSentLowWater: [tcpOption.TCP_NOTSENT_LOWAT, 'TCP_NOTSENT_LOWAT'],
  controllerInfo: [tcpOption.TCP_CC_INFO, 'TCP_CC_INFO'],
  ...FAST_OPEN_OPTIONS,
  inq: [tcpOption.TCP_INQ, 'TCP_INQ'],
} as const;
type Name = keyof typeof OPTIONS;

export const socketOptionAttachments = optionAttachments(IPPROTO_TCP, OPTIONS);

const tcbOf = ({ endpoint }: SocketState): Tcb | undefined => (endpoint instanceof TcpEndpoint ? endpoint.tcb : undefined);

export const option = (set: (tcb: Tcb, value: OptionValue) => number, get: (tcb: Tcb) => OptionValue): SocketOption => ({
  set(socket, value) {
    const tcb = tcbOf(socket);
    return tcb === undefined ? -ERRNO.ENOPROTOOPT : set(tcb, value);
  },
  get(socket) {
    const tcb = tcbOf(socket);
    return tcb === undefined ? -ERRNO.ENOPROTOOPT : get(tcb);
  },
});

const whole = (low: number, high: number, set: (tcb: Tcb, value: number) => void, get: (tcb: Tcb) => number): SocketOption =>
  option((tcb, value) => {
    if (!isInt(value) || value < low || value > high) return -ERRNO.EINVAL;
    set(tcb, value);
    return 0;
  }, get);

const ANY_LOW = -0x8000_0000;
const ANY_HIGH = 0x7fff_ffff;
const flag = (set: (tcb: Tcb, on: boolean) => void, get: (tcb: Tcb) => boolean): SocketOption =>
  whole(
    ANY_LOW,
    ANY_HIGH,
    (tcb, value) => set(tcb, value !== 0),
    (tcb) => (get(tcb) ? 1 : 0),
  );

const readOnly = (get: (tcb: Tcb) => OptionValue): SocketOption => option(() => -ERRNO.ENOPROTOOPT, get);

export function socketOptionHandlers(tcp: Tcp): Record<Name, SocketOption> {
  const { sysctls } = tcp;
  return {
    ...fastOpenOptions(tcp),
    noDelay: flag(
      (tcb, on) => {
        wish(tcb, { noDelay: on });
        if (!on) return;
        // An explicit push, which goes past TCP_CORK for what is queued, as on Linux.
        tcb.noDelayEnd = writeEnd(tcb);
        requestEgress(tcb);
      },
      ({ wishes }) => wishes.noDelay,
    ),
    maxSegment: option(
      (tcb, value) => {
        if (typeof value !== 'number' || (value !== 0 && (value < MIN_MSS || value > MAX_WINDOW))) return -ERRNO.EINVAL;
        wish(tcb, { userMss: value });
        return 0;
      },
      (tcb) => (tcb.state === tcpOption.TCP_CLOSE || tcb.state === tcpOption.TCP_LISTEN ? tcb.wishes.userMss || tcb.mss : tcb.mss),
    ),
    cork: flag(
      (tcb, on) => {
        wish(tcb, { cork: on });
        if (!on) requestEgress(tcb);
      },
      ({ wishes }) => wishes.cork,
    ),
    keepIdle: whole(
      1,
      MAX_KEEP_SECONDS,
      (tcb, value) => {
        wish(tcb, { keepIdleUs: value * SECOND_US });
        armKeepAlive(tcb);
      },
      (tcb) => (tcb.wishes.keepIdleUs === 0 ? sysctls.keepaliveTime : tcb.wishes.keepIdleUs / SECOND_US),
    ),
    keepInterval: whole(
      1,
      MAX_KEEP_SECONDS,
      (tcb, value) => {
        wish(tcb, { keepIntervalUs: value * SECOND_US });
      },
      (tcb) => (tcb.wishes.keepIntervalUs === 0 ? sysctls.keepaliveIntvl : tcb.wishes.keepIntervalUs / SECOND_US),
    ),
    keepCount: whole(
      1,
      127,
      (tcb, value) => {
        wish(tcb, { keepCount: value });
      },
      (tcb) => tcb.wishes.keepCount || sysctls.keepaliveProbes,
    ),
    synCount: whole(
      1,
      127,
      (tcb, value) => {
        wish(tcb, { synRetries: value });
      },
      (tcb) => tcb.wishes.synRetries || sysctls.synRetries,
    ),
    linger2: whole(
      ANY_LOW,
      ANY_HIGH,
      (tcb, value) => {
        wish(tcb, { linger2Us: value < 0 ? -1 : Math.min(value, MAX_LINGER2) * SECOND_US });
      },
      (tcb) => (tcb.wishes.linger2Us < 0 ? -1 : tcb.wishes.linger2Us === 0 ? sysctls.finTimeout : tcb.wishes.linger2Us / SECOND_US),
    ),
    deferAccept: whole(
      ANY_LOW,
      ANY_HIGH,
      (tcb, value) => {
        wish(tcb, { deferAccept: Math.max(0, value) });
      },
      // Told in whole rounds of SYN-ACK time-outs, as Linux keeps it.
      ({ wishes: { deferAccept } }) => (deferAccept === 0 ? 0 : 2 ** deferRounds(deferAccept) - 1),
    ),
    windowClamp: option(
      (tcb, value) => {
        if (!isInt(value) || value < 0) return -ERRNO.EINVAL;
        if (value === 0) {
          if (tcb.state !== tcpOption.TCP_CLOSE) return -ERRNO.EINVAL;
          tcb.windowClamp = 0;
          return 0;
        }
        tcb.windowClamp = Math.max(value, SOCK_MIN_RCVBUF / 2);
        tcb.rcvSsthresh = Math.min(tcb.rcvSsthresh, tcb.windowClamp);
        return 0;
      },
      ({ windowClamp }) => windowClamp,
    ),
    info: readOnly(info),
    quickAck: whole(
      ANY_LOW,
      ANY_HIGH,
      (tcb, value) => {
        if (value === 0) {
          enterInteractive(tcb);
          return;
        }
        tcb.interactive = 0;
        if ((tcb.state === tcpOption.TCP_ESTABLISHED || tcb.state === tcpOption.TCP_CLOSE_WAIT) && tcb.ackPending) {
          sendAck(tcb);
          // Linux: 1 is for good, other even values are for the acknowledgement that waits now.
          if ((value & 1) === 0) enterInteractive(tcb);
        }
      },
      (tcb) => (isInteractive(tcb) ? 0 : 1),
    ),
    congestion: option(
      (tcb, value) => (typeof value === 'string' ? setController(tcb, value) : -ERRNO.EINVAL),
      (tcb) => tcb.congestionControl || sysctls.congestionControl,
    ),
    userTimeout: whole(
      0,
      ANY_HIGH,
      (tcb, value) => {
        wish(tcb, { userTimeoutUs: value * 1000 });
      },
      ({ wishes }) => wishes.userTimeoutUs / 1000,
    ),
    notSentLowWater: whole(
      0,
      0xffff_ffff,
      (tcb, value) => {
        wish(tcb, { notSentLowWater: value });
      },
      ({ wishes }) => wishes.notSentLowWater,
    ),
    inq: whole(
      0,
      1,
      (tcb, value) => {
        wish(tcb, { tellsQueued: value === 1 });
      },
      ({ wishes }) => (wishes.tellsQueued ? 1 : 0),
    ),
    controllerInfo: readOnly(({ controller }) => {
      const figures = controller?.info?.() ?? {};
      return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value)]));
    }),
  };
}
