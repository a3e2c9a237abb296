// What is assembled, for people: as data, as text, as a graph.
import type { SysctlReading } from '../sysctls.js';
import { keyText, tokenText } from './plan.js';
import type { Registry } from './registry.js';

export interface Description {
  readonly plugins: readonly { readonly name: string; readonly version: string; readonly api: string; readonly headerBytes: number }[];
  /** Who calls whom: `use` downwards, `attach` upwards. */
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly kind: 'use' | 'attach';
    readonly token: string;
    readonly key: string | undefined;
  }[];
  readonly tables: readonly {
    readonly point: string;
    readonly law: string;
    readonly owner: string;
    readonly entries: readonly { readonly key: string; readonly plugin: string }[];
  }[];
  /** Bytes in front of every packet that is made. */
  readonly headroom: number;
  readonly sysctls: readonly { readonly path: string; readonly value: string; readonly plugin: string }[];
  /** Readable text. */
  toString(): string;
  /** The plugins and their edges as a Mermaid flow chart. */
  toMermaid(): string;
}

export function describeAssembly(registry: Registry, headroom: number, readings: readonly SysctlReading[]): Description {
  const { plan } = registry;
  const plugins = plan.order.map(({ name, version, api, headerBytes = 0 }) => ({ name, version, api, headerBytes }));
  const edges: Description['edges'][number][] = [];
  for (const plugin of plan.order) {
    for (const { service, optional } of Object.values(plugin.uses ?? {})) {
      const provider = plan.services.get(service.key);
      if (provider === undefined) continue;
      edges.push({
        from: plugin.name,
        to: provider.plugin.name,
        kind: 'use',
        token: `${tokenText(service)}${optional ? '?' : ''}`,
        key: undefined,
      });
    }
  }
  const attachments = registry.attachments();
  for (const { plugin, point, key, owner } of attachments) {
    if (owner === undefined) continue;
    const text = point.law === 'all' ? undefined : keyText(point, key);
    edges.push({ from: plugin.name, to: owner.plugin.name, kind: 'attach', token: tokenText(point), key: text });
  }
  const tables = [...plan.points.values()].map(({ plugin, ownership: { point } }) => ({
    point: tokenText(point),
    law: String(point.law),
    owner: plugin.name,
    entries: attachments
      .filter((one) => one.point.key === point.key)
      .map((one) => ({ key: point.law === 'all' ? '*' : keyText(point, one.key), plugin: one.plugin.name })),
  }));
  const sysctls = readings.map(({ path, text, plugin }) => ({ path, value: text, plugin }));
  const data = { plugins, edges, tables, headroom, sysctls };
  return { ...data, toString: () => asText(data), toMermaid: () => asMermaid(data) };
}

type Data = Omit<Description, 'toString' | 'toMermaid'>;

function asText({ plugins, edges, tables, headroom, sysctls }: Data): string {
  const width = Math.max(...plugins.map(({ name }) => name.length));
  const lines = ['plugins, in the order of construction'];
  for (const { name, version, headerBytes } of plugins) {
    const uses = [...new Set(edges.filter((edge) => edge.kind === 'use' && edge.from === name).map(({ token }) => token))];
    lines.push(
      `  ${name.padEnd(width)} ${version}${headerBytes > 0 ? `  ${headerBytes} header bytes` : ''}${uses.length > 0 ? `  uses ${uses.join(' ')}` : ''}`,
    );
  }
  lines.push('', 'tables');
  for (const { point, law, owner, entries } of tables) {
    lines.push(`  ${point} (${law}, ${owner})${entries.length === 0 ? '  empty' : ''}`);
    for (const { key, plugin } of entries) lines.push(`    ${key.padEnd(24)} ${plugin}`);
  }
  lines.push('', `headroom ${headroom} bytes`, '', 'sysctls');
  for (const { path, value } of sysctls) lines.push(`  ${path} = ${value}`);
  return `${lines.join('\n')}\n`;
}

function asMermaid({ plugins, edges }: Data): string {
  const id = (name: string): string => name.replace(/[^a-zA-Z0-9]/g, '_');
  const lines = ['flowchart TD', ...plugins.map(({ name, version }) => `  ${id(name)}["${name} ${version}"]`)];
  const drawn = new Map<string, { from: string; to: string; kind: 'use' | 'attach'; labels: Set<string> }>();
  for (const { from, to, kind, token, key } of edges) {
    const line = `${kind} ${from} ${to}`;
    const edge = drawn.get(line) ?? { from, to, kind, labels: new Set<string>() };
    edge.labels.add(key === undefined || edge.kind === 'use' ? token : `${token}#${key}`);
    drawn.set(line, edge);
  }
  for (const { from, to, kind, labels } of drawn.values()) {
    const shown = [...labels].slice(0, 4).join('<br/>') + (labels.size > 4 ? `<br/>and ${labels.size - 4} more` : '');
    lines.push(`  ${id(from)} ${kind === 'use' ? '-->' : '-.->'}|"${shown}"| ${id(to)}`);
  }
  return `${lines.join('\n')}\n`;
}
