// Duplicate address detection: RFC 4862 §5.4, with the nonce of RFC 7527.
import type { Interface, Timer } from '@protoloom/contracts';
import type { AddressDetection, LocalAddress } from '@protoloom/contracts/ip';
import type { Membership, SourceFilter } from '@protoloom/contracts/multicast';
import { Ip6Address } from '@protoloom/wire';
import { hasNeighbours, solicitedNode, UNSPECIFIED } from './addresses.js';
import type { NdContext } from './context.js';
import type { Sender } from './send.js';
import type { Fate } from './validity.js';
import * as wire from './wire.js';

/** Shortest wait of a timer: Linux's HZ/100. */
const MIN_WAIT_US = 10_000;
const ANYBODY: SourceFilter = { exclude: true, sources: [] };

/** An address that is being checked. */
class Check {
  readonly address: LocalAddress;
  /** Of the probes; undefined where they have none. */
  readonly nonce: Uint8Array | undefined;
  readonly timer: Timer;
  probesLeft: number;
  readonly #detection: Detection;

  constructor(nd: NdContext, detection: Detection, address: LocalAddress, nonce: Uint8Array | undefined, probes: number) {
    this.#detection = detection;
    this.address = address;
    this.nonce = nonce;
    this.probesLeft = probes;
    this.timer = nd.use.timers.timer<Check>(this, due);
  }

  due(): void {
    this.#detection.due(this);
  }
}

const due = (check: Check): void => check.due();

export class Detection implements AddressDetection {
  readonly #nd: NdContext;
  readonly #sender: Sender;
  readonly #duplicate: (address: LocalAddress) => void;
  readonly #checks = new Map<LocalAddress, Check>();
  /** Of each address, in its solicited-node group. */
  readonly #memberships = new Map<LocalAddress, Membership>();
  readonly #group = new Int32Array(4);

  /** @param duplicate told of an address that another host has. */
  constructor(nd: NdContext, sender: Sender, duplicate: (address: LocalAddress) => void) {
    this.#nd = nd;
    this.#sender = sender;
    this.#duplicate = duplicate;
  }

  begin(address: LocalAddress, mayCheck: boolean): boolean {
    const nd = this.#nd;
    const { iface, words } = address;
    // As Linux: where nobody is asked for, there is no group to ask in.
    if (!hasNeighbours(iface)) return false;
    const { acceptDad, dadTransmits, routerSolicitationDelay } = nd.interfaceSysctls.of(iface);
    solicitedNode(words, 0, this.#group, 0);
    this.#memberships.set(address, nd.use.memberships.join(iface, this.#group, 0, ANYBODY));
    if (!mayCheck || acceptDad === 0 || dadTransmits === 0) return false;
    const check = new Check(nd, this, address, this.#nonce(iface), dadTransmits);
    this.#checks.set(address, check);
    // RFC 4862 §5.4.2: hosts that start together do not ask together; but who uses the address meanwhile asks at once (RFC 4429 §3.1).
    check.timer.arm(address.optimistic ? 0 : nd.use.entropy.below(Math.max(routerSolicitationDelay * 1_000_000, 1)));
    return true;
  }

  end(address: LocalAddress): undefined {
    this.#checks.get(address)?.timer.cancel();
    this.#checks.delete(address);
    this.#memberships.get(address)?.leave();
    this.#memberships.delete(address);
  }

  /** Somebody checks an address that is not usable here. @param option where the probe's nonce stands, 0: it has none. */
  probeHeard(address: LocalAddress, bytes: Uint8Array, option: number): Fate {
    const check = this.#checks.get(address);
    if (check === undefined) return 'tentative';
    if (option !== 0 && check.nonce !== undefined && isNonce(bytes, option, check.nonce)) return 'ownProbe';
    this.#fail(check);
    return 'conflicts';
  }

  /** Somebody says that an address of ours is his: RFC 4862 §5.4.4. */
  advertisementHeard(address: LocalAddress): Fate {
    const check = this.#checks.get(address);
    if (check === undefined) return address.usable ? 'ownAddress' : 'tentative';
    this.#fail(check);
    return 'conflicts';
  }

  /** A probe is due, or nobody has answered the last: RFC 4862 §5.4.2. */
  due(check: Check): void {
    const { address, timer } = check;
    const { iface, words } = address;
    if (check.probesLeft === 0) {
      this.#checks.delete(address);
      this.#nd.use.addresses.settle(address, true);
      return;
    }
    check.probesLeft--;
    timer.arm(Math.max(this.#nd.interfaceSysctls.of(iface).retransTimeMs * 1000, MIN_WAIT_US));
    solicitedNode(words, 0, this.#group, 0);
    this.#sender.solicit(iface, UNSPECIFIED, this.#group, words, check.nonce);
  }

  #fail(check: Check): void {
    const { address, timer } = check;
    timer.cancel();
    this.#checks.delete(address);
    const { log, addresses } = this.#nd.use;
    log.warn(`${Ip6Address.fromWords(address.words, 0)} on ${address.iface.name} is another host's too, and not used`);
    addresses.settle(address, false);
    this.#duplicate(address);
  }

  #nonce(iface: Interface): Uint8Array | undefined {
    if (this.#nd.interfaceSysctls.of(iface).enhancedDad === 0) return undefined;
    const nonce = new Uint8Array(wire.NONCE_BYTES);
    this.#nd.use.entropy.fill(nonce);
    return nonce;
  }
}

function isNonce(bytes: Uint8Array, option: number, nonce: Uint8Array): boolean {
  if (bytes[option + 1] !== 1) return false;
  for (let i = 0; i < nonce.length; i++) if (bytes[option + wire.OPTION_BYTES + i] !== nonce[i]) return false;
  return true;
}
