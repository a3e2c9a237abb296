// The options that a host knows: Router Alert, RFC 2711, and Jumbo Payload, RFC 2675.
import type { Counters, Packet } from '@protoloom/contracts';
import { type IpErrors, PROBLEM_PARAMETER } from '@protoloom/contracts/ip';
import { counters as spec } from './counters.js';

export const ROUTER_ALERT = 5;
export const JUMBO_PAYLOAD = 0xc2;
/** From the IPv6 header's start. */
const PAYLOAD_LENGTH = 4;
const MAX_PAYLOAD_BYTES = 65_535;

export interface OptionsContext {
  readonly errors: IpErrors;
  readonly counters: Counters<typeof spec>;
}

export class HopByHopOptions {
  readonly #context: OptionsContext;

  constructor(context: OptionsContext) {
    this.#context = context;
  }

  /** RFC 2711 §2.1: two octets, which are for routers. */
  routerAlert(packet: Packet, at: number): boolean {
    return packet.bytes[at + 1] === 2 || this.#drop(packet, 'badOption');
  }

  /** RFC 2675 §3: every error that it names; and what is none is longer than anything that came in. */
  jumboPayload(packet: Packet, at: number): boolean {
    const { view, bytes, l3 } = packet;
    if (bytes[at + 1] !== 4 || ((at - l3) & 3) !== 2) return this.#drop(packet, 'badOption');
    if (view.getUint32(at + 2) <= MAX_PAYLOAD_BYTES) return this.#problem(packet, at + 2 - l3);
    if (view.getUint16(l3 + PAYLOAD_LENGTH) !== 0) return this.#problem(packet, at - l3);
    return this.#drop(packet, 'jumbogram');
  }

  /** A payload length of 0 wants the option: RFC 2675 §3. */
  hasLength(packet: Packet): boolean {
    return packet.view.getUint16(packet.l3 + PAYLOAD_LENGTH) !== 0 || this.#problem(packet, PAYLOAD_LENGTH);
  }

  #problem(packet: Packet, at: number): false {
    this.#context.errors.report(packet, PROBLEM_PARAMETER, at);
    return this.#drop(packet, 'badOption');
  }

  #drop(packet: Packet, fate: 'badOption' | 'jumbogram'): false {
    this.#context.counters[fate]++;
    packet.reason = spec[fate].fate;
    return false;
  }
}
