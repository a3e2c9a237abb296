// A host on an Ethernet, 2001:db8::2/64 on eth0, whose other stations are the test's. Nothing here is computed by the stack that is tested.
import type { Plugin, SysctlValue } from '@protoloom/contracts';
import { ROUTES, type Route } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Stack } from '@protoloom/stack';
import { Ip6Address } from '@protoloom/wire';

export type Octets = readonly number[];
export const PEER_MAC: Octets = [0x02, 0, 0, 0, 0, 0x99];
export const OURS = '2001:db8::2';
export const THEIRS = '2001:db8::1';
export const SECOND = 1_000_000;

export const address = (text: string): number[] => [...Ip6Address.parse(text).toBytes()];
export const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
const u16 = (n: number): number[] => [(n >> 8) & 0xff, n & 0xff];

/** RFC 1071, with the pseudo-header of RFC 8200 §8.1. */
function checksum(message: Octets, source: Octets, destination: Octets): number {
  const octets = [...source, ...destination, ...u32(message.length), 0, 0, 0, 58, ...message];
  let total = 0;
  for (let i = 0; i < octets.length; i += 2) total += ((octets[i] as number) << 8) + (octets[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

export interface Header {
  readonly source?: string;
  readonly destination?: string;
  readonly hops?: number;
  readonly badChecksum?: boolean;
  /** It comes as an atomic fragment: RFC 6946. */
  readonly fragmented?: boolean;
  /** Link address that the frame goes to; left out: that of the destination, where it is a group, else the host's. */
  readonly to?: Octets;
}

/** A frame that has left the host. */
export interface Sent {
  readonly to: Octets;
  readonly hops: number;
  readonly trafficClass: number;
  readonly source: string;
  readonly destination: string;
  /** The ICMPv6 message. */
  readonly message: Octets;
  readonly atUs: number;
}

export class Link {
  readonly sim = new Simulation(5);
  readonly stack: Stack;
  readonly mac: Octets;
  readonly #device: SimDevice;
  #sent: Sent[] = [];

  /** Where packets to an address would go: the next hop; undefined: nowhere. */
  nextHop(destination: string): string | undefined {
    const route = this.#route(destination);
    return route === undefined ? undefined : Ip6Address.fromWords(route.gateway, 0).toString();
  }

  /** The longest packet to an address; undefined: it is nowhere. */
  mtu(destination: string): number | undefined {
    return this.#route(destination)?.mtu;
  }

  /** The source that packets to an address have. */
  source(destination: string): string | undefined {
    const route = this.#route(destination);
    return route === undefined ? undefined : Ip6Address.fromWords(route.addresses, 0).toString();
  }

  #route(destination: string): Route | undefined {
    const query = this.stack.service(ROUTES).query();
    query.family = AF_INET6;
    query.addresses.set(Ip6Address.parse(destination).toWords(), 4);
    const route = this.stack.service(ROUTES).resolve(query);
    return typeof route === 'number' ? undefined : route;
  }

  /** @param settled false: the address is not there yet, and nothing has been said. @param more plugins. */
  constructor(sysctls: Readonly<Record<string, SysctlValue>> = {}, settled = true, more: readonly Plugin[] = []) {
    // What has settled asks for no routers any more.
    const quiet = settled ? { 'net.ipv6.conf.default.router_solicitations': 0 } : {};
    this.stack = this.sim.host({ plugins: [...linuxHost, ...more], sysctls: { ...quiet, ...sysctls } });
    this.#device = this.sim.device();
    this.mac = [...(this.#device.address as Uint8Array)];
    this.#device.onFrame = ({ bytes }) => this.#keep(bytes);
    this.stack.link.add(this.#device);
    if (!settled) return;
    this.stack.link.up('eth0');
    this.stack.address.add('eth0', `${OURS}/64`, { noDad: true });
    this.sim.advance(3 * SECOND);
    this.#sent = [];
  }

  /** An ICMPv6 message arrives from the peer. Its checksum is put in. */
  receive(message: Octets, header: Header = {}): void {
    const source = address(header.source ?? THEIRS);
    const destination = address(header.destination ?? OURS);
    const group = destination[0] === 0xff ? [0x33, 0x33, ...destination.slice(12)] : this.mac;
    const unsummed = message.map((octet, i) => (i === 2 || i === 3 ? 0 : octet));
    const sum = checksum(unsummed, source, destination) ^ (header.badChecksum === true ? 1 : 0);
    const summed = unsummed.map((octet, i) => (i === 2 ? sum >> 8 : i === 3 ? sum & 0xff : octet));
    const fragment = header.fragmented === true ? [58, 0, 0, 0, 0, 0, 0, 1] : [];
    const payload = [...fragment, ...summed];
    const next = header.fragmented === true ? 44 : 58;
    const packet = [0x60, 0, 0, 0, ...u16(payload.length), next, header.hops ?? 255, ...source, ...destination, ...payload];
    this.#device.arrive(plainFrame(Uint8Array.from([...(header.to ?? group), ...PEER_MAC, 0x86, 0xdd, ...packet])));
    this.sim.advance(10);
  }

  /** ICMPv6 messages that have left since the last call. */
  sent(): Sent[] {
    this.sim.advance(10);
    return this.#sent.splice(0);
  }

  /** Flags of an address of eth0, as `ip address` shows them; undefined: it has no such address. */
  flags(text: string): readonly string[] | undefined {
    return this.stack.address.list({ iface: 'eth0' }).find((one) => one.address.startsWith(`${text}/`))?.flags;
  }

  /** Counters of `nd` that are not zero, but for those of the neighbour table. */
  counts(): Record<string, number> {
    const table = /^(entries|allocs|destroys|lookups|hits|resFailed|rcvProbes|periodic|forced|unresolved|tableFulls)/;
    const all = Object.entries(this.stack.counters.of('@protoloom/nd'));
    return Object.fromEntries(all.filter(([name, value]) => value !== 0 && !table.test(name)));
  }

  #keep(frame: Uint8Array): void {
    if (frame[12] !== 0x86 || frame[13] !== 0xdd || frame[20] !== 58) return;
    this.#sent.push({
      to: [...frame.subarray(0, 6)],
      hops: frame[21] as number,
      trafficClass: (((frame[14] as number) << 4) | ((frame[15] as number) >> 4)) & 0xff,
      source: Ip6Address.fromBytes(frame, 22).toString(),
      destination: Ip6Address.fromBytes(frame, 38).toString(),
      message: [...frame.subarray(54)],
      atUs: this.sim.nowUs,
    });
  }
}

/** Link address options: RFC 4861 §4.6.1. */
export const sourceLink: Octets = [1, 1, ...PEER_MAC];
export const targetLink: Octets = [2, 1, ...PEER_MAC];

/** RFC 4861 §4.3. */
export const solicitation = (target: string, ...options: Octets[]): number[] => [
  ...[135, 0, 0, 0, 0, 0, 0, 0],
  ...address(target),
  ...options.flat(),
];
/** RFC 4861 §4.4. @param flags R 0x80, S 0x40, O 0x20. */
export const advertisement = (target: string, flags: number, ...options: Octets[]): number[] => [
  ...[136, 0, 0, 0, flags, 0, 0, 0],
  ...address(target),
  ...options.flat(),
];

export interface RouterFields {
  readonly lifetime?: number;
  /** The octet of flags: preference 0x08 high, 0x18 low. */
  readonly flags?: number;
  readonly hops?: number;
  readonly reachableMs?: number;
  readonly retransMs?: number;
}
/** RFC 4861 §4.2. */
export const routerAdvertisement = (fields: RouterFields = {}, ...options: Octets[]): number[] => {
  const { lifetime = 1800, flags = 0, hops = 0, reachableMs = 0, retransMs = 0 } = fields;
  return [134, 0, 0, 0, hops, flags, lifetime >> 8, lifetime & 0xff, ...u32(reachableMs), ...u32(retransMs), ...options.flat()];
};
/** RFC 4861 §4.6.2. @param flags L 0x80, A 0x40. */
export const prefix = (text: string, valid: number, preferred: number, flags = 0xc0, bits = 64): number[] => [
  ...[3, 4, bits, flags],
  ...u32(valid),
  ...u32(preferred),
  ...[0, 0, 0, 0],
  ...address(text),
];
/** RFC 4861 §4.6.4. */
export const mtuOption = (mtu: number): number[] => [5, 1, 0, 0, ...u32(mtu)];
/** RFC 4191 §2.3. @param flags preference 0x08 high, 0x18 low. @param octets of the prefix: 0, 8 or 16. */
export const routeInformation = (text: string, bits: number, lifetime: number, flags = 0, octets = 16): number[] => [
  ...[24, 1 + octets / 8, bits, flags],
  ...u32(lifetime),
  ...address(text).slice(0, octets),
];
/** RFC 8106 §5.1. */
export const servers = (lifetime: number, ...texts: string[]): number[] => [
  ...[25, 1 + 2 * texts.length, 0, 0],
  ...u32(lifetime),
  ...texts.flatMap(address),
];
/** RFC 8106 §5.2. @param names octets of all names. */
export const domains = (lifetime: number, names: Octets): number[] => [
  ...[31, 1 + Math.ceil(names.length / 8), 0, 0],
  ...u32(lifetime),
  ...names,
  ...new Array<number>(-names.length & 7).fill(0),
];
/** RFC 4861 §4.5. */
export const redirect = (target: string, destination: string, ...options: Octets[]): number[] => [
  ...[137, 0, 0, 0, 0, 0, 0, 0],
  ...address(target),
  ...address(destination),
  ...options.flat(),
];
