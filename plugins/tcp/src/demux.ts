// From a segment to whoever it is for: connections by 4-tuple and interface, then listeners by local address and port.
import { DESTINATION, type Packet, SOURCE } from '@protoloom/contracts';
import { equalWords, FlowTable, isFlow, isMappedWords, isUnspecifiedWords } from '@protoloom/wire';
import type { Request } from './listener.js';
import type { Tcb } from './tcb.js';
import type { TimeWait, TimeWaits } from './time-wait.js';

/** What a 4-tuple leads to; `kind` tells which. */
export type Flow = Tcb | Request | TimeWait;

/** As the table has it: what is left of a connection is a number, its place among its like. */
type Entry = Tcb | Request | number;

/** Both families alike: an address is four words, and a wildcard listener of `::` takes mapped addresses too unless IPV6_V6ONLY. */
export class Demux {
  readonly #flows: FlowTable<Entry>;
  readonly #remains: () => TimeWaits;
  /** What was found last: most segments are for the flow of the one before. */
  #last: Tcb | Request | undefined = undefined;
  readonly #keepsLast: boolean;
  /** Index of the interface that the flow at hand is looked for on. */
  #iface = 0;
  readonly #listeners = new Map<number, Tcb[]>();

  /** @param keepsLast the flow that was found last is asked first: a fast path. @param remains whom numbers are places of. */
  constructor(seed0: number, seed1: number, keepsLast: boolean, remains: () => TimeWaits) {
    this.#keepsLast = keepsLast;
    this.#remains = remains;
    this.#flows = new FlowTable<Entry>(seed0, seed1, (entry, key) =>
      typeof entry === 'number'
        ? remains().hasKey(entry, key) && this.#isOn(remains().interfaceOf(entry))
        : isFlow(key, entry.addresses, SOURCE, DESTINATION, entry.localPort, entry.remotePort) && this.#isOn(entry.iface),
    );
  }

  /** How many 4-tuples are taken. */
  get size(): number {
    return this.#flows.size;
  }

  /** Hash of the 4-tuple that was looked for last, and not found: whoever comes of that segment has it. */
  get asked(): number {
    return this.#flows.asked;
  }

  /** How many listen. */
  get listeners(): number {
    let count = 0;
    for (const tcbs of this.#listeners.values()) count += tcbs.length;
    return count;
  }

  /**
   * Whether a flow that is bound to an interface, 0: to none, is what is looked for. The same 4-tuple may stand on several: link-local addresses mean
   * another host on each link (RFC 4007 §6). Linux's inet_match.
   */
  #isOn(iface: number): boolean {
    return iface === 0 || iface === this.#iface;
  }

  /** The flow that a received packet belongs to. */
  find(packet: Packet, localPort: number, remotePort: number): Flow | undefined {
    const { addresses } = packet;
    const last = this.#last;
    this.#iface = packet.iface.index;
    if (
      last !== undefined &&
      last.remotePort === remotePort &&
      last.localPort === localPort &&
      equalWords(last.addresses, DESTINATION, addresses, SOURCE) &&
      equalWords(last.addresses, SOURCE, addresses, DESTINATION) &&
      this.#isOn(last.iface)
    )
      return last;
    const found = this.#flows.get(addresses, DESTINATION, SOURCE, localPort, remotePort);
    if (typeof found === 'number') return this.#remains().at(found);
    if (found !== undefined && this.#keepsLast) this.#last = found;
    return found;
  }

  /** As `find`, for words with our address at SOURCE and the peer's at DESTINATION. @param iface index of the interface, 0: unbound flows alone. */
  lookup(words: Int32Array, localPort: number, remotePort: number, iface: number): Flow | undefined {
    this.#iface = iface;
    const found = this.#flows.get(words, SOURCE, DESTINATION, localPort, remotePort);
    return typeof found === 'number' ? this.#remains().at(found) : found;
  }

  /** Nobody has its 4-tuple: else that one keeps it. */
  add(flow: Tcb | Request): void {
    const { addresses, localPort, remotePort } = flow;
    this.#iface = flow.iface;
    if (flow.hash === 0) flow.hash = this.#flows.hash(addresses, SOURCE, DESTINATION, localPort, remotePort);
    this.#flows.add(flow.hash, addresses, SOURCE, DESTINATION, localPort, remotePort, flow);
  }

  /** What a flow becomes takes its 4-tuple, and knows the hash of it: the connection of a half-open one, the remains of a connection. */
  replace(flow: Tcb | Request, by: Tcb | number): void {
    if (this.#last === flow) this.#last = undefined;
    this.#flows.replace(flow.hash, flow, by);
    flow.hash = 0;
  }

  /** Leaves another flow alone that has taken the 4-tuple since. */
  remove(flow: Tcb | Request): void {
    if (this.#last === flow) this.#last = undefined;
    this.#flows.remove(flow.hash, flow);
    flow.hash = 0;
  }

  /** The same for remains. */
  removeRemains(hash: number, place: number): void {
    this.#flows.remove(hash, place);
  }

  /** Every connection, those that are half open among them, in no order: control paths alone. */
  forEach(visit: (flow: Tcb | Request) => void): void {
    this.#flows.forEach((entry) => {
      if (typeof entry !== 'number') visit(entry);
    });
  }

  addListener(tcb: Tcb): void {
    const others = this.#listeners.get(tcb.localPort);
    if (others === undefined) this.#listeners.set(tcb.localPort, [tcb]);
    else others.push(tcb);
  }

  removeListener(tcb: Tcb): void {
    const all = this.#listeners.get(tcb.localPort);
    const index = all?.indexOf(tcb) ?? -1;
    if (all === undefined || index < 0) return;
    all.splice(index, 1);
    if (all.length === 0) this.#listeners.delete(tcb.localPort);
  }

  /** The listener that fits best: a bound interface and a bound address count more than none; of equals (SO_REUSEPORT) the peer decides. */
  listener(packet: Packet, localPort: number, remotePort: number): Tcb | undefined {
    const all = this.#listeners.get(localPort);
    if (all === undefined) return undefined;
    let best: Tcb | undefined;
    let bestScore = 0;
    let equals = 0;
    for (let i = 0; i < all.length; i++) {
      const tcb = all[i] as Tcb;
      const score = scoreOf(tcb, packet);
      if (score > bestScore) {
        best = tcb;
        bestScore = score;
        equals = 1;
      } else if (score > 0 && score === bestScore) equals++;
    }
    if (equals <= 1) return best;
    let skip = ((packet.addresses[SOURCE + 3] as number) ^ remotePort) >>> 0;
    skip %= equals;
    for (let i = 0; i < all.length; i++) {
      if (scoreOf(all[i] as Tcb, packet) === bestScore && skip-- === 0) return all[i];
    }
    return best;
  }
}

/** How well a listener fits, 0: not at all. Linux's compute_score. */
function scoreOf(tcb: Tcb, packet: Packet): number {
  let score = 1;
  const bound = tcb.socket.boundInterface;
  if (bound !== 0) {
    if (bound !== packet.iface.index) return 0;
    score += 4;
  }
  if (!isUnspecifiedWords(tcb.addresses, SOURCE)) return equalWords(tcb.addresses, SOURCE, packet.addresses, DESTINATION) ? score + 2 : 0;
  const mapped = isMappedWords(packet.addresses, DESTINATION);
  if (isMappedWords(tcb.addresses, SOURCE)) return mapped ? score + 1 : 0;
  return mapped && tcb.socket.v6Only ? 0 : score;
}
