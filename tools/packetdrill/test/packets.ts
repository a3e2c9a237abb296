// Packets as a script expects them, and as a stack would send them.
import { parseScript } from '@protoloom/packetdrill';
import { parseAddress } from '@protoloom/wire';
import { expect } from 'chai';
import type { PacketSpec } from '../dist/language/script.js';
import { decodePacket } from '../dist/packets/decode.js';
import { encodePacket } from '../dist/packets/encode.js';
import type { Packet } from '../dist/packets/packet.js';

/** What follows `>`, as it is read. */
export function outbound(text: string): PacketSpec {
  const { action } = parseScript(`0 > ${text}`).events[0] ?? {};
  if (action?.kind !== 'packet') return expect.fail(`${text} is no packet`);
  return action.packet;
}

/** A segment that has all that is expected of it, after its way over the wire. */
export function sentAs({ transport }: PacketSpec): Packet {
  if (transport.protocol !== 'tcp') return expect.fail(`${transport.protocol} is not TCP`);
  const { flags, seq, length, ack = 0, window = 0, urgent = 0, options = [] } = transport;
  const packet = decodePacket(
    encodePacket({
      family: 4,
      source: parseAddress('192.0.2.1').toWords(),
      destination: parseAddress('192.168.0.1').toWords(),
      tos: 0,
      ttl: 64,
      flowLabel: 0,
      extraHeaders: 0,
      fragment: undefined,
      badChecksums: [],
      protocol: 6,
      transport: { protocol: 'tcp', sourcePort: 1, destinationPort: 2, seq, ack, flags, reserved: 0, window, urgent, options },
      payload: new Uint8Array(length),
    }),
  );
  return typeof packet === 'string' ? expect.fail(packet) : packet;
}
