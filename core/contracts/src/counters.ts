// Counters: declared once as data, incremented as a field, named after the MIB where there is one.
import type { Interface } from './interface.js';

export interface CounterDefinition {
  readonly unit: 'packets' | 'bytes' | 'events' | 'sockets' | 'entries' | 'us' | 'ms';
  /** Linux's name, `Group.Name` as /proc/net/snmp and /proc/net/netstat print it, such as `Udp.NoPorts` or `TcpExt.DelayedACKs`. */
  readonly mib?: string;
  /** MIB names into whose sum this counter enters when they are read. */
  readonly adds?: readonly string[];
  /**
   * Marks the end of a packet: `delivered`, `held`, `reinjected`, `replied`, or the reason of a drop in UPPER_SNAKE.
   * Every frame from a device and every packet made inside moves exactly one counter with a fate.
   */
  readonly fate?: string;
  /** Counts packets made inside the stack (rebuilt, decapsulated, looped): they need a fate as received frames do. */
  readonly made?: true;
  readonly doc: string;
}

export type CounterSpec = Readonly<Record<string, CounterDefinition>>;

/** One number each; the object is sealed. */
export type Counters<C> = { -readonly [K in keyof C]: number };

/** The same set for every interface: an array slot, never a Map. */
export interface InterfaceCounters<C> {
  of(iface: Interface): Counters<C>;
}
