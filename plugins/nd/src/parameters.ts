// Times of neighbours on one interface: what routers advertise goes before the sysctls: RFC 4861 §6.3.4.
import type { Interface } from '@protoloom/contracts';
import type { NeighbourParameters } from '@protoloom/contracts/neighbour';
import type { NdContext, NdSettings } from './context.js';

export class LinkParameters implements NeighbourParameters {
  /** As advertised, ms; 0: not. */
  reachableMs = 0;
  retransMs = 0;
  readonly #nd: NdContext;
  readonly #iface: Interface;

  constructor(nd: NdContext, iface: Interface) {
    this.#nd = nd;
    this.#iface = iface;
  }

  get baseReachableTimeMs(): number {
    return this.reachableMs || this.#settings.baseReachableTimeMs;
  }
  get retransTimeMs(): number {
    return this.retransMs || this.#settings.retransTimeMs;
  }
  get gcStaleTime(): number {
    return this.#settings.gcStaleTime;
  }
  get delayFirstProbeTime(): number {
    return this.#settings.delayFirstProbeTime;
  }
  get ucastSolicit(): number {
    return this.#settings.ucastSolicit;
  }
  get mcastSolicit(): number {
    return this.#settings.mcastSolicit;
  }
  get appSolicit(): number {
    return this.#settings.appSolicit;
  }
  get mcastResolicit(): number {
    return this.#settings.mcastResolicit;
  }
  get unresQlenBytes(): number {
    return this.#settings.unresQlenBytes;
  }
  get locktime(): number {
    return this.#settings.locktime;
  }

  get #settings(): NdSettings {
    return this.#nd.interfaceSysctls.of(this.#iface);
  }
}
