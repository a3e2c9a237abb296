// A host at the end of a link without addresses whose MLD is heard and spoken to by hand; RFC 3810's messages, octet by octet.
import { ARPHRD_NONE, type SysctlValue } from '@protoloom/contracts';
import { AF_INET6, IPPROTO_IPV6, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { ip6 } from '@protoloom/frames';
import { linuxHost } from '@protoloom/linux';
import { plainFrame, type SimDevice, Simulation } from '@protoloom/sim';
import type { Socket, Stack } from '@protoloom/stack';
import { Ip6Address } from '@protoloom/wire';

type Octets = readonly number[];

export const octetsOf = (text: string): Octets => [...Ip6Address.parse(text).toBytes()];
const HOP_BY_HOP = [58, 0, 5, 2, 0, 0, 1, 0];
const PEER = 'fe80::1';
const RECORDS = ['', 'IS_IN', 'IS_EX', 'TO_IN', 'TO_EX', 'ALLOW', 'BLOCK'];
const textAt = (bytes: Uint8Array, at: number): string => Ip6Address.fromBytes(bytes, at).toString();

function check(source: Octets, destination: Octets, message: Octets): number {
  const octets = [...source, ...destination, 0, 0, message.length >> 8, message.length & 0xff, 0, 0, 0, 58, ...message];
  let total = 0;
  for (let at = 0; at < octets.length; at += 2) total += ((octets[at] as number) << 8) | (octets[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

export class MldHost {
  readonly sim = new Simulation(3);
  readonly stack: Stack;
  readonly device: SimDevice;
  readonly #sent: Uint8Array[] = [];

  /** fe80::2/64 on `tun0`. */
  constructor(sysctls: Readonly<Record<string, SysctlValue>> = {}) {
    this.stack = this.sim.host({ plugins: linuxHost, sysctls: { 'net.ipv6.conf.default.addr_gen_mode': 1, ...sysctls } });
    this.device = this.sim.device({ name: 'tun0', type: ARPHRD_NONE, address: new Uint8Array(0) });
    this.device.onFrame = ({ bytes }) => void this.#sent.push(bytes);
    this.stack.link.add(this.device);
    this.stack.link.up('tun0');
    this.stack.address.add('tun0', 'fe80::2/64');
    this.sim.advance(20_000_000);
    this.says();
  }

  /** What was said since the last call; `improper` where a message's headers are not as RFC 3810 §5 has them. */
  heard(): { to: string; says: string }[] {
    this.sim.advance(10);
    return this.#sent.splice(0).flatMap((packet) => {
      const message = packet.subarray(48);
      const type = message[0] as number;
      if (packet[6] !== 0 || ![131, 132, 143].includes(type)) return [];
      const proper =
        packet[7] === 1 &&
        [...packet.subarray(40, 48)].join() === HOP_BY_HOP.join() &&
        check([...packet.subarray(8, 24)], [...packet.subarray(24, 40)], [...message]) === 0;
      const what = type === 143 ? records(message) : `${type === 131 ? 'report' : 'done'} ${textAt(message, 8)}`;
      const source = textAt(packet, 8) === 'fe80::2' ? '' : `from ${textAt(packet, 8)}: `;
      return [{ to: textAt(packet, 24), says: proper ? `${source}${what}` : `improper: ${what}` }];
    });
  }

  says(): string[] {
    return this.heard().map(({ says }) => says);
  }

  socket(): Socket {
    return this.stack.socket(AF_INET6, SOCK_DGRAM);
  }

  /** A socket option of the level IPv6; the errno's name where it is refused. */
  set(socket: Socket, name: number, value: Parameters<Socket['setsockopt']>[2]): string {
    try {
      socket.setsockopt(IPPROTO_IPV6, name, value);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** An MLD message from the link's router. */
  receive(message: Octets, options: { hops?: number; alert?: boolean; source?: string; destination?: string } = {}): void {
    const { hops = 1, alert = true, source = PEER, destination = 'ff02::1' } = options;
    const from = octetsOf(source);
    const to = octetsOf(destination);
    const sum = check(from, to, message);
    const summed = message.map((octet, at) => (at === 2 ? sum >> 8 : at === 3 ? sum & 0xff : octet));
    const packet = ip6(alert ? [...HOP_BY_HOP, ...summed] : summed, { next: alert ? 0 : 58, hops, source: from, destination: to });
    this.device.arrive(plainFrame(Uint8Array.from(packet)));
    this.sim.advance(10);
  }

  /** Counters of MLD that are not zero. */
  counts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.stack.counters.of('@protoloom/mld')).filter(([, value]) => value !== 0));
  }
}

function records(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const all: string[] = [];
  for (let at = 8, left = view.getUint16(6); left > 0; left--) {
    const sources = view.getUint16(at + 2);
    const list = Array.from({ length: sources }, (_, i) => textAt(bytes, at + 20 + 16 * i));
    all.push(`${RECORDS[view.getUint8(at)]} ${textAt(bytes, at + 4)} {${list.toSorted().join(' ')}}`);
    at += 20 + 16 * sources;
  }
  return all.toSorted().join(', ');
}

const u16 = (n: number): Octets => [n >> 8, n & 0xff];
/** @param response ms, or the code for more. */
export const query1 = (response: number, group = '::'): Octets => [130, 0, 0, 0, ...u16(response), 0, 0, ...octetsOf(group)];
export const query2 = (response: number, group = '::', sources: readonly string[] = [], robustness = 2): Octets => [
  130,
  0,
  0,
  0,
  ...u16(response),
  0,
  0,
  ...octetsOf(group),
  robustness,
  125,
  ...u16(sources.length),
  ...sources.flatMap(octetsOf),
];
export const report1 = (group: string): Octets => [131, 0, 0, 0, 0, 0, 0, 0, ...octetsOf(group)];
