// What a host says: reports and leaves, each with TTL 1, a router alert and precedence: RFC 3376 §4, RFC 2236 §2.
import type { Counters, Interface, Packet, Packets } from '@protoloom/contracts';
import type { RouteQuery, Routes } from '@protoloom/contracts/ip';
import { AF_INET, IPPROTO_IGMP } from '@protoloom/contracts/socket';
import { type GroupRecord, packRecords } from '@protoloom/mechanisms';
import { finish, sum } from '@protoloom/wire';
import type { counters as spec } from './counters.js';
import * as wire from './wire.js';

const ROUTER_ALERT = Uint8Array.of(148, 4, 0, 0);
const IP_HEADER_BYTES = 24;
/** Internetwork control. */
const TOS = 0xc0;
export const ALL_SYSTEMS = 0xe000_0001 | 0;
const ALL_ROUTERS = 0xe000_0002 | 0;
/** Where reports of version 3 go: RFC 3376 §4.2.14. */
const ALL_V3_ROUTERS = 0xe000_0016 | 0;

export interface SenderContext {
  readonly packets: Packets;
  readonly routes: Routes;
  readonly counters: Counters<typeof spec>;
}

export class Sender {
  readonly #context: SenderContext;
  readonly #query: RouteQuery;

  constructor(context: SenderContext) {
    this.#context = context;
    this.#query = context.routes.query();
    this.#query.family = AF_INET;
    this.#query.addresses[6] = 0xffff;
  }

  /** Reports of version 3: as few as hold the records. What excludes more sources than fit excludes fewer (RFC 3376 §4.2.16). */
  records(iface: Interface, records: readonly GroupRecord[]): void {
    const { counters } = this.#context;
    for (const part of packRecords(records, iface.mtu - IP_HEADER_BYTES - wire.HEADER_BYTES, wire.RECORD_BYTES, wire.ADDRESS_BYTES)) {
      const packet = this.#make(
        wire.V3_MEMBERSHIP_REPORT,
        part.reduce((bytes, one) => bytes + recordBytes(one), wire.HEADER_BYTES),
      );
      const { view, head } = packet;
      view.setUint32(head + 4, part.length);
      let at = head + wire.HEADER_BYTES;
      for (const { type, group, sources } of part) {
        view.setUint16(at, type << 8);
        view.setUint16(at + 2, sources.length);
        view.setInt32(at + 4, group[3] as number);
        at += wire.RECORD_BYTES;
        for (const source of sources) {
          view.setInt32(at, source[3] as number);
          at += wire.ADDRESS_BYTES;
        }
      }
      if (this.#send(packet, iface, ALL_V3_ROUTERS)) counters.outReports3++;
    }
  }

  /** A report of version 1 or 2, to the group itself. */
  report(iface: Interface, group: Int32Array, version: number): void {
    const { counters } = this.#context;
    const packet = this.#make(version === 1 ? wire.V1_MEMBERSHIP_REPORT : wire.V2_MEMBERSHIP_REPORT, wire.HEADER_BYTES);
    packet.view.setInt32(packet.head + 4, group[3] as number);
    if (!this.#send(packet, iface, group[3] as number)) return;
    if (version === 1) counters.outReports1++;
    else counters.outReports2++;
  }

  /** A leave, which version 2 has, to all routers. */
  leave(iface: Interface, group: Int32Array, version: number): void {
    if (version === 1) return;
    const packet = this.#make(wire.LEAVE_GROUP, wire.HEADER_BYTES);
    packet.view.setInt32(packet.head + 4, group[3] as number);
    if (this.#send(packet, iface, ALL_ROUTERS)) this.#context.counters.outLeaves++;
  }

  #make(type: number, bytes: number): Packet {
    const packet = this.#context.packets.make(bytes);
    const at = packet.put(bytes);
    packet.bytes.fill(0, at, at + bytes);
    packet.view.setUint8(at, type);
    return packet;
  }

  #send(packet: Packet, iface: Interface, to: number): boolean {
    const { packets, routes, counters } = this.#context;
    const query = this.#query;
    query.addresses.fill(0, 0, 4);
    query.addresses[7] = to;
    query.iface = iface.index;
    const { head, tail } = packet;
    packet.view.setUint16(head + 2, finish(sum(packet.bytes, head, tail, 0)));
    packet.l4 = head;
    packet.hopLimit = 1;
    packet.trafficClass = TOS;
    packet.dontFragment = true;
    packet.options = ROUTER_ALERT;
    const route = routes.resolve(query);
    const sent = typeof route !== 'number' && route.output(packet, IPPROTO_IGMP) === 0;
    if (!sent) counters.outErrors++;
    packets.done(packet);
    return sent;
  }
}

const recordBytes = ({ sources }: GroupRecord): number => wire.RECORD_BYTES + sources.length * wire.ADDRESS_BYTES;
