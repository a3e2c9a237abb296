// A resolved route: what a sender keeps and sends through.
import { type Clock, ERRNO, type FastPaths, IFF_LOOPBACK, IFF_NOARP, type Interface, type Packet } from '@protoloom/contracts';
import type { NetworkFamily, NextHop, Route } from '@protoloom/contracts/ip';
import type { Neighbour, Neighbours } from '@protoloom/contracts/neighbour';
import { pseudoSum } from '@protoloom/wire';
import type { Fib, FibRoute } from './fib.js';
import type { PathMtu, PathMtus } from './path-mtu.js';

/** A link whose stations have no addresses, or where nobody resolves them: the header is written, and the frame is out. */
export class BareHop implements NextHop {
  readonly iface: Interface;
  readonly #address: Uint8Array;

  constructor(iface: Interface) {
    this.iface = iface;
    this.#address = new Uint8Array(iface.link.addressBytes);
  }

  output(packet: Packet): undefined {
    const { iface } = this;
    const { link } = iface;
    if (link.headerBytes > 0) {
      const at = packet.push(link.headerBytes);
      link.writeHeader(iface, packet.protocol, this.#address, 0, packet.bytes, at);
    }
    packet.l2 = packet.head;
    iface.transmit(packet);
  }
}

/** Whether frames go out on it without a neighbour's address. */
export const isBare = (iface: Interface): boolean => iface.link.addressBytes === 0 || (iface.flags & (IFF_LOOPBACK | IFF_NOARP)) !== 0;

export interface RouteContext {
  readonly fib: Fib;
  readonly pathMtus: PathMtus;
  readonly clock: Clock;
  readonly neighbours: { readonly now: Neighbours | undefined };
  readonly fastPaths: FastPaths;
  bareHop(iface: Interface): NextHop;
}

/** No epoch of the table: senders that keep the route ask again for every packet. */
const NEVER = -1;

export class ResolvedRoute implements Route {
  readonly family: number;
  readonly headerBytes: number;
  readonly iface: Interface;
  readonly type: number;
  readonly addresses: Int32Array;
  readonly gateway: Int32Array;
  readonly pseudoSum: number;
  readonly prefixBits: number;
  readonly hopLimit: number;
  readonly advertisedMss: number;
  readonly initialCwnd: number;
  readonly initialRwnd: number;
  readonly congestionControl: string;
  readonly ecn: boolean;
  readonly #network: NetworkFamily;
  readonly #context: RouteContext;
  readonly #epoch: number;
  readonly #mtu: number;
  #path: PathMtu | undefined;
  #neighbour: Neighbour | undefined;
  #hop: NextHop | undefined;

  constructor(
    context: RouteContext,
    network: NetworkFamily,
    fib: FibRoute,
    iface: Interface,
    type: number,
    addresses: Int32Array,
    gateway: Int32Array,
  ) {
    this.#context = context;
    this.#network = network;
    this.#epoch = context.fastPaths.taken ? context.fib.epoch : NEVER;
    this.family = network.family;
    this.headerBytes = network.headerBytes;
    this.iface = iface;
    this.type = type;
    this.addresses = addresses;
    this.gateway = gateway;
    this.pseudoSum = pseudoSum(addresses, 0, 4, 0);
    this.prefixBits = fib.bits;
    this.hopLimit = fib.hopLimit;
    this.advertisedMss = fib.advertisedMss;
    this.initialCwnd = fib.initialCwnd;
    this.initialRwnd = fib.initialRwnd;
    this.congestionControl = fib.congestionControl;
    this.ecn = fib.ecn;
    const linkMtu = network.mtu?.(iface) ?? iface.mtu;
    this.#mtu = fib.mtu > 0 ? Math.min(fib.mtu, linkMtu) : linkMtu;
    this.#path = context.pathMtus.find(addresses, 4);
  }

  get valid(): boolean {
    return this.#epoch === this.#context.fib.epoch;
  }

  get mtu(): number {
    const path = this.#path;
    if (path === undefined || path.expiresUs <= this.#context.clock.nowUs) return this.#mtu;
    return Math.min(this.#mtu, path.mtu);
  }

  output(packet: Packet, protocol: number): number {
    const hop = this.#nextHop();
    if (hop === undefined) return -ERRNO.EHOSTUNREACH;
    packet.iface = this.iface;
    packet.family = this.family;
    packet.destinationType = this.type;
    return this.#network.output(packet, this, protocol, hop);
  }

  confirm(): void {
    if (this.#neighbour !== undefined && !this.#neighbour.dead) this.#neighbour.confirm();
  }

  reduceMtu(mtu: number): void {
    const { minPathMtu, pathMtuExpires } = this.#network;
    if (mtu >= this.mtu) return;
    const known = this.#path;
    this.#path = this.#context.pathMtus.learn(this.addresses, 4, Math.max(mtu, minPathMtu), pathMtuExpires);
    // Other routes to the destination have not heard of a record that is new: they are resolved again.
    if (known !== this.#path) this.#context.fib.epoch++;
  }

  #nextHop(): NextHop | undefined {
    if (this.#neighbour === undefined ? this.#hop !== undefined : !this.#neighbour.dead) return this.#neighbour ?? this.#hop;
    if (isBare(this.iface)) this.#hop = this.#context.bareHop(this.iface);
    else this.#neighbour = this.#context.neighbours.now?.lookup(this.iface, this.family, this.gateway, 0);
    return this.#neighbour ?? this.#hop;
  }
}
