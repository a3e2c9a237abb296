// Packets in the words of scripts.
import { ACK, FLAG_LETTERS } from '../language/script.js';
import { hasMtu, icmpNames, isEcho } from './icmp-types.js';
import type { Packet } from './packet.js';
import { formatOption } from './tcp-options.js';

const ECN_WORDS = ['noecn', 'ect1', 'ect0', 'ce'];

export const formatFlags = (flags: number): string => {
  const letters = FLAG_LETTERS.filter(([, bit]) => (flags & bit) !== 0).map(([letter]) => letter);
  return `${letters.join('')}${(flags & ACK) === 0 ? '' : '.'}` || '-';
};

export const formatOptions = (options: Parameters<typeof formatOption>[0][]): string => `<${options.map(formatOption).join(',')}>`;

/** A packet as a script would write it; numbers as they are in `packet`. */
export function formatPacket(packet: Packet): string {
  const words: string[] = [];
  if ((packet.tos & 3) !== 0) words.push(`[${ECN_WORDS[packet.tos & 3]}]`);
  const { fragment, transport, payload } = packet;
  if (fragment !== undefined) words.push(`[frag ${fragment.offset}:${fragment.offset + payload.length}]${fragment.more ? '+' : ''}`);
  switch (transport.protocol) {
    case 'tcp':
      words.push(formatFlags(transport.flags), `${transport.seq}:${(transport.seq + payload.length) >>> 0}(${payload.length})`);
      if ((transport.flags & ACK) !== 0) words.push(`ack ${transport.ack}`);
      words.push(`win ${transport.window}`);
      if (transport.urgent !== 0) words.push(`urg ${transport.urgent}`);
      if (transport.options.length > 0) words.push(formatOptions([...transport.options]));
      break;
    case 'udp':
      words.push(`udp (${payload.length})`);
      break;
    case 'icmp':
      words.push('icmp', icmpNames(packet.family, transport.type, transport.code));
      if (hasMtu(packet.family, transport.type, transport.code)) words.push(`mtu ${transport.rest}`);
      else if (isEcho(packet.family, transport.type)) words.push(`id ${transport.rest >>> 16}`);
      break;
    default:
      words.push(`protocol ${packet.protocol} (${payload.length})`);
  }
  return words.join(' ');
}
