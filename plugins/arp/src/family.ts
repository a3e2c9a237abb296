// IPv4's neighbours as the neighbour machine sees them.
import { ETH_P_IP, type Interface, type Packet } from '@protoloom/contracts';
import { PROBLEM_HOST_UNREACHABLE } from '@protoloom/contracts/ip';
import type { Neighbour, NeighbourFamily } from '@protoloom/contracts/neighbour';
import { AF_INET } from '@protoloom/contracts/socket';
import { addressType } from './addresses.js';
import type { ArpContext, ArpSettings } from './context.js';
import { solicit } from './solicit.js';

export class ArpFamily implements NeighbourFamily {
  readonly family = AF_INET;
  readonly etherType = ETH_P_IP;
  readonly #arp: ArpContext;
  readonly #scratch = new Int32Array(4);

  constructor(arp: ArpContext) {
    this.#arp = arp;
  }

  get thresholds(): ArpContext['sysctls'] {
    return this.#arp.sysctls;
  }

  get counters(): ArpContext['counters'] {
    return this.#arp.counters;
  }

  parameters(iface: Interface): ArpSettings {
    return this.#arp.interfaceSysctls.of(iface);
  }

  classify(_iface: Interface, words: Int32Array, at: number): number {
    return addressType(this.#arp.use.routes, words, at);
  }

  evictsWithoutCarrier(iface: Interface): boolean {
    return this.#arp.interfaceSysctls.of(iface).arpEvictNocarrier === 1;
  }

  solicit(neighbour: Neighbour, packet: Packet | undefined, unicast: boolean): undefined {
    solicit(this.#arp, this.#scratch, neighbour, packet, unicast);
  }

  /** RFC 1122 §2.4.3, §3.3.1.1: host unreachable. */
  unreachable(_neighbour: Neighbour, packet: Packet): undefined {
    this.#arp.use.errors.report(packet, PROBLEM_HOST_UNREACHABLE, 0);
  }
}
