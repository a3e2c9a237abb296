// The registry: builds what the plan says through the container, fills the tables, and changes them between two turns.
import { type AnyService, type Context, type Created, LINK_TYPE, type Otherwise, type Plugin, type User } from '@protoloom/contracts';
import 'reflect-metadata';
import { Container, ContainerModule } from 'inversify';
import type { CounterRegistry } from '../counters.js';
import type { SlotRegistry } from '../slots.js';
import type { SysctlRegistry } from '../sysctls.js';
import type { Faults } from '../turn/faults.js';
import { keyText, type Plan, type PlannedAttachment, planAssembly, tokenText } from './plan.js';
import { type LivePoint, livePoint } from './points.js';
import { AssemblyError, type Problem } from './problems.js';

type AnyCreated = Created<Record<string, unknown>, Record<string, unknown>, Record<never, never>>;
// biome-ignore lint/suspicious/noExplicitAny: contexts of every shape; definePlugin has type-checked them.
type AnyContext = Context<any, any, any, any, any, any, string>;

interface MutableCell {
  now: unknown;
}

/** A plugin that has been built. */
interface Built {
  readonly plugin: Plugin;
  readonly module: ContainerModule;
  readonly created: AnyCreated;
  /** Place in the order of construction. */
  readonly order: number;
  /** Handlers as they stand in tables, guarded. */
  readonly handlers: Map<string, unknown>;
}

export interface RegistryParts {
  readonly counters: CounterRegistry;
  readonly sysctls: SysctlRegistry;
  readonly slots: SlotRegistry;
  readonly faults: Faults;
  /** No timer of a plugin that is gone runs. */
  sweepTimers(plugin: string): void;
  /** Header room and packet slots are others now. */
  packetShape(headroom: number, slots: number): void;
}

const identifier = (plugin: Plugin): symbol => Symbol.for(`@protoloom/plugin:${plugin.name}`);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Registry {
  readonly #parts: RegistryParts;
  readonly #container = new Container({ defaultScope: 'Singleton' });
  readonly #built = new Map<string, Built>();
  readonly #points = new Map<symbol, LivePoint>();
  readonly #cells = new Map<symbol, { readonly plugin: string; readonly cell: MutableCell }[]>();
  readonly #attached = new Set<PlannedAttachment>();
  #plan: Plan = { order: [], services: new Map(), points: new Map(), attachments: [] };
  #order = 0;
  #slots = 0;
  #started = false;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  get plan(): Plan {
    return this.#plan;
  }

  get plugins(): readonly Plugin[] {
    return this.#plan.order;
  }

  /** Plans, creates and connects `plugins` beside those there are. Nothing is left of them where any of it fails. @throws AssemblyError. */
  add(plugins: readonly Plugin[]): void {
    const { plan, problems } = planAssembly([...this.plugins, ...plugins]);
    if (plan === undefined) throw new AssemblyError(problems);
    const fresh = plan.order.filter(({ name }) => !this.#built.has(name));
    const before = this.#plan;
    this.#plan = plan;
    try {
      this.#create(fresh);
    } catch (error) {
      for (const { name } of fresh) this.#forget(name);
      this.#plan = before;
      throw error;
    }
    this.#connect();
    this.#parts.packetShape(this.headroom, this.#slots);
    if (this.#started) this.#start(fresh);
  }

  /** Starts everything, in the order of construction; what had started stops again where one throws. @throws AssemblyError START_FAILED. */
  start(): void {
    this.#started = true;
    this.#start(this.plugins);
  }

  /** Stops everything in the reverse order; one that fails does not keep the others from stopping. */
  async stop(deadlineUs: number): Promise<readonly Problem[]> {
    this.#started = false;
    const problems: Problem[] = [];
    for (const { name } of this.plugins.toReversed()) {
      try {
        await this.#built.get(name)?.created.stop?.(deadlineUs);
      } catch (error) {
        problems.push({
          code: 'START_FAILED',
          plugin: name,
          detail: `stop() failed: ${messageOf(error)}`,
          solution: 'The other plugins have stopped',
        });
      }
    }
    return problems;
  }

  /** Takes a plugin out. @throws AssemblyError IN_USE with everybody who uses it and everything that it says holds it. */
  async remove(name: string, deadlineUs: number): Promise<void> {
    const built = this.#built.get(name);
    if (built === undefined) {
      const names = this.plugins.map((plugin) => plugin.name).join(', ');
      throw new AssemblyError([{ code: 'BAD_MANIFEST', plugin: name, detail: 'is not plugged in', solution: `There is ${names}` }]);
    }
    const { plan, problems } = planAssembly(this.plugins.filter((plugin) => plugin.name !== name));
    const uses: Problem[] = problems.map((problem) => ({
      ...problem,
      code: 'IN_USE',
      detail: `${problem.plugin} ${problem.detail}`,
      plugin: name,
      solution: `Unplug ${problem.plugin} first`,
    }));
    for (const reason of built.created.inUse?.() ?? [])
      uses.push({ code: 'IN_USE', plugin: name, detail: reason, solution: 'Close it first (EBUSY)' });
    for (const attachment of this.#attached) {
      if (attachment.plugin.name !== name) continue;
      const reason = this.#points.get(attachment.point.key)?.otherwise.mayDetach?.(attachment.key);
      if (reason !== undefined) uses.push({ code: 'IN_USE', plugin: name, detail: reason, solution: 'Close it first (EBUSY)' });
    }
    if (uses.length > 0 || plan === undefined) throw new AssemblyError(uses);
    if (this.#started) await built.created.stop?.(deadlineUs);
    this.#plan = plan;
    this.#forget(name);
    this.#connect();
    this.#parts.packetShape(this.headroom, this.#slots);
  }

  /** The service behind a token, as `user` sees it. */
  service(token: AnyService, user: User): unknown {
    const provided = this.#plan.services.get(token.key);
    if (provided === undefined) return undefined;
    const value = this.#container.get(token.key);
    return provided.provision.perUser ? (value as (user: User) => unknown)(user) : value;
  }

  point(key: symbol): LivePoint | undefined {
    return this.#points.get(key);
  }

  /** Plugin, handler and key of each attachment that is not dormant. */
  attachments(): readonly PlannedAttachment[] {
    return [...this.#attached];
  }

  created(name: string): AnyCreated | undefined {
    return this.#built.get(name)?.created;
  }

  /** Room for the deepest way that a packet can take downwards, a link's header, and one more of the largest that may repeat. */
  get headroom(): number {
    const below = new Map<Plugin, number>();
    const depth = (plugin: Plugin, path: readonly Plugin[]): number => {
      const known = below.get(plugin);
      if (known !== undefined) return known;
      if (path.includes(plugin)) return 0;
      let deepest = 0;
      for (const { plugin: from, owner } of this.#plan.attachments) {
        if (from === plugin && owner !== undefined) deepest = Math.max(deepest, depth(owner.plugin, [...path, plugin]));
      }
      const bytes = deepest + (plugin.headerBytes ?? 0);
      below.set(plugin, bytes);
      return bytes;
    };
    const links = this.#plan.attachments.filter(({ point }) => point.key === LINK_TYPE.key).map(({ plugin }) => plugin.headerBytes ?? 0);
    const repeatable = this.plugins.filter((plugin) => plugin.repeatable).map((plugin) => plugin.headerBytes ?? 0);
    return Math.max(0, ...this.plugins.map((plugin) => depth(plugin, []))) + Math.max(0, ...links) + Math.max(0, ...repeatable);
  }

  // ---- building --------------------------------------------------------------------------------------------------------------------

  #create(plugins: readonly Plugin[]): void {
    const problems: Problem[] = [];
    for (const plugin of plugins) {
      for (const { point } of Object.values(plugin.owns ?? {})) this.#points.set(point.key, livePoint(point));
    }
    const failed = new Set<string>();
    for (const plugin of plugins) {
      const module = this.#module(plugin);
      this.#container.load(module);
      const providers = Object.values(plugin.uses ?? {}).map((use) =>
        use.optional ? undefined : this.#plan.services.get(use.service.key)?.plugin.name,
      );
      if (providers.some((name) => name !== undefined && failed.has(name))) {
        failed.add(plugin.name);
        continue;
      }
      try {
        const created = this.#container.get<AnyCreated>(identifier(plugin));
        const missing = missingParts(plugin, created);
        problems.push(...missing);
        if (missing.length > 0) failed.add(plugin.name);
        this.#built.set(plugin.name, { plugin, module, created, order: this.#order++, handlers: this.#guard(plugin, created) });
        this.#parts.sysctls.hook(plugin.name, created.sysctls ?? {});
      } catch (error) {
        failed.add(plugin.name);
        problems.push({
          code: 'CREATE_FAILED',
          plugin: plugin.name,
          detail: `create() threw: ${messageOf(error)}`,
          solution: 'Report it to the plugin, with what it says',
        });
      }
    }
    if (problems.length > 0) throw new AssemblyError(problems);
  }

  #module(plugin: Plugin): ContainerModule {
    const uses = Object.entries(plugin.uses ?? {});
    const required = uses.filter(([, use]) => !use.optional);
    const user: User = Object.freeze({ plugin: plugin.name });
    return new ContainerModule(({ bind }) => {
      const create = (...values: unknown[]): AnyCreated => {
        const given: Record<string, unknown> = {};
        for (const [index, [name, { service }]] of required.entries()) {
          const perUser = this.#plan.services.get(service.key)?.provision.perUser === true;
          given[name] = perUser ? (values[index] as (user: User) => unknown)(user) : values[index];
        }
        for (const [name, { service, optional }] of uses) if (optional) given[name] = this.#cell(plugin.name, service);
        return plugin.create(this.#context(plugin, given));
      };
      bind(identifier(plugin))
        .toResolvedValue(create, required.map(([, { service }]) => service.key) as [])
        .inSingletonScope();
      for (const [name, { service }] of Object.entries(plugin.provides ?? {})) {
        const pick = (created: AnyCreated): unknown => (created.services as Record<string, unknown> | undefined)?.[name];
        bind(service.key)
          .toResolvedValue(pick as () => unknown, [identifier(plugin)] as unknown as [])
          .inSingletonScope();
      }
    });
  }

  #context(plugin: Plugin, given: Record<string, unknown>): AnyContext {
    const { counters, sysctls, slots } = this.#parts;
    const { name } = plugin;
    const own = counters.add(name, plugin.counters ?? {}, plugin.interfaceCounters ?? {});
    const knobs = sysctls.add(name, plugin.sysctls ?? {}, plugin.interfaceSysctls ?? {});
    const points = Object.fromEntries(
      Object.entries(plugin.owns ?? {}).map(([key, { point }]) => [key, (this.#points.get(point.key) as LivePoint).view]),
    );
    return {
      use: given,
      points,
      counters: own.stack,
      sysctls: knobs.stack,
      interfaceCounters: own.perInterface,
      interfaceSysctls: knobs.perInterface,
      packetSlots: Object.fromEntries((plugin.packetSlots ?? []).map((slot) => [slot, this.#slots++])),
      interfaceState: (make, events) => slots.interfaceState(name, make, events),
      socketState: (make) => slots.socketState(make),
    };
  }

  #cell(plugin: string, service: AnyService): MutableCell {
    const cell: MutableCell = { now: undefined };
    const cells = this.#cells.get(service.key) ?? [];
    cells.push({ plugin, cell });
    this.#cells.set(service.key, cells);
    return cell;
  }

  /** Handlers that name their plugin in what they throw; objects stand as they are. */
  #guard(plugin: Plugin, created: AnyCreated): Map<string, unknown> {
    const handlers = new Map<string, unknown>();
    for (const [name, handler] of Object.entries(created.handlers ?? {})) {
      const call = handler as unknown;
      handlers.set(name, typeof call === 'function' ? this.#parts.faults.guard(plugin.name, call as () => unknown) : call);
    }
    return handlers;
  }

  // ---- connecting ------------------------------------------------------------------------------------------------------------------

  /** Brings cells and tables to what the plan says. */
  #connect(): void {
    for (const [key, cells] of this.#cells) {
      const provided = this.#plan.services.get(key);
      for (const { plugin, cell } of cells)
        cell.now = provided === undefined ? undefined : this.service(provided.provision.service, { plugin });
    }
    for (const { plugin, name, ownership } of this.#plan.points.values()) {
      const point = this.#points.get(ownership.point.key);
      const otherwise =
        (this.#built.get(plugin.name)?.created.otherwise as Record<string, Otherwise<unknown, unknown>> | undefined)?.[name] ?? {};
      if (point !== undefined && point.otherwise !== otherwise) point.settle(otherwise);
    }
    const live = this.#plan.attachments.filter(({ owner }) => owner !== undefined);
    const same = (a: PlannedAttachment) => (b: PlannedAttachment) =>
      a.plugin === b.plugin && a.name === b.name && a.point.key === b.point.key;
    for (const old of [...this.#attached]) {
      if (live.some(same(old))) continue;
      this.#attached.delete(old);
      this.#points.get(old.point.key)?.detach(old.key, this.#gone.get(old) ?? this.#built.get(old.plugin.name)?.handlers.get(old.name));
    }
    const known = [...this.#attached];
    for (const attachment of live) {
      if (known.some(same(attachment))) continue;
      const built = this.#built.get(attachment.plugin.name);
      if (built === undefined) continue;
      this.#attached.add(attachment);
      this.#points.get(attachment.point.key)?.attach(attachment.key, built.handlers.get(attachment.name), built.order);
    }
    this.#gone.clear();
  }

  /** Handlers of attachments whose plugin is being taken out. */
  readonly #gone = new Map<PlannedAttachment, unknown>();

  #forget(name: string): void {
    const built = this.#built.get(name);
    for (const attachment of this.#attached) {
      if (attachment.plugin.name === name) this.#gone.set(attachment, built?.handlers.get(attachment.name));
      else if (attachment.owner?.plugin.name === name) this.#attached.delete(attachment);
    }
    for (const { point } of Object.values(built?.plugin.owns ?? {})) this.#points.delete(point.key);
    for (const [key, cells] of this.#cells) {
      this.#cells.set(
        key,
        cells.filter((cell) => cell.plugin !== name),
      );
    }
    if (built !== undefined) this.#container.unload(built.module);
    this.#built.delete(name);
    const { counters, sysctls, slots, sweepTimers } = this.#parts;
    counters.remove(name);
    sysctls.remove(name);
    slots.remove(name);
    sweepTimers(name);
  }

  #start(plugins: readonly Plugin[]): void {
    const started: Plugin[] = [];
    for (const plugin of plugins) {
      try {
        this.#built.get(plugin.name)?.created.start?.();
        started.push(plugin);
      } catch (error) {
        const problems: Problem[] = [
          {
            code: 'START_FAILED',
            plugin: plugin.name,
            detail: `start() threw: ${messageOf(error)}`,
            solution: 'Those started before it have been stopped',
          },
        ];
        for (const before of started.toReversed()) {
          try {
            void this.#built.get(before.name)?.created.stop?.(0);
          } catch (second) {
            problems.push({
              code: 'START_FAILED',
              plugin: before.name,
              detail: `stop() threw: ${messageOf(second)}`,
              solution: 'Report it to the plugin',
            });
          }
        }
        throw new AssemblyError(problems, error);
      }
    }
  }
}

/** What the manifest declares and `create` did not return. */
function missingParts(plugin: Plugin, created: AnyCreated): Problem[] {
  const problems: Problem[] = [];
  const lack = (what: string): void => {
    problems.push({
      code: 'HANDLER_MISSING',
      plugin: plugin.name,
      detail: `create() returned no ${what}`,
      solution: 'Return what the manifest declares',
    });
  };
  const handlers = (created?.handlers ?? {}) as Record<string, unknown>;
  const services = (created?.services ?? {}) as Record<string, unknown>;
  const otherwise = (created?.otherwise ?? {}) as Record<string, Otherwise<unknown, unknown> | undefined>;
  for (const [name, { points, key }] of Object.entries(plugin.attaches ?? {})) {
    if (handlers[name] === undefined)
      lack(`handler ${name} for ${points.map((point) => `${tokenText(point)}#${keyText(point, key)}`).join(', ')}`);
  }
  for (const [name, { service }] of Object.entries(plugin.provides ?? {}))
    if (services[name] === undefined) lack(`service ${name} for ${tokenText(service)}`);
  for (const [name, { point }] of Object.entries(plugin.owns ?? {})) {
    if ((point.law === 'u8' || point.law === 'u16') && otherwise[name]?.handler === undefined)
      lack(`otherwise.${name}.handler for the keys of ${tokenText(point)} that nobody claims`);
  }
  return problems;
}
