// Constants of Linux by their names. Those of the contracts are what a stack may have; the others are known, so that it can be said what a
// stack does not have.
import { ERRNO } from '@protoloom/contracts';
import * as ip from '@protoloom/contracts/ip';
import * as ipv4 from '@protoloom/contracts/ipv4';
import * as ipv6 from '@protoloom/contracts/ipv6';
import * as socket from '@protoloom/contracts/socket';
import * as tcp from '@protoloom/contracts/tcp';
import * as udp from '@protoloom/contracts/udp';

/** Linux's numbers that no contract of ours has yet, or that are none of a stack's. */
const LINUX = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_CLOEXEC: 0o2000000,
  F_GETFL: 3,
  F_SETFL: 4,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SIOCINQ: 0x541b,
  SIOCATMARK: 0x8905,
  FIONREAD: 0x541b,
  SIOCOUTQ: 0x5411,
  TIOCOUTQ: 0x5411,
  SIOCOUTQNSD: 0x894b,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLWRNORM: 0x100,
  EPOLLIN: 0x1,
  EPOLLPRI: 0x2,
  EPOLLOUT: 0x4,
  EPOLLERR: 0x8,
  EPOLLHUP: 0x10,
  EPOLLRDNORM: 0x40,
  EPOLLWRNORM: 0x100,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 0x1000_0000,
  EPOLLONESHOT: 0x4000_0000,
  EPOLLET: 0x8000_0000,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLL_CTL_MOD: 3,
  EPOLL_CLOEXEC: 0o2000000,
  SPLICE_F_MOVE: 1,
  SPLICE_F_NONBLOCK: 2,
  SPLICE_F_MORE: 4,
  NULL: 0,
  SOL_IP: 0,
  SOL_TCP: 6,
  SOL_UDP: 17,
  SOL_IPV6: 41,
  MSG_PROXY: 0x10,
  MSG_ZEROCOPY: 0x400_0000,
  MSG_CMSG_CLOEXEC: 0x4000_0000,
  SO_BUSY_POLL: 46,
  SO_INCOMING_CPU: 49,
  SO_MEMINFO: 55,
  SO_ZEROCOPY: 60,
  SO_TXTIME: 61,
  SO_TIMESTAMPNS: 35,
  SO_ATTACH_FILTER: 26,
  SO_EE_ORIGIN_NONE: 0,
  SO_EE_ORIGIN_LOCAL: 1,
  SO_EE_ORIGIN_ICMP: 2,
  SO_EE_ORIGIN_ICMP6: 3,
  SO_EE_ORIGIN_TIMESTAMPING: 4,
  SO_EE_ORIGIN_ZEROCOPY: 5,
  SO_EE_CODE_ZEROCOPY_COPIED: 1,
  TCP_MD5SIG: 14,
  TCP_THIN_LINEAR_TIMEOUTS: 16,
  TCP_THIN_DUPACK: 17,
  TCP_REPAIR: 19,
  TCP_REPAIR_QUEUE: 20,
  TCP_QUEUE_SEQ: 21,
  TCP_REPAIR_OPTIONS: 22,
  TCP_TIMESTAMP: 24,
  TCP_SAVE_SYN: 27,
  TCP_SAVED_SYN: 28,
  TCP_ULP: 31,
  TCP_ZEROCOPY_RECEIVE: 35,
  TCP_INQ: 36,
  TCP_CM_INQ: 36,
  TCP_TX_DELAY: 37,
  TCP_RTO_MAX_MS: 44,
  TCP_RTO_MIN_US: 45,
  TCP_DELACK_MAX_US: 46,
  TCP_NEW_SYN_RECV: 12,
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
  TCPI_OPT_USEC_TS: 64,
  TCPI_OPT_TFO_CHILD: 128,
  TCP_INFINITE_SSTHRESH: 0x7fff_ffff,
  IP_BIND_ADDRESS_NO_PORT: 24,
  IP_TRANSPARENT: 19,
  IP_MINTTL: 21,
  IP_PMTUDISC_INTERFACE: 4,
  IP_PMTUDISC_OMIT: 5,
  IPV6_UNICAST_HOPS: 16,
  IPV6_MTU_DISCOVER: 23,
  IPV6_MTU: 24,
  IPV6_RECVERR: 25,
  IPV6_TCLASS: 67,
  IPV6_RECVTCLASS: 66,
  IPV6_FLOWINFO_SEND: 33,
  IPV6_AUTOFLOWLABEL: 70,
  AF_UNIX: 1,
} as const;

const numbersOf = (module: Readonly<Record<string, unknown>>): [string, number][] =>
  Object.entries(module).filter((entry): entry is [string, number] => typeof entry[1] === 'number');

const CONTRACTS: ReadonlyMap<string, number> = new Map([ip, ipv4, ipv6, socket, tcp, udp, ERRNO].flatMap((module) => numbersOf(module)));
const ALL: ReadonlyMap<string, number> = new Map([...numbersOf(LINUX), ...CONTRACTS]);

/** The number of a name, or undefined. */
export const symbol = (name: string): number | undefined => ALL.get(name);

/** Names of flags in a number that no contract has: what the stack cannot understand. */
export const foreignFlags = (prefix: string, flags: number): string[] =>
  numbersOf(LINUX)
    .filter(([name, bit]) => name.startsWith(prefix) && !CONTRACTS.has(name) && bit !== 0 && (flags & bit) === (bit | 0))
    .map(([name]) => name);

/** Everything by name, for %{ }%. */
export const symbols = (): Iterable<readonly [string, number]> => ALL;

/** A number in words: the names with a prefix whose bits are in it. */
export function flagNames(prefix: string, flags: number): string {
  const names: string[] = [];
  let left = flags;
  for (const [name, bit] of ALL) {
    if (!name.startsWith(prefix) || bit === 0 || (left & bit) !== (bit | 0)) continue;
    names.push(name);
    left &= ~bit;
  }
  if (left !== 0 || names.length === 0) names.push(`0x${(left >>> 0).toString(16)}`);
  return names.join('|');
}

/** `ECONNREFUSED` for 111. */
export const errnoText = (errno: number): string => Object.entries(ERRNO).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
