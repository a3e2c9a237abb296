// The turn: ingress, timers, wakeups, egress. One event, one synchronous call tree; bounded, so that nothing starves.
import {
  type Borrower,
  type Clock,
  type DeviceInput,
  type EgressEntry,
  type EgressRequest,
  PACKET_LOOPBACK,
  type Packet,
  type Turns,
  type WakeEntry,
} from '@protoloom/contracts';
import { Fifo } from '@protoloom/mechanisms';
import type { PooledPacket } from '../packet/packet.js';
import type { PacketPool } from '../packet/pool.js';
import type { Faults } from './faults.js';
import type { StackTimers } from './timers.js';

/** The clock's cell, which only the turn writes. */
export interface ClockCell extends Clock {
  nowUs: number;
  epochUs: number;
}

/** A device's place in the rotation; an interface. */
export interface IngressPort {
  /** Frames wait in the device. */
  readable: boolean;
  readonly plugin: string;
  poll(budget: number, input: DeviceInput): number;
  receive(packet: Packet): void;
  flush(): void;
  /** Packets were sent in this turn, and the device may be gathering them. */
  sent: boolean;
}

export interface TurnLimits {
  /** `net.core.dev_weight`: frames of one device before the next has its chance. */
  readonly devWeight: number;
  /** `net.core.netdev_budget`: packets in one turn. */
  readonly netdevBudget: number;
  /** `net.core.netdev_max_backlog`: packets to ourselves that wait. */
  readonly netdevMaxBacklog: number;
}
export interface TurnCounters {
  receivedFrames: number;
  faultedPackets: number;
  backlogDropped: number;
}

class Request<E> implements EgressRequest {
  queued = false;
  readonly plugin: string;
  readonly entry: E;
  readonly #loop: TurnLoop;
  readonly #queue: Fifo<Request<E>>;

  constructor(loop: TurnLoop, queue: Fifo<Request<E>>, plugin: string, entry: E) {
    this.#loop = loop;
    this.#queue = queue;
    this.plugin = plugin;
    this.entry = entry;
  }

  request(): void {
    if (this.queued) return;
    this.queued = true;
    this.#queue.push(this);
    this.#loop.work();
  }
}

export class TurnLoop implements DeviceInput {
  readonly clock: ClockCell;
  /** Told when a turn has become due outside of one, and whether it may run within that call. */
  onWork: ((atOnce: boolean) => void) | undefined;
  readonly #pool: PacketPool;
  readonly #faults: Faults;
  readonly #limits: TurnLimits;
  readonly #counters: TurnCounters;
  readonly #timers: StackTimers;
  #ports: readonly IngressPort[] = [];
  /** Where the rotation begins in the next turn. */
  #first = 0;
  #current: IngressPort | undefined;
  readonly #backlog = new Fifo<PooledPacket>();
  readonly #egress = new Fifo<Request<EgressEntry>>();
  readonly #lastEgress = new Fifo<Request<EgressEntry>>();
  readonly #wakes = new Fifo<WakeEntry>();
  readonly #recalls = new Fifo<Request<Borrower>>();
  #inTurn = false;

  constructor(clock: ClockCell, pool: PacketPool, faults: Faults, timers: StackTimers, limits: TurnLimits, counters: TurnCounters) {
    this.clock = clock;
    this.#pool = pool;
    this.#faults = faults;
    this.#timers = timers;
    this.#limits = limits;
    this.#counters = counters;
    timers.onEarlier = () => this.work();
  }

  get inTurn(): boolean {
    return this.#inTurn;
  }

  /** Packets to ourselves that wait. */
  get backlog(): number {
    return this.#backlog.length;
  }

  set ports(ports: readonly IngressPort[]) {
    this.#ports = ports;
  }

  /**
   * Work has come: says so to the driver unless a turn is running, after which the driver asks anyway.
   * @param atOnce nothing of the stack is being called: the turn may run within.
   */
  work(atOnce = false): void {
    if (!this.#inTurn) this.onWork?.(atOnce);
  }

  /** Runs one turn at `nowUs`. */
  turn(nowUs: number): void {
    if (this.#inTurn) throw new Error('a turn cannot run within a turn');
    this.#inTurn = true;
    if (nowUs > this.clock.nowUs) this.clock.nowUs = nowUs;
    try {
      this.#recall();
      this.#ingress();
      this.#timers.expire(this.clock.nowUs);
      this.#runWakes();
      this.#runEgress(this.#egress);
      this.#runEgress(this.#lastEgress);
      for (const port of this.#ports) if (port.sent) port.flush();
    } finally {
      this.#inTurn = false;
    }
  }

  /** When the next turn is due, µs: now where work waits, Infinity where nothing ever will. */
  nextTurnUs(): number {
    if (this.backlog > 0 || this.#egress.length > 0 || this.#lastEgress.length > 0 || this.#wakes.length > 0) return this.clock.nowUs;
    for (const port of this.#ports) if (port.readable) return this.clock.nowUs;
    return this.#timers.nextUs();
  }

  // ---- borrowed frames ---------------------------------------------------------------------------------------------------------

  #recall(): void {
    this.#pool.settle();
    for (let left = this.#recalls.length; left > 0; left--) {
      const request = this.#recalls.shift() as Request<Borrower>;
      request.queued = false;
      try {
        request.entry.recalled();
      } catch (error) {
        this.#faults.contain(request.plugin, 'giving back what it borrowed', error);
      }
    }
  }

  // ---- ingress -----------------------------------------------------------------------------------------------------------------

  frame(bytes: Uint8Array, view: DataView, from: number, to: number): Packet {
    return this.#pool.borrow(bytes, view, from, to);
  }

  deliver(packet: Packet): void {
    this.#counters.receivedFrames++;
    this.#receive(this.#current as IngressPort, packet as PooledPacket);
  }

  /** A frame to ourselves, read in a later turn, or later in this one's ingress. */
  enqueue(packet: Packet): void {
    if (this.backlog >= this.#limits.netdevMaxBacklog) {
      this.#counters.backlogDropped++;
      return;
    }
    const kept = (packet.taken ? packet.copy() : packet.take()) as PooledPacket;
    kept.orphan();
    this.#backlog.push(kept);
    this.work();
  }

  /** A copy of a network packet that comes back from its interface; false where there is no room for it. */
  loop(packet: Packet): boolean {
    if (this.backlog >= this.#limits.netdevMaxBacklog) return false;
    const copy = packet.copy() as PooledPacket;
    copy.orphan();
    copy.kind = PACKET_LOOPBACK;
    copy.protocol = packet.protocol;
    this.#backlog.push(copy);
    this.work();
    return true;
  }

  #ingress(): void {
    let budget = this.#limits.netdevBudget;
    const ports = this.#ports;
    for (let i = 0; i < ports.length && budget > 0; i++) {
      const port = ports[(this.#first + i) % ports.length] as IngressPort;
      if (!port.readable) continue;
      const weight = Math.min(this.#limits.devWeight, budget);
      this.#current = port;
      let count = weight;
      try {
        count = port.poll(weight, this);
      } catch (error) {
        this.#faults.contain(port.plugin, 'poll', error);
      }
      port.readable = count >= weight;
      budget -= count;
    }
    this.#current = undefined;
    if (ports.length > 0) this.#first = (this.#first + 1) % ports.length;
    this.#drainBacklog(budget);
  }

  #drainBacklog(budget: number): void {
    // At least one device's share: frames to ourselves are not starved by a flood from outside.
    for (let left = Math.max(budget, this.#limits.devWeight); left > 0; left--) {
      const packet = this.#backlog.shift();
      if (packet === undefined) return;
      // It is ours again: whoever keeps it from here takes it anew.
      packet.taken = false;
      packet.lent = true;
      this.#pool.inHand--;
      this.#receive(packet.iface as unknown as IngressPort, packet);
    }
  }

  #receive(port: IngressPort, packet: PooledPacket): void {
    packet.rxUs = this.clock.nowUs;
    try {
      port.receive(packet);
    } catch (error) {
      this.#counters.faultedPackets++;
      this.#faults.contain(port.plugin, 'receiving a packet', error);
    }
    this.#pool.done(packet);
  }

  // ---- egress and wakeups ---------------------------------------------------------------------------------------------------------

  /** The service that a plugin uses. */
  turnsFor(plugin: string): Turns {
    return {
      egress: (entry) => new Request(this, this.#egress, plugin, entry),
      lastEgress: (entry) => new Request(this, this.#lastEgress, plugin, entry),
      wake: (entry) => this.#wake(entry),
      recall: (borrower) => new Request(this, this.#recalls, plugin, borrower),
    };
  }

  #runEgress(queue: Fifo<Request<EgressEntry>>): void {
    // What asks anew meanwhile waits for the next turn.
    for (let left = queue.length; left > 0; left--) {
      const request = queue.shift() as Request<EgressEntry>;
      request.queued = false;
      try {
        request.entry.egress();
      } catch (error) {
        this.#faults.contain(request.plugin, 'egress', error);
      }
    }
  }

  #wake(entry: WakeEntry): void {
    if (entry.waking) return;
    entry.waking = true;
    this.#wakes.push(entry);
    this.work();
  }

  #runWakes(): void {
    for (let left = this.#wakes.length; left > 0; left--) {
      const entry = this.#wakes.shift() as WakeEntry;
      entry.waking = false;
      try {
        entry.woken();
      } catch (error) {
        this.#faults.contain('readiness', 'a wakeup', error);
      }
    }
  }
}
