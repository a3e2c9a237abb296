// The link-local address of each interface: RFC 4862 §5.3.
import { IFF_LOOPBACK, type Interface, type InterfaceSlots } from '@protoloom/contracts';
import type { LocalAddress } from '@protoloom/contracts/ip';
import { equalWords } from '@protoloom/wire';
import { ownAddress } from './addresses.js';
import type { NdContext } from './context.js';
import { EUI64, modeOf, NONE, writeIdentifier } from './identifiers.js';
import { optimism } from './optimism.js';
import { textOf } from './text.js';

/** RFC 8200 §5: IPv6 is not on links with less. */
const MIN_MTU = 1280;
/** fe80::/64. */
const PREFIX = 0xfe800000 | 0;
/** accept_dad: a duplicate EUI-64 address means a duplicate link address. */
const DISABLE_IPV6 = 2;

export interface LinkLocalState {
  /** The address that was made, four words; zero: none. */
  readonly words: Int32Array;
  /** How many identifiers were duplicates. */
  tries: number;
}

export class LinkLocal {
  readonly #nd: NdContext;
  readonly #states: InterfaceSlots<LinkLocalState>;
  readonly #secretOf: (iface: Interface) => Uint8Array;

  /** @param secretOf secret of an interface's random identifiers, 16 octets. */
  constructor(nd: NdContext, states: InterfaceSlots<LinkLocalState>, secretOf: (iface: Interface) => Uint8Array) {
    this.#nd = nd;
    this.#states = states;
    this.#secretOf = secretOf;
  }

  up(iface: Interface): void {
    const settings = this.#nd.interfaceSysctls.of(iface);
    if ((iface.flags & IFF_LOOPBACK) !== 0 || iface.mtu < MIN_MTU || modeOf(iface, settings) === NONE) return;
    if (!this.#nd.use.links.isEnabled(iface)) return;
    const { words, tries } = this.#states.of(iface);
    words.fill(0);
    words[0] = PREFIX;
    writeIdentifier(iface, settings, this.#secretOf(iface), words, tries);
    if (ownAddress(this.#nd.use.addresses, iface, words, 0) !== undefined) return;
    this.#nd.use.control.add(iface.name, `${textOf(words)}/64`, { optimistic: optimism(settings) });
  }

  down(iface: Interface): void {
    const { words } = this.#states.of(iface);
    if (ownAddress(this.#nd.use.addresses, iface, words, 0) !== undefined) this.#nd.use.control.remove(iface.name, textOf(words));
    words.fill(0);
  }

  /** Another host has the address. RFC 7217 §6: another identifier is tried, as often as idgen_retries says. */
  duplicate(address: LocalAddress): void {
    const { iface } = address;
    const state = this.#states.of(iface);
    if (!equalWords(address.words, 0, state.words, 0)) return;
    const settings = this.#nd.interfaceSysctls.of(iface);
    if (modeOf(iface, settings) === EUI64) {
      if (settings.acceptDad === DISABLE_IPV6) this.#disable(iface);
      return;
    }
    if (state.tries >= this.#nd.sysctls.idgenRetries) return;
    this.down(iface);
    state.tries++;
    this.up(iface);
  }

  /** RFC 4862 §5.4.5: somebody has the same link address, so nothing that is derived from it is unique. */
  #disable(iface: Interface): void {
    const { links, log } = this.#nd.use;
    log.warn(`${iface.name} has no IPv6 any more: its link address is another host's too`);
    links.disable(iface);
  }
}
