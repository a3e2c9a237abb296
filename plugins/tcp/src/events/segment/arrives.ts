// SEGMENT ARRIVES, RFC 9293 §3.10.7: the gate that every segment passes, and whom it is for.
import { CSUM_NONE, DESTINATION, PACKET_HOST, type Packet, SOURCE } from '@protoloom/contracts';
import { RTN_LOCAL } from '@protoloom/contracts/ip';
import { IPPROTO_TCP } from '@protoloom/contracts/socket';
import { PHASE_RESET, PHASE_SEGMENT, PHASE_SYN, PHASE_SYN_ACK, TCP_CLOSE, TCP_SYN_SENT } from '@protoloom/contracts/tcp';
import { add, pseudoSum, sum } from '@protoloom/wire';
import type { Tcp } from '../../context.js';
import { parseOptions, parseOutside } from '../../options.js';
import type { Segment } from '../../segment-in.js';
import { FLOW_CONNECTION, FLOW_REQUEST } from '../../tcb.js';
import * as wire from '../../wire.js';
import { closed } from './closed.js';
import { listen, requestArrives } from './listen.js';
import { synSent } from './syn-sent.js';
import { synchronized } from './synchronized.js';
import { timeWait } from './time-wait.js';

/** A received packet with its head at the TCP header. Moves exactly one fate. */
export function arrives(tcp: Tcp, packet: Packet): undefined {
  const { counters, seg } = tcp;
  if (packet.kind !== PACKET_HOST || packet.destinationType !== RTN_LOCAL) {
    counters.notForUs++;
    return;
  }
  counters.inSegs++;
  if (packet.fragmentCount > 0) packet.linearize();
  if (!parse(packet, seg)) {
    counters.malformed++;
    return;
  }
  if (packet.csum === CSUM_NONE && !checksumHolds(packet)) {
    counters.inCsumErrors++;
    return;
  }
  const { view, head } = packet;
  const localPort = wire.dstPort(view, head);
  const remotePort = wire.srcPort(view, head);
  if (localPort === 0 || remotePort === 0 || isNonsense(seg.flags)) {
    counters.badFlags++;
    return;
  }
  parseOptions(view, head + wire.HEADER_BYTES, seg.from, seg);
  if (dispatch(tcp, packet, seg, localPort, remotePort)) counters.delivered++;
  return;
}

/** @returns true where a connection, or what serves for one, took the segment; else its fate has been counted. */
function dispatch(tcp: Tcp, packet: Packet, seg: Segment, localPort: number, remotePort: number): boolean {
  const flow = tcp.demux.find(packet, localPort, remotePort);
  if (flow === undefined) {
    const listener = tcp.demux.listener(packet, localPort, remotePort);
    return listener === undefined ? closed(tcp, seg) : listen(listener, seg, undefined);
  }
  if (flow.kind === FLOW_REQUEST) return requestArrives(flow, seg);
  if (flow.kind !== FLOW_CONNECTION) return timeWait(flow, seg);
  flow.segmentsIn += seg.segments;
  if (seg.to > seg.from) flow.dataSegmentsIn += seg.segments;
  if (parseOutside(flow, packet, packet.head + wire.HEADER_BYTES, seg.from, phaseOf(seg)) < 0) {
    tcp.counters.optionRefused++;
    return false;
  }
  if (flow.state === TCP_SYN_SENT) return synSent(flow, seg);
  return flow.state === TCP_CLOSE ? closed(tcp, seg) : synchronized(flow, seg);
}

const phaseOf = ({ rst, syn, ackFlag }: Segment): number =>
  rst ? PHASE_RESET : syn ? (ackFlag ? PHASE_SYN_ACK : PHASE_SYN) : PHASE_SEGMENT;

/** Reads the header. False: too short, or an impossible data offset. */
function parse(packet: Packet, seg: Segment): boolean {
  const { view, head, tail } = packet;
  const room = tail - head;
  if (room < wire.HEADER_BYTES) return false;
  const headerBytes = wire.headerBytes(view, head);
  if (headerBytes < wire.HEADER_BYTES || headerBytes > room) return false;
  const flags = wire.flags(view, head);
  seg.packet = packet;
  seg.seq = wire.seq(view, head);
  seg.ack = wire.ack(view, head);
  seg.wnd = wire.window(view, head);
  seg.flags = flags;
  seg.syn = (flags & wire.SYN) !== 0;
  seg.fin = (flags & wire.FIN) !== 0;
  seg.rst = (flags & wire.RST) !== 0;
  seg.ackFlag = (flags & wire.ACK) !== 0;
  seg.psh = (flags & wire.PSH) !== 0;
  seg.urg = (flags & wire.URG) !== 0;
  seg.urgent = wire.urgent(view, head);
  seg.from = head + headerBytes;
  seg.to = tail;
  seg.segments = Math.max(1, packet.gsoSegments);
  return true;
}

function checksumHolds(packet: Packet): boolean {
  const { addresses, bytes, head, tail } = packet;
  const pseudo = add(pseudoSum(addresses, SOURCE, DESTINATION, IPPROTO_TCP), tail - head);
  return sum(bytes, head, tail, pseudo) === 0xffff;
}

/** Flags that no sane sender sets together: SYN or FIN with RST, FIN alone, none at all. SYN with FIN is each state's own affair, as on Linux. */
function isNonsense(flags: number): boolean {
  const { SYN, FIN, RST, ACK } = wire;
  const relevant = flags & (SYN | FIN | RST | ACK);
  if (relevant === 0) return true;
  if ((relevant & SYN) !== 0) return (relevant & RST) !== 0;
  if ((relevant & FIN) !== 0) return (relevant & RST) !== 0 || (relevant & ACK) === 0;
  return false;
}
