// ARP packets in words.
import type { Dissection, Dissector } from '@protoloom/contracts';
import { Ip4Address, MacAddress } from '@protoloom/wire';
import * as wire from './wire.js';

export const dissector: Dissector = {
  name: 'ARP',
  dissect(bytes: Uint8Array, from: number, to: number): Dissection | undefined {
    if (to - from < wire.PACKET_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (wire.hardwareLength(view, from) !== wire.ADDRESS_BYTES || wire.protocolLength(view, from) !== wire.PROTOCOL_BYTES) return undefined;
    const operation = wire.operation(view, from);
    const senderHardware = MacAddress.fromBytes(bytes, from + wire.SENDER_HARDWARE).toString();
    const sender = Ip4Address.fromBytes(bytes, from + wire.SENDER_PROTOCOL).toString();
    const targetHardware = MacAddress.fromBytes(bytes, from + wire.TARGET_HARDWARE).toString();
    const target = Ip4Address.fromBytes(bytes, from + wire.TARGET_PROTOCOL).toString();
    return {
      text: describe(operation, senderHardware, sender, target),
      fields: { operation, senderHardware, sender, targetHardware, target },
    };
  },
};

function describe(operation: number, hardware: string, sender: string, target: string): string {
  if (operation === wire.REQUEST) return `who has ${target}, tell ${sender} (${hardware})`;
  if (operation === wire.REPLY) return `${sender} is at ${hardware}`;
  return `operation ${operation} ${sender} (${hardware}) > ${target}`;
}
