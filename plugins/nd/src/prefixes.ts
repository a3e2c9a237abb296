// Prefixes that routers advertise: on the link (RFC 4861 §6.3.4), and to make addresses of (RFC 4862 §5.5.3).
import type { Interface, InterfaceSlots } from '@protoloom/contracts';
import type { LocalAddress } from '@protoloom/contracts/ip';
import { AF_INET6 } from '@protoloom/contracts/socket';
import { equalWords, Ip6Address, isLinkLocalWords, isMulticastWords, matchWords, Prefix, readIp6 } from '@protoloom/wire';
import type { NdContext } from './context.js';
import { EUI64, modeOf, writeIdentifier } from './identifiers.js';
import type { LearntRoutes } from './learnt-routes.js';
import { optimism } from './optimism.js';
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
/** An address that was made. */
interface Made {
  readonly words: Int32Array;
  /** How many identifiers for the prefix were duplicates. */
  tries: number;
}
/** Those of one interface. */
export interface PrefixState {
  made: Made[];
}

export class Prefixes {
  readonly #nd: NdContext;
  readonly #states: InterfaceSlots<PrefixState>;
  readonly #secretOf: (iface: Interface) => Uint8Array;
  readonly #routes: LearntRoutes;
  readonly #temporary: TemporaryAddresses;
  readonly #words = new Int32Array(4);

  /** @param secretOf secret of an interface's random identifiers. */
  constructor(
    nd: NdContext,
    slots: (make: (iface: Interface) => PrefixState) => InterfaceSlots<PrefixState>,
    secretOf: (iface: Interface) => Uint8Array,
    routes: LearntRoutes,
    temporary: TemporaryAddresses,
  ) {
    this.#nd = nd;
    this.#routes = routes;
    this.#temporary = temporary;
    this.#secretOf = secretOf;
    this.#states = slots(() => ({ made: [] }));
  }

  /** A prefix information option (32 octets at `at`): RFC 4861 §4.6.2. */
  advertised(iface: Interface, view: DataView, at: number): void {
    const words = this.#words;
    const bits = wire.prefixLength(view, at);
    const valid = wire.validLifetime(view, at);
    const preferred = wire.preferredLifetime(view, at);
    readIp6(view, at + wire.PREFIX, words, 0);
    if (bits > 128 || preferred > valid || isMulticastWords(words, 0) || isLinkLocalWords(words, 0)) return;
    const { autoconf, acceptRaMinLft } = this.#nd.interfaceSysctls.of(iface);
    if (valid !== 0 && valid < acceptRaMinLft) return;
    const flags = wire.prefixFlags(view, at);
    if ((flags & wire.ON_LINK) !== 0) {
      const destination = Prefix.of(Ip6Address.fromWords(words, 0), bits).toString();
      this.#routes.advertised(iface, { destination, metric: METRIC }, valid);
    }
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
    for (const { words } of state.made) if (this.#find(iface, words) !== undefined) this.#nd.use.control.remove(iface.name, textOf(words));
    state.made = [];
  }

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
    const leastS = this.#nd.interfaceSysctls.of(iface).raHonorPioLife === 1 ? 0 : Math.min(Math.round(storedS), TWO_HOURS_S);
    const validLifetime = Math.max(valid, leastS);
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
    const optimistic = optimism(this.#nd.interfaceSysctls.of(iface));
    const options = { validLifetime, preferredLifetime, optimistic, noPrefixRoute: true, manageTemporary: true };
    this.#nd.use.control.add(iface.name, `${textOf(words)}/${AUTONOMOUS_BITS}`, options);
    const address = this.#find(iface, words);
    if (address !== undefined) this.#temporary.manage(address);
  }

  #find(iface: Interface, words: Int32Array): LocalAddress | undefined {
    return this.#nd.use.addresses.of(iface, AF_INET6).find((one) => equalWords(one.words, 0, words, 0));
  }
}
