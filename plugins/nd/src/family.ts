// IPv6's neighbours as the neighbour machine sees them: RFC 4861 §7.2, §7.3.
import { ETH_P_IPV6, type Interface, type InterfaceSlots, type Packet } from '@protoloom/contracts';
import { PROBLEM_HOST_UNREACHABLE, RTN_MULTICAST, RTN_UNICAST } from '@protoloom/contracts/ip';
import type { Neighbour, NeighbourFamily, NeighbourParameters } from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { isMulticastWords, readIp6 } from '@protoloom/wire';
import { isSettled, linkLocalAddress, ownAddress, solicitedNode } from './addresses.js';
import type { NdContext } from './context.js';
import type { Sender } from './send.js';

const IPV6_HEADER_BYTES = 40;
const SOURCE_AT = 8;

export class NdFamily implements NeighbourFamily {
  readonly family = AF_INET6;
  readonly etherType = ETH_P_IPV6;
  readonly #nd: NdContext;
  readonly #sender: Sender;
  readonly #parameters: InterfaceSlots<NeighbourParameters>;
  readonly #group = new Int32Array(4);
  readonly #source = new Int32Array(4);

  /** @param parameters of each interface. */
  constructor(nd: NdContext, sender: Sender, parameters: InterfaceSlots<NeighbourParameters>) {
    this.#nd = nd;
    this.#sender = sender;
    this.#parameters = parameters;
  }

  get thresholds(): NdContext['sysctls'] {
    return this.#nd.sysctls;
  }

  get counters(): NdContext['counters'] {
    return this.#nd.counters;
  }

  parameters(iface: Interface): NeighbourParameters {
    return this.#parameters.of(iface);
  }

  classify(_iface: Interface, words: Int32Array, at: number): number {
    return isMulticastWords(words, at) ? RTN_MULTICAST : RTN_UNICAST;
  }

  evictsWithoutCarrier(iface: Interface): boolean {
    return this.#nd.interfaceSysctls.of(iface).ndiscEvictNocarrier === 1;
  }

  /** RFC 4861 §7.2.2: from the waiting packet's own source, else from the link-local address; nothing where neither is settled. */
  solicit({ iface, words }: Neighbour, packet: Packet | undefined, unicast: boolean): undefined {
    const linkLocal = linkLocalAddress(this.#nd.use.addresses, iface);
    const source = this.#sourceOf(iface, packet) ?? (isSettled(linkLocal) ? linkLocal.words : undefined);
    if (source === undefined) return;
    solicitedNode(words, 0, this.#group, 0);
    this.#sender.solicit(iface, source, unicast ? words : this.#group, words, undefined);
  }

  /** RFC 4861 §7.2.2: address unreachable, RFC 4443 §3.1. */
  unreachable(_neighbour: Neighbour, packet: Packet): undefined {
    this.#nd.use.errors.report(packet, PROBLEM_HOST_UNREACHABLE, 0);
  }

  #sourceOf(iface: Interface, packet: Packet | undefined): Int32Array | undefined {
    if (packet === undefined || packet.tail - packet.l3 < IPV6_HEADER_BYTES) return undefined;
    readIp6(packet.view, packet.l3 + SOURCE_AT, this.#source, 0);
    return isSettled(ownAddress(this.#nd.use.addresses, iface, this.#source, 0)) ? this.#source : undefined;
  }
}
