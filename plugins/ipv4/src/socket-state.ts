// What IPv4 keeps for a socket: the options of IPPROTO_IP.
import { IP_PMTUDISC_DONT, IP_PMTUDISC_WANT } from '@protoloom/contracts/ipv4';

export interface Ip4SocketState {
  /** -1: the route's or the sysctl's. */
  ttl: number;
  tos: number;
  /** IP_PMTUDISC_*. */
  mtuDiscover: number;
  /** Options for every datagram, padded to four octets. */
  options: Uint8Array;
  recvOpts: boolean;
  recvTtl: boolean;
  recvTos: boolean;
  pktInfo: boolean;
  multicastTtl: number;
  multicastLoop: boolean;
  /** Index, 0: by route; and the address that named it, as a word, 0: none did. */
  multicastIface: number;
  multicastSource: number;
}

const NO_OPTIONS = new Uint8Array(0);

/** What IP_MTU_DISCOVER is unless a socket says otherwise. @param noPmtuDisc `net.ipv4.ip_no_pmtu_disc`. */
export const defaultDiscovery = (noPmtuDisc: number): number => (noPmtuDisc === 0 ? IP_PMTUDISC_WANT : IP_PMTUDISC_DONT);

export const makeSocketState = (mtuDiscover: number): Ip4SocketState => ({
  ttl: -1,
  tos: 0,
  mtuDiscover,
  options: NO_OPTIONS,
  recvOpts: false,
  recvTtl: false,
  recvTos: false,
  pktInfo: false,
  multicastTtl: 1,
  multicastLoop: true,
  multicastIface: 0,
  multicastSource: 0,
});
