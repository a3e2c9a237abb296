// The L3 device as a link type: no header, no addresses.
import {
  ETH_P_IP,
  ETH_P_IPV6,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  type InterfaceCounters,
  type LinkInput,
  type LinkType,
  PACKET_HOST,
  type Packet,
} from '@protoloom/contracts';
import { interfaceCounters as fates } from './counters.js';
import * as wire from './wire.js';

export class TunLink implements LinkType {
  readonly name = 'none';
  readonly headerBytes = 0;
  readonly addressBytes = 0;
  readonly flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
  readonly broadcast = new Uint8Array(0);
  readonly #input: LinkInput;
  readonly #counters: InterfaceCounters<typeof fates>;

  constructor(input: LinkInput, counters: InterfaceCounters<typeof fates>) {
    this.#input = input;
    this.#counters = counters;
  }

  rx(packet: Packet): undefined {
    const { head } = packet;
    const protocol = etherTypeOf(packet.tail > head ? wire.version(packet.view, head) : 0);
    if (protocol === 0) {
      packet.iface.statistics.rxErrors++;
      this.#counters.of(packet.iface).unknownVersion++;
      packet.reason = fates.unknownVersion.fate;
      return;
    }
    packet.l2 = head;
    packet.l3 = head;
    packet.kind = PACKET_HOST;
    packet.protocol = protocol;
    this.#input.deliver(packet);
  }

  writeHeader(): void {}

  groupAddress(): boolean {
    return false;
  }
}

/** EtherType of an IP version; 0 for none. */
export function etherTypeOf(version: number): number {
  if (version === 4) return ETH_P_IP;
  return version === 6 ? ETH_P_IPV6 : 0;
}
