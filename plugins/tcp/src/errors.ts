// What the network says of our segments: ICMP errors (RFC 9293 §3.9.2.2, RFC 5927, RFC 5461), and addresses that go.
import { ERRNO, SOURCE } from '@protoloom/contracts';
import { ICMP_DEST_UNREACH, ICMP_PARAMETERPROB, ICMP_TIME_EXCEEDED } from '@protoloom/contracts/icmp';
import type { InboundError, LocalAddress } from '@protoloom/contracts/ip';
import { AF_INET } from '@protoloom/contracts/socket';
import { TCP_CLOSE, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { equalWords } from '@protoloom/wire';
import type { Tcp } from './context.js';
import { requestEgress } from './egress.js';
import { abort } from './events/abort.js';
import { revertBackoff } from './events/timeouts.js';
import { synTooBig } from './fastopen/client.js';
import type { Request } from './listener.js';
import { mssFor, tooBig } from './route.js';
import { enter, isConnecting } from './state.js';
import { FLOW_CONNECTION, FLOW_REQUEST, type Tcb } from './tcb.js';
import * as wire from './wire.js';

/** What every ICMP error quotes of a transport header at least: ports and sequence number. */
const QUOTED_BYTES = 8;
/** ICMPv6: destination unreachable, and its code for a network without a route. */
const ICMP6_DEST_UNREACH = 1;
const ICMP6_NO_ROUTE = 0;
/** ICMPv4: network and host unreachable are codes 0 and 1. */
const ICMP4_HOST_UNREACH = 1;

/** An ICMP error about a segment of ours: Linux's tcp_v4_err and tcp_v6_err. */
export function networkError(tcp: Tcp, error: InboundError): undefined {
  const { packet, l4, end } = error;
  if (end - l4 < QUOTED_BYTES) return;
  const { view } = packet;
  const flow = tcp.demux.lookup(error.addresses, wire.srcPort(view, l4), wire.dstPort(view, l4), packet.iface.index);
  if (flow === undefined) return;
  const seq = wire.seq(view, l4);
  if (flow.kind === FLOW_REQUEST) requestError(flow, seq, error);
  else if (flow.kind === FLOW_CONNECTION) connectionError(flow, seq, error);
  return;
}

/** The path to the peer is broken, not the peer: what RFC 6069 §3.1 takes for a sign that a retransmission timeout was not congestion's. */
const isUnreachable = ({ family, type, code }: InboundError): boolean =>
  family === AF_INET ? type === ICMP_DEST_UNREACH && code <= ICMP4_HOST_UNREACH : type === ICMP6_DEST_UNREACH && code === ICMP6_NO_ROUTE;

/** What ends a half-open connection, as on Linux: over IPv4 that which is most likely to last, over IPv6 every hard error. */
const endsRequest = (error: InboundError): boolean =>
  error.family === AF_INET ? error.type === ICMP_PARAMETERPROB || error.type === ICMP_TIME_EXCEEDED || isUnreachable(error) : error.fatal;

function requestError(request: Request, seq: number, error: InboundError): void {
  const { tcp, listener } = request;
  if (seq !== request.iss) {
    tcp.counters.outOfWindowIcmps++;
    return;
  }
  if (error.mtu > 0) {
    request.route?.reduceMtu(error.mtu);
    return;
  }
  if (!endsRequest(error)) return;
  listener.drop(request);
  tcp.counters.listenDrops++;
}

/** Believed only where it quotes a sequence number that is outstanding (RFC 5927 §4.1). */
function connectionError(tcb: Tcb, seq: number, error: InboundError): void {
  if (tcb.state === TCP_CLOSE) return;
  const request = tcb.fastOpen?.request;
  const first = request === undefined ? tcb.sndUna : request.iss;
  if (((seq - first) | 0) < 0 || ((tcb.sndNxt - seq) | 0) < 0) {
    tcb.tcp.counters.outOfWindowIcmps++;
    return;
  }
  if (error.mtu > 0) {
    // Over IPv6 what would not make segments shorter is no news, as on Linux: before the peer has told its own size, they are short.
    if (error.family !== AF_INET && (tcb.state === TCP_SYN_SENT || mssFor(tcb, error.mtu) >= tcb.mss)) return;
    // RFC 1191 §6.4: what was too big is sent again in smaller segments, at once.
    tcb.route?.reduceMtu(error.mtu);
    tooBig(tcb);
    if (tcb.state === TCP_SYN_SENT) synTooBig(tcb);
    requestEgress(tcb);
    return;
  }
  // What Fast Open has opened goes on like one that is established, once it is accepted.
  const isAccepted = request !== undefined && tcb.parent === undefined;
  if (isConnecting(tcb) && !isAccepted) {
    connectingError(tcb, error);
    return;
  }
  if (isUnreachable(error)) revertBackoff(tcb, seq);
  // RFC 1122 §4.2.3.9, RFC 5927 §5.2: an established connection goes on. The user hears of it now if he has asked to, else when it times out.
  if (!hearsErrors(tcb, error)) {
    tcb.softError = error.errno;
    return;
  }
  tcb.error = error.errno;
  tcb.user?.wake();
}

const hearsErrors = ({ socket }: Tcb, { family }: InboundError): boolean =>
  family === AF_INET ? socket.receiveErrors4 : socket.receiveErrors6;

/** RFC 5461 §4.1: nothing is lost yet, so the user is told at once. Linux queues the error too, over IPv4 whether asked to or not. */
function connectingError(tcb: Tcb, error: InboundError): void {
  const { tcp, socket } = tcb;
  if (error.family === AF_INET || hearsErrors(tcb, error)) tcp.errorQueues.network(socket, error, error.l4, tcb.remotePort, 0);
  tcb.error = error.errno;
  enter(tcb, TCP_CLOSE);
}

/**
 * An address of ours is gone: its connections can neither send nor receive. They end with ECONNABORTED, as Linux ends those that are
 * destroyed by an administrator; listeners stay, as there.
 */
export function addressRemoved(tcp: Tcp, address: LocalAddress): undefined {
  if (tcp.routes.isLocal(address.family, address.words, 0)) return;
  endAll(tcp, address.words);
  return;
}

/** Every connection ends, and its peer hears of it: the stack stops. @param words those alone whose own address it is. */
export function endAll(tcp: Tcp, words?: Int32Array): void {
  const gone: (Tcb | Request)[] = [];
  tcp.demux.forEach((flow) => {
    if (words === undefined || equalWords(flow.addresses, SOURCE, words, 0)) gone.push(flow);
  });
  for (const flow of gone) {
    if (flow.kind === FLOW_CONNECTION) abort(flow, ERRNO.ECONNABORTED);
    else flow.listener.drop(flow);
  }
  tcp.timeWaits.endAll(words);
}
