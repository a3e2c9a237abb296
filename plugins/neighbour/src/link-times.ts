// Reachable time of one family's neighbours on one interface: RFC 4861 §6.3.2.
import type { Clock, Entropy, Interface } from '@protoloom/contracts';
import type { NeighbourFamily, NeighbourParameters } from '@protoloom/contracts/neighbour';

/** A new random value is drawn after this long, as on Linux. */
const REDRAW_US = 300_000_000;

export class LinkTimes {
  readonly #protocol: NeighbourFamily;
  readonly #iface: Interface;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  #reachableUs = 0;
  #baseMs = -1;
  #drawnUs = 0;

  constructor(protocol: NeighbourFamily, iface: Interface, clock: Clock, entropy: Entropy) {
    this.#protocol = protocol;
    this.#iface = iface;
    this.#clock = clock;
    this.#entropy = entropy;
  }

  /** Live values of the interface's sysctls. */
  get parameters(): NeighbourParameters {
    return this.#protocol.parameters(this.#iface);
  }

  /** How long a confirmation counts, µs: half the base to one and a half of it, drawn anew with time and when the base changes. */
  get reachableUs(): number {
    const { baseReachableTimeMs } = this.parameters;
    const { nowUs } = this.#clock;
    if (this.#baseMs !== baseReachableTimeMs || nowUs - this.#drawnUs > REDRAW_US) {
      this.#baseMs = baseReachableTimeMs;
      this.#drawnUs = nowUs;
      this.#reachableUs = (Math.floor(baseReachableTimeMs / 2) + this.#entropy.below(baseReachableTimeMs)) * 1000;
    }
    return this.#reachableUs;
  }
}
