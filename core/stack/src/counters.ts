// Counters: one sealed object per stack or per interface, read by name, by MIB name, or as the conservation law.
import type { CounterDefinition, CounterSpec, Counters, Interface, InterfaceCounters } from '@protoloom/contracts';

const zeroed = (spec: CounterSpec): Record<string, number> => Object.seal(Object.fromEntries(Object.keys(spec).map((name) => [name, 0])));

/** One plugin's counters in one stack. */
interface PluginCounters {
  readonly spec: CounterSpec;
  readonly values: Record<string, number>;
  readonly interfaceSpec: CounterSpec;
  /** By the interface's slot. */
  readonly perInterface: (Record<string, number> | undefined)[];
  /** What interfaces that are gone had counted. */
  readonly gone: Record<string, number>;
}

/** One counter with its value, as people and tools read it. */
export interface CounterReading extends CounterDefinition {
  readonly plugin: string;
  readonly name: string;
  /** The interface's name, where it is an interface's. */
  readonly iface: string | undefined;
  readonly value: number;
}

export interface Conservation {
  /** Frames from devices. */
  readonly received: number;
  /** Packets made inside. */
  readonly made: number;
  /** Sum of all fates. */
  readonly fates: number;
  /** Packets that wait in the turn's queue. */
  readonly inHand: number;
}

/** Every counter of a stack. Reading makes copies; writing is the plugins'. */
export class CounterRegistry {
  readonly #plugins = new Map<string, PluginCounters>();
  #interfaces: readonly Interface[] = [];

  /** Makes a plugin's sets. */
  add(
    plugin: string,
    spec: CounterSpec,
    interfaceSpec: CounterSpec,
  ): { stack: Counters<CounterSpec>; perInterface: InterfaceCounters<CounterSpec> } {
    const own: PluginCounters = { spec, values: zeroed(spec), interfaceSpec, perInterface: [], gone: zeroed(interfaceSpec) };
    for (const iface of this.#interfaces) own.perInterface[iface.slot] = zeroed(interfaceSpec);
    this.#plugins.set(plugin, own);
    const { perInterface } = own;
    return { stack: own.values, perInterface: { of: (iface) => perInterface[iface.slot] as Record<string, number> } };
  }

  remove(plugin: string): void {
    this.#plugins.delete(plugin);
  }

  interfaceAdded(iface: Interface): void {
    this.#interfaces = [...this.#interfaces, iface];
    for (const own of this.#plugins.values()) own.perInterface[iface.slot] = zeroed(own.interfaceSpec);
  }

  interfaceGone(iface: Interface): void {
    this.#interfaces = this.#interfaces.filter((other) => other !== iface);
    for (const own of this.#plugins.values()) {
      const values = own.perInterface[iface.slot];
      if (values === undefined) continue;
      for (const name of Object.keys(values)) own.gone[name] = (own.gone[name] as number) + (values[name] as number);
      own.perInterface[iface.slot] = undefined;
    }
  }

  /** A plugin's own counters, those of its interfaces added up under their names. @throws RangeError that says which plugins there are. */
  of(plugin: string): Readonly<Record<string, number>> {
    const own = this.#plugins.get(plugin);
    if (own === undefined) throw new RangeError(`no plugin ${plugin} has counters here; there are ${[...this.#plugins.keys()].join(', ')}`);
    const sums: Record<string, number> = { ...own.values };
    for (const name of Object.keys(own.interfaceSpec)) sums[name] = (sums[name] ?? 0) + this.#sum(own, name);
    return sums;
  }

  /** A plugin's counters on one interface. */
  ofInterface(plugin: string, iface: Interface): Readonly<Record<string, number>> {
    return { ...this.#plugins.get(plugin)?.perInterface[iface.slot] };
  }

  /** Everything, in the order of the plugins. */
  list(): CounterReading[] {
    const readings: CounterReading[] = [];
    for (const [plugin, own] of this.#plugins) {
      for (const [name, definition] of Object.entries(own.spec)) {
        readings.push({ plugin, name, iface: undefined, value: own.values[name] as number, ...definition });
      }
      for (const [name, definition] of Object.entries(own.interfaceSpec)) {
        for (const iface of this.#interfaces) {
          readings.push({ plugin, name, iface: iface.name, value: own.perInterface[iface.slot]?.[name] ?? 0, ...definition });
        }
        const gone = own.gone[name] as number;
        if (gone > 0) readings.push({ plugin, name, iface: '', value: gone, ...definition });
      }
    }
    return readings;
  }

  /** Values under Linux's names, `Udp.NoPorts`: the counters that have the name, and those that add to it. */
  mib(): Record<string, number> {
    const values: Record<string, number> = {};
    for (const { mib, adds = [], value } of this.list()) {
      for (const name of mib === undefined ? adds : [mib, ...adds]) values[name] = (values[name] ?? 0) + value;
    }
    return values;
  }

  /** Sums for the conservation law: received + made = fates + in hand. */
  conservation(received: number, inHand: number): Conservation {
    let made = 0;
    let fates = 0;
    for (const reading of this.list()) {
      if (reading.made) made += reading.value;
      if (reading.fate !== undefined) fates += reading.value;
    }
    return { received, made, fates, inHand };
  }

  #sum(own: PluginCounters, name: string): number {
    let sum = own.gone[name] as number;
    for (const iface of this.#interfaces) sum += own.perInterface[iface.slot]?.[name] ?? 0;
    return sum;
  }
}
