// Neighbor solicitations and advertisements in: RFC 4861 §7.1, §7.2, in the order of Linux's ndisc_recv_ns and ndisc_recv_na.
import { DESTINATION, type Packet, SOURCE } from '@protoloom/contracts';
import {
  type Neighbour,
  NUD_FAILED,
  NUD_REACHABLE,
  NUD_STALE,
  UPDATE_OVERRIDE,
  UPDATE_WEAK_OVERRIDE,
} from '@protoloom/contracts/neighbour';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { isMulticastWords, isUnspecifiedWords, readIp6 } from '@protoloom/wire';
import { ALL_NODES, isSolicitedNode, ownAddress } from './addresses.js';
import type { NdContext } from './context.js';
import type { Detection } from './detection.js';
import type { LearntRoutes } from './learnt-routes.js';
import { options } from './options.js';
import type { Sender } from './send.js';
import { textOf } from './text.js';
import { drop, isValid } from './validity.js';
import * as wire from './wire.js';

export class NeighbourMessages {
  readonly #nd: NdContext;
  readonly #sender: Sender;
  readonly #detection: Detection;
  readonly #routes: LearntRoutes;
  readonly #target = new Int32Array(4);

  constructor(nd: NdContext, sender: Sender, detection: Detection, routes: LearntRoutes) {
    this.#nd = nd;
    this.#sender = sender;
    this.#detection = detection;
    this.#routes = routes;
  }

  /** RFC 4861 §7.1.1, §7.2.3. */
  solicitation(packet: Packet): undefined {
    const nd = this.#nd;
    const { head, iface, addresses } = packet;
    const target = this.#target;
    nd.counters.inNeighborSolicits++;
    if (!isValid(nd, packet, wire.NEIGHBOUR_BYTES)) return;
    readIp6(packet.view, head + wire.TARGET, target, 0);
    if (isMulticastWords(target, 0)) return drop(nd, packet, 'badTarget');
    const checks = isUnspecifiedWords(addresses, SOURCE);
    if (checks && !isSolicitedNode(addresses, DESTINATION)) return drop(nd, packet, 'dadDestination');
    if (checks && options.sourceLinkAddress !== 0) return drop(nd, packet, 'dadLinkAddress');
    const own = ownAddress(nd.use.addresses, iface, target, 0);
    if (own === undefined) return drop(nd, packet, 'notForUs');
    if (checks && (!own.usable || own.optimistic)) return drop(nd, packet, this.#detection.probeHeard(own, packet.bytes, options.nonce));
    if (!own.usable) return drop(nd, packet, 'tentative');
    if (checks) this.#sender.advertise(iface, ALL_NODES, 0, target, wire.OVERRIDE, true);
    else if (!this.#answer(packet, own.optimistic)) return;
    return drop(nd, packet, 'answered');
  }

  /**
   * RFC 4861 §7.2.3 and §7.2.4: the asker is worth knowing, then it has its answer. False: it has none, and why is counted.
   * @param optimistic nothing that others know of the address is overridden: RFC 4429 §3.3.
   */
  #answer(packet: Packet, optimistic: boolean): boolean {
    const nd = this.#nd;
    const { iface, addresses } = packet;
    const toGroup = isMulticastWords(addresses, DESTINATION);
    if (toGroup) nd.counters.rcvProbesMcast++;
    else nd.counters.rcvProbesUcast++;
    const told = options.sourceLinkAddress !== 0;
    const { neighbours } = nd.use;
    const neighbour =
      !toGroup || told || iface.link.addressBytes === 0
        ? neighbours.lookup(iface, AF_INET6, addresses, SOURCE)
        : neighbours.find(iface, AF_INET6, addresses, SOURCE);
    if (neighbour === undefined || neighbour.dead) {
      drop(nd, packet, neighbour === undefined ? 'noLinkAddress' : 'tableFull');
      return false;
    }
    this.#learn(neighbour, packet, options.sourceLinkAddress, NUD_STALE, UPDATE_WEAK_OVERRIDE | UPDATE_OVERRIDE);
    const flags = wire.SOLICITED | (toGroup && !optimistic ? wire.OVERRIDE : 0);
    const tells = toGroup || nd.interfaceSysctls.of(iface).forceTllao === 1;
    this.#sender.advertise(iface, addresses, SOURCE, this.#target, flags, tells);
    return true;
  }

  /** RFC 4861 §7.1.2, §7.2.5. */
  advertisement(packet: Packet): undefined {
    const nd = this.#nd;
    const { head, iface, addresses } = packet;
    const target = this.#target;
    nd.counters.inNeighborAdvertisements++;
    if (!isValid(nd, packet, wire.NEIGHBOUR_BYTES)) return;
    readIp6(packet.view, head + wire.TARGET, target, 0);
    if (isMulticastWords(target, 0)) return drop(nd, packet, 'badTarget');
    const flags = wire.flags(packet.view, head);
    const solicited = (flags & wire.SOLICITED) !== 0;
    if (solicited && isMulticastWords(addresses, DESTINATION)) return drop(nd, packet, 'solicitedGroup');
    if (!solicited && nd.interfaceSysctls.of(iface).dropUnsolicitedNa === 1) return drop(nd, packet, 'ignored');
    const own = ownAddress(nd.use.addresses, iface, target, 0);
    if (own !== undefined) return drop(nd, packet, this.#detection.advertisementHeard(own));
    const neighbour = nd.use.neighbours.find(iface, AF_INET6, target, 0);
    if (neighbour === undefined || neighbour.state === NUD_FAILED) return drop(nd, packet, 'unsolicited');
    const override = (flags & wire.OVERRIDE) !== 0 ? UPDATE_OVERRIDE : 0;
    this.#learn(neighbour, packet, options.targetLinkAddress, solicited ? NUD_REACHABLE : NUD_STALE, UPDATE_WEAK_OVERRIDE | override);
    if ((flags & wire.ROUTER) === 0) this.#routes.notRouter(iface, textOf(target));
    return drop(nd, packet, 'learned');
  }

  /** @param option where the link address option stands, 0: there is none. */
  #learn(neighbour: Neighbour, packet: Packet, option: number, state: number, flags: number): void {
    const { neighbours } = this.#nd.use;
    if (option === 0) neighbours.update(neighbour, undefined, 0, state, flags);
    else neighbours.update(neighbour, packet.bytes, option + wire.OPTION_BYTES, state, flags);
  }
}
