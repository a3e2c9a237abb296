// Who may import whom: the law as a table, and what breaks it.
import { dirname, join } from 'node:path';
import { usesOf } from './source.js';
import { type Finding, type Group, type Package, packageOf } from './workspace.js';

/** What the `src/` of a package, or of a group of packages, may import. */
interface Law {
  /** Packages of the workspace; `core/` is all of a group. */
  readonly may: readonly string[];
  /** Packages of which it may import types alone. */
  readonly types?: readonly string[];
  /** Packages of the registry. */
  readonly external?: readonly string[];
  /** Node's modules, and the globals below. */
  readonly node?: true;
}

const CORE = ['core/wire', 'core/contracts', 'core/mechanisms'] as const;

const ALL = ['core/', 'plugins/', 'hosts/', 'spec/', 'tools/'] as const;

const LAWS: Readonly<Record<string, Law>> = {
  'core/wire': { may: [] },
  'core/contracts': { may: [], types: ['core/wire'] },
  'core/mechanisms': { may: ['core/wire', 'core/contracts'] },
  'core/stack': { may: CORE, external: ['inversify', 'reflect-metadata', 'semver'] },
  plugins: { may: CORE },
  hosts: { may: ['core/', 'plugins/', 'hosts/'], node: true },
  spec: { may: ['core/', 'plugins/', 'hosts/', 'spec/'], external: ['mocha', 'chai', 'sinon', 'fast-check'] },
  'tools/cli': { may: ALL, external: ['undici'], node: true },
  tools: { may: ALL, external: ['semver'], node: true },
};

/** What a browser does not have, and what would make a run depend on more than its inputs. */
const FORBIDDEN = [
  'Buffer',
  'process',
  'Date',
  'Math.random',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'performance',
  'console',
  'require',
  'globalThis',
] as const;

const lawOf = ({ group, path }: Package): Law | undefined => LAWS[path] ?? LAWS[group satisfies Group];
const matches = (path: string, allowed: readonly string[] = []): boolean =>
  allowed.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));

/** Every import in `src/` that the law forbids, and every global. */
export function checkImports(packages: readonly Package[]): Finding[] {
  const byName = new Map(packages.map((one) => [one.json.name, one]));
  return packages.flatMap((own) => {
    const law = lawOf(own);
    if (law === undefined) return [{ file: own.path, rule: 'import law', detail: 'no law says what it may import: add it to the table' }];
    return own.sources.flatMap((source) => {
      const findings: Finding[] = [];
      const report = (line: number, detail: string): void => void findings.push({ file: source.path, line, rule: 'import law', detail });
      for (const { specifier, line, typeOnly } of source.imports) {
        const broken = specifier === undefined ? computed(law) : brokenBy(own, law, byName, source.path, specifier, typeOnly);
        if (broken !== undefined) report(line, broken);
      }
      if (law.node === undefined)
        for (const { name, line } of usesOf(source, FORBIDDEN))
          report(line, `${own.path} may not use ${name}: it runs in a browser, with time and chance as arguments`);
      return findings;
    });
  });
}

const computed = (law: Law): string | undefined => (law.node ? undefined : 'import() of an expression hides what is imported');

/** How an import breaks the law, or undefined. */
function brokenBy(
  own: Package,
  law: Law,
  byName: ReadonlyMap<string, Package>,
  file: string,
  specifier: string,
  typeOnly: boolean,
): string | undefined {
  if (specifier.startsWith('.')) {
    const inside = join(dirname(file), specifier).startsWith(`${own.path}/src/`);
    return inside ? undefined : `${specifier} leaves ${own.path}/src: import a package by its name`;
  }
  if (specifier.startsWith('node:'))
    return law.node ? undefined : `${own.path} may not import ${specifier}: it runs in a browser; node:* is for hosts/ and tools/`;
  const name = packageOf(specifier);
  const target = byName.get(name);
  if (target === undefined) {
    if (law.external?.includes(name)) return undefined;
    return `${own.path} may not import ${name}; of the registry it may import ${listed(law.external ?? [])}`;
  }
  if (target !== own && !matches(target.path, law.may) && !(typeOnly && matches(target.path, law.types))) {
    const allowed = [...law.may, ...(law.types ?? []).map((one) => `types of ${one}`)];
    return `${own.path} may not import ${target.path}; of the workspace it may import ${listed(allowed)}`;
  }
  const entry = `.${specifier.slice(name.length)}`;
  const { exports } = target.json;
  return exports === undefined || entry in exports ? undefined : `${specifier} is no entry point of ${name}`;
}
