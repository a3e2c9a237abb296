// Who may import whom: the law of docs/design.md, as a table.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { importsOf, usesOf } from './source.js';
import type { Finding, Group, Package } from './workspace.js';

/** What one package, or group, may import of the workspace; `types` alone of it. */
interface Law {
  readonly may: readonly string[];
  readonly types?: readonly string[];
  /** Packages of the registry. */
  readonly external?: readonly string[];
  /** Node's modules and globals. */
  readonly node?: boolean;
}

const CORE = ['core/wire', 'core/contracts', 'core/mechanisms'] as const;

const LAWS: Readonly<Record<string, Law>> = {
  'core/wire': { may: [] },
  'core/contracts': { may: [], types: ['core/wire'] },
  'core/mechanisms': { may: ['core/wire', 'core/contracts'] },
  'core/stack': { may: CORE, external: ['inversify', 'reflect-metadata', 'semver'] },
  plugins: { may: CORE },
  hosts: { may: ['core/', 'plugins/', 'hosts/'], node: true },
  spec: { may: ['core/', 'plugins/', 'hosts/', 'spec/'], node: true, external: ['mocha', 'chai', 'sinon', 'fast-check'] },
  tools: { may: ['core/', 'plugins/', 'hosts/', 'spec/'], node: true, external: ['semver', 'commander'] },
};

/** What a browser does not have, and what would make a run depend on more than its inputs. */
const FORBIDDEN = [
  'Buffer',
  'process',
  'Date',
  'Math.random',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'console',
  'globalThis',
] as const;

const lawOf = ({ group, path }: Package): Law => LAWS[path] ?? (LAWS[group as Group] as Law);
const matches = (path: string, allowed: readonly string[]): boolean =>
  allowed.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));

/** Every import in `src/` that the law forbids, and every global. */
export function checkImports(root: string, packages: readonly Package[]): Finding[] {
  const byName = new Map(packages.map((one) => [one.json.name, one]));
  const findings: Finding[] = [];
  for (const own of packages) {
    const law = lawOf(own);
    for (const file of own.sources) {
      const source = readFileSync(join(root, file), 'utf8');
      const report = (line: number, detail: string): void => void findings.push({ file, line, rule: 'import law', detail });
      for (const { specifier, line, typeOnly } of importsOf(source)) {
        if (specifier.startsWith('.')) {
          const target = normalize(join(dirname(file), specifier));
          if (!target.startsWith(`${own.path}/src/`)) report(line, `${specifier} leaves ${own.path}: import the package by its name`);
        } else if (specifier.startsWith('node:')) {
          if (!law.node) report(line, `${specifier}: ${own.path} runs in a browser; node:* is for hosts/, spec/ and tools/`);
        } else {
          const name = specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/');
          const target = byName.get(name);
          if (target === undefined) {
            if (!law.external?.includes(name))
              report(
                line,
                `${own.path} may not import ${name}${law.external ? `; of the registry it may ${law.external.join(', ')}` : ''}`,
              );
          } else if (!matches(target.path, law.may) && !(typeOnly && matches(target.path, law.types ?? [])) && target !== own) {
            const allowed = [...law.may, ...(law.types ?? []).map((one) => `types of ${one}`)].join(', ') || 'nothing';
            report(line, `${own.path} may not import ${target.path}; it may ${allowed}`);
          } else {
            const entry = `.${specifier.slice(name.length)}`;
            if (target.json.exports !== undefined && !(entry in target.json.exports))
              report(line, `${specifier} is no entry point of ${name}`);
          }
        }
      }
      if (!law.node) {
        for (const { name, line } of usesOf(source, FORBIDDEN))
          report(line, `${name}: ${own.path} runs in a browser, with time and chance as arguments`);
      }
    }
  }
  return findings;
}

/** Imports that package.json does not declare, and declarations that nothing imports. */
export function checkDeclared(root: string, packages: readonly Package[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, json, sources } of packages) {
    const file = `${path}/package.json`;
    const declared = new Set(Object.keys({ ...json.dependencies, ...json.peerDependencies }));
    const used = new Set<string>();
    for (const source of sources) {
      for (const { specifier } of importsOf(readFileSync(join(root, source), 'utf8'))) {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
        used.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      }
    }
    used.delete(json.name);
    for (const name of used)
      if (!declared.has(name))
        findings.push({
          file,
          line: undefined,
          rule: 'declared',
          detail: `src imports ${name}, which is in neither dependencies nor peerDependencies`,
        });
    for (const name of declared)
      if (!used.has(name))
        findings.push({ file, line: undefined, rule: 'declared', detail: `${name} is declared and nothing in src imports it` });
    for (const [name, range] of Object.entries(json.dependencies ?? {})) {
      const isOurs = existsSync(join(root, 'node_modules', name, 'src')) || name.startsWith('@protoloom/');
      if (!isOurs && !/^\d+\.\d+\.\d+$/.test(range))
        findings.push({
          file,
          line: undefined,
          rule: 'pinned',
          detail: `${name} is ${range}: dependencies from the registry are pinned exactly`,
        });
    }
  }
  return findings;
}
