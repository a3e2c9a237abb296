// A plugin's README, where it is data: written between two markers from the manifest.
import type { AnyPoint, AnyService, CounterSpec, Plugin, SysctlSpec } from '@protoloom/contracts';

export const START = '<!-- manifest:start -->';
export const END = '<!-- manifest:end -->';

const tokenText = (token: AnyService | AnyPoint): string => `\`${token.id}@${token.major}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

function keyText(point: AnyPoint, key: unknown): string {
  if (typeof key === 'symbol') return 'ANY';
  if (typeof key !== 'object' || key === null)
    return key === undefined ? '' : typeof key === 'number' && point.law === 'u16' ? `0x${key.toString(16).padStart(4, '0')}` : String(key);
  if ('label' in key) return String(key.label);
  return Object.entries(key)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join('+') : String(value)}`)
    .join(', ');
}

const counterRows = (spec: CounterSpec): string[][] =>
  Object.entries(spec).map(([name, { mib, adds = [], fate, doc }]) => [
    `\`${name}\``,
    [mib, ...adds.map((one) => `+ ${one}`)].filter((one) => one !== undefined).join(' '),
    fate ?? '',
    doc,
  ]);

const sysctlRows = (spec: SysctlSpec): string[][] =>
  Object.values(spec).map(({ path, initial, unit = '', rfc, doc }) => {
    const value = Array.isArray(initial) ? initial.join(' ') : typeof initial === 'boolean' ? String(Number(initial)) : String(initial);
    return [`\`${path}\``, value, unit, `${doc}${rfc === undefined ? '' : ` ${rfc}.`}`];
  });

/** Services, points, counters and sysctls of a plugin, as Markdown. */
export function manifestTables(plugin: Plugin): string {
  const parts: string[] = [];
  const list = (title: string, items: readonly string[]): void => {
    if (items.length > 0) parts.push(`**${title}** ${items.join(', ')}`);
  };
  list(
    'Uses',
    Object.values(plugin.uses ?? {}).map(({ service, optional }) => `${tokenText(service)}${optional ? ' where present' : ''}`),
  );
  list(
    'Provides',
    Object.values(plugin.provides ?? {}).map(({ service, version }) => `${tokenText(service)} (${version})`),
  );
  list(
    'Owns',
    Object.values(plugin.owns ?? {}).map(({ point, version }) => `${tokenText(point)} (${version})`),
  );
  const attachments = Object.values(plugin.attaches ?? {}).flatMap(({ points, key, presence }) =>
    points.map((point) => [
      tokenText(point),
      keyText(point, key),
      presence === 'required' ? '' : presence === 'some' ? 'one of them at least' : 'where present',
    ]),
  );
  if (attachments.length > 0) parts.push(`### Attachments\n\n${table(['point', 'key', ''], attachments)}`);
  const counters = [
    ...counterRows(plugin.counters ?? {}),
    ...counterRows(plugin.interfaceCounters ?? {}).map(([name = '', ...rest]) => [`${name} per interface`, ...rest]),
  ];
  if (counters.length > 0) parts.push(`### Counters\n\n${table(['counter', 'MIB', 'fate', ''], counters)}`);
  const sysctls = [...sysctlRows(plugin.sysctls ?? {}), ...sysctlRows(plugin.interfaceSysctls ?? {})];
  if (sysctls.length > 0) parts.push(`### Sysctls\n\n${table(['sysctl', 'default', 'unit', ''], sysctls)}`);
  return parts.join('\n\n');
}

/** The README with its tables as the manifest has them; undefined where it has no markers. */
export function withTables(readme: string, plugin: Plugin): string | undefined {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) return undefined;
  return `${readme.slice(0, start + START.length)}\n\n${manifestTables(plugin)}\n\n${readme.slice(end)}`;
}
