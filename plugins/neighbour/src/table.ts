// The neighbours of one family: look-up, bounds, collection.
import {
  type Clock,
  type Entropy,
  type Everyone,
  type FastPaths,
  IFF_LOOPBACK,
  IFF_NOARP,
  IFF_POINTOPOINT,
  type Interface,
  type Timer,
  type Timers,
} from '@protoloom/contracts';
import { RTN_BROADCAST, RTN_MULTICAST } from '@protoloom/contracts/ip';
import { type Neighbour, type NeighbourFamily, NUD_FAILED, NUD_NOARP, NUD_NONE, NUD_PERMANENT } from '@protoloom/contracts/neighbour';
import { WordsTable } from '@protoloom/wire';
import { NeighbourEntry } from './entry.js';
import { LinkTimes } from './link-times.js';
import { dropWaiting, enter } from './machine.js';
import { CONNECTED, TIMED } from './states.js';

/** A forced collection spares what changed within this time, and runs no more often while there is room: as on Linux. */
const FORCED_AGE_US = 5_000_000;
/** On links with one station at most at the other end, one neighbour serves every address, as on Linux. */
const ANY_ADDRESS = new Int32Array(4);

export interface TableServices {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly events: Everyone<(neighbour: Neighbour) => undefined>;
  readonly fastPaths: FastPaths;
}

export class FamilyTable {
  readonly protocol: NeighbourFamily;
  readonly clock: Clock;
  /** States in which a packet needs no look at the machine. */
  readonly straight: number;
  /** Permanent entries: they do not count towards the thresholds. */
  exempt = 0;
  /** Oldest first. */
  readonly entries = new Set<NeighbourEntry>();
  readonly #services: TableServices;
  readonly #byAddress: WordsTable<NeighbourEntry>;
  readonly #times = new Map<number, LinkTimes>();
  readonly #collector: Timer;
  #forcedUs = Number.NEGATIVE_INFINITY;

  constructor(protocol: NeighbourFamily, services: TableServices) {
    this.protocol = protocol;
    this.clock = services.clock;
    this.straight = services.fastPaths.taken ? CONNECTED : NUD_NONE;
    this.#services = services;
    this.#byAddress = new WordsTable(services.entropy.word(), services.entropy.word());
    this.#collector = services.timers.timer<FamilyTable>(this, collect);
  }

  find(iface: Interface, words: Int32Array, at: number): NeighbourEntry | undefined {
    const { counters } = this.protocol;
    counters.lookups++;
    const entry = this.#get(iface, words, at);
    if (entry !== undefined) counters.hits++;
    return entry;
  }

  lookup(iface: Interface, words: Int32Array, at: number): NeighbourEntry {
    return this.find(iface, words, at) ?? this.make(iface, words, at, false);
  }

  /** @param permanent it is made for an administrator: the thresholds do not bind him. */
  make(iface: Interface, words: Int32Array, at: number, permanent: boolean): NeighbourEntry {
    const one = hasOneStation(iface);
    const key = one ? ANY_ADDRESS : words;
    const keyAt = one ? 0 : at;
    const { clock, timers } = this.#services;
    const entry = new NeighbourEntry(this, this.#timesOf(iface), timers, iface, key, keyAt, clock.nowUs);
    if (!permanent && !this.#hasRoom()) {
      this.protocol.counters.tableFulls++;
      entry.dead = true;
      return entry;
    }
    this.#construct(entry);
    this.#byAddress.set(key, keyAt, iface.index, entry);
    this.entries.add(entry);
    this.protocol.counters.allocs++;
    this.protocol.counters.entries = this.entries.size;
    this.#armCollector();
    return entry;
  }

  remove(entry: NeighbourEntry): void {
    if (!this.entries.delete(entry)) return;
    this.#byAddress.delete(entry.words, 0, entry.iface.index);
    dropWaiting(entry);
    // Whoever still holds it finds it dead when he next sends: there is no fast way through it any more.
    enter(entry, NUD_NONE);
    entry.dead = true;
    this.protocol.counters.destroys++;
    this.protocol.counters.entries = this.entries.size;
    this.tell(entry);
  }

  /** Removes the interface's entries; @param permanent those too that an administrator made. */
  flush(iface: Interface, permanent: boolean): void {
    for (const entry of this.entries) {
      if (entry.iface === iface && (permanent || entry.state !== NUD_PERMANENT)) this.remove(entry);
    }
  }

  /** The interface is gone for good. */
  forget(iface: Interface): void {
    this.flush(iface, true);
    this.#times.delete(iface.index);
  }

  /** Nobody resolves the family any more. */
  close(): void {
    for (const entry of this.entries) this.remove(entry);
    this.#collector.cancel();
  }

  tell(entry: NeighbourEntry): undefined {
    const { list } = this.#services.events;
    for (let i = 0; i < list.length; i++) list[i]?.(entry);
  }

  /** Once in gc_interval: failed entries, and those unused for gc_stale_time. Below gc_thresh1 none. */
  collect(): void {
    const { gcThresh1 } = this.protocol.thresholds;
    if (this.entries.size < gcThresh1) return;
    this.protocol.counters.periodicGcRuns++;
    const { nowUs } = this.clock;
    for (const entry of this.entries) {
      if ((entry.state & (TIMED | NUD_PERMANENT)) !== 0) continue;
      const usedUs = Math.max(entry.usedUs, entry.confirmedUs);
      const idleUs = entry.times.parameters.gcStaleTime * 1_000_000;
      if (entry.state === NUD_FAILED || nowUs - usedUs >= idleUs) this.remove(entry);
    }
    this.#armCollector();
  }

  #get(iface: Interface, words: Int32Array, at: number): NeighbourEntry | undefined {
    return hasOneStation(iface) ? this.#byAddress.get(ANY_ADDRESS, 0, iface.index) : this.#byAddress.get(words, at, iface.index);
  }

  /** Whether one entry more is allowed; collects where the table is filling. */
  #hasRoom(): boolean {
    const { gcThresh2, gcThresh3 } = this.protocol.thresholds;
    const count = this.entries.size - this.exempt;
    if (count < gcThresh3 && (count < gcThresh2 || this.clock.nowUs - this.#forcedUs <= FORCED_AGE_US)) return true;
    return this.#collectForced(Math.max(count - gcThresh2, 1)) || count < gcThresh3;
  }

  /** Removes up to `most` entries that nobody waits for, oldest first. */
  #collectForced(most: number): boolean {
    const { nowUs } = this.clock;
    this.#forcedUs = nowUs;
    this.protocol.counters.forcedGcRuns++;
    let removed = 0;
    for (const entry of this.entries) {
      if (removed === most) break;
      if ((entry.state & (TIMED | NUD_PERMANENT)) !== 0) continue;
      if ((entry.state & (NUD_FAILED | NUD_NOARP)) === 0 && nowUs - entry.updatedUs <= FORCED_AGE_US) continue;
      this.remove(entry);
      removed++;
    }
    return removed > 0;
  }

  /** How an entry starts, as Linux's arp_constructor: where no protocol need ask, it is NOARP from the beginning. */
  #construct(entry: NeighbourEntry): undefined {
    const { iface } = entry;
    const { link, flags } = iface;
    if (link.addressBytes === 0) return noArp(entry, new Uint8Array(0));
    const type = this.protocol.classify(iface, entry.words, 0);
    if (type === RTN_MULTICAST) {
      const group = new Uint8Array(link.addressBytes);
      return noArp(entry, link.groupAddress(entry.words, 0, group) ? group : link.broadcast);
    }
    if ((flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) return noArp(entry, iface.address);
    if (type === RTN_BROADCAST || (flags & IFF_POINTOPOINT) !== 0) noArp(entry, link.broadcast);
  }

  #timesOf(iface: Interface): LinkTimes {
    let times = this.#times.get(iface.index);
    if (times === undefined) {
      times = new LinkTimes(this.protocol, iface, this.#services.clock, this.#services.entropy);
      this.#times.set(iface.index, times);
    }
    return times;
  }

  /** Idle below the first threshold: what wakes it is the next entry. */
  #armCollector(): void {
    const { gcThresh1, gcInterval } = this.protocol.thresholds;
    if (this.entries.size >= gcThresh1 && !this.#collector.armed) this.#collector.arm(Math.max(gcInterval, 1) * 1_000_000);
  }
}

const collect = (table: FamilyTable): void => table.collect();

const hasOneStation = (iface: Interface): boolean => (iface.flags & (IFF_LOOPBACK | IFF_POINTOPOINT)) !== 0;

function noArp(entry: NeighbourEntry, address: Uint8Array): undefined {
  entry.setLinkAddress(address, 0);
  enter(entry, NUD_NOARP);
}
