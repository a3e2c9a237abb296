// Temporary addresses: RFC 8981 §3.3 to §3.5, as Linux makes, prolongs and follows them up. Each belongs to a public address of its prefix.
import type { Interface, InterfaceSlots, Timer } from '@protoloom/contracts';
import type { LocalAddress } from '@protoloom/contracts/ip';
import { ownAddress } from './addresses.js';
import type { NdContext, NdSettings } from './context.js';
import { isReserved } from './identifiers.js';
import { optimism } from './optimism.js';
import { textOf } from './text.js';

const SECOND_US = 1_000_000;
const PREFIX_BITS = 64;
/** Shortest time of a probe: Linux's HZ/100. */
const MIN_PROBE_MS = 10;

interface Temporary {
  readonly address: LocalAddress;
  readonly ofPublic: LocalAddress;
  readonly madeUs: number;
  /** Its successor has been made, or there can be none. */
  followed: boolean;
}

/** Those of one interface. */
export interface TemporaryState {
  readonly timer: Timer;
  list: Temporary[];
  /** RFC 8981 §3.8: what is taken off TEMP_PREFERRED_LIFETIME, µs; Infinity: not drawn yet. */
  desyncUs: number;
  /** Addresses in a row that were duplicates: RFC 8981 §3.4. */
  tries: number;
}

export class TemporaryAddresses {
  readonly #nd: NdContext;
  readonly #states: InterfaceSlots<TemporaryState>;
  /** The address that is being made. */
  readonly #words = new Int32Array(4);

  constructor(nd: NdContext, slots: (make: (iface: Interface) => TemporaryState) => InterfaceSlots<TemporaryState>) {
    this.#nd = nd;
    this.#states = slots((iface) => ({
      timer: nd.use.timers.timer<Interface>(iface, (one) => this.#followUp(one)),
      list: [],
      desyncUs: Number.POSITIVE_INFINITY,
      tries: 0,
    }));
  }

  /** Whether they go before public ones as sources: use_tempaddr 2. */
  preferred(iface: Interface): boolean {
    return this.#nd.interfaceSysctls.of(iface).useTempaddr >= 2;
  }

  /** A public address is new, or its lifetimes are: RFC 8981 §3.4. */
  manage(ofPublic: LocalAddress): void {
    const { iface } = ofPublic;
    const state = this.#states.of(iface);
    const { tempValidLft, tempPreferedLft } = this.#nd.interfaceSysctls.of(iface);
    const own = state.list.filter((one) => one.ofPublic === ofPublic);
    for (const { address, madeUs } of own) {
      this.#setLifetimes(address, {
        validUs: Math.min(ofPublic.validUntilUs, madeUs + tempValidLft * SECOND_US),
        preferredUs: Math.min(ofPublic.preferredUntilUs, madeUs + tempPreferedLft * SECOND_US - state.desyncUs),
      });
    }
    if (own.length === 0) this.#make(ofPublic);
    this.#arm(iface);
  }

  /** Another host has an address: where it is a temporary one, another takes its place. */
  duplicate(address: LocalAddress): void {
    const { iface } = address;
    const state = this.#states.of(iface);
    const one = state.list.find((other) => other.address === address);
    if (one === undefined) return;
    this.#nd.use.control.remove(iface.name, textOf(address.words));
    const { regenMaxRetry } = this.#nd.interfaceSysctls.of(iface);
    state.tries++;
    if (state.tries < regenMaxRetry) this.#make(one.ofPublic);
    else this.#nd.use.log.warn(`${iface.name} gets no temporary addresses any more: ${state.tries} in a row were other hosts' too`);
    this.#arm(iface);
  }

  /** An address was found to be unique. */
  settled({ iface, temporary }: LocalAddress): void {
    if (temporary) this.#states.of(iface).tries = 0;
  }

  /** An address is gone; with a public one go its temporary ones. */
  removed(address: LocalAddress): undefined {
    const { iface } = address;
    const state = this.#states.of(iface);
    const orphans = state.list.filter((one) => one.ofPublic === address);
    state.list = state.list.filter((one) => one.address !== address && one.ofPublic !== address);
    for (const one of orphans) this.#nd.use.control.remove(iface.name, textOf(one.address.words));
  }

  /** RFC 8981 §3.5: before one is no longer preferred, its successor is there. */
  #followUp(iface: Interface): void {
    const { nowUs } = this.#nd.use.clock;
    const advanceUs = regenAdvanceUs(this.#nd.interfaceSysctls.of(iface));
    for (const one of this.#states.of(iface).list) {
      if (one.followed || one.address.preferredUntilUs - advanceUs > nowUs) continue;
      one.followed = true;
      this.#make(one.ofPublic);
    }
    this.#arm(iface);
  }

  #arm(iface: Interface): void {
    const { timer, list } = this.#states.of(iface);
    const advanceUs = regenAdvanceUs(this.#nd.interfaceSysctls.of(iface));
    const nextUs = Math.min(...list.filter(({ followed }) => !followed).map(({ address }) => address.preferredUntilUs - advanceUs));
    if (nextUs < Number.POSITIVE_INFINITY) timer.armAt(nextUs);
    else timer.cancel();
  }

  #make(ofPublic: LocalAddress): void {
    const nd = this.#nd;
    const { iface } = ofPublic;
    const settings = nd.interfaceSysctls.of(iface);
    const state = this.#states.of(iface);
    if (settings.useTempaddr <= 0 || state.tries >= settings.regenMaxRetry) return;
    const { nowUs } = nd.use.clock;
    const advanceUs = regenAdvanceUs(settings);
    this.#desynchronize(state, settings, advanceUs);
    const validUs = Math.min(ofPublic.validUntilUs, nowUs + settings.tempValidLft * SECOND_US);
    let preferredUs = Math.min(ofPublic.preferredUntilUs, nowUs + settings.tempPreferedLft * SECOND_US - state.desyncUs);
    // One that would have to be followed up at once is made to last a second longer than that, or not at all.
    if (preferredUs - nowUs <= advanceUs) preferredUs = nowUs + advanceUs + SECOND_US;
    if (preferredUs > Math.min(validUs, ofPublic.preferredUntilUs)) return;
    const text = `${textOf(this.#draw(ofPublic))}/${PREFIX_BITS}`;
    nd.use.control.add(iface.name, text, {
      temporary: true,
      optimistic: ofPublic.optimistic ? optimism(settings) : undefined,
      noPrefixRoute: true,
      validLifetime: (validUs - nowUs) / SECOND_US,
      preferredLifetime: (preferredUs - nowUs) / SECOND_US,
    });
    const address = ownAddress(nd.use.addresses, iface, this.#words, 0);
    if (address !== undefined) state.list = [...state.list, { address, ofPublic, madeUs: nowUs, followed: false }];
  }

  /** RFC 8981 §3.3.1: a random identifier in the prefix, neither reserved nor in use here. */
  #draw({ iface, words }: LocalAddress): Int32Array {
    const { entropy, addresses } = this.#nd.use;
    const drawn = this.#words;
    drawn[0] = words[0] as number;
    drawn[1] = words[1] as number;
    do {
      drawn[2] = entropy.word();
      drawn[3] = entropy.word();
    } while (isReserved(drawn[2], drawn[3]) || ownAddress(addresses, iface, drawn, 0) !== undefined);
    return drawn;
  }

  /** RFC 8981 §3.8: DESYNC_FACTOR is drawn anew only where it is more than it may be now. */
  #desynchronize(state: TemporaryState, settings: NdSettings, advanceUs: number): void {
    const mostUs = Math.min(settings.maxDesyncFactor * SECOND_US, settings.tempPreferedLft * SECOND_US - advanceUs);
    if (state.desyncUs <= mostUs) return;
    state.desyncUs = mostUs > 0 ? this.#nd.use.entropy.below(Math.ceil(mostUs / SECOND_US)) * SECOND_US : 0;
  }

  #setLifetimes(address: LocalAddress, { validUs, preferredUs }: { readonly validUs: number; readonly preferredUs: number }): void {
    const { clock, control } = this.#nd.use;
    const left = (us: number): number => Math.max(0, (us - clock.nowUs) / SECOND_US);
    control.change(address.iface.name, `${textOf(address.words)}/${PREFIX_BITS}`, {
      validLifetime: left(validUs),
      preferredLifetime: left(preferredUs),
    });
  }
}

/** RFC 8981 §3.8, REGEN_ADVANCE: so long before the end of one its successor is made, for the time that its check may take. */
const regenAdvanceUs = ({ regenMinAdvance, regenMaxRetry, dadTransmits, retransTimeMs }: NdSettings): number =>
  regenMinAdvance * SECOND_US + regenMaxRetry * dadTransmits * Math.max(retransTimeMs, MIN_PROBE_MS) * 1000;
