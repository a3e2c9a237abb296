// A host whose IGMP is heard and spoken to by hand; RFC 3376's messages, octet by octet.

import type { SysctlValue } from '@protoloom/contracts';
import { AF_INET, IPPROTO_IP, SOCK_DGRAM } from '@protoloom/contracts/socket';
import { ethernet, FrameHost, ip4, PEER } from '@protoloom/frames';
import type { Socket } from '@protoloom/stack';

export const ALL_SYSTEMS = [224, 0, 0, 1];
const ROUTER_ALERT = [0x94, 4, 0, 0];

/** What a message says, in words; and where and how it was sent. */
export interface Heard {
  readonly to: string;
  readonly says: string;
}

const RECORDS = ['', 'IS_IN', 'IS_EX', 'TO_IN', 'TO_EX', 'ALLOW', 'BLOCK'];
const dotted = (bytes: Uint8Array, at: number): string => [...bytes.subarray(at, at + 4)].join('.');

function records(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const all: string[] = [];
  for (let at = 8, left = view.getUint16(6); left > 0; left--) {
    const sources = view.getUint16(at + 2);
    const list = Array.from({ length: sources }, (_, i) => dotted(bytes, at + 8 + 4 * i));
    all.push(`${RECORDS[view.getUint8(at)]} ${dotted(bytes, at + 4)} {${list.toSorted().join(' ')}}`);
    at += 8 + 4 * sources;
  }
  return all.toSorted().join(', ');
}

function sumsUp(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += view.getUint16(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total === 0xffff;
}

export class IgmpHost extends FrameHost {
  constructor(sysctls: Readonly<Record<string, SysctlValue>> = {}) {
    super(sysctls);
    this.heard();
  }

  /** IGMP messages that have left since the last call; each as RFC 3376 §4 wants its IP header. */
  heard(): Heard[] {
    const all: Heard[] = [];
    for (const packet of this.sent()) {
      if (packet[9] !== 2) continue;
      const header = ((packet[0] as number) & 0xf) * 4;
      const proper = packet[1] === 0xc0 && packet[8] === 1 && [...packet.subarray(20, header)].join() === ROUTER_ALERT.join();
      const message = packet.subarray(header, (((packet[2] as number) << 8) | (packet[3] as number)) >>> 0);
      const what =
        message[0] === 0x22
          ? records(message)
          : `${{ 18: 'v1 report', 22: 'v2 report', 23: 'leave' }[message[0] as number] ?? '?'} ${dotted(message, 4)}`;
      all.push({ to: dotted(packet, 16), says: proper && sumsUp(message) ? what : `improper: ${what}` });
    }
    return all;
  }

  /** What was said since the last call. */
  says(): string[] {
    return this.heard().map(({ says }) => says);
  }

  socket(port = 0, reuse = true): Socket {
    const socket = this.stack.socket(AF_INET, SOCK_DGRAM);
    if (reuse) socket.setsockopt(1, 2, 1);
    if (port !== 0) void socket.bind({ port });
    return socket;
  }

  /** A socket option of the level IP; the errno's name where it is refused. */
  set(socket: Socket, name: number, value: Parameters<Socket['setsockopt']>[2]): string {
    try {
      socket.setsockopt(IPPROTO_IP, name, value);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** A packet to a group, from the peer or another. */
  group(packet: readonly number[]): void {
    const [, a = 0, b = 0, c = 0] = packet.slice(16, 20);
    this.frame(ethernet([1, 0, 0x5e, a & 0x7f, b, c], 0x0800, packet));
  }

  query(message: readonly number[], options: { ttl?: number; alert?: boolean; destination?: readonly number[] } = {}): void {
    const { ttl = 1, alert = true, destination = ALL_SYSTEMS } = options;
    this.group(ip4(2, summed(message), { source: PEER, destination, ttl, options: alert ? ROUTER_ALERT : [], tos: 0xc0 }));
  }
}

/** With the checksum in its place. */
export function summed(message: readonly number[]): number[] {
  let total = 0;
  for (let at = 0; at < message.length; at += 2) total += ((message[at] as number) << 8) | (message[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  const check = ~total & 0xffff;
  return message.map((octet, at) => (at === 2 ? check >> 8 : at === 3 ? check & 0xff : octet));
}

const ANY = [0, 0, 0, 0];
/** @param response tenths of a second. */
export const query1 = (): number[] => [0x11, 0, 0, 0, ...ANY];
export const query2 = (response: number, group: readonly number[] = ANY): number[] => [0x11, response, 0, 0, ...group];
export const query3 = (
  response: number,
  group: readonly number[] = ANY,
  sources: readonly (readonly number[])[] = [],
  robustness = 2,
): number[] => [0x11, response, 0, 0, ...group, robustness, 125, sources.length >> 8, sources.length & 0xff, ...sources.flat()];
