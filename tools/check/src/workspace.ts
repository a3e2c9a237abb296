// The packages of a checkout, and what is found wrong with them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSource, type Source } from './source.js';

export const GROUPS = ['core', 'plugins', 'hosts', 'spec', 'tools'] as const;
export type Group = (typeof GROUPS)[number];

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A TypeScript file. */
export interface File extends Source {
  /** From the root: `plugins/udp/src/wire.ts`. */
  readonly path: string;
  readonly lines: number;
}

export interface Package {
  readonly group: Group;
  /** From the root: `plugins/udp`. */
  readonly path: string;
  readonly json: PackageJson;
  /** What is below `src/`. */
  readonly sources: readonly File[];
  /** What is below `test/`. */
  readonly tests: readonly File[];
}

/** What is wrong: where, and which rule it breaks. */
export interface Finding {
  readonly file: string;
  readonly line?: number;
  readonly rule: string;
  readonly detail: string;
  /** Told, and not held against the checkout. */
  readonly warning?: true;
}

export const format = ({ file, line, rule, detail, warning }: Finding): string =>
  `${file}${line === undefined ? '' : `:${line}`} ${warning ? 'warning: ' : ''}${rule}: ${detail}`;

/** `@protoloom/contracts/ip` is of the package `@protoloom/contracts`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function filesBelow(root: string, folder: string): File[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[mc]?tsx?$/.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      return { path, lines: text.split('\n').length - 1, ...readSource(text) };
    });
}

export function readWorkspace(root: string): Package[] {
  return GROUPS.flatMap((group) => {
    if (!existsSync(join(root, group))) return [];
    return readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => {
        const path = join(group, entry.name);
        const json = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as PackageJson;
        return { group, path, json, sources: filesBelow(root, join(path, 'src')), tests: filesBelow(root, join(path, 'test')) };
      });
  });
}
