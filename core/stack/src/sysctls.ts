// Sysctls: Linux's paths over plain properties. Setting checks; running code sees a change at once.
import type {
  Interface,
  InterfaceSysctlValues,
  SysctlDefinition,
  SysctlHooks,
  SysctlSpec,
  SysctlValue,
  SysctlValues,
} from '@protoloom/contracts';

const BRAND = Symbol.for('@protoloom/sysctl-error');

/** A sysctl that does not exist (ENOENT), cannot be set (EACCES), or not to this (EINVAL). The message says what is allowed. */
export class SysctlError extends Error {
  readonly [BRAND] = true;
  readonly code: 'ENOENT' | 'EACCES' | 'EINVAL';

  constructor(code: 'ENOENT' | 'EACCES' | 'EINVAL', message: string) {
    super(`${code}: ${message}`);
    this.name = 'SysctlError';
    this.code = code;
  }

  static is(error: unknown): error is SysctlError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}

type Values = Record<string, SysctlValue>;
type Hooks = Readonly<Record<string, SysctlHooks | undefined>>;

/** Values of a plugin's interface sysctls: what was set for all, for new ones, for each; and what is in force. */
interface InterfaceValues {
  readonly all: Values;
  readonly byDefault: Values;
  readonly own: (Values | undefined)[];
  readonly inForce: (Values | undefined)[];
}

interface PluginSysctls {
  readonly plugin: string;
  readonly spec: SysctlSpec;
  readonly values: Values;
  readonly interfaceSpec: SysctlSpec;
  readonly interfaces: InterfaceValues;
  hooks: Hooks;
}

/** Where a path leads: a definition, and the object and key under which its value stands. */
interface Entry {
  readonly owner: PluginSysctls;
  readonly key: string;
  readonly definition: SysctlDefinition;
  readonly scope: 'stack' | 'all' | 'default' | Interface;
}

export interface SysctlReading {
  readonly path: string;
  readonly value: SysctlValue;
  readonly text: string;
  readonly plugin: string;
  readonly definition: SysctlDefinition;
}

const initials = (spec: SysctlSpec): Values => Object.fromEntries(Object.entries(spec).map(([key, { initial }]) => [key, initial]));

const formatValue = (definition: SysctlDefinition, value: SysctlValue): string =>
  definition.format?.(value) ??
  (Array.isArray(value) ? value.join('\t') : typeof value === 'boolean' ? String(Number(value)) : String(value));

const allowed = ({ initial, min, max, choices, unit }: SysctlDefinition): string => {
  if (choices !== undefined) return `one of ${choices.join(', ')}`;
  if (typeof initial === 'string') return 'text';
  const many = Array.isArray(initial) ? `${initial.length} whole numbers` : 'a whole number';
  const bounds =
    min !== undefined && max !== undefined
      ? ` from ${min} to ${max}`
      : min !== undefined
        ? ` of ${min} at least`
        : max !== undefined
          ? ` of ${max} at most`
          : '';
  return `${many}${bounds}${unit === undefined ? '' : `, in ${unit}`}`;
};

function combined(definition: SysctlDefinition, all: SysctlValue, own: SysctlValue): SysctlValue {
  switch (definition.combine ?? 'own') {
    case 'max':
      return Math.max(all as number, own as number);
    case 'or':
      return all || own;
    case 'and':
      return all && own;
    case 'own':
    case 'each':
      return own;
  }
}

/** Every sysctl of a stack. */
export class SysctlRegistry {
  /** Told when an interface's sysctls have appeared. */
  onInterface: (() => void) | undefined;
  readonly #plugins = new Map<string, PluginSysctls>();
  #interfaces: readonly Interface[] = [];

  add(
    plugin: string,
    spec: SysctlSpec,
    interfaceSpec: SysctlSpec,
  ): { stack: SysctlValues<SysctlSpec>; perInterface: InterfaceSysctlValues<SysctlSpec> } {
    const all = Object.fromEntries(Object.entries(interfaceSpec).map(([key, { initial, initialAll }]) => [key, initialAll ?? initial]));
    const interfaces: InterfaceValues = { all, byDefault: initials(interfaceSpec), own: [], inForce: [] };
    const own: PluginSysctls = { plugin, spec, values: initials(spec), interfaceSpec, interfaces, hooks: {} };
    this.#plugins.set(plugin, own);
    for (const iface of this.#interfaces) this.#makeInterface(own, iface);
    const { inForce } = interfaces;
    return {
      stack: own.values,
      perInterface: {
        of: (iface) => inForce[iface.slot] as SysctlValues<SysctlSpec>,
        set: (iface, key, value) => this.#setOwn(own, key, iface, value),
      },
    };
  }

  /** What `create` returned for them. */
  hook(plugin: string, hooks: Hooks): void {
    const own = this.#plugins.get(plugin);
    if (own !== undefined) own.hooks = hooks;
  }

  remove(plugin: string): void {
    this.#plugins.delete(plugin);
  }

  interfaceAdded(iface: Interface): void {
    this.#interfaces = [...this.#interfaces, iface];
    for (const own of this.#plugins.values()) this.#makeInterface(own, iface);
    this.onInterface?.();
  }

  /** Whether there would be such a sysctl if there were an interface of the name in it. */
  mayAppear(path: string): boolean {
    return [...this.#plugins.values()].some(({ interfaceSpec }) =>
      Object.values(interfaceSpec).some(({ path: pattern }) => {
        const [before, after] = pattern.split('*') as [string, string];
        return path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length;
      }),
    );
  }

  interfaceGone(iface: Interface): void {
    this.#interfaces = this.#interfaces.filter((other) => other !== iface);
    for (const { interfaces } of this.#plugins.values()) {
      interfaces.own[iface.slot] = undefined;
      interfaces.inForce[iface.slot] = undefined;
    }
  }

  /** @throws SysctlError ENOENT, which names the nearest paths. */
  get(path: string): SysctlValue {
    return this.#value(this.#find(path));
  }

  /** The value as `sysctl` prints it. */
  text(path: string): string {
    const entry = this.#find(path);
    return formatValue(entry.definition, this.#value(entry));
  }

  /**
   * Sets one, from a value or from text as `sysctl -w` takes it. The old value stays where the new one is refused.
   * @throws SysctlError ENOENT, EACCES (read-only), EINVAL.
   */
  set(path: string, value: SysctlValue): void {
    const entry = this.#find(path);
    const { definition, owner, key, scope } = entry;
    if (definition.readOnly) throw new SysctlError('EACCES', `${path} can only be read`);
    const parsed = this.#check(path, entry, value);
    const { interfaces } = owner;
    if (scope === 'stack') owner.values[key] = parsed;
    else if (scope === 'default') interfaces.byDefault[key] = parsed;
    else if (scope === 'all') {
      interfaces.all[key] = parsed;
      if (definition.combine === 'each') {
        interfaces.byDefault[key] = parsed;
        for (const iface of this.#interfaces) this.#setOwn(owner, key, iface, parsed);
        return;
      }
      // As Linux: what `all` is set to reaches interfaces by the rule of its combination alone.
      for (const iface of this.#interfaces) this.#combine(owner, key, iface);
    } else return this.#setOwn(owner, key, scope, parsed);
    owner.hooks[key]?.changed?.(undefined);
  }

  #setOwn(owner: PluginSysctls, key: string, iface: Interface, value: SysctlValue): void {
    (owner.interfaces.own[iface.slot] as Values)[key] = value;
    this.#combine(owner, key, iface);
    owner.hooks[key]?.changed?.(iface);
  }

  /** Back to what it is in a new stack. */
  reset(path: string): void {
    this.set(path, this.#find(path).definition.initial);
  }

  list(): SysctlReading[] {
    const readings: SysctlReading[] = [];
    for (const path of this.#paths()) {
      const entry = this.#find(path);
      const value = this.#value(entry);
      readings.push({ path, value, text: formatValue(entry.definition, value), plugin: entry.owner.plugin, definition: entry.definition });
    }
    return readings.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  *#paths(): Generator<string> {
    for (const { spec, interfaceSpec } of this.#plugins.values()) {
      for (const { path } of Object.values(spec)) yield path;
      for (const { path, all } of Object.values(interfaceSpec)) {
        if (all !== false) yield path.replace('*', 'all');
        yield path.replace('*', 'default');
        for (const { name } of this.#interfaces) yield path.replace('*', name);
      }
    }
  }

  #find(path: string): Entry {
    for (const owner of this.#plugins.values()) {
      for (const [key, definition] of Object.entries(owner.spec))
        if (definition.path === path) return { owner, key, definition, scope: 'stack' };
      for (const [key, definition] of Object.entries(owner.interfaceSpec)) {
        const [before, after] = definition.path.split('*') as [string, string];
        if (!path.startsWith(before) || !path.endsWith(after)) continue;
        const name = path.slice(before.length, path.length - after.length);
        if (name === 'default' || (name === 'all' && definition.all !== false)) return { owner, key, definition, scope: name };
        const iface = this.#interfaces.find((one) => one.name === name);
        if (iface !== undefined) return { owner, key, definition, scope: iface };
      }
    }
    throw new SysctlError('ENOENT', `there is no sysctl ${path}${this.#nearest(path)}`);
  }

  #nearest(path: string): string {
    const last = path.slice(path.lastIndexOf('.') + 1);
    const near = [...this.#paths()]
      .filter((other) => other.includes(last) || path.includes(other.slice(other.lastIndexOf('.') + 1)))
      .slice(0, 3);
    return near.length === 0 ? '; protoloom describe lists all' : `; there is ${near.join(', ')}`;
  }

  #value({ owner, key, definition, scope }: Entry): SysctlValue {
    const read = owner.hooks[key]?.read?.();
    if (read !== undefined || definition.readOnly) return read ?? definition.initial;
    const { interfaces } = owner;
    if (scope === 'stack') return owner.values[key] as SysctlValue;
    if (scope === 'all') return interfaces.all[key] as SysctlValue;
    if (scope === 'default') return interfaces.byDefault[key] as SysctlValue;
    return (interfaces.own[scope.slot] as Values)[key] as SysctlValue;
  }

  #check(path: string, { definition, owner, key }: Entry, value: SysctlValue): SysctlValue {
    const refuse = (why = `takes ${allowed(definition)}`): never => {
      throw new SysctlError('EINVAL', `${path} ${why}, not ${JSON.stringify(value)}`);
    };
    const { initial, min, max, choices } = definition;
    let parsed = value;
    if (typeof value === 'string' && definition.parse !== undefined) {
      try {
        parsed = definition.parse(value);
      } catch (error) {
        refuse(error instanceof Error ? error.message : String(error));
      }
    } else if (typeof initial === 'number' && typeof value === 'string') parsed = /^-?\d+$/.test(value.trim()) ? Number(value) : refuse();
    else if (typeof initial === 'boolean' && typeof value !== 'boolean')
      parsed = value === 1 || value === '1' ? true : value === 0 || value === '0' ? false : refuse();
    else if (Array.isArray(initial) && typeof value === 'string')
      parsed = value
        .trim()
        .split(/[\s,]+/)
        .map((word) => (/^-?\d+$/.test(word) ? Number(word) : refuse()));
    if (typeof parsed !== typeof initial || Array.isArray(parsed) !== Array.isArray(initial)) refuse();
    if (Array.isArray(parsed) && Array.isArray(initial) && parsed.length !== initial.length) refuse();
    for (const number of Array.isArray(parsed) ? parsed : [parsed]) {
      if (typeof number !== 'number') continue;
      if (!Number.isSafeInteger(number) || number < (min ?? Number.MIN_SAFE_INTEGER) || number > (max ?? Number.MAX_SAFE_INTEGER)) refuse();
    }
    if (choices !== undefined && !choices.includes(parsed as string)) refuse();
    const wrong = definition.validate?.(parsed) ?? owner.hooks[key]?.validate?.(parsed);
    if (wrong !== undefined) refuse(wrong);
    return parsed;
  }

  #makeInterface(own: PluginSysctls, iface: Interface): void {
    own.interfaces.own[iface.slot] = { ...own.interfaces.byDefault };
    own.interfaces.inForce[iface.slot] = {};
    for (const key of Object.keys(own.interfaceSpec)) this.#combine(own, key, iface);
  }

  #combine(own: PluginSysctls, key: string, iface: Interface): void {
    const { all, own: each, inForce } = own.interfaces;
    const definition = own.interfaceSpec[key] as SysctlDefinition;
    (inForce[iface.slot] as Values)[key] = combined(definition, all[key] as SysctlValue, (each[iface.slot] as Values)[key] as SysctlValue);
  }
}
