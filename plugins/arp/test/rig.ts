// A host with ARP over Ethernet, and in place of IP a table of addresses that the test fills.

import { arp, wire } from '@protoloom/arp';
import { definePlugin, INTERFACES, type Interface, PACKETS, type Packet, provide } from '@protoloom/contracts';
import {
  IP_ERRORS,
  LOCAL_ADDRESSES,
  type LocalAddress,
  ROUTES,
  type Route,
  type RouteQuery,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_UNICAST,
} from '@protoloom/contracts/ip';
import { NEIGHBOURS, type Neighbour } from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { ethernet } from '@protoloom/ethernet';
import { neighbour } from '@protoloom/neighbour';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import { Ip4Address, MacAddress } from '@protoloom/wire';

export const OURS = '02:00:00:00:00:01';
export const PEER = '02:00:00:00:00:02';
export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
export const ZERO = '00:00:00:00:00:00';

export const words = (address: string): Int32Array => Ip4Address.parse(address).toWords();

/** An address of a test's interface. */
export interface Owned {
  readonly address: string;
  readonly bits: number;
  readonly scope?: number;
  readonly secondary?: boolean;
}

export interface ArpFields {
  readonly to?: string;
  readonly op?: number;
  readonly sha?: string;
  readonly spa: string;
  readonly tha?: string;
  readonly tpa: string;
}

/** An Ethernet frame with an ARP packet in it, from PEER to everybody where nothing else is said. */
export function arpFrame({ to = BROADCAST, op = wire.REQUEST, sha = PEER, spa, tha = ZERO, tpa }: ArpFields): Uint8Array {
  const frame = new Uint8Array(60);
  const bytes = frame.subarray(14, 42);
  frame.set(MacAddress.parse(to).toBytes(), 0);
  frame.set(MacAddress.parse(sha === BROADCAST || sha === ZERO || sha.startsWith('01') ? PEER : sha).toBytes(), 6);
  frame.set([0x08, 0x06], 12);
  bytes.set([0, 1, 0x08, 0, 6, 4, 0, op]);
  bytes.set(MacAddress.parse(sha).toBytes(), 8);
  bytes.set(Ip4Address.parse(spa).toBytes(), 14);
  bytes.set(MacAddress.parse(tha).toBytes(), 18);
  bytes.set(Ip4Address.parse(tpa).toBytes(), 24);
  return frame;
}

/** `02:…:01 > ff:…:ff who has …` of a frame that was sent, or what else it is. */
function describe(bytes: Uint8Array): string {
  const mac = (at: number): string => MacAddress.fromBytes(bytes, at).toString();
  const ip = (at: number): string => Ip4Address.fromBytes(bytes, at).toString();
  if (bytes[12] !== 8 || bytes[13] !== 6) return `${mac(0)} data ${bytes[14]}`;
  if (bytes[21] === wire.REQUEST) return `${mac(0)} who has ${ip(38)} (${mac(32)}) tell ${ip(28)} (${mac(22)})`;
  return `${mac(0)} ${ip(28)} is at ${mac(22)}, ${ip(38)} (${mac(32)})`;
}

export function rig(
  sysctls: Record<string, number> = {},
  owned: Record<string, readonly Owned[]> = { eth0: [{ address: '192.0.2.1', bits: 24 }] },
) {
  const unreachable: { octet: number; problem: number }[] = [];
  /** Interface by which packets to everybody leave. */
  const leaving = { iface: 'eth0' };
  const martians = new Set<number>();
  const addressesOf = (iface: Interface): readonly LocalAddress[] =>
    (owned[iface.name] ?? []).map(({ address, bits, scope = 0, secondary = false }) => ({
      iface,
      family: AF_INET,
      words: words(address),
      prefixLength: bits,
      broadcast: undefined,
      peer: undefined,
      scope,
      secondary,
      usable: true,
      optimistic: false,
      deprecated: false,
      temporary: false,
      managesTemporary: false,
      preferredUntilUs: Number.POSITIVE_INFINITY,
      validUntilUs: Number.POSITIVE_INFINITY,
    }));
  const ours = (word: number): boolean =>
    Object.values(owned)
      .flat()
      .some(({ address }) => words(address)[3] === word);
  const ip = definePlugin({
    name: 'ip',
    version: '1.0.0',
    api: '^1.0.0',
    provides: { routes: provide(ROUTES, '1.0.0'), addresses: provide(LOCAL_ADDRESSES, '1.0.0'), errors: provide(IP_ERRORS, '1.0.0') },
    create: () => ({
      services: {
        routes: {
          link: () => -95,
          invalidate: () => undefined,
          resolve: (_query: RouteQuery) => ({ iface: stack.service(INTERFACES).byName(leaving.iface) }) as Route,
          inputType(_family: number, address: Int32Array, at: number): number {
            const word = address[at + 3] as number;
            if (ours(word)) return RTN_LOCAL;
            return (word & 255) === 255 ? RTN_BROADCAST : RTN_UNICAST;
          },
          inputSource: (_iface: Interface, _family: number, address: Int32Array, at: number): number =>
            ours(address[at + 3] as number) || martians.has(address[at + 3] as number) ? -22 : 0,
          isLocal: (_family: number, address: Int32Array, at: number): boolean => ours(address[at + 3] as number),
          query: (): RouteQuery => ({
            family: 0,
            addresses: new Int32Array(8),
            iface: 0,
            mark: 0,
            trafficClass: 0,
            onLink: false,
            socket: undefined,
            preferences: 0,
          }),
        },
        addresses: { of: (iface: Interface) => addressesOf(iface), settle: () => undefined },
        errors: {
          report(packet: Packet, problem: number): undefined {
            unreachable.push({ octet: packet.bytes[packet.l3] as number, problem });
          },
          inbound: (): undefined => undefined,
        },
      },
    }),
  });
  const simulation = new Simulation();
  const stack = simulation.host({ plugins: [ip, ethernet, neighbour, arp], sysctls });
  const sent: string[] = [];
  const devices = new Map<string, SimDevice>();
  for (const [index, name] of Object.keys(owned).entries()) {
    const device = simulation.device({ name, address: Uint8Array.of(2, 0, 0, 0, index, 1) });
    devices.set(name, device);
    device.onFrame = ({ bytes }) => sent.push(describe(bytes));
    stack.link.add(device);
    stack.link.up(name);
  }
  const iface = stack.service(INTERFACES).byName('eth0') as Interface;
  const neighbours = stack.service(NEIGHBOURS);
  const packets = stack.service(PACKETS);
  return {
    stack,
    iface,
    device: devices.get('eth0') as SimDevice,
    unreachable,
    leaving,
    martians,
    receive(frame: Uint8Array, name = 'eth0'): void {
      devices.get(name)?.arrive(plainFrame(frame));
      simulation.advance(0);
    },
    lookup: (address: string): Neighbour => neighbours.lookup(iface, AF_INET, words(address), 0),
    /** Sends an IPv4 packet without payload from `source`. */
    send(to: string, source: string): void {
      stack.enter();
      const packet = packets.make(20);
      const at = packet.put(20);
      packet.bytes.fill(0, at, at + 20);
      packet.bytes[at] = 0x45;
      packet.bytes.set(Ip4Address.parse(source).toBytes(), at + 12);
      packet.bytes.set(Ip4Address.parse(to).toBytes(), at + 16);
      packet.l3 = at;
      neighbours.lookup(iface, AF_INET, words(to), 0).output(packet);
      packets.done(packet);
    },
    advanceMs(ms: number): void {
      simulation.advance(ms * 1000);
      stack.enter();
    },
    /** What was sent since the last call. */
    sent: (): string[] => sent.splice(0),
    /** The neighbours as `ip neighbour` lists them. */
    cache: (): string[] => stack.neighbour.list().map(({ address, linkAddress, state }) => `${address} ${linkAddress} ${state}`),
    /** Our counters that have moved, but for those of the neighbour table. */
    moved(): Record<string, number> {
      const table = ['entries', 'allocs', 'destroys', 'lookups', 'hits'];
      return Object.fromEntries(
        Object.entries(stack.counters.of('@protoloom/arp')).filter(([name, value]) => value !== 0 && !table.includes(name)),
      );
    },
  };
}
