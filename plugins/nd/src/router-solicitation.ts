// Asking for routers: RFC 4861 §6.3.7, with the growing intervals of RFC 7559.
import type { Interface, InterfaceSlots, Timer } from '@protoloom/contracts';
import { ALL_ROUTERS, isSettled, linkLocalAddress } from './addresses.js';
import type { NdContext } from './context.js';
import type { Sender } from './send.js';

const SECOND_US = 1_000_000;
/** Intervals vary by a tenth either way: RFC 8415 §15. */
const SPREAD = 0.1;

/** The asking of one interface. */
export interface Asking {
  readonly iface: Interface;
  readonly timer: Timer;
  /** How often it has asked; 0: it does not. */
  asked: number;
  /** To the next time, µs. */
  intervalUs: number;
}

export class RouterSolicitation {
  readonly #nd: NdContext;
  readonly #sender: Sender;
  readonly #asking: InterfaceSlots<Asking>;

  constructor(nd: NdContext, sender: Sender, slots: (make: (iface: Interface) => Asking) => InterfaceSlots<Asking>) {
    this.#nd = nd;
    this.#sender = sender;
    this.#asking = slots((iface) => {
      const asking: Asking = { iface, timer: nd.use.timers.timer<Interface>(iface, (one) => this.#again(one)), asked: 0, intervalUs: 0 };
      return asking;
    });
  }

  /** The interface has a link-local address to ask from. Its check has waited at random already. */
  begin(iface: Interface): void {
    const asking = this.#asking.of(iface);
    const { acceptRa, routerSolicitations, routerSolicitationInterval } = this.#nd.interfaceSysctls.of(iface);
    if (asking.asked > 0 || acceptRa === 0 || routerSolicitations === 0) return;
    asking.intervalUs = this.#spread(routerSolicitationInterval * SECOND_US);
    this.#ask(asking);
  }

  /** A router has answered, or the interface is down. */
  end(iface: Interface): void {
    const asking = this.#asking.of(iface);
    asking.timer.cancel();
    asking.asked = 0;
  }

  #again(iface: Interface): void {
    const asking = this.#asking.of(iface);
    const { routerSolicitations, routerSolicitationMaxInterval } = this.#nd.interfaceSysctls.of(iface);
    if (routerSolicitations > 0 && asking.asked >= routerSolicitations) return this.end(iface);
    // RFC 7559 §2: twice the last, until that is more than the greatest.
    const mostUs = routerSolicitationMaxInterval * SECOND_US;
    const twiceUs = asking.intervalUs + this.#spread(asking.intervalUs);
    asking.intervalUs = twiceUs > mostUs ? this.#spread(mostUs) : twiceUs;
    this.#ask(asking);
  }

  #ask(asking: Asking): void {
    const { iface } = asking;
    asking.asked++;
    asking.timer.arm(Math.max(asking.intervalUs, 1));
    const source = linkLocalAddress(this.#nd.use.addresses, iface);
    if (source !== undefined) this.#sender.solicitRouters(iface, source.words, ALL_ROUTERS, isSettled(source));
  }

  #spread(us: number): number {
    const tenth = Math.floor(us * SPREAD);
    return us - tenth + this.#nd.use.entropy.below(2 * tenth + 1);
  }
}
