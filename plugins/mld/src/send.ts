// What a host says: reports and dones, each from the link's own address, with hop limit 1 and a router alert: RFC 3810 §5, RFC 2710 §3.
import { type Counters, CSUM_VERIFIED, type Interface, NO_FLOW_LABEL, type Packet, type Packets } from '@protoloom/contracts';
import { type LocalAddresses, type RouteQuery, type Routes, RT_SCOPE_LINK } from '@protoloom/contracts/ip';
import { NEXTHDR_HOP } from '@protoloom/contracts/ipv6';
import { AF_INET6, IPPROTO_ICMPV6 } from '@protoloom/contracts/socket';
import { type GroupRecord, packRecords } from '@protoloom/mechanisms';
import { add, finish, sum, writeIp6 } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import * as wire from './wire.js';

const IP_HEADER_BYTES = 40;
const ALL_ROUTERS = Int32Array.of(0xff02_0000, 0, 0, 2);
/** Where reports of version 2 go: RFC 3810 §5.2.14. */
const ALL_V2_ROUTERS = Int32Array.of(0xff02_0000, 0, 0, 0x16);

export interface SenderContext {
  readonly packets: Packets;
  readonly routes: Routes;
  readonly addresses: LocalAddresses;
  readonly counters: Counters<typeof spec>;
}

export class Sender {
  readonly #context: SenderContext;
  readonly #query: RouteQuery;

  constructor(context: SenderContext) {
    this.#context = context;
    this.#query = context.routes.query();
    this.#query.family = AF_INET6;
  }

  /** Reports of version 2: as few as hold the records. */
  records(iface: Interface, records: readonly GroupRecord[]): void {
    const room = iface.mtu - IP_HEADER_BYTES - wire.HOP_BY_HOP.length - wire.REPORT_BYTES;
    for (const part of packRecords(records, room, wire.RECORD_BYTES, wire.ADDRESS_BYTES)) {
      const bytes = part.reduce((all, { sources }) => all + wire.RECORD_BYTES + sources.length * wire.ADDRESS_BYTES, wire.REPORT_BYTES);
      const packet = this.#make(wire.MLD2_REPORT, bytes);
      const { view, head } = packet;
      view.setUint16(head + 6, part.length);
      let at = head + wire.REPORT_BYTES;
      for (const { type, group, sources } of part) {
        view.setUint8(at, type);
        view.setUint16(at + 2, sources.length);
        writeIp6(group, 0, view, at + 4);
        at += wire.RECORD_BYTES;
        for (const source of sources) {
          writeIp6(source, 0, view, at);
          at += wire.ADDRESS_BYTES;
        }
      }
      if (this.#send(packet, iface, ALL_V2_ROUTERS)) this.#context.counters.outReports2++;
    }
  }

  /** A report of version 1, to the group itself. */
  report(iface: Interface, group: Int32Array): void {
    if (this.#send(this.#about(wire.MLD_REPORT, group), iface, group)) this.#context.counters.outReports1++;
  }

  /** A done of version 1, to all routers. */
  done(iface: Interface, group: Int32Array): void {
    if (this.#send(this.#about(wire.MLD_DONE, group), iface, ALL_ROUTERS)) this.#context.counters.outDones++;
  }

  #about(type: number, group: Int32Array): Packet {
    const packet = this.#make(type, wire.V1_BYTES);
    writeIp6(group, 0, packet.view, packet.head + wire.GROUP);
    return packet;
  }

  #make(type: number, bytes: number): Packet {
    const packet = this.#context.packets.make(bytes);
    const at = packet.put(bytes);
    packet.bytes.fill(0, at, at + bytes);
    packet.view.setUint8(at, type);
    return packet;
  }

  #send(packet: Packet, iface: Interface, to: Int32Array): boolean {
    const { packets, routes, addresses, counters } = this.#context;
    const query = this.#query;
    // From ::, as long as the link has no address of ours that is known to be unique: RFC 3810 §5.2.13.
    query.addresses.fill(0, 0, 4);
    const own = addresses.of(iface, AF_INET6).find(({ scope, usable }) => usable && scope === RT_SCOPE_LINK);
    if (own !== undefined) query.addresses.set(own.words, 0);
    query.addresses.set(to, 4);
    query.iface = iface.index;
    const route = routes.link(query);
    let sent = false;
    if (typeof route !== 'number') {
      const { head, tail } = packet;
      const pseudo = add(route.pseudoSum, IPPROTO_ICMPV6 + tail - head);
      packet.view.setUint16(head + 2, finish(sum(packet.bytes, head, tail, pseudo)));
      packet.csum = CSUM_VERIFIED;
      packet.bytes.set(wire.HOP_BY_HOP, packet.push(wire.HOP_BY_HOP.length));
      packet.hopLimit = 1;
      packet.flowLabel = NO_FLOW_LABEL;
      sent = route.output(packet, NEXTHDR_HOP) === 0;
    }
    if (!sent) counters.outErrors++;
    packets.done(packet);
    return sent;
  }
}
