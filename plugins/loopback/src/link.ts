// Loopback as a link type.
import { type Counters, IFF_LOOPBACK, type Interface, type LinkInput, type LinkType, PACKET_HOST, type Packet } from '@protoloom/contracts';
import { counters as fates } from './counters.js';
import * as wire from './wire.js';

export class LoopbackLink implements LinkType {
  readonly name = 'loopback';
  readonly headerBytes = wire.HEADER_BYTES;
  /** There is one station: nobody is asked for an address. */
  readonly addressBytes = 0;
  readonly flags = IFF_LOOPBACK;
  readonly broadcast = new Uint8Array(0);
  readonly #input: LinkInput;
  readonly #counters: Counters<typeof fates>;

  constructor(input: LinkInput, values: Counters<typeof fates>) {
    this.#input = input;
    this.#counters = values;
  }

  rx(packet: Packet): undefined {
    const { head } = packet;
    if (packet.tail - head < wire.HEADER_BYTES) {
      packet.iface.statistics.rxErrors++;
      this.#counters.truncated++;
      packet.reason = fates.truncated.fate;
      return;
    }
    packet.l2 = head;
    packet.kind = PACKET_HOST;
    packet.protocol = wire.etherType(packet.view, head);
    packet.l3 = packet.pull(wire.HEADER_BYTES);
    this.#input.deliver(packet);
  }

  writeHeader(_iface: Interface, etherType: number, _address: Uint8Array, _addressAt: number, into: Uint8Array, at: number): void {
    wire.writeHeader(etherType, into, at);
  }

  groupAddress(): boolean {
    return false;
  }
}
