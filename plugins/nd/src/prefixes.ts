// Prefixes that routers advertise: on the link (RFC 4861 §6.3.4), and to make addresses of (RFC 4862 §5.5.3).
import type { Interface, InterfaceSlots, Timer } from '@protoloom/contracts';
import { type LocalAddress, RTPROT_RA } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords, Ip6Address, isLinkLocalWords, isMulticastWords, matchWords, Prefix, readIp6 } from '@protoloom/wire';
import type { NdContext } from './context.js';
import { EUI64, modeOf, writeIdentifier } from './identifiers.js';
import type { Advertised } from './routers.js';
import type { TemporaryAddresses } from './temporary.js';
import { textOf } from './text.js';
import * as wire from './wire.js';

const SECOND_US = 1_000_000;
/** RFC 4862 §5.5.3 (e): what an advertisement cannot shorten a lifetime below. */
const TWO_HOURS_S = 7200;
const FOREVER_S = 0xffff_ffff;
/** Bits that a prefix has beside a 64-bit identifier. */
const AUTONOMOUS_BITS = 64;
/** Linux's IP6_RT_PRIO_ADDRCONF. */
const METRIC = 256;
/** Prefixes of one interface. */
const MOST = 64;

/** A prefix that is on the link. */
interface OnLink {
  readonly text: string;
  /** As its route has them; 0: not said. */
  hopLimit: number;
  mtu: number;
  expiresUs: number;
}
/** An address that was made. */
interface Made {
  readonly words: Int32Array;
  /** How many identifiers for the prefix were duplicates. */
  tries: number;
}
/** What was learnt on one interface. */
export interface PrefixState {
  readonly timer: Timer;
  onLink: OnLink[];
  made: Made[];
}

export class Prefixes {
  readonly #nd: NdContext;
  readonly #states: InterfaceSlots<PrefixState>;
  readonly #secretOf: (iface: Interface) => Uint8Array;
  readonly #temporary: TemporaryAddresses;
  readonly #words = new Int32Array(4);

  /** @param secretOf secret of an interface's random identifiers. */
  constructor(
    nd: NdContext,
    slots: (make: (iface: Interface) => PrefixState) => InterfaceSlots<PrefixState>,
    secretOf: (iface: Interface) => Uint8Array,
    temporary: TemporaryAddresses,
  ) {
    this.#nd = nd;
    this.#temporary = temporary;
    this.#secretOf = secretOf;
    this.#states = slots((iface) => ({ timer: nd.use.timers.timer<Interface>(iface, (one) => this.#expire(one)), onLink: [], made: [] }));
  }

  /** A prefix information option (32 octets at `at`): RFC 4861 §4.6.2. @param said what else the router says. */
  advertised(iface: Interface, view: DataView, at: number, said: Advertised): void {
    const words = this.#words;
    const bits = wire.prefixLength(view, at);
    const valid = wire.validLifetime(view, at);
    const preferred = wire.preferredLifetime(view, at);
    readIp6(view, at + wire.PREFIX, words, 0);
    if (bits > 128 || preferred > valid || isMulticastWords(words, 0) || isLinkLocalWords(words, 0)) return;
    const flags = wire.prefixFlags(view, at);
    if ((flags & wire.ON_LINK) !== 0) this.#onLink(iface, bits, valid, said);
    const { autoconf } = this.#nd.interfaceSysctls.of(iface);
    if ((flags & wire.AUTONOMOUS) !== 0 && autoconf === 1 && bits === AUTONOMOUS_BITS) this.#autonomous(iface, valid, preferred);
  }

  /** Another host has an address that was made: RFC 7217 §6. */
  duplicate(address: LocalAddress): void {
    const { iface, words } = address;
    const state = this.#states.of(iface);
    const made = state.made.find((one) => equalWords(one.words, 0, words, 0));
    const settings = this.#nd.interfaceSysctls.of(iface);
    if (made === undefined || modeOf(iface, settings) === EUI64 || made.tries >= this.#nd.sysctls.idgenRetries) return;
    const { nowUs } = this.#nd.use.clock;
    const left = (us: number): number => (us === Number.POSITIVE_INFINITY ? FOREVER_S : Math.ceil((us - nowUs) / SECOND_US));
    const { validUntilUs, preferredUntilUs } = address;
    this.#nd.use.control.remove(iface.name, textOf(words));
    state.made = state.made.filter((one) => one !== made);
    this.#make(iface, words, left(validUntilUs), Math.max(0, left(preferredUntilUs)), made.tries + 1);
  }

  /** The interface is down: what was learnt on its link may not hold on the next. */
  clear(iface: Interface): void {
    const state = this.#states.of(iface);
    state.timer.cancel();
    for (const { words } of state.made) if (this.#find(iface, words) !== undefined) this.#nd.use.control.remove(iface.name, textOf(words));
    for (const { text } of state.onLink) this.#removeRoute(iface, text);
    state.made = [];
    state.onLink = [];
  }

  // ---- on-link ---------------------------------------------------------------------------------------------------------------------

  #onLink(iface: Interface, bits: number, valid: number, { hopLimit, mtu }: Advertised): void {
    const state = this.#states.of(iface);
    const text = Prefix.of(Ip6Address.fromWords(this.#words, 0), bits).toString();
    const known = state.onLink.find((one) => one.text === text);
    const expiresUs = valid >= FOREVER_S ? Number.POSITIVE_INFINITY : this.#nd.use.clock.nowUs + valid * SECOND_US;
    if (known === undefined) {
      if (valid === 0 || state.onLink.length >= MOST) return;
      state.onLink.push({ text, hopLimit, mtu, expiresUs });
      if (!this.#hasRoute(iface, text)) this.#addRoute(iface, text, hopLimit, mtu);
    } else {
      known.expiresUs = expiresUs;
      if ((known.hopLimit !== hopLimit || known.mtu !== mtu) && this.#removeRoute(iface, text)) this.#addRoute(iface, text, hopLimit, mtu);
      known.hopLimit = hopLimit;
      known.mtu = mtu;
    }
    this.#expire(iface);
  }

  #expire(iface: Interface): void {
    const state = this.#states.of(iface);
    const { nowUs } = this.#nd.use.clock;
    for (const { text } of state.onLink.filter(({ expiresUs }) => expiresUs <= nowUs)) this.#removeRoute(iface, text);
    state.onLink = state.onLink.filter(({ expiresUs }) => expiresUs > nowUs);
    const nextUs = Math.min(...state.onLink.map(({ expiresUs }) => expiresUs));
    if (nextUs < Number.POSITIVE_INFINITY) state.timer.armAt(nextUs);
    else state.timer.cancel();
  }

  /** An address of the user's may have brought the route already. */
  #hasRoute(iface: Interface, text: string): boolean {
    return this.#nd.use.routesControl.list().some((one) => one.destination === text && one.iface === iface.name && one.metric === METRIC);
  }

  #addRoute(iface: Interface, text: string, hopLimit: number, mtu: number): void {
    this.#nd.use.routesControl.add({
      destination: text,
      iface: iface.name,
      metric: METRIC,
      protocol: RTPROT_RA,
      ...(hopLimit > 0 ? { hopLimit } : {}),
      ...(mtu > 0 ? { mtu } : {}),
    });
  }

  /** False: it is not one of ours. */
  #removeRoute(iface: Interface, text: string): boolean {
    const { routesControl } = this.#nd.use;
    const ours = routesControl
      .list()
      .some((one) => one.destination === text && one.iface === iface.name && one.metric === METRIC && one.protocol === RTPROT_RA);
    if (ours) routesControl.remove({ destination: text, iface: iface.name, metric: METRIC });
    return ours;
  }

  // ---- addresses -------------------------------------------------------------------------------------------------------------------

  /** RFC 4862 §5.5.3 (d) and (e). */
  #autonomous(iface: Interface, valid: number, preferred: number): void {
    const state = this.#states.of(iface);
    state.made = state.made.filter(({ words }) => this.#find(iface, words) !== undefined);
    const made = state.made.find(({ words }) => matchWords(words, 0, this.#words, 0, AUTONOMOUS_BITS));
    const address = made === undefined ? undefined : this.#find(iface, made.words);
    if (address === undefined) {
      const { maxAddresses } = this.#nd.interfaceSysctls.of(iface);
      if (valid > 0 && (maxAddresses === 0 || state.made.length < maxAddresses)) this.#make(iface, this.#words, valid, preferred, 0);
      return;
    }
    const storedS = (address.validUntilUs - this.#nd.use.clock.nowUs) / SECOND_US;
    const validLifetime = Math.max(valid, Math.min(Math.round(storedS), TWO_HOURS_S));
    this.#nd.use.control.change(iface.name, `${textOf(address.words)}/${AUTONOMOUS_BITS}`, { validLifetime, preferredLifetime: preferred });
    this.#temporary.manage(address);
  }

  /** @param prefix four words, of which the first two count. */
  #make(iface: Interface, prefix: Int32Array, validLifetime: number, preferredLifetime: number, tries: number): void {
    const words = new Int32Array(4);
    words[0] = prefix[0] as number;
    words[1] = prefix[1] as number;
    writeIdentifier(iface, this.#nd.interfaceSysctls.of(iface), this.#secretOf(iface), words, tries);
    if (this.#find(iface, words) !== undefined) return;
    this.#states.of(iface).made.push({ words, tries });
    const options = { validLifetime, preferredLifetime, noPrefixRoute: true, manageTemporary: true };
    this.#nd.use.control.add(iface.name, `${textOf(words)}/${AUTONOMOUS_BITS}`, options);
    const address = this.#find(iface, words);
    if (address !== undefined) this.#temporary.manage(address);
  }

  #find(iface: Interface, words: Int32Array): LocalAddress | undefined {
    return this.#nd.use.addresses.of(iface, AF_INET6).find((one) => equalWords(one.words, 0, words, 0));
  }
}
