// Error queues of sockets, ip(7): IP_RECVERR, IPV6_RECVERR, SO_TIMESTAMPING and recvmsg(MSG_ERRQUEUE), for every transport.
import { DESTINATION, ERRNO } from '@protoloom/contracts';
import type { ErrorHolder, ErrorQueues, InboundError } from '@protoloom/contracts/ip';
import { IP_RECVERR } from '@protoloom/contracts/ipv4';
import { IPV6_RECVERR } from '@protoloom/contracts/ipv6';
import {
  AF_INET,
  AF_INET6,
  type ExtendedError,
  IPPROTO_IP,
  IPPROTO_IPV6,
  type Message,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  type QueuedError,
  SCM_TIMESTAMPING,
  SO_EE_CODE_ZEROCOPY_COPIED,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_LOCAL,
  SO_EE_ORIGIN_TIMESTAMPING,
  SO_EE_ORIGIN_ZEROCOPY,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_SOFTWARE,
  SOL_SOCKET,
  type SocketAddress,
  type SocketState,
} from '@protoloom/contracts/socket';
import { copyWords, isMappedWords, needsZoneWords } from '@protoloom/wire';

/** What an entry takes beside its octets, bytes: about what Linux charges for a buffer's bookkeeping. */
const ENTRY_BYTES = 512;
const NO_BYTES = new Uint8Array(0);
/** Values of the fields that ICMP fills when it is not ICMP that tells. */
const NOT_ICMP = { ee_type: 0, ee_code: 0, ee_data: 0, offender: undefined } as const;

const memory = ({ bytes }: QueuedError): number => ENTRY_BYTES + bytes.length;
const isIcmp = (entry: QueuedError | undefined): entry is QueuedError =>
  entry !== undefined && (entry.error.ee_origin === SO_EE_ORIGIN_ICMP || entry.error.ee_origin === SO_EE_ORIGIN_ICMP6);

/** As a socket of `family` writes it: IPv4 in its mapped form on an INET6 one. @param zone index of the interface, where the address means none else. */
function addressOf(family: number, words: Int32Array, at: number, port: number, zone: number): SocketAddress {
  return { family, words: words.slice(at, at + 4), port, scope: needsZoneWords(words, at) ? zone : 0, flowLabel: 0 };
}

function push(socket: SocketState, entry: QueuedError, held: number): void {
  const queue = socket.errors;
  const bytes = memory(entry);
  // Errors share the receive buffer with data, as on Linux: what came first stays.
  if (held + (queue?.held ?? 0) + bytes >= socket.receiveBuffer) return;
  if (queue === undefined) {
    socket.errors = { entries: [entry], held: bytes };
    return;
  }
  queue.entries.push(entry);
  queue.held += bytes;
}

function shift(socket: SocketState): QueuedError | undefined {
  const queue = socket.errors;
  const entry = queue?.entries.shift();
  if (queue === undefined || entry === undefined) return undefined;
  queue.held -= memory(entry);
  if (queue.entries.length === 0) socket.errors = undefined;
  return entry;
}

export const errorQueues: ErrorQueues = {
  network(socket: SocketState, report: InboundError, payload: number, port: number, held: number): void {
    const { family, errno, type, code, info, addresses, offender, packet, end } = report;
    const error: ExtendedError = {
      ee_errno: errno,
      ee_origin: family === AF_INET ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
      ee_type: type,
      ee_code: code,
      ee_info: info,
      ee_data: 0,
      offender: addressOf(socket.family, offender, 0, 0, packet.iface.index),
    };
    const bytes = packet.bytes.slice(Math.min(payload, end), end);
    push(
      socket,
      { error, atUs: undefined, destination: addressOf(socket.family, addresses, DESTINATION, port, packet.iface.index), bytes },
      held,
    );
  },

  local(socket: SocketState, errno: number, info: number, words: Int32Array, at: number, port: number, held: number): void {
    const asked = isMappedWords(words, at) ? socket.receiveErrors4 : socket.receiveErrors6;
    if (!asked) return;
    const error = { ee_errno: errno, ee_origin: SO_EE_ORIGIN_LOCAL, ee_info: info, ...NOT_ICMP };
    push(
      socket,
      { error, atUs: undefined, destination: addressOf(socket.family, words, at, port, socket.boundInterface), bytes: NO_BYTES },
      held,
    );
  },

  zeroCopied(socket: SocketState, first: number, last: number, held: number): void {
    const entries = socket.errors?.entries;
    const tail = entries?.at(-1);
    if (entries !== undefined && tail?.error.ee_origin === SO_EE_ORIGIN_ZEROCOPY && (tail.error.ee_data + 1) >>> 0 === first) {
      entries[entries.length - 1] = { ...tail, error: { ...tail.error, ee_data: last } };
      return;
    }
    const error: ExtendedError = {
      ee_errno: 0,
      ee_origin: SO_EE_ORIGIN_ZEROCOPY,
      ee_type: 0,
      ee_code: SO_EE_CODE_ZEROCOPY_COPIED,
      ee_info: first,
      ee_data: last,
      offender: undefined,
    };
    push(socket, { error, atUs: undefined, destination: undefined, bytes: NO_BYTES }, held);
  },

  timestamped(socket: SocketState, what: number, key: number, atUs: number, bytes: Uint8Array, held: number): void {
    const error: ExtendedError = {
      ee_errno: ERRNO.ENOMSG,
      ee_origin: SO_EE_ORIGIN_TIMESTAMPING,
      ee_type: 0,
      ee_code: 0,
      ee_info: what,
      ee_data: (socket.timestamping & SOF_TIMESTAMPING_OPT_ID) === 0 ? 0 : key >>> 0,
      offender: undefined,
    };
    push(socket, { error, atUs, destination: undefined, bytes }, held);
  },

  read(socket: SocketState, holder: ErrorHolder, bytes: Uint8Array, from: number, to: number, message: Message): number {
    const entry = shift(socket);
    if (entry === undefined) return -ERRNO.EAGAIN;
    const next = socket.errors?.entries[0];
    // The error that calls would meet is always that of the queue's head.
    if (isIcmp(next)) holder.error = next.error.ee_errno;
    else if (isIcmp(entry)) holder.error = 0;
    const count = Math.min(entry.bytes.length, to - from);
    for (let i = 0; i < count; i++) bytes[from + i] = entry.bytes[i] as number;
    message.resultFlags = MSG_ERRQUEUE | (count < entry.bytes.length ? MSG_TRUNC : 0);
    message.hasAddress = entry.destination !== undefined;
    if (entry.destination !== undefined) copyAddress(entry.destination, message.address);
    if (message.wantsControls) {
      if (entry.atUs !== undefined && (socket.timestamping & SOF_TIMESTAMPING_SOFTWARE) !== 0)
        message.controls.push({ level: SOL_SOCKET, type: SCM_TIMESTAMPING, value: timeOf(entry.atUs) });
      const isInet6 = socket.family === AF_INET6;
      const level = isInet6 ? IPPROTO_IPV6 : IPPROTO_IP;
      message.controls.push({ level, type: isInet6 ? IPV6_RECVERR : IP_RECVERR, value: entry.error });
    }
    return count;
  },
};

/** As struct timespec. */
const timeOf = (us: number): { readonly sec: number; readonly nsec: number } => ({
  sec: Math.floor(us / 1_000_000),
  nsec: (us % 1_000_000) * 1000,
});

function copyAddress(from: SocketAddress, to: SocketAddress): void {
  to.family = from.family;
  copyWords(from.words, 0, to.words, 0);
  to.port = from.port;
  to.scope = from.scope;
  to.flowLabel = from.flowLabel;
}
