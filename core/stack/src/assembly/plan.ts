// The plan: who uses, provides, owns and attaches to what. Pure data; every problem is found before anything is built.
import {
  ANY,
  type AnyPoint,
  type AnyService,
  API_VERSION,
  type Attachment,
  type Ownership,
  type Plugin,
  type Provision,
} from '@protoloom/contracts';
import { maxSatisfying, satisfies, valid, validRange } from 'semver';
import type { Problem, ProblemCode } from './problems.js';

export interface ProvidedService {
  readonly plugin: Plugin;
  readonly name: string;
  readonly provision: Provision<unknown>;
}
export interface OwnedPoint {
  readonly plugin: Plugin;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever point.
  readonly ownership: Ownership<any, any, any, any>;
}
/** One attachment at one point. Dormant ones have no owner. */
export interface PlannedAttachment {
  readonly plugin: Plugin;
  readonly name: string;
  readonly point: AnyPoint;
  readonly key: unknown;
  readonly owner: OwnedPoint | undefined;
}

export interface Plan {
  /** In the order in which they are created and started: after what they use. */
  readonly order: readonly Plugin[];
  readonly services: ReadonlyMap<symbol, ProvidedService>;
  readonly points: ReadonlyMap<symbol, OwnedPoint>;
  readonly attachments: readonly PlannedAttachment[];
}

export type PlanResult =
  | { readonly plan: Plan; readonly problems: readonly [] }
  | { readonly plan: undefined; readonly problems: readonly Problem[] };

/** `ip.routes@1`. */
export const tokenText = (token: AnyService | AnyPoint): string => `${token.id}@${token.major}`;

/** The key as a table knows it. */
export const keyOf = (point: AnyPoint, key: unknown): number | string | typeof ANY =>
  key === ANY ? ANY : point.keyOf === undefined ? (key as number | string) : point.keyOf(key);

export const keyText = (point: AnyPoint, key: unknown): string => {
  if (key === ANY) return 'ANY';
  if (typeof key === 'object' && key !== null && 'label' in key) return String(key.label);
  const flat = keyOf(point, key);
  return typeof flat === 'number' && point.law === 'u16' ? `0x${flat.toString(16).padStart(4, '0')}` : String(flat);
};

/** Tokens are named after the package that is their usual provider: `ip.routes` is `@protoloom/ip`'s. */
const usualPackage = (token: AnyService | AnyPoint): string => {
  const [scope] = token.id.split('.', 1);
  return token.id.includes(':') ? (token.id.split(':')[0] as string) : `@protoloom/${scope}`;
};

const wholeNumber = (value: unknown, top: number): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= top;

/** Whether a point of this law can be keyed so; otherwise what it takes. */
function keyProblem(point: AnyPoint, key: unknown): string | undefined {
  if (key === ANY) return point.law === 'u8' || point.law === 'u16' ? undefined : 'takes no ANY';
  switch (point.law) {
    case 'u8':
      return wholeNumber(key, 255) ? undefined : 'takes whole numbers from 0 to 255';
    case 'u16':
      return wholeNumber(key, 65_535) ? undefined : 'takes whole numbers from 0 to 65535';
    case 'chain':
      return Number.isInteger(key) ? undefined : 'takes a whole number, the priority';
    case 'all':
      return key === undefined ? undefined : 'calls everyone and takes no key';
    case 'map':
      return key === undefined ? 'needs a key' : undefined;
  }
}

/** Plans a stack of `plugins`. */
export function planAssembly(plugins: readonly Plugin[]): PlanResult {
  const problems: Problem[] = [];
  const problem = (code: ProblemCode, plugin: Plugin, detail: string, solution: string): void => {
    problems.push({ code, plugin: String(plugin.name), detail, solution });
  };

  const byName = new Map<string, Plugin>();
  for (const plugin of plugins) {
    checkManifest(plugin, problem);
    if (byName.has(plugin.name)) problem('DUPLICATE_PLUGIN', plugin, 'is listed twice', 'List each plugin once');
    else byName.set(plugin.name, plugin);
  }
  const unique = [...byName.values()];

  const services = new Map<symbol, ProvidedService>();
  const points = new Map<symbol, OwnedPoint>();
  for (const plugin of unique) {
    for (const [name, provision] of Object.entries(plugin.provides ?? {})) {
      const token = provision.service;
      const other = services.get(token.key);
      if (other === undefined) services.set(token.key, { plugin, name, provision });
      else problem('SERVICE_CONFLICT', plugin, `provides ${tokenText(token)}, as ${other.plugin.name} does`, 'Leave one of the two out');
    }
    for (const [name, ownership] of Object.entries(plugin.owns ?? {})) {
      const token: AnyPoint = ownership.point;
      const other = points.get(token.key);
      if (other === undefined) points.set(token.key, { plugin, name, ownership });
      else problem('POINT_CONFLICT', plugin, `owns ${tokenText(token)}, as ${other.plugin.name} does`, 'Leave one of the two out');
    }
  }

  for (const plugin of unique) {
    for (const use of Object.values(plugin.uses ?? {})) {
      const provider = services.get(use.service.key);
      if (provider === undefined) {
        if (use.optional) continue;
        problem(
          'SERVICE_MISSING',
          plugin,
          `uses ${use.service.id}@${use.range}, which nobody provides`,
          `Add a plugin that provides it, such as ${usualPackage(use.service)}`,
        );
      } else if (!satisfies(provider.provision.version, use.range)) {
        problem(
          'SERVICE_VERSION',
          plugin,
          `uses ${use.service.id}@${use.range}; ${provider.plugin.name} implements ${provider.provision.version}`,
          `Take a version of ${provider.plugin.name} that implements ${use.range}`,
        );
      }
    }
  }

  const attachments = planAttachments(unique, points, problem);
  checkNeeds(unique, attachments, points, problem);
  const order = constructionOrder(unique, services, problem);
  if (problems.length > 0) return { plan: undefined, problems };
  return { plan: { order, services, points, attachments }, problems: [] };
}

type Report = (code: ProblemCode, plugin: Plugin, detail: string, solution: string) => void;

function checkManifest(plugin: Plugin, problem: Report): void {
  if (typeof plugin.name !== 'string' || plugin.name === '')
    problem('BAD_MANIFEST', plugin, 'has no name', 'Give it the name of its package');
  if (valid(plugin.version) === null)
    problem('BAD_MANIFEST', plugin, `has version ${plugin.version}`, 'Give it the semver version of its package');
  if (typeof plugin.create !== 'function') problem('BAD_MANIFEST', plugin, 'has no create()', 'Define it with definePlugin');
  if (validRange(plugin.api) === null)
    problem('BAD_MANIFEST', plugin, `has api range ${plugin.api}`, 'Give it a semver range such as ^1.0.0');
  else if (!satisfies(API_VERSION, plugin.api))
    problem(
      'API_MISMATCH',
      plugin,
      `is made for core API ${plugin.api}; this core has ${API_VERSION}`,
      `Take a version of it for API ${API_VERSION}`,
    );
  const ranges = [...Object.values(plugin.uses ?? {}), ...Object.values(plugin.attaches ?? {})];
  for (const { range } of ranges) {
    if (validRange(range) === null)
      problem('BAD_MANIFEST', plugin, `has contract range ${String(range)}`, 'Give a semver range such as ^1.0');
  }
  for (const { version, ...entry } of [...Object.values(plugin.provides ?? {}), ...Object.values(plugin.owns ?? {})]) {
    const token: AnyService | AnyPoint = entry.kind === 'provision' ? entry.service : entry.point;
    const majors = valid(version) === null ? null : maxSatisfying([version], `^${token.major}`);
    if (majors === null)
      problem('BAD_MANIFEST', plugin, `implements ${tokenText(token)} at ${version}`, `Give a semver version of major ${token.major}`);
  }
}

function planAttachments(plugins: readonly Plugin[], points: ReadonlyMap<symbol, OwnedPoint>, problem: Report): PlannedAttachment[] {
  const planned: PlannedAttachment[] = [];
  const holders = new Map<symbol, Map<number | string | typeof ANY, Plugin>>();
  for (const plugin of plugins) {
    for (const [name, attachment] of Object.entries(plugin.attaches ?? {})) {
      checkPresence(plugin, attachment, points, problem);
      for (const point of attachment.points) {
        const { key } = attachment;
        const invalid = keyProblem(point, key);
        if (invalid !== undefined) {
          problem('KEY_INVALID', plugin, `attaches to ${tokenText(point)} under ${String(key)}`, `That point ${invalid}`);
          continue;
        }
        const owner = points.get(point.key);
        if (owner !== undefined && !satisfies(owner.ownership.version, attachment.range)) {
          problem(
            'POINT_VERSION',
            plugin,
            `attaches to ${point.id}@${attachment.range}; ${owner.plugin.name} implements ${owner.ownership.version}`,
            `Take a version of ${owner.plugin.name} that implements ${attachment.range}`,
          );
        }
        if (point.law !== 'all' && point.law !== 'chain') {
          let keys = holders.get(point.key);
          if (keys === undefined) {
            keys = new Map();
            holders.set(point.key, keys);
          }
          const flat = keyOf(point, key);
          const holder = keys.get(flat);
          if (holder === undefined) keys.set(flat, plugin);
          else
            problem(
              'KEY_CONFLICT',
              plugin,
              `${tokenText(point)}#${keyText(point, key)} is already claimed by ${holder.name}`,
              'Leave one of the two out',
            );
        }
        planned.push({ plugin, name, point, key, owner });
      }
    }
  }
  return planned;
}

function checkPresence(
  plugin: Plugin,
  { points: wanted, presence }: Attachment<unknown>,
  points: ReadonlyMap<symbol, OwnedPoint>,
  problem: Report,
): void {
  if (presence === 'optional') return;
  const absent = wanted.filter(({ key }) => !points.has(key));
  if (absent.length < (presence === 'some' ? wanted.length : 1)) return;
  problem(
    'POINT_MISSING',
    plugin,
    `attaches to ${absent.map(tokenText).join(' or ')}, which nobody owns`,
    `Add a plugin that owns it, such as ${absent.map(usualPackage).join(' or ')}`,
  );
}

function checkNeeds(
  plugins: readonly Plugin[],
  attachments: readonly PlannedAttachment[],
  points: ReadonlyMap<symbol, OwnedPoint>,
  problem: Report,
): void {
  for (const plugin of plugins) {
    for (const { point, key } of plugin.needs ?? []) {
      const flat = keyOf(point, key);
      if (attachments.some((one) => one.owner !== undefined && one.point.key === point.key && keyOf(point, one.key) === flat)) continue;
      problem(
        'NEED_UNMET',
        plugin,
        `needs somebody attached to ${tokenText(point)} under ${keyText(point, key)}`,
        'Add a plugin that attaches there',
      );
    }
  }
  for (const { plugin, ownership } of points.values()) {
    const point: AnyPoint = ownership.point;
    const count = attachments.filter((one) => one.point.key === point.key).length;
    if (count >= point.min) continue;
    problem(
      'POINT_EMPTY',
      plugin,
      `wants ${point.min} attached to ${tokenText(point)} at least; there are ${count}`,
      'Add a plugin that attaches there',
    );
  }
}

/** After what they use, otherwise as listed. Only required uses order construction. */
function constructionOrder(plugins: readonly Plugin[], services: ReadonlyMap<symbol, ProvidedService>, problem: Report): Plugin[] {
  const order: Plugin[] = [];
  const done = new Set<Plugin>();
  const path: Plugin[] = [];
  const visit = (plugin: Plugin): void => {
    if (done.has(plugin)) return;
    const at = path.indexOf(plugin);
    if (at >= 0) {
      const cycle = [...path.slice(at), plugin].map(({ name }) => name).join(' -> ');
      problem('SERVICE_CYCLE', plugin, `uses itself: ${cycle}`, 'Turn one of these uses into an attachment, or into useIfPresent');
      return;
    }
    path.push(plugin);
    for (const use of Object.values(plugin.uses ?? {})) {
      const provider = use.optional ? undefined : services.get(use.service.key);
      if (provider !== undefined) visit(provider.plugin);
    }
    path.pop();
    if (!done.has(plugin)) {
      done.add(plugin);
      order.push(plugin);
    }
  };
  for (const plugin of plugins) visit(plugin);
  return order;
}
