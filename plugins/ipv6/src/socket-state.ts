// What IPv6 keeps for a socket: the options of IPPROTO_IPV6.
import { IPV6_PMTUDISC_WANT } from '@protoloom/contracts/ipv6';

export interface Ip6SocketState {
  /** -1: the route's or the interface's. */
  hops: number;
  trafficClass: number;
  /** IPV6_PMTUDISC_*. */
  mtuDiscover: number;
  /** IPV6_MTU: longest packet or fragment, bytes; 0: the path's. */
  mtu: number;
  dontFragment: boolean;
  /** IPV6_AUTOFLOWLABEL; undefined: as net.ipv6.auto_flowlabels says. */
  autoFlowLabel: boolean | undefined;
  /** IPV6_PREFER_SRC_*. */
  preferences: number;
  recvPktInfo: boolean;
  recvHopLimit: boolean;
  recvTrafficClass: boolean;
  recvFlowInfo: boolean;
  /** IPV6_PKTINFO's: index, 0: by route. */
  stickyIface: number;
  /** -1: the default, 1. */
  multicastHops: number;
  multicastLoop: boolean;
  /** Index, 0: by route. */
  multicastIface: number;
}

export const makeSocketState = (): Ip6SocketState => ({
  hops: -1,
  trafficClass: 0,
  mtuDiscover: IPV6_PMTUDISC_WANT,
  mtu: 0,
  dontFragment: false,
  autoFlowLabel: undefined,
  preferences: 0,
  recvPktInfo: false,
  recvHopLimit: false,
  recvTrafficClass: false,
  recvFlowInfo: false,
  stickyIface: 0,
  multicastHops: -1,
  multicastLoop: true,
  multicastIface: 0,
});
